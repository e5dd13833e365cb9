//! `workerspec reload`: load on a server while it reloads, and an account of every request.

mod args;
mod outputs;
mod plans;
mod values;

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use workerspec_conformance::load::{
    Grade, Kind, LoadPlan, Outcome, Report, Subject, TesteeReport, check, freeze, matrix,
};
use workerspec_conformance::run::ExitKind;
use workerspec_conformance::testee::{Capability, Launch, Testee, Tier};

use crate::mix::Offer;
use crate::outside::{Target, Unfit};
use crate::run::files;
pub(crate) use args::ReloadArgs;
use outputs::{Outputs, publish};
use plans::{LEDGER_LIMIT, budgets, fit_load, planned_time, reload_plan};
pub(crate) use values::duration;

/// Runs the check and prints the report; gives the exit code.
///
/// # Errors
/// What is a fault of workerspec itself: exit code 6.
pub(crate) fn reload(args: &ReloadArgs) -> anyhow::Result<u8> {
    match args.outside.target() {
        Ok(Some(target)) => return reload_outside(args, target),
        Ok(None) => {}
        Err(Unfit::Arguments(why)) => return Ok(complain(ExitKind::Usage, why)),
        Err(Unfit::Server(why)) => return Ok(complain(ExitKind::Testee, why)),
    }
    let file = match files(args.testee.as_deref()) {
        Ok((file, _)) => file,
        Err(error) => return Ok(complain(ExitKind::Usage, error)),
    };
    if file.reload().is_none() {
        let path = file.path().display();
        return Ok(complain(
            ExitKind::Usage,
            format!("{path}: nothing says how to reload; add [reload] with a signal or command"),
        ));
    }
    if let Some(front) =
        args.through.as_deref().filter(|front| !file.ports().iter().any(|port| port == front))
    {
        let path = file.path().display();
        return Ok(complain(ExitKind::Usage, format!("{path}: there is no port {front} to load")));
    }
    if !file.ports().iter().any(|port| port == "http") {
        let path = file.path().display();
        return Ok(complain(
            ExitKind::Usage,
            format!("{path}: there is no HTTP port to load; add http = \"tcp\" to [ports]"),
        ));
    }
    let plan = reload_plan(args);
    let known: SocketAddr = ([127, 0, 0, 1], 0).into();
    let named = |name: &str| file.ports().iter().any(|port| port == name).then_some(known);
    let full = file.tier() == Tier::Full;
    let events = file.can(Capability::Events);
    // Once without the ports, which are not there yet, so that what is wrong is said before anything is started.
    if let Err(why) = fit_load(args, &Offer { port: &named, full, events, outside: false }) {
        return Ok(complain(ExitKind::Usage, why));
    }
    let opened =
        Outputs::open(args).and_then(|outputs| Ok((outputs, Outputs::progress(args, plan.count())?)));
    let (outputs, progress) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(complain(ExitKind::Usage, error)),
    };
    let interrupt = watch_interrupts()?;
    let launch = Launch {
        workers: args.workers,
        reuse_port: args.reuse_port,
        executions: !args.no_executions && planned_time(&plan) <= LEDGER_LIMIT,
        ..Launch::new(std::env::current_exe().context("find the program's own path")?)
    };
    let testee = match Testee::start(&file, &launch) {
        Ok(testee) => Arc::new(testee),
        Err(error) => return Ok(complain(ExitKind::Testee, error)),
    };
    let front = args.through.as_deref().unwrap_or("http");
    let Some(target) = testee.address(front) else { bail!("the port {front} was lost") };
    let address = |name: &str| testee.address(if name == "http" { front } else { name });
    let load = fit_load(args, &Offer { port: &address, full, events, outside: false })
        .map_err(anyhow::Error::msg)?;
    let told = TesteeReport {
        name: file.name().to_owned(),
        version: testee.version(),
        workers: args.workers,
        reuse_port: args.reuse_port,
    };
    let subject: Arc<dyn Subject> = Arc::clone(&testee) as Arc<dyn Subject>;
    let outcome = check(&subject, target, &load, &plan, &interrupt, &progress);
    let ended = interrupt.load(Ordering::Relaxed) || subject.gone().is_some();
    let parked = |wanted: bool| !args.load_only && !ended && (wanted || !(args.matrix || args.freeze));
    let straight = args.through.is_none();
    let matrix = (straight && parked(args.matrix)).then(|| matrix(&subject, &address, full, args.timeout));
    let freeze = (straight && parked(args.freeze)).then(|| freeze(&subject, target, args.timeout));
    drop(subject);
    let log = testee.log_tail(20);
    // A trigger that is still under way holds the testee; its keeper then ends it with this process.
    if let Ok(testee) = Arc::try_unwrap(testee) {
        testee.stop().context("stop the testee")?;
    }
    let outcome = outcome?;
    let mut report = Report::new(told, &load, &outcome);
    report.parked(matrix, freeze);
    report.hold(&budgets(args));
    progress.conclude(&report);
    publish(outputs, &report, exit_code(&outcome, &report, args))?;
    if outcome.gone.is_some() && !log.is_empty() {
        eprintln!("the end of the testee's output:\n{log}");
    }
    Ok(exit_code(&outcome, &report, args))
}

