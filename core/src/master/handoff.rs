//! Connections on their way from a worker that drains to its successor. The worker keeps its own copy of the socket until
//! the successor has said that it has it, so nothing is lost on the way (RL-5).

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use super::run::Master;
use super::state::WorkerId;
use crate::control::FromMaster;

/// What is under way, by the number that the successor answers with.
#[derive(Debug, Default)]
pub(super) struct Handoffs {
    under_way: HashMap<u64, Passage>,
    last: u64,
}

#[derive(Debug, Clone, Copy)]
struct Passage {
    from: WorkerId,
    /// The connection's number in the worker that it comes from.
    number: u64,
    to: WorkerId,
}

impl Master {
    /// Passes a connection on to the worker that has taken over the slot; if there is none, it stays where it is.
    pub(super) fn hand_over(&mut self, from: WorkerId, number: u64, socket: Option<OwnedFd>) {
        if self.pass_on(from, number, socket).is_none() {
            self.order(from, FromMaster::Keep(number));
        }
    }

    fn pass_on(&mut self, from: WorkerId, number: u64, socket: Option<OwnedFd>) -> Option<()> {
        let to = self.state.successor_of(from)?;
        let passage = self.handoffs.last + 1;
        let successor = self.workers.get(&to)?;
        // One who is too busy to take more packets now does not get it.
        successor.control.tell_with(&FromMaster::Adopt(passage), socket?.as_fd()).ok()?;
        self.handoffs.last = passage;
        self.handoffs.under_way.insert(passage, Passage { from, number, to });
        Some(())
    }

    /// The successor has it, or can't take it: the worker that it comes from is told.
    pub(super) fn end_handoff(&mut self, to: WorkerId, passage: u64, word: fn(u64) -> FromMaster) {
        let known = self.handoffs.under_way.get(&passage).is_some_and(|passage| passage.to == to);
        if let Some(Passage { from, number, .. }) = self.handoffs.under_way.remove(&passage).filter(|_| known)
        {
            self.order(from, word(number));
        }
    }

    /// A worker is gone: what was on its way to it stays where it came from.
    pub(super) fn end_handoffs(&mut self, gone: WorkerId) {
        let ended: Vec<Passage> = {
            let under_way = &mut self.handoffs.under_way;
            let numbers: Vec<u64> = under_way
                .iter()
                .filter(|(_, passage)| passage.to == gone || passage.from == gone)
                .map(|(number, _)| *number)
                .collect();
            numbers.into_iter().filter_map(|number| under_way.remove(&number)).collect()
        };
        for Passage { from, number, .. } in ended.into_iter().filter(|passage| passage.to == gone) {
            self.order(from, FromMaster::Keep(number));
        }
    }
}
