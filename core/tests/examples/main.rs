//! The programs of `core/examples`: each is started as a user starts it, talked to, and stopped.
//!
//! `cargo test -p workerspec-core` builds them; with `--test examples` alone, `cargo build --examples` has to go before.

mod companions;
mod database;
mod databases;
mod lines;
mod program;
mod talk;
mod web;
mod websocket;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// What a test shows, and the program whose absence makes it impossible.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) needs: Option<&'static str>,
    pub(crate) check: fn(),
}

impl Case {
    pub(crate) const fn new(name: &'static str, check: fn()) -> Self {
        Self { name, needs: None, check }
    }

    pub(crate) const fn with(needs: &'static str, name: &'static str, check: fn()) -> Self {
        Self { name, needs: Some(needs), check }
    }

    fn trial(&self) -> Trial {
        let missing = self.needs.filter(|program| database::find(program).is_none());
        let check = self.check;
        let trial = Trial::test(self.name, move || {
            check();
            Ok(())
        });
        let Some(program) = missing else { return trial };
        eprintln!("SKIPPED {}: {program} is not installed", self.name);
        trial.with_kind(format!("{program} is missing")).with_ignored_flag(true)
    }
}

fn main() -> ExitCode {
    let cases = [lines::CASES, web::CASES, websocket::CASES, companions::CASES, databases::CASES];
    let trials = cases.into_iter().flatten().map(Case::trial).collect();
    let mut arguments = Arguments::from_args();
    // They mostly wait, each for a server of its own.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    libtest_mimic::run(&arguments, trials).exit_code()
}
