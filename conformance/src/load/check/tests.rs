use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use super::*;
use crate::load::census::{Role, Seen};
use crate::load::fate::{Fate, Weight};
use crate::load::faulty::{Act, Faulty};
use crate::load::grade::Grade;
use crate::load::subject::{Trigger, Worker};
use crate::testee::{Mode, Release};

/// A server in a thread whose reload does as told.
struct Fake {
    server: Faulty,
    /// Requests to be hurt at the next reload.
    hurt: Arc<AtomicUsize>,
    manner: Manner,
    asked: Mutex<usize>,
}

/// How the reload goes.
#[derive(Clone, Copy, Default)]
struct Manner {
    /// So many requests are hurt by each reload.
    hurts: usize,
    /// The release of an answer never changes.
    stale: bool,
    /// A release that can't come up answers nevertheless.
    brings_broken: bool,
    /// The reload reports success, whatever became of it.
    says_success: bool,
    /// The reload can't even be asked for.
    impossible: bool,
    /// Somebody else listens on the port.
    stranger: bool,
    /// The server's processes are not those that answer.
    foreign: bool,
    /// It ends at the first reload.
    dies: bool,
}

impl Subject for Fake {
    fn reload(&self, release: &Release) -> Result<Trigger, String> {
        if self.manner.impossible {
            return Err("there is no way".to_owned());
        }
        let before = Instant::now();
        *self.asked.lock().expect("nobody panicked") += 1;
        let number = release.name[1..].parse().expect("a release is r and a number");
        let comes = release.mode == Mode::Up || self.manner.brings_broken;
        if comes && !self.manner.stale {
            self.server.release.store(number, std::sync::atomic::Ordering::SeqCst);
        }
        self.hurt.store(self.manner.hurts, std::sync::atomic::Ordering::SeqCst);
        let success = self.manner.says_success || release.mode == Mode::Up;
        Ok(Trigger {
            before,
            after: Instant::now(),
            waited: true,
            success: Some(success),
            said: "done".to_owned(),
        })
    }

    fn reload_timeout(&self) -> Duration {
        // Only where nothing comes has the test to wait for it.
        if self.manner.stale { Duration::from_millis(500) } else { Duration::from_secs(20) }
    }

    fn workers(&self) -> Vec<Worker> {
        Vec::new()
    }

    fn processes(&self) -> Option<Vec<Seen>> {
        let pid = std::process::id() + u32::from(self.manner.foreign);
        Some(vec![Seen { pid, started: 1, role: Role::Worker, resident: 0, descriptors: None }])
    }

    fn strangers(&self) -> Vec<String> {
        if self.manner.stranger { vec!["somebody".to_owned()] } else { Vec::new() }
    }

    fn gone(&self) -> Option<String> {
        let died = self.manner.dies && 0 < *self.asked.lock().expect("nobody panicked");
        died.then(|| "killed by SIGKILL".to_owned())
    }
}

/// Checks a server of this manner, which hurts a request by `act`, over `modes`.
fn judge(manner: Manner, act: Act, modes: &[Mode]) -> Outcome {
    judge_with(manner, act, modes, &AtomicBool::new(false))
}

fn judge_with(manner: Manner, act: Act, modes: &[Mode], interrupt: &AtomicBool) -> Outcome {
    let hurt = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&hurt);
    let server = Faulty::start(move |_, ordinal| {
        let take = || {
            let order = std::sync::atomic::Ordering::SeqCst;
            left.fetch_update(order, order, |left| left.checked_sub(1)).is_ok()
        };
        // The first request of a connection is spared: losing that one is no race.
        if 0 < ordinal && take() { act } else { Act::Answer }
    });
    let target = server.address;
    let subject: Arc<dyn Subject> = Arc::new(Fake { server, hurt, manner, asked: Mutex::new(0) });
    // GET alone: a race is then one that a client may repeat.
    let load =
        LoadPlan { busy: 4, rate: 100.0, paced: 4, fresh_rate: 50.0, post_share: 0.0, ..LoadPlan::default() };
    let tenth = Duration::from_millis(100);
    let plan = ReloadPlan {
        releases: modes.to_vec(),
        baseline: tenth,
        every: tenth,
        hold: tenth,
        duration: Duration::ZERO,
        disturb: Vec::new(),
    };
    check(&subject, target, &load, &plan, interrupt, &Progress::hidden()).expect("the check works")
}

#[track_caller]
fn broken(outcome: &Outcome) -> Vec<&'static str> {
    outcome.verdict.checks.iter().filter(|check| !check.holds).map(|check| check.name).collect()
}

const UP: &[Mode] = &[Mode::Up, Mode::Up];

#[test]
fn a_server_that_loses_nothing_is_lossless() {
    let outcome = judge(Manner::default(), Act::Answer, UP);
    assert_eq!(outcome.verdict.grade, Grade::Lossless, "{:?}", outcome.verdict);
    assert_eq!((outcome.verdict.failing, outcome.reloads.len()), (0, 2));
    assert!(outcome.verdict.failures.is_empty());
    assert!((0..=2).all(|release| 0 < outcome.record.watch.release(release).answers));
    assert!(0 < outcome.record.ledger.fate_total(Fate::Current));
}