/// The same for a server that runs already.
fn reload_outside(args: &ReloadArgs, target: Target) -> anyhow::Result<u8> {
    let address = |_: &str| Some(target.address);
    let load = match fit_load(args, &Offer { port: &address, full: false, events: false, outside: true }) {
        Ok(load) => load,
        Err(why) => return Ok(complain(ExitKind::Usage, why)),
    };
    let load = LoadPlan {
        post_share: if target.plain.body.is_some() { 1.0 } else { 0.0 },
        plain: Some(target.plain),
        tls: target.tls,
        ..load
    };
    let plan = reload_plan(args);
    let opened =
        Outputs::open(args).and_then(|outputs| Ok((outputs, Outputs::progress(args, plan.count())?)));
    let (outputs, progress) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(complain(ExitKind::Usage, error)),
    };
    let interrupt = watch_interrupts()?;
    let subject: Arc<dyn Subject> = Arc::new(target.subject);
    let told = TesteeReport {
        name: args.outside.url.clone().unwrap_or_default(),
        version: None,
        workers: subject.workers().len(),
        reuse_port: false,
    };
    let outcome = check(&subject, target.address, &load, &plan, &interrupt, &progress)?;
    let mut report = Report::new(told, &load, &outcome);
    report.hold(&budgets(args));
    progress.conclude(&report);
    publish(outputs, &report, exit_code(&outcome, &report, args))?;
    Ok(exit_code(&outcome, &report, args))
}

fn watch_interrupts() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupt)).context("watch for an interrupt")?;
    }
    Ok(interrupt)
}

/// The exit code, as the help lists them.
fn exit_code(outcome: &Outcome, report: &Report, args: &ReloadArgs) -> u8 {
    let held = |wanted: Option<bool>| report.budgets.iter().any(|budget| budget.holds == wanted);
    let killed = args.disturbances().iter().any(|one| one.kind == Kind::KillMaster);
    let kind = match outcome.verdict.grade {
        _ if outcome.interrupted => ExitKind::Interrupted,
        // That it goes is what was asked for; what matters is what lives on.
        _ if killed && outcome.gone.is_some() && report.verdict.failures.is_empty() => ExitKind::Ok,
        _ if killed && outcome.gone.is_some() => ExitKind::Failed,
        _ if outcome.gone.is_some() => ExitKind::Testee,
        Grade::Lossy if args.max_lost.is_none() => ExitKind::Failed,
        _ if !report.verdict.failures.is_empty() || held(Some(false)) => ExitKind::Failed,
        Grade::Inconclusive => ExitKind::NothingRan,
        _ if held(None) => ExitKind::NothingRan,
        Grade::Conformant if args.is_strict() => ExitKind::Failed,
        Grade::Lossy | Grade::Conformant | Grade::Lossless => ExitKind::Ok,
    };
    kind.code()
}

fn complain(kind: ExitKind, why: impl Display) -> u8 {
    eprintln!("workerspec: {why}");
    kind.code()
}
