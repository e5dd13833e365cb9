//! Workers that stand still while the accept queue fills and a reload is triggered. Ordinary load finds a discarded queue by
//! luck; this finds it every time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::parked::connection::Parked;
use crate::load::parked::outcome::Outcome;
use crate::load::parked::state::{Answers, ID, State};
use crate::load::subject::Subject;
use crate::testee::{Mode, Release, Signal};

/// The freeze-frame.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct FreezeReport {
    /// The release that the reload brought.
    pub release: String,
    /// Workers that stood still.
    pub workers: usize,
    /// Connections that waited, each with a whole request.
    pub connections: usize,
    /// How long the workers stood still.
    pub frozen_ms: f64,
    /// Why it could not be done, if so.
    pub error: Option<String>,
    /// How often each outcome occurred.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// Connections that lost something.
    pub lost: usize,
}

/// Stops the workers, opens connections with requests, reloads, and lets the workers go on.
pub fn freeze(subject: &Arc<dyn Subject>, target: SocketAddr, patience: Duration) -> FreezeReport {
    let release = Release::new("freeze".to_owned(), Mode::Up);
    let workers = subject.workers();
    let connections = (32 * workers.len()).clamp(32, 128);
    let request = format!("GET /load/{ID} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let state = State {
        port: "http",
        name: "queued",
        before: request.into_bytes(),
        answers_before: Answers::None,
        after: Vec::new(),
        idle: false,
    };
    let begun = Instant::now();
    let stopped: Vec<_> =
        workers.iter().filter(|worker| subject.signal(**worker, Signal::SIGSTOP).is_ok()).collect();
    // From here on nothing may return early: whoever was stopped has to go on.
    let (agent, wanted) = (Arc::clone(subject), release.clone());
    let queued: Vec<_> = thread::scope(|scope| {
        let open = || scope.spawn(|| Parked::park(target, &state, patience));
        let opening: Vec<_> = (0..connections).map(|_| open()).collect();
        opening.into_iter().map(|thread| thread.join().ok().and_then(Result::ok)).collect()
    });
    let asked = thread::spawn(move || agent.reload(&wanted));
    thread::sleep(PAUSE);
    for worker in &stopped {
        // One that was killed meanwhile needs no help.
        let _ = subject.signal(**worker, Signal::SIGCONT);
    }
    let frozen = begun.elapsed();
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let read = |parked: Option<Parked>| {
            let (state, release) = (&state, &release);
            scope.spawn(move || match parked {
                Some(parked) => parked.go_on(state, &release.name, patience),
                None => Outcome::Unopened,
            })
        };
        let reading: Vec<_> = queued.into_iter().map(read).collect();
        reading.into_iter().map(|thread| thread.join().unwrap_or(Outcome::Wrong)).collect()
    });
    let limit = subject.reload_timeout();
    while !asked.is_finished() && begun.elapsed() < limit {
        thread::sleep(Duration::from_millis(5));
    }
    let error = match asked.is_finished() {
        _ if stopped.is_empty() => Some("no worker could be stopped".to_owned()),
        true => asked.join().unwrap_or_else(|_| Err("the trigger panicked".to_owned())).err(),
        false => Some("the reload command had not ended".to_owned()),
    };
    let mut counts = BTreeMap::new();
    for outcome in &outcomes {
        *counts.entry(outcome.name()).or_insert(0) += 1;
    }
    FreezeReport {
        release: release.name,
        workers: stopped.len(),
        connections,
        frozen_ms: frozen.as_secs_f64() * 1000.0,
        error,
        outcomes: counts,
        lost: outcomes.iter().filter(|outcome| outcome.is_lost()).count(),
    }
}

/// From the trigger until the workers go on.
const PAUSE: Duration = Duration::from_millis(150);
