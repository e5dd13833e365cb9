//! `workerspec replay`: the octets of a recorded case once more.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use workerspec_conformance::replay::{ReplayError, replay as send_again};
use workerspec_conformance::report::Document;
use workerspec_conformance::run::ExitKind;
use workerspec_conformance::testee::{Launch, Testee};

use crate::output::say;
use crate::run::{complain, files};

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ReplayArgs {
    /// A report of `workerspec run --json`
    report: PathBuf,

    /// A case of it that did not pass
    #[arg(value_name = "ID")]
    case: String,

    /// The server's testee.toml; without it the reference server is started
    #[arg(long, value_name = "FILE", conflicts_with = "address")]
    testee: Option<PathBuf>,

    /// A server that runs already: port of the contract and address; may be given several times
    #[arg(long, value_name = "PORT=ADDRESS", value_parser = address)]
    address: Vec<(String, SocketAddr)>,
}

fn address(text: &str) -> Result<(String, SocketAddr), String> {
    let (port, address) = text.split_once('=').ok_or("write it like http=127.0.0.1:8080")?;
    let address: SocketAddr = address.parse().map_err(|error| format!("`{address}`: {error}"))?;
    match address.ip().is_loopback() {
        true => Ok((port.to_owned(), address)),
        false => Err(format!("{address} is not on this machine; what a case sends can do harm")),
    }
}

const AFTER_HELP: &str = "\
Sends the very octets of a case that did not pass, cut in the same places, and shows what comes now. Dates and process
ids differ each time. Signals and reloads of the case are not repeated.

Examples:
  workerspec replay report.json http.chunk.size-wraps
  workerspec replay report.json http.host.two-lines --testee nginx/testee.toml
  workerspec replay report.json http.host.two-lines --address http=127.0.0.1:8080

Exit codes:
  0  it was sent, and the server answered to the octet as then
  1  it was sent, and the answer differs
  2  the report or an argument can't be used
  3  the server can't be started or reached";

/// Sends, and prints what came; gives the exit code.
///
/// # Errors
/// What is a fault of workerspec itself.
pub(crate) fn replay(args: &ReplayArgs) -> anyhow::Result<u8> {
    let report = match Document::read(&args.report) {
        Ok(report) => report,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let Some(case) = report.case(&args.case) else {
        eprintln!("workerspec: {} is not in {}", args.case, args.report.display());
        return Ok(ExitKind::Usage.code());
    };
    let mut addresses: BTreeMap<String, SocketAddr> = args.address.iter().cloned().collect();
    let mut started = None;
    if addresses.is_empty() {
        let (file, _) = match files(args.testee.as_deref()) {
            Ok(files) => files,
            Err(error) => return Ok(complain(ExitKind::Usage, &error)),
        };
        let launch = Launch::new(&std::env::current_exe().context("find the program's own path")?);
        let testee = match Testee::start(&file, &launch) {
            Ok(testee) => testee,
            Err(error) => return Ok(complain(ExitKind::Testee, &error)),
        };
        for connection in &case.connections {
            if let Some(address) = testee.address(&connection.port) {
                addresses.insert(connection.port.clone(), address);
            }
        }
        started = Some(testee);
    }
    let replayed = match send_again(case, &addresses) {
        Ok(replayed) => replayed,
        Err(error @ (ReplayError::NothingRecorded(_) | ReplayError::NotTcp(..) | ReplayError::NoPort(_))) => {
            return Ok(complain(ExitKind::Usage, &error));
        }
        Err(error) => return Ok(complain(ExitKind::Testee, &error)),
    };
    drop(started);
    let mut differs = false;
    for (number, connection) in replayed.iter().enumerate() {
        let verdict = match &connection.difference {
            None => "as then, to the octet".to_owned(),
            Some(difference) => format!("not as then: {difference}"),
        };
        differs |= connection.difference.is_some();
        say(&format!("connection {}: {verdict}\n{}", number + 1, connection.transcript.render()))?;
    }
    Ok(if differs { ExitKind::Failed } else { ExitKind::Ok }.code())
}
