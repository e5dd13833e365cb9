//! What can become of a request, and how a connection can end: exactly one each.

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::population::Method;

/// What became of one planned request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fate {
    /// Answered in full by the release that was asked for last.
    Current,
    /// Answered in full by an earlier release.
    Older,
    /// Answered in full, and the server announced that it will close (`Connection: close`).
    Announced,
    /// Never sent: the run ended before a connection had room for it.
    NotSent,
    /// Never sent: the connection was refused; nobody listened at that moment.
    Refused,
    /// Never sent: the handshake was reset.
    ConnectReset,
    /// Never sent: no connection came about before the deadline.
    ConnectTimeout,
    /// Never sent: the server ended a new connection before the first octet was written.
    Unheard,
    /// Never sent, by this machine's fault: no descriptor or no local port was left.
    OurFault,
    /// Sent as the first request of its connection, which ended without an octet of answer.
    FreshDrop,
    /// Sent on a connection that had answered before, which ended without an octet of answer and was not
    /// announced to close (RFC 9112 9.3.1 lets a client repeat an idempotent one).
    KeepAliveRace,
    /// Sent although the server had announced to close: a defect of this driver, never the server's.
    ClientFault,
    /// The connection ended within the answer.
    Truncated,
    /// No complete answer came before the deadline.
    Stuck,
    /// A complete answer that is not the one asked for: status, length, sum or form is wrong.
    WrongAnswer,
    /// The answer to another request of this run.
    Crosstalk,
    /// A complete answer with a status of 500 to 599.
    ServerError,
    /// A message that met a WebSocket's Close 1001 or 1012: unanswered, but the server had told that it goes, and after
    /// its Close it may send nothing more (RFC 6455 5.5.1).
    Crossed,
    /// A message of text or frames that met the end of its connection, a FIN without an octet of answer: these protocols
    /// have no goodbye, and whether the message was read nobody knows.
    CrossedClose,
    /// A message that met a reset, or the end of a WebSocket without a Close frame.
    CutMessage,
    /// Sent, and given up by the driver because the run was interrupted.
    Abandoned,
}

impl Fate {
    /// All of them, in the order of reports.
    pub const ALL: [Fate; 21] = [
        Fate::Current,
        Fate::Older,
        Fate::Announced,
        Fate::NotSent,
        Fate::Refused,
        Fate::ConnectReset,
        Fate::ConnectTimeout,
        Fate::Unheard,
        Fate::OurFault,
        Fate::FreshDrop,
        Fate::KeepAliveRace,
        Fate::ClientFault,
        Fate::Truncated,
        Fate::Stuck,
        Fate::WrongAnswer,
        Fate::Crosstalk,
        Fate::ServerError,
        Fate::Crossed,
        Fate::CrossedClose,
        Fate::CutMessage,
        Fate::Abandoned,
    ];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Current => "ok, current release",
            Fate::Older => "ok, older release",
            Fate::Announced => "ok, close announced",
            Fate::NotSent => "not sent",
            Fate::Refused => "refused",
            Fate::ConnectReset => "connect reset",
            Fate::ConnectTimeout => "connect timed out",
            Fate::Unheard => "closed before the request",
            Fate::OurFault => "our fault",
            Fate::FreshDrop => "fresh connection dropped",
            Fate::KeepAliveRace => "keep-alive race",
            Fate::ClientFault => "client fault",
            Fate::Truncated => "truncated",
            Fate::Stuck => "stuck",
            Fate::WrongAnswer => "wrong answer",
            Fate::Crosstalk => "crosstalk",
            Fate::ServerError => "server error",
            Fate::Crossed => "crossed a goodbye",
            Fate::CrossedClose => "crossed a close",
            Fate::CutMessage => "message cut off",
            Fate::Abandoned => "abandoned",
        }
    }

    /// Whether at least one octet of the request was handed to the kernel.
    pub fn was_sent(self) -> bool {
        !matches!(
            self,
            Fate::NotSent
                | Fate::Refused
                | Fate::ConnectReset
                | Fate::ConnectTimeout
                | Fate::Unheard
                | Fate::OurFault
        )
    }

    /// Whether the request got its answer.
    pub fn is_answered(self) -> bool {
        matches!(self, Fate::Current | Fate::Older | Fate::Announced)
    }

    /// What the fate says of the server.
    pub fn weight(self, method: Method) -> Weight {
        match self {
            Fate::Current | Fate::Older | Fate::Announced => Weight::Kept,
            Fate::NotSent | Fate::OurFault | Fate::ClientFault | Fate::Abandoned => Weight::Ours,
            Fate::Crossed => Weight::Told,
            Fate::CrossedClose => Weight::Race,
            Fate::KeepAliveRace if method.is_idempotent() => Weight::Race,
            _ => Weight::Loss,
        }
    }

    /// Place in a table with one column each, as in [`Fate::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// How a fate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The promise was kept.
    Kept,
    /// Nothing is learnt about the server.
    Ours,
    /// Unanswered, and the server told so as its protocol has it: no server can do better.
    Told,
    /// Lost, but a client may repeat it by itself.
    Race,
    /// Lost.
    Loss,
}

