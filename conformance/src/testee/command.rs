use std::fmt;

/// What the command line of a testee can do: the lines of `[commands]`, and the command of `[status]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Stops the server and waits for its end.
    Stop,
    /// Finishes what is under way, and then as [`Verb::Stop`].
    StopGraceful,
    /// Stops the server and becomes the new master, in the foreground.
    Restart,
    /// Reloads, waits, and reports.
    Reload,
    /// Starts in the background and returns when it serves.
    Daemon,
    /// Prints the status as JSON.
    Status,
}

impl Verb {
    /// Where it stands in `testee.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "commands.stop",
            Self::StopGraceful => "commands.stop_graceful",
            Self::Restart => "commands.restart",
            Self::Reload => "commands.reload",
            Self::Daemon => "commands.daemon",
            Self::Status => "status.command",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
