//! Handing idle connections over to the successor of a worker that drains, so that a reload closes none of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::runtime::Runtime;
use super::served::{Phase, Reply, Served};
use crate::protocol::{Protocol, Stage};
use crate::transport::Stream;

/// Connections under way at once: the successor has other work too, and the sockets between the processes are bounded.
const UNDER_WAY: usize = 32;

/// Sends a socket to the successor, under the connection's number.
pub(crate) type Hand = Rc<dyn Fn(u64, BorrowedFd<'_>) -> io::Result<()>>;

/// The connections of a draining service that are to be handed over.
#[derive(Default)]
pub(super) struct Handoff {
    hand: RefCell<Option<Hand>>,
    waiting: RefCell<VecDeque<u64>>,
    under_way: Cell<usize>,
}

impl<P: Protocol> Runtime<P> {
    /// From now on connections that are idle go to the successor; without one, none does.
    pub(super) fn set_hand(&self, hand: Option<Hand>) {
        *self.handoff.hand.borrow_mut() = hand;
        self.snapshot().iter().for_each(|served| served.offer());
    }

    /// Whether connections go to a successor.
    pub(super) fn hands_over(&self) -> bool {
        self.handoff.hand.borrow().is_some()
    }

    fn send_waiting(&self) {
        while self.handoff.under_way.get() < UNDER_WAY {
            let next = self.handoff.waiting.borrow_mut().pop_front();
            let Some(number) = next else { return };
            if let Some(served) = self.find(number) {
                served.hand_over();
            }
        }
    }

    fn one_less_under_way(&self) {
        self.handoff.under_way.set(self.handoff.under_way.get().saturating_sub(1));
        self.send_waiting();
    }

    /// The successor has the connection: this worker's copy goes, without a word to the peer.
    pub(crate) fn handed(&self, number: u64) {
        if let Some(served) = self.find(number).filter(|served| served.phase.get() == Phase::Handing) {
            served.destroy();
        }
        self.one_less_under_way();
    }

    /// Nobody took the connection: it is served on here, and closed as if there were no successor.
    pub(crate) fn kept(&self, number: u64) {
        if let Some(served) = self.find(number).filter(|served| served.phase.get() == Phase::Handing) {
            served.take_back();
        }
        self.one_less_under_way();
    }
}

impl<P: Protocol> Served<P> {
    /// Whether this connection will go to the successor and so need not be closed. One that has anything of its own does
    /// not: the successor could not know of it.
    pub(super) fn goes_over(&self) -> bool {
        let plain = self.stream.borrow().as_ref().is_some_and(|stream| !matches!(stream, Stream::Tls(_)));
        plain
            && self.runtime.limit.handoff
            && !self.stays.get()
            && self.is_like_all()
            && self.runtime.hands_over()
    }

    /// Puts the connection in line for the successor if it is idle: everything that was asked is answered and out, and
    /// nothing that was read is left. What the kernel holds goes along.
    pub(super) fn offer(&self) {
        if self.goes_over() && self.is_idle() {
            self.runtime.handoff.waiting.borrow_mut().push_back(self.id);
            self.runtime.send_waiting();
        }
    }

    fn is_idle(&self) -> bool {
        self.is_open()
            && !self.delivering.get()
            && self.works.get() == 0
            && !self.paused.get()
            && !self.peer_done.get()
            && self.reply.get() == Reply::None
            && self.inbox.borrow().is_empty()
            && self.outbox.borrow().is_empty()
            && self.codec.borrow().stage() == Stage::Between
            && self.codec.borrow().held() == 0
    }

    fn hand_over(&self) {
        // It may have got something to do while it waited.
        if !self.goes_over() || !self.is_idle() {
            return;
        }
        let hand = self.runtime.handoff.hand.borrow().clone();
        let Some(hand) = hand else { return };
        let reactor = &self.runtime.reactor;
        // Out of epoll first: the socket lives on in another process, and this one must not hear of it (KF-11).
        let handed = match &mut *self.stream.borrow_mut() {
            Some(stream) => stream.deregister(reactor.registry()).and_then(|()| hand(self.id, stream.fd())),
            None => return,
        };
        self.runtime.handoff.under_way.set(self.runtime.handoff.under_way.get() + 1);
        self.phase.set(Phase::Handing);
        if let Err(error) = handed {
            tracing::debug!(conn = self.id, %error, "cannot hand a connection over");
            self.runtime.kept(self.id);
        }
    }

    fn take_back(&self) {
        self.stays.set(true);
        let token = self.token.get();
        let watched = match &mut *self.stream.borrow_mut() {
            Some(stream) => stream.register(self.runtime.reactor.registry(), token),
            None => return,
        };
        self.phase.set(Phase::Open);
        match watched {
            Ok(()) => self.retire(),
            Err(error) => {
                tracing::error!(conn = self.id, %error, "cannot watch a connection again");
                self.destroy();
            }
        }
    }
}
