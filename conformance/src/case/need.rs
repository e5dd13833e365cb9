use std::fmt;

use crate::testee::{Capability, ReloadMeans, TesteeFile, Tier, Verb};

/// What a case needs of a testee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A capability.
    Can(Capability),
    /// The whole application of the contract.
    FullTier,
    /// A `[reload]`.
    Reload,
    /// A reload command that waits and whose exit code is the result.
    ReloadThatWaits,
    /// A `stop.graceful` signal.
    GracefulStop,
    /// A command of the command line.
    Command(Verb),
    /// Limits that come from the contract's variables or from `[limits]`: a full testee. Cases that
    /// count octets at a limit need it, so that a testee with other limits is told from one without.
    Limits,
    /// More than one worker process.
    SeveralWorkers,
    /// To be root: who else can't start a server that becomes another user.
    Root,
}

impl Need {
    /// Whether the file offers it.
    #[must_use]
    pub fn met(&self, file: &TesteeFile) -> bool {
        match self {
            Self::Can(capability) => file.can(*capability),
            Self::FullTier | Self::Limits => file.tier() == Tier::Full,
            Self::Reload => file.reload().is_some(),
            Self::ReloadThatWaits => file
                .reload()
                .is_some_and(|reload| matches!(reload.means, ReloadMeans::Command { waits: true, .. })),
            Self::GracefulStop => file.stop().graceful.is_some(),
            Self::Command(verb) => file.has(*verb),
            Self::SeveralWorkers => !file.has_one_worker(),
            Self::Root => nix::unistd::Uid::effective().is_root(),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Can(capability) => write!(out, "capability {capability}"),
            Self::FullTier => out.write_str("tier full"),
            Self::Reload => out.write_str("[reload]"),
            Self::ReloadThatWaits => out.write_str("a reload command that waits"),
            Self::GracefulStop => out.write_str("stop.graceful"),
            Self::Command(verb) => write!(out, "{verb}"),
            Self::Limits => out.write_str("limits that apply (tier full)"),
            Self::SeveralWorkers => out.write_str("several workers (start.one_worker is true)"),
            Self::Root => out.write_str("to be root"),
        }
    }
}
