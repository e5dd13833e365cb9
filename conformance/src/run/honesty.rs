//! Before the cases: is the testee what its file says?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::stage::{Pace, Stage};
use crate::case::{Case, Need};
use crate::testee::{Capability, Launch, Release, Testee, TesteeFile};
use crate::verdict::Surprise;

/// What can be untrue of a testee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// It does not speak HTTP as the contract says.
    Http,
    /// It does not speak text as the contract says.
    Text,
    /// It does not speak frames as the contract says.
    Frame,
    /// It does not speak websocket as the contract says.
    WebSocket,
    /// It does not speak text on a unix socket as the contract says.
    Unix,
    /// It does not speak text inside TLS as the contract says.
    Tls,
    /// It does not answer datagrams as the contract says.
    Udp,
    /// Its limits are not the ones it was given.
    Limits,
    /// It writes no journal.
    Journal,
    /// A reload does not change the release.
    Reload,
}

/// What was found, and how fast the testee answers.
#[derive(Clone, Debug)]
pub struct Honesty {
    problems: BTreeMap<Subject, String>,
    pace: Pace,
}

/// Least time in which nothing has to come before "it waits" is believed.
const LEAST_QUIET: Duration = Duration::from_millis(20);
/// A count of workers that has not changed for so long is believed.
const SETTLED: Duration = Duration::from_millis(100);
/// How long one check may take.
const BUDGET: Duration = Duration::from_secs(10);

impl Honesty {
    /// Checks what can be checked on a shared testee.
    pub(super) fn check(testee: &Arc<Testee>) -> Self {
        let pace = Pace { quiet: LEAST_QUIET, workers: testee.launch().workers };
        let mut honesty = Self { problems: BTreeMap::new(), pace };
        let stage = Stage::new(Arc::clone(testee), Instant::now() + BUDGET, pace);
        let file = testee.file();
        if file.can(Capability::Http) {
            let round_trip = http(&stage);
            honesty.pace.quiet = LEAST_QUIET.max(round_trip.as_ref().map_or(LEAST_QUIET, |trip| *trip * 8));
            honesty.note(Subject::Http, round_trip.map(|_| ()));
        }
        if file.can(Capability::Text) {
            honesty.note(Subject::Text, text(&stage));
        }
        if file.can(Capability::Frame) {
            honesty.note(Subject::Frame, frame(&stage));
        }
        if file.can(Capability::WebSocket) {
            honesty.note(Subject::WebSocket, websocket(&stage));
        }
        if file.can(Capability::Unix) {
            honesty.note(Subject::Unix, unix(&stage));
        }
        if file.can(Capability::Tls) {
            honesty.note(Subject::Tls, tls(&stage));
        }
        if file.can(Capability::Udp) {
            honesty.note(Subject::Udp, udp(&stage));
        }
        if stage.is_full() {
            honesty.note(Subject::Limits, limits(&stage));
        }
        honesty.pace.workers = workers(&stage);
        if file.can(Capability::Journal) {
            honesty.note(Subject::Journal, journal(&stage));
        }
        honesty
    }

    /// Checks on a testee of its own that a reload brings another release.
    pub(super) fn check_reload(&mut self, file: &TesteeFile, launch: &Launch) {
        self.note(Subject::Reload, reload(file, launch, self.pace));
    }

    /// Why a case can't be judged, if it depends on something that is not so.
    #[must_use]
    pub fn against(&self, case: &Case) -> Option<&str> {
        case.needs.iter().find_map(|need| {
            let subject = match need {
                Need::Can(Capability::Http) => Subject::Http,
                Need::Can(Capability::Text | Capability::SendBuffer) => Subject::Text,
                Need::Can(Capability::Frame) => Subject::Frame,
                Need::Can(Capability::WebSocket | Capability::Deflate) => Subject::WebSocket,
                Need::Can(Capability::Unix) => Subject::Unix,
                Need::Can(Capability::Tls) => Subject::Tls,
                Need::Can(Capability::Udp) => Subject::Udp,
                Need::Can(Capability::Journal) => Subject::Journal,
                Need::Limits => Subject::Limits,
                Need::Reload | Need::ReloadThatWaits => Subject::Reload,
                _ => return None,
            };
            self.problems.get(&subject).map(String::as_str)
        })
    }

    /// What is not as the file says.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.values().map(String::as_str)
    }

    /// What was learnt of the testee.
    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    fn note(&mut self, subject: Subject, found: Result<(), Surprise>) {
        if let Err(Surprise(problem)) = found {
            self.problems.insert(subject, problem);
        }
    }
}

