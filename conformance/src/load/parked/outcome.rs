//! What became of a connection that was parked in a state.

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Answered by the release that the reload brought.
    New,
    /// Answered by it, and the close was announced.
    NewClosing,
    /// Answered by an earlier release.
    Old,
    /// Answered by an earlier release, and the close was announced.
    OldClosing,
    /// A WebSocket was told goodbye by a Close 1001 or 1012.
    Goodbye,
    /// It was closed while nothing was under way: unannounced, but a client that looks before it speaks loses nothing.
    ClosedIdle,
    /// As before, by a reset.
    ResetIdle,
    /// It was closed while something was under way.
    Closed,
    /// It was reset while something was under way.
    Reset,
    /// The answer ended early.
    Truncated,
    /// No answer came in time.
    Stuck,
    /// The answer is not the one to this request.
    Wrong,
    /// It could not even be opened.
    Unopened,
    /// The state could not be reached before the reload, such as *idle, kept* where no connection is kept: this tells
    /// nothing of the reload.
    Unparked,
}

impl Outcome {
    /// Whether something was lost.
    pub(super) fn is_lost(self) -> bool {
        !matches!(
            self,
            Outcome::New
                | Outcome::NewClosing
                | Outcome::Old
                | Outcome::OldClosing
                | Outcome::Goodbye
                | Outcome::ClosedIdle
                | Outcome::ResetIdle
                | Outcome::Unparked
        )
    }

    /// Name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Outcome::New => "new",
            Outcome::NewClosing => "new +close",
            Outcome::Old => "old",
            Outcome::OldClosing => "old +close",
            Outcome::Goodbye => "goodbye",
            Outcome::ClosedIdle => "closed idle",
            Outcome::ResetIdle => "reset idle",
            Outcome::Closed => "CLOSED",
            Outcome::Reset => "RESET",
            Outcome::Truncated => "TRUNCATED",
            Outcome::Stuck => "STUCK",
            Outcome::Wrong => "WRONG",
            Outcome::Unopened => "UNOPENED",
            Outcome::Unparked => "not reached",
        }
    }
}
