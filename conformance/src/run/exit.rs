//! The exit codes of `workerspec run`: one meaning each.

/// How a run ends, for whoever called the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// 0: every case that ran passed, or failed as `known.toml` says.
    Ok,
    /// 1: a case failed, or nothing could be proved where something had to be.
    Failed,
    /// 2: the command line or a file it names can't be used.
    Usage,
    /// 3: the testee could not be started, died, or is not what its file says.
    Testee,
    /// 4: no case ran.
    NothingRan,
    /// 5: `known.toml` lists what is no longer so.
    Stale,
    /// 6: an error of our own.
    Ours,
    /// 130: interrupted.
    Interrupted,
}

impl ExitKind {
    /// Every code with its meaning, for `--help` and documents.
    pub const TABLE: &[(Self, &'static str)] = &[
        (Self::Ok, "every case that ran passed, or failed as known.toml says"),
        (Self::Failed, "a case failed or was inconclusive"),
        (Self::Usage, "the command line, or a file that it names, can't be used"),
        (Self::Testee, "the testee could not be started, died, or is not what its file says"),
        (Self::NothingRan, "no case ran"),
        (Self::Stale, "known.toml lists what is no longer so"),
        (Self::Ours, "an error of workerspec itself"),
        (Self::Interrupted, "interrupted; the report is partial"),
    ];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Testee => 3,
            Self::NothingRan => 4,
            Self::Stale => 5,
            Self::Ours => 6,
            Self::Interrupted => 130,
        }
    }
}