/// `/load/ID` names a worker of the tree; the echo echoes. Returns the best round trip of a few.
fn http(stage: &Stage) -> Result<Duration, Surprise> {
    let mut best = BUDGET;
    for round in 0..4 {
        let begun = Instant::now();
        // Each on a connection of its own: whether one persists is for a case to say.
        let mut probe = stage.http()?;
        let id = format!("honest-{round}");
        let receipt = probe
            .load(&id)?
            .map_err(|no_answer| Surprise(format!("/load/{id} was not answered: {no_answer}")))?;
        best = best.min(begun.elapsed());
        in_tree(stage, receipt.pid, "/load/ID")?;
        let expected = &stage.testee().launch().release.name;
        if receipt.release != *expected {
            return Err(Surprise(format!("/load/ID names release {}, not {expected}", receipt.release)));
        }
    }
    if stage.is_full() {
        let mut probe = stage.http()?;
        probe.send(&Request::get("/honest").end())?;
        match probe.hear(false)? {
            Ok(response) if response.status == 200 && response.body == b"GET /honest\n" => {}
            Ok(response) => {
                return Err(Surprise(format!(
                    "`GET /honest` is not echoed: {} {:?}",
                    response.status,
                    String::from_utf8_lossy(&response.body)
                )));
            }
            Err(no_answer) => return Err(Surprise(format!("`GET /honest` was not answered: {no_answer}"))),
        }
    }
    Ok(best)
}

/// The echo echoes, and `!who` names a worker of the tree.
fn text(stage: &Stage) -> Result<(), Surprise> {
    let mut probe = stage.text()?;
    match probe.ask(b"an honest line")? {
        Ok(line) if line == b"an honest line" => {}
        Ok(line) => {
            return Err(Surprise(format!("a line is not echoed: {:?}", String::from_utf8_lossy(&line))));
        }
        Err(end) => return Err(Surprise(format!("a line is not echoed: {}", end.name()))),
    }
    let who = probe.who()?;
    in_tree(stage, who.pid, "!who")?;
    let workers = stage.testee().launch().workers as i64;
    if stage.testee().file().can(Capability::WorkerSlots) && !(0..workers).contains(&who.worker) {
        return Err(Surprise(format!("!who names slot {}, not 0 to {}", who.worker, workers - 1)));
    }
    Ok(())
}

/// As [`text`], in frames.
fn frame(stage: &Stage) -> Result<(), Surprise> {
    let mut probe = stage.frame()?;
    match probe.ask(b"an honest message")? {
        Ok(payload) if payload == b"an honest message" => {}
        Ok(payload) => {
            return Err(Surprise(format!("a frame is not echoed: {:?}", String::from_utf8_lossy(&payload))));
        }
        Err(no_frame) => return Err(Surprise(format!("a frame is not echoed: {no_frame}"))),
    }
    in_tree(stage, probe.who()?.pid, "!who of port frame")
}

/// As [`text`], over websocket.
fn websocket(stage: &Stage) -> Result<(), Surprise> {
    let mut probe = stage.open_websocket()?;
    match probe.ask(b"an honest message")? {
        Ok(payload) if payload == b"an honest message" => {}
        Ok(payload) => {
            let came = String::from_utf8_lossy(&payload);
            return Err(Surprise(format!("a message of port websocket is not echoed: {came:?}")));
        }
        Err(what) => return Err(Surprise(format!("a message of port websocket is not echoed: {what}"))),
    }
    in_tree(stage, probe.who()?.pid, "!who of port websocket")
}

/// As [`text`], on a unix socket.
fn unix(stage: &Stage) -> Result<(), Surprise> {
    let mut probe = stage.unix()?;
    match probe.ask(b"an honest line")? {
        Ok(line) if line == b"an honest line" => {}
        other => return Err(Surprise(format!("a line of port unix is not echoed: {other:?}"))),
    }
    in_tree(stage, probe.who()?.pid, "!who of port unix")
}

/// As [`text`], inside TLS.
fn tls(stage: &Stage) -> Result<(), Surprise> {
    match stage.tls()?.ask(b"an honest line")? {
        Ok(line) if line == b"an honest line" => Ok(()),
        other => Err(Surprise(format!("a line of port tls is not echoed: {other:?}"))),
    }
}

