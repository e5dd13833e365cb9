//! Every case against the reference server, one trial each.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use workerspec_conformance::case::Case;
use workerspec_conformance::report::{Style, console};
use workerspec_conformance::run::{Audience, Known, Options, Profile, RunReport, run};
use workerspec_conformance::suites::registry;
use workerspec_conformance::testee::TesteeFile;
use workerspec_conformance::verdict::Verdict;

const PROGRAM: &str = env!("CARGO_BIN_EXE_workerspec");

fn reference() -> TesteeFile {
    let here = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/testees/reference"));
    TesteeFile::read(&here.join("testee.toml")).expect("the reference server's file is good")
}

/// The cases that this process was asked for are run once, together, when the first trial asks.
fn report(chosen: &[&'static Case]) -> Result<RunReport, String> {
    let options = Options {
        file: reference(),
        program: PROGRAM.into(),
        registry: registry(),
        cases: chosen.to_vec(),
        jobs: 4,
        seed: 0,
        profile: Profile::All,
        tries: 1,
        slowness: 1.0,
        known: Known::default(),
        interrupted: Arc::new(AtomicBool::new(false)),
    };
    run(&options, &Audience::default()).map_err(|error| error.to_string())
}

fn judge(case: &'static Case, chosen: &[&'static Case]) -> Result<(), Failed> {
    static REPORT: OnceLock<Result<RunReport, String>> = OnceLock::new();
    let report =
        REPORT.get_or_init(|| report(chosen)).as_ref().map_err(|error| Failed::from(error.clone()))?;
    let Some(result) = report.results.iter().find(|result| result.case.id == case.id) else {
        return Err(Failed::from("the case did not run"));
    };
    match result.verdict {
        Verdict::Pass => Ok(()),
        _ => {
            let alone = RunReport { results: vec![result.clone()], ..report.clone() };
            Err(Failed::from(console(&alone, Style::Plain)))
        }
    }
}

fn main() {
    let mut arguments = Arguments::from_args();
    // The trials of one run share its results: they only look them up.
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let file = reference();
    let named = |case: &&'static Case| {
        let name = name(case);
        let wanted =
            |filter: &String| if arguments.exact { name == *filter } else { name.contains(filter.as_str()) };
        arguments.filter.as_ref().is_none_or(wanted)
            && !arguments.skip.iter().any(|skip| name.contains(skip.as_str()))
    };
    let chosen: Arc<[&'static Case]> =
        registry().into_iter().filter(named).filter(|case| case.lacks(&file).is_none()).collect();
    let trials = registry()
        .into_iter()
        .map(|case| {
            let chosen = Arc::clone(&chosen);
            Trial::test(name(case), move || judge(case, &chosen))
                .with_ignored_flag(case.lacks(&file).is_some())
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runners group by `::`.
fn name(case: &Case) -> String {
    case.id.replace('.', "::")
}
