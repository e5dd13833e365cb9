//! Several connections in each state, one reload, and what became of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::parked::connection::Parked;
use crate::load::parked::outcome::Outcome;
use crate::load::parked::state::{State, states};
use crate::load::subject::Subject;
use crate::testee::{Mode, Release};

/// The fate matrix.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct MatrixReport {
    /// The release that the reload brought.
    pub release: String,
    /// Connections in each state.
    pub connections: usize,
    /// From the trigger to the moment at which they went on.
    pub continued_after_ms: f64,
    /// Why the reload could not be triggered, if so; there is nothing else then.
    pub error: Option<String>,
    /// By protocol and state.
    pub cells: Vec<CellReport>,
}

/// One state of one protocol.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct CellReport {
    /// The testee's port: `http`, `websocket`, `text` or `frame`.
    pub protocol: String,
    /// The state.
    pub state: String,
    /// How often each outcome occurred.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// Connections that lost something.
    pub lost: usize,
}

impl MatrixReport {
    /// What was lost, a line for each state.
    pub(crate) fn losses(&self) -> Vec<String> {
        let cell = |cell: &CellReport| {
            let told: Vec<String> =
                cell.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            format!("parked in {}, {}: {}", cell.protocol, cell.state, told.join(", "))
        };
        self.cells.iter().filter(|cell| 0 < cell.lost).map(cell).collect()
    }
}

/// Parks connections in every state of the ports that `address` knows, reloads once, and lets them go on. `full` if the
/// testee answers everything of the contract.
pub fn matrix(
    subject: &Arc<dyn Subject>,
    address: &dyn Fn(&str) -> Option<SocketAddr>,
    full: bool,
    patience: Duration,
) -> MatrixReport {
    let release = Release::new("matrix".to_owned(), Mode::Up);
    let places: Vec<(State, SocketAddr)> = PORTS
        .into_iter()
        .filter_map(|port| Some((port, address(port)?)))
        .flat_map(|(port, address)| states(port, full).into_iter().map(move |state| (state, address)))
        .collect();
    let parties = places.len() * EACH + 1;
    let (parked, reloaded) = (Barrier::new(parties), Barrier::new(parties));
    let one = |state: &State, address: SocketAddr| {
        let connection = Parked::park(address, state, patience);
        parked.wait();
        reloaded.wait();
        match connection {
            Ok(connection) => connection.go_on(state, &release.name, patience),
            Err(_) => Outcome::Unparked,
        }
    };
    let one = &one;
    let (cells, trigger, continued) = thread::scope(|scope| {
        let rows: Vec<_> = places
            .iter()
            .map(|(state, address)| {
                let threads = (0..EACH).map(|_| scope.spawn(move || one(state, *address)));
                (state, threads.collect::<Vec<_>>())
            })
            .collect();
        parked.wait();
        let begun = Instant::now();
        // A command may end only when the last connection is over, so it is waited for elsewhere.
        let (agent, wanted) = (Arc::clone(subject), release.clone());
        let asked = thread::spawn(move || agent.reload(&wanted));
        thread::sleep(PAUSE);
        let continued = begun.elapsed();
        reloaded.wait();
        let cells: Vec<CellReport> = rows
            .into_iter()
            .map(|(state, threads)| {
                let outcomes = threads.into_iter().map(|thread| thread.join().unwrap_or(Outcome::Wrong));
                cell(state, &outcomes.collect::<Vec<_>>())
            })
            .collect();
        let patience = subject.reload_timeout();
        while !asked.is_finished() && begun.elapsed() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        let trigger = match asked.is_finished() {
            true => asked.join().unwrap_or_else(|_| Err("the trigger panicked".to_owned())),
            false => Err("the reload command had not ended".to_owned()),
        };
        (cells, trigger, continued)
    });
    MatrixReport {
        release: release.name,
        connections: EACH,
        continued_after_ms: continued.as_secs_f64() * 1000.0,
        error: trigger.err(),
        cells,
    }
}

fn cell(state: &State, outcomes: &[Outcome]) -> CellReport {
    let mut counts = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome.name()).or_insert(0) += 1;
    }
    CellReport {
        protocol: state.port.to_owned(),
        state: state.name.to_owned(),
        outcomes: counts,
        lost: outcomes.iter().filter(|outcome| outcome.is_lost()).count(),
    }
}

const PORTS: [&str; 4] = ["http", "websocket", "text", "frame"];

/// Connections in each state.
const EACH: usize = 6;

/// From the trigger until they go on: most servers have replaced their workers by then.
const PAUSE: Duration = Duration::from_millis(1000);
