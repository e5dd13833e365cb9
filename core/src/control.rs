//! What master and worker say to each other over their socket pair: one short line per packet, so
//! that the binaries of two releases understand each other. A line that is not known is ignored.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};

/// What a worker tells its master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromWorker {
    /// `on_worker_start` has returned.
    Ready,
    /// It polls its listener.
    Accepting,
    /// It wants to be replaced, and serves until it is.
    Recycle,
}

/// What a master tells a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromMaster {
    /// Poll the listener.
    Accept,
    /// Leave: accept nothing more, close idle connections after `grace`, cut what is left after `within`.
    Drain { grace: Duration, within: Duration },
}

impl FromWorker {
    fn encode(self) -> String {
        match self {
            Self::Ready => "ready".into(),
            Self::Accepting => "accepting".into(),
            Self::Recycle => "recycle".into(),
        }
    }

    fn decode(line: &str) -> Option<Self> {
        Some(match line {
            "ready" => Self::Ready,
            "accepting" => Self::Accepting,
            "recycle" => Self::Recycle,
            _ => return None,
        })
    }
}

impl FromMaster {
    fn encode(self) -> String {
        match self {
            Self::Accept => "accept".into(),
            Self::Drain { grace, within } => format!("drain {} {}", grace.as_millis(), within.as_millis()),
        }
    }

    fn decode(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let verb = words.next()?;
        let mut duration = || words.next()?.parse().ok().map(Duration::from_millis);
        Some(match verb {
            "accept" => Self::Accept,
            "drain" => Self::Drain { grace: duration()?, within: duration()? },
            _ => return None,
        })
    }
}

/// One end of the socket pair.
#[derive(Debug)]
pub(crate) struct Control {
    socket: OwnedFd,
}

/// What came from the other end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<T> {
    Said(T),
    /// Nothing for now.
    Nothing,
    /// The other process is gone, or has closed its end.
    Gone,
}

impl Control {
    /// A pair: close-on-exec, non-blocking, packets kept apart.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        Ok((Self { socket: ours }, theirs))
    }

    /// The worker's end, as it was inherited.
    pub(crate) fn inherited(socket: OwnedFd) -> Self {
        Self { socket }
    }

    pub(crate) fn tell_worker(&self, word: FromMaster) -> io::Result<()> {
        self.send(&word.encode())
    }

    pub(crate) fn tell_master(&self, word: FromWorker) -> io::Result<()> {
        self.send(&word.encode())
    }

    pub(crate) fn hear_worker(&self) -> Heard<FromWorker> {
        self.hear(FromWorker::decode)
    }

    pub(crate) fn hear_master(&self) -> Heard<FromMaster> {
        self.hear(FromMaster::decode)
    }

    fn send(&self, line: &str) -> io::Result<()> {
        send(self.socket.as_raw_fd(), line.as_bytes(), MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    fn hear<T>(&self, decode: impl Fn(&str) -> Option<T>) -> Heard<T> {
        let mut packet = [0; 256];
        loop {
            match recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Ok(0) => return Heard::Gone,
                Ok(length) => match std::str::from_utf8(&packet[..length]).ok().and_then(&decode) {
                    Some(word) => return Heard::Said(word),
                    None => tracing::debug!("a word on the control socket that is not known"),
                },
                Err(nix::Error::EAGAIN) => return Heard::Nothing,
                Err(nix::Error::EINTR) => {}
                Err(_) => return Heard::Gone,
            }
        }
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_wire() {
        let (master, theirs) = Control::pair().expect("a socket pair");
        let worker = Control::inherited(theirs);
        let drain = FromMaster::Drain { grace: Duration::from_millis(7), within: Duration::from_secs(9) };
        for word in [FromMaster::Accept, drain] {
            master.tell_worker(word).expect("room in the socket");
            assert_eq!(worker.hear_master(), Heard::Said(word));
        }
        for word in [FromWorker::Ready, FromWorker::Accepting, FromWorker::Recycle] {
            worker.tell_master(word).expect("room in the socket");
            assert_eq!(master.hear_worker(), Heard::Said(word));
        }
        assert_eq!(master.hear_worker(), Heard::Nothing);
    }

    #[test]
    fn an_unknown_word_is_ignored_and_an_end_is_noticed() {
        let (master, theirs) = Control::pair().expect("a socket pair");
        let worker = Control::inherited(theirs);
        worker.send("sing").expect("room in the socket");
        worker.tell_master(FromWorker::Ready).expect("room in the socket");
        assert_eq!(master.hear_worker(), Heard::Said(FromWorker::Ready));
        drop(worker);
        assert_eq!(master.hear_worker(), Heard::Gone);
    }
}
