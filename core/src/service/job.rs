//! Services without an address (MASTER-13).

use super::Service;
use crate::protocol::{Limits, Malformed, Protocol, Split};

/// The protocol of a service that listens nowhere: it never sees a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unheard;

impl Protocol for Unheard {
    type Message<'a> = ();

    const NAME: &'static str = "none";

    fn split(&mut self, input: &[u8], _: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        Ok(Split::End(input.len()))
    }

    fn decode(&mut self, _: &[u8]) {}
}

impl Service<Unheard> {
    /// Worker processes that serve no address: they run callbacks and timers (MASTER-13). They are counted,
    /// supervised, reloaded and stopped like all others.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use workerspec_core::{Server, Service, Timer};
    ///
    /// let sweeper = Service::job("sweeper").on_worker_start(|_| {
    ///     Timer::every(Duration::from_secs(60), || println!("sweeping"));
    /// });
    /// Server::new().service(sweeper).main();
    /// ```
    pub fn job(name: impl Into<String>) -> Self {
        Self::new("", Unheard).name(name)
    }
}