/// How a connection, or the attempt at one, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum End {
    /// Closed by the server after it announced so, or because the request asked for it.
    Announced,
    /// Announced, but reset instead of closed.
    AnnouncedReset,
    /// Announced, but held open so long that the driver closed it.
    AnnouncedHeld,
    /// Closed by the server between requests, unannounced.
    IdleClosed,
    /// Reset by the server between requests.
    IdleReset,
    /// A WebSocket that ended between messages without a Close frame (the client sees 1006).
    Abrupt,
    /// Closed or reset by the server under a request.
    Cut,
    /// The server sent something that nobody had asked for.
    Unasked,
    /// Given up by the driver after an answer that was wrong or did not come.
    GivenUp,
    /// Closed by the driver, idle, at the end of the run.
    RunOver,
    /// Never came about: refused.
    Refused,
    /// Never came about: reset.
    ConnectReset,
    /// Never came about: no answer before the deadline.
    ConnectTimeout,
    /// Never came about by this machine's fault.
    OurFault,
}

impl End {
    /// All of them, in the order of reports.
    pub const ALL: [End; 14] = [
        End::Announced,
        End::AnnouncedReset,
        End::AnnouncedHeld,
        End::IdleClosed,
        End::IdleReset,
        End::Abrupt,
        End::Cut,
        End::Unasked,
        End::GivenUp,
        End::RunOver,
        End::Refused,
        End::ConnectReset,
        End::ConnectTimeout,
        End::OurFault,
    ];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            End::Announced => "closed as announced or asked",
            End::AnnouncedReset => "reset after the announcement",
            End::AnnouncedHeld => "announced, held open",
            End::IdleClosed => "closed idle, unannounced",
            End::IdleReset => "reset idle",
            End::Abrupt => "websocket without close frame",
            End::Cut => "cut under a request",
            End::Unasked => "sent something unasked",
            End::GivenUp => "given up after a bad answer",
            End::RunOver => "open until the end",
            End::Refused => "refused",
            End::ConnectReset => "connect reset",
            End::ConnectTimeout => "connect timed out",
            End::OurFault => "our fault",
        }
    }

    /// Place in a table with one column each, as in [`End::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_the_order_of_the_lists() {
        assert!(Fate::ALL.iter().enumerate().all(|(at, fate)| fate.index() == at));
        assert!(End::ALL.iter().enumerate().all(|(at, end)| end.index() == at));
    }

    #[test]
    fn a_race_is_a_loss_where_nobody_may_repeat_the_request() {
        assert_eq!(Fate::KeepAliveRace.weight(Method::Get), Weight::Race);
        assert_eq!(Fate::KeepAliveRace.weight(Method::Post), Weight::Loss);
        assert_eq!(Fate::FreshDrop.weight(Method::Get), Weight::Loss);
        assert_eq!(Fate::Refused.weight(Method::Get), Weight::Loss);
    }
}
