//! How much load, of which kinds, and how long the driver waits.

use std::time::Duration;

use crate::load::exchange::Limits;
use crate::load::plain::Plain;

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
    /// What is asked of a server that knows nothing of the contract. Default: none, the contract's `/load/ID`.
    pub plain: Option<Plain>,
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
        self.busy + self.paced
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
            plain: None,
            connect_timeout: Duration::from_secs(4),
            answer_timeout: Duration::from_secs(5),
            parting_timeout: Duration::from_secs(5),
        }
    }
}
