//! What a worker is told when it is started.

use std::collections::HashMap;
use std::time::Duration;

use crate::sys::inherited;

/// The variable that tells a process it is a worker, and which.
pub(crate) const VARIABLE: &str = "WORKERSPEC_CORE_WORKER";

/// What the master tells a worker in its environment: words of the form `name=value`, of which those that
/// are not known are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) service: usize,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    /// The master's process id, to notice that it died before it could be watched.
    pub(crate) master: i32,
    /// Its seat on the scoreboard.
    pub(crate) seat: usize,
    /// Deadlines for a worker that has to leave on its own account.
    pub(crate) grace: Duration,
    pub(crate) drain: Duration,
    pub(crate) stop: Duration,
    /// Whether log lines go to standard error too.
    pub(crate) echo: bool,
    /// The names of the descriptors that come along: see [`Handed`](crate::handed::Handed).
    pub(crate) descriptors: String,
}

impl Birth {
    /// Names of descriptors.
    pub(crate) const CONTROL: &str = "control";
    /// Standard error for after the boot.
    pub(crate) const STDERR: &str = "stderr";
    pub(crate) const BOARD: &str = "board";
    pub(crate) const LOG: &str = "log";
    pub(crate) const LISTENER: &str = "listener";

    pub(crate) fn encode(&self) -> String {
        let ms = |duration: Duration| duration.as_millis();
        format!(
            "service={} slot={} generation={} master={} seat={} grace={} drain={} stop={} echo={} descriptors={}",
            self.service,
            self.slot,
            self.generation,
            self.master,
            self.seat,
            ms(self.grace),
            ms(self.drain),
            ms(self.stop),
            u8::from(self.echo),
            self.descriptors
        )
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let words: HashMap<&str, &str> = text.split(' ').filter_map(|word| word.split_once('=')).collect();
        let number = |name| words.get(name)?.parse::<u64>().ok();
        let index = |name| number(name).and_then(|number| usize::try_from(number).ok());
        let ms = |name| number(name).map(Duration::from_millis);
        Some(Self {
            service: index("service")?,
            slot: index("slot")?,
            generation: number("generation")?,
            master: words.get("master")?.parse().ok()?,
            seat: index("seat")?,
            grace: ms("grace")?,
            drain: ms("drain")?,
            stop: ms("stop")?,
            echo: number("echo") == Some(1),
            descriptors: (*words.get("descriptors")?).to_owned(),
        })
    }

    /// Whether this process was started as a worker. Removes the note of it from the environment.
    pub(crate) fn take() -> Option<Self> {
        inherited::take_variable(VARIABLE).as_deref().and_then(Self::decode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_survives_the_environment_and_words_of_a_later_release() {
        let birth = Birth {
            service: 1,
            slot: 2,
            generation: 3,
            master: 4,
            seat: 5,
            grace: Duration::from_millis(6),
            drain: Duration::from_secs(7),
            stop: Duration::from_millis(800),
            echo: true,
            descriptors: "control,listener".into(),
        };
        assert_eq!(Birth::decode(&birth.encode()), Some(birth.clone()));
        assert_eq!(Birth::decode(&format!("{} colour=blue", birth.encode())), Some(birth));
        assert_eq!(Birth::decode("service=1"), None);
    }
}
