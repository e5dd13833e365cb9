//! What goes over a connection, what can happen to it, and what that leads to.

use std::time::Duration;

use crate::load::answer::Malformed;
use crate::load::fate::{End, Fate};
use crate::load::ledger::Ticket;
use crate::load::receipt::{Expectation, Forged, Receipt};

/// A request on its way: its place in the books, what must come back, and when it was meant to leave.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Its place in the books.
    pub(crate) ticket: Ticket,
    /// What the answer must say; set when the request is put on a connection.
    pub(crate) expects: Option<Expectation>,
    /// When it was meant to leave: latency counts from here.
    pub(crate) intended: Duration,
    /// When its first octet was handed to the kernel.
    pub(crate) written_at: Option<Duration>,
    /// Octets handed to the kernel.
    pub(crate) written: usize,
    /// Octets that it has.
    pub(crate) length: usize,
    /// When octets of it or of its answer moved last: of what takes long, patience counts from here.
    pub(crate) moved_at: Duration,
    /// How often it lost its connection before its first octet was written.
    pub(crate) attempt: u8,
    /// It is a request that met a race, sent once more.
    pub(crate) again: bool,
    /// Number of the request on its connection.
    pub(crate) ordinal: u32,
    /// It was put on a connection that had been announced to close, which this driver must never do.
    pub(crate) fault: bool,
}

impl Exchange {
    /// A request that is meant to leave at `intended`.
    pub(crate) fn new(ticket: Ticket, intended: Duration) -> Exchange {
        Exchange {
            ticket,
            expects: None,
            intended,
            written_at: None,
            written: 0,
            length: 0,
            moved_at: intended,
            attempt: 0,
            again: false,
            ordinal: 0,
            fault: false,
        }
    }
}

/// How the other side ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// By a FIN.
    Fin,
    /// By a reset.
    Reset,
}

/// Why a connection did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoConnection {
    /// ECONNREFUSED.
    Refused,
    /// Any other answer of the network.
    Reset,
    /// None before the deadline.
    Timeout,
    /// This machine had no descriptor or port left.
    Ours,
}

/// More about a fate, for the list of losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Nothing more to say.
    None,
    /// How the connection ended.
    Cut(Cut),
    /// The status that came.
    Status(u16),
    /// Octets that are no answer.
    Malformed(Malformed),
    /// An answer that is not the right one.
    Forged(Forged),
    /// An answer without the marks that tell who gave it.
    Unmarked,
    /// A WebSocket's Close with this code.
    Closed(u16),
    /// An answer after this time to a request that takes longer.
    Early(Duration),
    /// A message that is another one than was sent.
    NotEchoed,
}

/// A request that got its fate.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The request; its ticket is to be handed to the books.
    pub(crate) exchange: Exchange,
    /// What became of it.
    pub(crate) fate: Fate,
    /// More about it.
    pub(crate) detail: Detail,
    /// Who answered, if it was answered.
    pub(crate) receipt: Option<Receipt>,
    /// Octets of answer that came.
    pub(crate) received: u64,
}

/// What one happening leads to. The connection ends at most once.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// A request that got its fate.
    pub(crate) settled: Option<Settled>,
    /// Those that were pipelined behind it and got theirs, too.
    pub(crate) more: Vec<Settled>,
    /// Octets to be said that are no request: the answer to a ping or a Close.
    pub(crate) say: Vec<u8>,
    /// A request of which nothing was written: it may go to another connection.
    pub(crate) returned: Option<Exchange>,
    /// The connection is over: close the socket and enter this.
    pub(crate) end: Option<End>,
}

/// How long the driver waits for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For a handshake.
    pub(crate) connect: Duration,
    /// For a complete answer, from the first octet written.
    pub(crate) answer: Duration,
    /// For the server to close what it announced to close.
    pub(crate) parting: Duration,
}