#[test]
fn races_that_may_be_repeated_are_conformant() {
    let outcome = judge(Manner { hurts: 1, ..Manner::default() }, Act::Close, UP);
    assert_eq!(outcome.verdict.grade, Grade::Conformant, "{:?}", outcome.verdict);
    assert_eq!((outcome.record.ledger.weighing(Weight::Race), outcome.verdict.failing), (2, 2));
}

#[test]
fn a_lost_request_is_lossy() {
    let outcome = judge(Manner { hurts: 1, ..Manner::default() }, Act::Truncate, &[Mode::Up]);
    assert_eq!(outcome.verdict.grade, Grade::Lossy, "{:?}", outcome.verdict);
    assert_eq!(outcome.verdict.failing, 1);
}

#[test]
fn a_loss_without_a_reload_proves_nothing() {
    let server = Faulty::start(
        |connection, ordinal| {
            if connection == 0 && ordinal == 3 { Act::Truncate } else { Act::Answer }
        },
    );
    let target = server.address;
    let hurt = Arc::new(AtomicUsize::new(0));
    let subject: Arc<dyn Subject> =
        Arc::new(Fake { server, hurt, manner: Manner::default(), asked: Mutex::new(0) });
    let plan = ReloadPlan { baseline: Duration::from_millis(200), ..ReloadPlan::ups(1) };
    let load = LoadPlan { busy: 2, ..LoadPlan::default() };
    let never = AtomicBool::new(false);
    let outcome = check(&subject, target, &load, &plan, &never, &Progress::hidden()).expect("it works");
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
    assert_eq!(broken(&outcome), ["no loss without a reload"]);
}

#[test]
fn a_reload_that_changes_nothing_proves_nothing() {
    let outcome = judge(Manner { stale: true, ..Manner::default() }, Act::Answer, &[Mode::Up]);
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
    assert_eq!(broken(&outcome), ["reloads took place"]);
}

#[test]
fn a_reload_that_can_not_be_asked_for_proves_nothing() {
    let outcome = judge(Manner { impossible: true, ..Manner::default() }, Act::Answer, UP);
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
    assert!(broken(&outcome).contains(&"reloads took place"));
    assert_eq!(outcome.reloads.len(), 1);
}

#[test]
fn a_stranger_on_the_port_voids_even_losses() {
    let manner = Manner { stranger: true, hurts: 1, ..Manner::default() };
    let outcome = judge(manner, Act::Truncate, &[Mode::Up]);
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
    assert_eq!(broken(&outcome), ["nobody else on the port"]);
}

#[test]
fn answers_of_processes_that_are_not_its_own_prove_nothing() {
    let outcome = judge(Manner { foreign: true, ..Manner::default() }, Act::Answer, &[Mode::Up]);
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
    assert_eq!(broken(&outcome), ["answers come from the testee's processes"]);
}

#[test]
fn no_reload_at_all_proves_nothing() {
    let outcome = judge(Manner::default(), Act::Answer, &[]);
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
}

#[test]
fn a_broken_release_that_is_kept_out_is_no_failure() {
    let outcome = judge(Manner::default(), Act::Answer, &[Mode::Exit, Mode::Hang, Mode::Up]);
    assert_eq!(outcome.verdict.grade, Grade::Lossless, "{:?}", outcome.verdict);
    assert_eq!(outcome.verdict.failures, Vec::<String>::new());
    assert_eq!(outcome.record.watch.release(1).answers, 0);
}

#[test]
fn a_broken_release_that_answers_is_a_failure() {
    let outcome = judge(Manner { brings_broken: true, ..Manner::default() }, Act::Answer, &[Mode::Exit]);
    assert!(outcome.verdict.failures.iter().any(|failure| failure.contains("can't come up, but answered")));
}

#[test]
fn success_reported_of_a_broken_release_is_a_failure() {
    let outcome = judge(Manner { says_success: true, ..Manner::default() }, Act::Answer, &[Mode::Hang]);
    assert_eq!(
        outcome.verdict.failures,
        ["release r1 can't come up, but its reload reported success".to_owned()]
    );
}

#[test]
fn an_interrupt_ends_the_run_with_what_is_known() {
    let outcome = judge_with(Manner::default(), Act::Answer, UP, &AtomicBool::new(true));
    assert!(outcome.interrupted);
    assert_eq!(outcome.verdict.grade, Grade::Inconclusive);
}

#[test]
fn a_server_that_ends_ends_the_run() {
    let outcome = judge(Manner { dies: true, ..Manner::default() }, Act::Answer, UP);
    assert_eq!(outcome.gone.as_deref(), Some("killed by SIGKILL"));
    assert!(broken(&outcome).contains(&"the run was not cut short"));
}
