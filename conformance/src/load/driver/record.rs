//! What a run leaves behind.

use std::time::Duration;

use crate::load::connection::Connection;
use crate::load::exchange::{Cut, Detail, Settled};
use crate::load::fate::{Fate, Weight};
use crate::load::identity::IdText;
use crate::load::ledger::Ledger;
use crate::load::population::{Method, Population};
use crate::load::tally::{Gap, Latencies};
use crate::load::timeline::{Settling, Timeline};
use crate::load::transcript::Line;
use crate::load::watch::Watch;

/// Everything the driver knows at the end.
#[derive(Debug)]
pub struct Record {
    /// Fates and ends.
    pub ledger: Ledger,
    /// Who answered when.
    pub watch: Watch,
    /// How fast.
    pub latencies: Latencies,
    /// The longest time without an answer.
    pub completions: Gap,
    /// The longest time without a connection coming about; `None` where too few were tried to tell.
    pub connects: Option<Gap>,
    /// The slowest handshake.
    pub slowest_connect: Duration,
    /// In tenths of seconds.
    pub timeline: Timeline,
    /// When something was lost, races included: every time, in order.
    pub lost_at: Vec<Duration>,
    /// The first losses in the order of time, at most 1000.
    pub losses: Vec<Loss>,
    /// How late the driver itself was at worst: beyond a fraction of a second its numbers are worth nothing.
    pub lateness: Duration,
    /// As before, of what was due in a reload.
    pub lateness_inside: Duration,
    /// Processor time of the driver's thread, user and system.
    pub cpu: Duration,
    /// How long the driver ran.
    pub wall: Duration,
    /// Requests that were sent once more.
    pub retries: Retries,
    /// Requests under way when each release was aimed at; the first one, with which the server starts, has 0.
    pub in_flight_at_aim: Vec<u64>,
}

/// Requests that met a keep-alive race and were sent once more on a new connection. Each is a planned request of its own
/// with a fate of its own; the race stays a race.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retries {
    /// How many.
    pub made: u64,
    /// Those of them that were answered.
    pub answered: u64,
    /// The slowest answer, from the moment at which the first try was meant to leave.
    pub slowest: Duration,
}

/// Losses that are listed one by one.
const MAX_LOSSES: usize = 1000;

/// One request that was lost.
#[derive(Debug, Clone)]
pub struct Loss {
    /// When it was given up.
    pub at: Duration,
    /// What became of it.
    pub fate: Fate,
    /// Whether a client may repeat it by itself.
    pub race: bool,
    /// More about it, for people.
    pub detail: String,
    /// Its population.
    pub population: Population,
    /// Its method.
    pub method: Method,
    /// Number of its connection within the run.
    pub connection: u32,
    /// Its number on the connection.
    pub ordinal: u32,
    /// Its identity, if it ever was on a connection.
    pub id: Option<IdText>,
    /// Octets handed to the kernel.
    pub sent: usize,
    /// Octets of answer that came.
    pub received: u64,
    /// From its first octet to the loss.
    pub since_written: Option<Duration>,
    /// The process that answered last on this connection, if one did.
    pub last_pid: Option<u32>,
    /// The connection around the loss.
    pub transcript: Vec<Line>,
}

impl Record {
    /// No request yet, of so many releases.
    pub(super) fn new(releases: usize, now: Duration) -> Record {
        Record {
            ledger: Ledger::new(),
            watch: Watch::new(releases),
            latencies: Latencies::new(),
            completions: Gap::starting(now),
            connects: None,
            slowest_connect: Duration::ZERO,
            timeline: Timeline::default(),
            lost_at: Vec::new(),
            losses: Vec::new(),
            lateness: Duration::ZERO,
            lateness_inside: Duration::ZERO,
            cpu: Duration::ZERO,
            wall: Duration::ZERO,
            retries: Retries::default(),
            in_flight_at_aim: vec![0; releases],
        }
    }

    /// Whether a request of this fate is listed, and so wants a transcript.
    pub(super) fn lists(&self, fate: Fate, method: Method) -> bool {
        let weight = fate.weight(method);
        let matters = weight == Weight::Race || weight == Weight::Loss || fate == Fate::ClientFault;
        matters && self.losses.len() < MAX_LOSSES
    }

    /// Enters a request's fate. `inside`: a reload was under way while it was.
    pub(super) fn settle(
        &mut self,
        settled: Settled,
        connection: &Connection,
        inside: bool,
        now: Duration,
        transcript: Vec<Line>,
    ) {
        let Settled { exchange, fate, detail, receipt, received } = settled;
        let (population, method) = (exchange.ticket.population(), exchange.ticket.method());
        let latency = now.saturating_sub(exchange.intended);
        let weight = fate.weight(method);
        let release = receipt.map(|receipt| receipt.release);
        self.timeline.settled(now, Settling { fate, weight, release, latency });
        if exchange.again && weight == Weight::Kept {
            self.retries.answered += 1;
            self.retries.slowest = self.retries.slowest.max(latency);
        }
        if weight == Weight::Kept {
            self.latencies.record(population, inside, latency);
            self.completions.happened(now);
        }
        if let Some(receipt) = receipt {
            self.watch.saw(receipt, exchange.ordinal == 0, now);
        }
        let lost = weight == Weight::Race || weight == Weight::Loss;
        if lost {
            self.lost_at.push(now);
        }
        if self.lists(fate, method) {
            self.losses.push(Loss {
                at: now,
                fate,
                race: weight == Weight::Race,
                detail: describe(detail),
                population,
                method,
                connection: connection.number,
                ordinal: exchange.ordinal,
                id: exchange.expects.map(|expects| expects.id),
                sent: exchange.written,
                received,
                since_written: exchange.written_at.map(|written| now.saturating_sub(written)),
                last_pid: (connection.last_pid != 0).then_some(connection.last_pid),
                transcript,
            });
        }
        self.ledger.settle(exchange.ticket, fate);
    }
}

pub(super) fn describe(detail: Detail) -> String {
    match detail {
        Detail::None => String::new(),
        Detail::Cut(Cut::Fin) => "closed".to_owned(),
        Detail::Cut(Cut::Reset) => "reset".to_owned(),
        Detail::Status(status) => format!("status {status}"),
        Detail::Malformed(why) => why.to_string(),
        Detail::Forged(why) => why.to_string(),
        Detail::Closed(code) => format!("close frame {code}"),
        Detail::Early(took) => format!("answered early, after {:.0} ms", took.as_secs_f64() * 1000.0),
        Detail::NotEchoed => "the message is not the one that was sent".to_owned(),
        Detail::Unmarked => "nothing in the answer tells its release or worker".to_owned(),
    }
}
