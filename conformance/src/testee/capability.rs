use std::fmt;

/// What a testee says it can do; a case lists those that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Speaks newline-framed text on port `text`.
    Text,
    /// Speaks HTTP/1.1 on port `http`.
    Http,
    /// Speaks length-prefixed frames on port `frame`.
    Frame,
    /// Speaks WebSocket on port `websocket`.
    WebSocket,
    /// Agrees on permessage-deflate on port `websocket`.
    Deflate,
    /// Writes the journal.
    Journal,
    /// Reports `buffer_full` and `buffer_drain`, and obeys `!buffer`.
    SendBuffer,
    /// Obeys the mode in the release file.
    ReleaseModes,
    /// Writes the master's pid to the pid file.
    PidFile,
    /// Reports a stable `worker` number.
    WorkerSlots,
    /// Gives every worker its own listening socket when asked.
    ReusePort,
    /// Answers later without blocking the worker.
    Deferred,
    /// Survives a failing callback with its other connections intact.
    Isolation,
    /// Takes a reload during a reload; the newest release wins.
    Coalesce,
    /// Answers datagrams on port `udp`.
    Udp,
    /// Speaks newline-framed text on port `unix`.
    Unix,
    /// Speaks newline-framed text inside TLS on port `tls`.
    Tls,
    /// Obeys `!after`, `!every` and `!cancel`.
    Timers,
    /// Obeys `!idle`.
    Heartbeat,
    /// Obeys the deadlines of the environment.
    Deadlines,
    /// Obeys `!end` and `!destroy`.
    Endings,
    /// Speaks first after a websocket handshake for `/greet`.
    Greeting,
    /// Journals `worker_exit`.
    ExitReport,
    /// Obeys `!spawn`.
    Spawn,
    /// Takes the signals of the model.
    Signals,
    /// Runs its workers as the user and group that it is told.
    User,
    /// Keeps the workers of a port over a reload where it is told so.
    NonReloadable,
    /// Brings a whole generation up before the first old worker leaves.
    Generations,
    /// Speaks HTTP/1.1 inside TLS on port `https`.
    Https,
    /// Journals `execute` and `executed` when asked.
    Executions,
    /// Answers `/events/N/MS` with a stream of events.
    Events,
}

impl Capability {
    /// Every capability, in the order of the contract's table.
    pub const ALL: &[Self] = &[
        Self::Text,
        Self::Http,
        Self::Frame,
        Self::WebSocket,
        Self::Deflate,
        Self::Journal,
        Self::SendBuffer,
        Self::ReleaseModes,
        Self::PidFile,
        Self::WorkerSlots,
        Self::ReusePort,
        Self::Deferred,
        Self::Isolation,
        Self::Coalesce,
        Self::Udp,
        Self::Unix,
        Self::Tls,
        Self::Timers,
        Self::Heartbeat,
        Self::Deadlines,
        Self::Endings,
        Self::Greeting,
        Self::ExitReport,
        Self::Spawn,
        Self::Signals,
        Self::User,
        Self::NonReloadable,
        Self::Generations,
        Self::Https,
        Self::Executions,
        Self::Events,
    ];

    /// The name in `testee.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Http => "http",
            Self::Frame => "frame",
            Self::WebSocket => "websocket",
            Self::Deflate => "deflate",
            Self::Journal => "journal",
            Self::SendBuffer => "send-buffer",
            Self::ReleaseModes => "release-modes",
            Self::PidFile => "pid-file",
            Self::WorkerSlots => "worker-slots",
            Self::ReusePort => "reuse-port",
            Self::Deferred => "deferred",
            Self::Isolation => "isolation",
            Self::Coalesce => "coalesce",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::Tls => "tls",
            Self::Timers => "timers",
            Self::Heartbeat => "heartbeat",
            Self::Deadlines => "deadlines",
            Self::Endings => "endings",
            Self::Greeting => "greeting",
            Self::ExitReport => "exit-report",
            Self::Spawn => "spawn",
            Self::Signals => "signals",
            Self::User => "user",
            Self::NonReloadable => "non-reloadable",
            Self::Generations => "generations",
            Self::Https => "https",
            Self::Executions => "executions",
            Self::Events => "events",
        }
    }

    /// The port of `[ports]` that it speaks of, if it does.
    #[must_use]
    pub const fn port(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("text"),
            Self::Http => Some("http"),
            Self::Frame => Some("frame"),
            Self::WebSocket | Self::Deflate | Self::Greeting => Some("websocket"),
            Self::Udp => Some("udp"),
            Self::Unix => Some("unix"),
            Self::Tls => Some("tls"),
            Self::Https => Some("https"),
            _ => None,
        }
    }

    /// The version of the contract that it came with.
    #[must_use]
    pub const fn since(self) -> u8 {
        match self {
            Self::Frame | Self::WebSocket | Self::Deflate => 2,
            Self::Udp
            | Self::Unix
            | Self::Tls
            | Self::Timers
            | Self::Heartbeat
            | Self::Deadlines
            | Self::Endings
            | Self::Greeting
            | Self::ExitReport
            | Self::Spawn
            | Self::Signals
            | Self::User
            | Self::NonReloadable
            | Self::Generations
            | Self::Https
            | Self::Executions
            | Self::Events => 3,
            _ => 1,
        }
    }

    /// The capability of that name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|capability| capability.name() == name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// How much of the contract's application a testee runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The whole application of the contract.
    Full,
    /// Any HTTP server; only what can be seen from outside is judged.
    Http,
}

impl Tier {
    /// The name in `testee.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Http => "http",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