/// A datagram is echoed.
fn udp(stage: &Stage) -> Result<(), Surprise> {
    let probe = stage.datagrams()?;
    probe.send(b"an honest datagram")?;
    match probe.hear(stage.within(Duration::from_secs(2)))? {
        Some(answer) if answer == b"an honest datagram" => Ok(()),
        other => Err(Surprise(format!("a datagram is not echoed: {other:?}"))),
    }
}

/// What is far above the limits is not taken. Whether they hold to the octet is for cases to say.
fn limits(stage: &Stage) -> Result<(), Surprise> {
    let (limit, file) = (stage.testee().limits().max_package, stage.testee().file());
    let far_above = vec![b'x'; limit * FAR_ABOVE];
    let wrong = |what: &str| {
        let octets = far_above.len();
        Err(Surprise(format!(
            "{what} of {octets} octets is answered, though max_package is {limit}: \
             obey WORKERSPEC_MAX_PACKAGE, or say the real limit in [limits]"
        )))
    };
    if file.can(Capability::Text) {
        let mut probe = stage.text()?;
        probe.say(&far_above)?;
        if probe.hear()?.is_ok_and(|line| line == far_above) {
            return wrong("a line");
        }
    }
    if file.can(Capability::Frame) {
        let mut probe = stage.frame()?;
        probe.say(&far_above)?;
        if probe.hear()?.is_ok_and(|payload| payload == far_above) {
            return wrong("a frame");
        }
    }
    if file.can(Capability::WebSocket) {
        let mut probe = stage.open_websocket()?;
        if probe.ask(&far_above)?.is_ok_and(|payload| payload == far_above) {
            return wrong("a message of port websocket");
        }
    }
    if file.can(Capability::Http) {
        let mut probe = stage.http()?;
        probe.send(&Request::post("/").body(&far_above))?;
        if probe.hear(false)?.is_ok_and(|response| response.status == 200) {
            return wrong("a body");
        }
    }
    Ok(())
}

/// How many times its limit a testee must not take at all.
const FAR_ABOVE: usize = 16;

/// How many workers there are: every port may have workers of its own. Every port has answered by now, so
/// all of them are forked or about to be.
fn workers(stage: &Stage) -> usize {
    let asked = match stage.testee().file().has_one_worker() {
        true => 1,
        false => stage.testee().launch().workers,
    };
    let possible = [asked, asked * stage.testee().file().ports().len()];
    let mut last = (0, Instant::now());
    stage
        .eventually(|| {
            let count = stage.testee().workers().len();
            if count != last.0 {
                last = (count, Instant::now());
            }
            (possible.contains(&count) && SETTLED <= last.1.elapsed()).then_some(count)
        })
        .unwrap_or(asked)
}

fn in_tree(stage: &Stage, pid: i32, who: &str) -> Result<(), Surprise> {
    match stage.testee().tree().iter().any(|process| process.pid.as_raw() == pid) {
        true => Ok(()),
        false => Err(Surprise(format!("{who} names process {pid}, which the testee did not start"))),
    }
}

fn journal(stage: &Stage) -> Result<(), Surprise> {
    stage
        .eventually(|| stage.testee().journal().iter().any(|line| line.event == "worker_start").then_some(()))
        .ok_or_else(|| Surprise("the journal has no worker_start".to_owned()))?;
    match stage.testee().broken_journal().first() {
        None => Ok(()),
        Some(line) => Err(Surprise(format!("the journal has a line that is none: {line}"))),
    }
}

fn reload(file: &TesteeFile, launch: &Launch, pace: Pace) -> Result<(), Surprise> {
    let timeout = file.reload().map_or(BUDGET, |reload| reload.timeout);
    let testee = Testee::start(file, launch).map_err(Surprise::of("can't start a testee to reload"))?;
    let stage = Stage::new(Arc::new(testee), Instant::now() + timeout, pace);
    let mut before = stage.http()?;
    let first =
        before.load("before")?.map_err(|no_answer| Surprise(format!("no answer before: {no_answer}")))?;
    // A reload command that waits would wait for it.
    drop(before);
    stage.all_workers()?;
    stage.testee().set_release(&Release::up("honest")).map_err(Surprise::of("can't set a release"))?;
    stage.testee().reload().map_err(Surprise::of("can't reload"))?;
    stage
        .eventually(|| {
            let receipt = stage.http().ok()?.load("after").ok()?.ok()?;
            (receipt.release == "honest" && receipt.pid != first.pid).then_some(())
        })
        .ok_or_else(|| Surprise(format!("a reload does not change the release within {timeout:?}")))
}
