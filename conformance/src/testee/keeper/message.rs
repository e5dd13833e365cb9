use std::fmt;

use crate::testee::launch::Exit;

/// What the keeper tells the runner, one line each on its standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::testee) enum Message {
    /// The command runs as this process.
    Started(i32),
    /// The command could not be executed, and why.
    Failed(String),
    /// The process of the command ended.
    Exited(Exit),
}

impl Message {
    /// Reads one line, without its end; `None` if it is none of ours.
    pub(in crate::testee) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "started" => rest.parse().ok().map(Self::Started),
            "failed" => Some(Self::Failed(rest.to_owned())),
            "exited" => match rest.split_once(' ')? {
                ("code", code) => Some(Self::Exited(Exit::Code(code.parse().ok()?))),
                ("signal", signal) => Some(Self::Exited(Exit::Signal(signal.parse().ok()?))),
                _ => None,
            },
            _ => None,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(pid) => write!(out, "started {pid}"),
            Self::Failed(reason) => write!(out, "failed {}", reason.replace('\n', " ")),
            Self::Exited(Exit::Code(code)) => write!(out, "exited code {code}"),
            Self::Exited(Exit::Signal(signal)) => write!(out, "exited signal {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_comes_back_as_itself() {
        for message in [
            Message::Started(42),
            Message::Failed("no such file".to_owned()),
            Message::Exited(Exit::Code(3)),
            Message::Exited(Exit::Signal(9)),
        ] {
            assert_eq!(Message::parse(&message.to_string()), Some(message));
        }
        assert_eq!(Message::parse("hello"), None);
        assert_eq!(Message::parse("exited code x"), None);
    }
}
