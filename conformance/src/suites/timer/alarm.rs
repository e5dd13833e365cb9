use std::time::{Duration, Instant};

use crate::run::Stage;
use crate::suites::speaker::Speaker;
use crate::verdict::{Outcome, Surprise, broken, kept};

/// The next message by that deadline, as text.
pub(super) fn hear(speaker: &mut Speaker, deadline: Instant) -> Result<Result<String, String>, Surprise> {
    Ok(match speaker.hear(deadline)? {
        Ok(message) => Ok(String::from_utf8_lossy(&message).into_owned()),
        Err(nothing) => Err(nothing.what),
    })
}

/// That message and no other has to come.
pub(super) fn comes(speaker: &mut Speaker, stage: &Stage, wanted: &str) -> Result<Option<String>, Surprise> {
    Ok(match hear(speaker, stage.within(Duration::from_secs(2)))? {
        Ok(message) if message == wanted => None,
        other => Some(format!("{wanted:?} was due and came as {other:?}")),
    })
}

/// Nothing has to come for so long, and then a message is answered.
pub(super) fn nothing_more(speaker: &mut Speaker, stage: &Stage, ms: u64) -> Outcome {
    match hear(speaker, stage.within(Duration::from_millis(ms)))? {
        Ok(message) => return broken(format!("{message:?} came as well")),
        Err(_) => speaker.say(b"fence")?,
    }
    match comes(speaker, stage, "fence")? {
        None => kept(),
        Some(problem) => broken(problem),
    }
}
