//! Connections from outside: each case is a small server, run as a process of its own, and a client that talks to it.
//!
//! This program is both: it runs the cases, and, started again by a case, it is the case's server.

mod backpressure;
mod client;
mod companions;
mod datagram;
mod deadline;
mod ending;
mod handoff;
mod harness;
mod http;
mod lifecycle;
mod offload;
mod timer;
mod tls;
mod unix;
mod websocket;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use harness::{Case, serve};

fn main() -> ExitCode {
    let cases: Vec<&'static Case> = [
        lifecycle::CASES,
        backpressure::CASES,
        ending::CASES,
        client::CASES,
        datagram::CASES,
        unix::CASES,
        tls::CASES,
        timer::CASES,
        deadline::CASES,
        offload::CASES,
        websocket::CASES,
        companions::CASES,
        http::CASES,
        handoff::CASES,
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(code) = serve(&cases) {
        return code;
    }
    let trials = cases.into_iter().map(|case| {
        Trial::test(case.name, || {
            harness::run(case);
            Ok(())
        })
    });
    let mut arguments = Arguments::from_args();
    // They mostly wait, each for a server of its own.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
