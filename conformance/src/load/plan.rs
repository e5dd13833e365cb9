//! How much load, of which kinds, and how long the driver waits.

use std::net::SocketAddr;
use std::time::Duration;

use crate::load::exchange::Limits;
use crate::load::plain::Plain;
use crate::load::population::Population;
use crate::load::tls::Tls;

/// Clients of a kind that is none of the three that every run has.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their kind: none of busy, paced and fresh.
    pub population: Population,
    /// Where they connect to.
    pub address: SocketAddr,
    /// How many there are, at least 1; 0 of those that open a connection for each request.
    pub connections: usize,
    /// Requests or messages per second of all of them together, by a schedule; `None`: each speaks again as soon as it
    /// is answered.
    pub rate: Option<f64>,
}

/// How requests come about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Connections that are kept.
    pub(crate) connections: usize,
    /// Requests per second by a schedule; without it the loop is closed.
    pub(crate) rate: Option<f64>,
}

/// The load of one run. The defaults leave a machine of two cores room for the server.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// Fixes arrivals, methods, and the moments of the triggers.
    pub seed: u64,
    /// Connections of the busy population: closed loop, always a request in flight. Default 32; 0 for none.
    pub busy: usize,
    /// Connections of the paced population, which share `rate`. Default 16; 0 for none.
    pub paced: usize,
    /// Requests per second of the paced population in the mean. Default 500; 0 for none.
    pub rate: f64,
    /// Requests per second on connections of their own. Default 200; 0 for none.
    pub fresh_rate: f64,
    /// Share of requests that are POST, from 0 to 1. Default 0.25.
    pub post_share: f64,
    /// Octets of the body of a POST, at least 26. Default 128.
    pub body_length: usize,
    /// Further kinds of clients, each at most once. Default: none.
    pub groups: Vec<Group>,
    /// How long the server works on a slow request. Default 300 ms.
    pub slow: Duration,
    /// Octets of a download. Default 8 MB, more than the kernel buffers.
    pub download: u64,
    /// Where event streams are asked for. Default `/events`.
    pub events: String,
    /// Whom to trust and what to call the server over TLS; `None` without https.
    pub tls: Option<Tls>,
    /// What is asked of a server that knows nothing of the contract. Default: none, the contract's `/load/ID`.
    pub plain: Option<Plain>,
    /// Whether a request that met a keep-alive race is sent once more on a new connection, where a client may do so by
    /// itself (RFC 9110 9.2.2). Default: not.
    pub retries: bool,
    /// How long to wait for a handshake. Default 4 s: a handshake that the kernel had to repeat once or
    /// twice still counts as slow, not as lost.
    pub connect_timeout: Duration,
    /// How long to wait for a complete answer. Default 5 s.
    pub answer_timeout: Duration,
    /// How long the server may take to close what it announced to close. Default 5 s.
    pub parting_timeout: Duration,
}

impl LoadPlan {
    /// Connections that are open all the time.
    pub fn kept(&self) -> usize {
        self.busy + self.paced + self.groups.iter().map(|group| group.connections).sum::<usize>()
    }

    /// Addresses that connections come from, so that ports do not run out while closed ones keep theirs for a minute.
    pub(crate) fn sources(&self) -> u32 {
        let ports = self.kept() as f64 + self.fresh_rate * 65.0;
        1 + (ports / 20_000.0).min(200.0) as u32
    }

    /// Whether nothing is asked at all.
    pub fn is_empty(&self) -> bool {
        let paced = 0 < self.paced && 0.0 < self.rate;
        self.busy == 0 && !paced && self.fresh_rate == 0.0 && self.groups.is_empty()
    }

    /// How requests of a population come about.
    pub(crate) fn shape(&self, population: Population) -> Shape {
        match population {
            Population::Busy => Shape { connections: self.busy, rate: None },
            // Without a request a connection would be accepted and silent for ever, and pin an old worker.
            Population::Paced if self.rate == 0.0 => Shape { connections: 0, rate: None },
            Population::Paced => {
                Shape { connections: self.paced, rate: Some(self.rate).filter(|_| 0 < self.paced) }
            }
            Population::Fresh => {
                Shape { connections: 0, rate: Some(self.fresh_rate).filter(|rate| 0.0 < *rate) }
            }
            other => self.groups.iter().find(|group| group.population == other).map_or(
                Shape { connections: 0, rate: None },
                |group| Shape { connections: group.connections, rate: group.rate },
            ),
        }
    }

    /// The patience of the driver.
    pub(crate) fn limits(&self) -> Limits {
        Limits { connect: self.connect_timeout, answer: self.answer_timeout, parting: self.parting_timeout }
    }
}

impl Default for LoadPlan {
    fn default() -> LoadPlan {
        LoadPlan {
            seed: 1,
            busy: 32,
            paced: 16,
            rate: 500.0,
            fresh_rate: 200.0,
            post_share: 0.25,
            body_length: 128,
            groups: Vec::new(),
            slow: Duration::from_millis(300),
            download: 8_000_000,
            events: "/events".to_owned(),
            tls: None,
            plain: None,
            retries: false,
            connect_timeout: Duration::from_secs(4),
            answer_timeout: Duration::from_secs(5),
            parting_timeout: Duration::from_secs(5),
        }
    }
}
