//! What master and worker, and an old and a new master, say to each other over their socket pair: one
//! short line per packet, so that the binaries of two releases understand each other. A line that is
//! not known is ignored. A descriptor may come with it.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg,
    socketpair,
};

use crate::sys::inherited;

/// A line that one side says.
pub(crate) trait Word: Sized {
    fn encode(&self) -> String;
    fn decode(line: &str) -> Option<Self>;
}

/// What a worker tells its master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromWorker {
    /// `on_worker_start` has returned.
    Ready,
    /// It polls its listener.
    Accepting,
    /// It wants to be replaced, and serves until it is.
    Recycle,
    /// The log file has grown past its cap.
    LogFull,
    /// It writes to the log file that it was given last.
    LogMoved,
    /// The connections that were asked for under this number; their rows come as a file.
    Rows(u64),
    /// A connection, by its number, for the successor; its socket comes with this.
    Hand(u64),
    /// A connection that came under this number is served here now.
    Taken(u64),
    /// A connection that came under this number can't be served here.
    Declined(u64),
}

/// What a master tells a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromMaster {
    /// Poll the listener.
    Accept,
    /// A reload has come: tell the application. One that is reloadable is told to drain next.
    Reload,
    /// Leave: accept nothing more, close idle connections after `grace`, cut what is left after `within`. Where a
    /// `successor` serves, connections may be handed over to it.
    Drain { grace: Duration, within: Duration, successor: bool },
    /// Serve the connection whose socket comes with this, and say so under this number.
    Adopt(u64),
    /// The successor has the connection of this number.
    Handed(u64),
    /// Nobody has taken the connection of this number: serve it on.
    Keep(u64),
    /// Say which connections there are.
    Connections(u64),
    /// Write the log to the file that comes with this.
    Log,
    /// Write standard output and error to the file that comes with this.
    Output,
}

/// What a new master tells the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromHeir {
    /// All its workers are ready.
    Ready,
    /// Its worker of that slot accepts, in the service of that name and of that ordinal among its
    /// namesakes.
    Serves { slot: usize, namesake: usize, service: String },
    /// It needs nothing of the old one any more.
    Settled,
    /// For whoever waits for the upgrade.
    Says(String),
}

/// What a master tells the one that takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromPredecessor {
    /// The command socket and the pid file are yours.
    Yours,
}

impl Word for FromWorker {
    fn encode(&self) -> String {
        match self {
            Self::Ready => "ready".into(),
            Self::Accepting => "accepting".into(),
            Self::Recycle => "recycle".into(),
            Self::LogFull => "log-full".into(),
            Self::LogMoved => "log-moved".into(),
            Self::Rows(asked) => format!("rows {asked}"),
            Self::Hand(number) => format!("hand {number}"),
            Self::Taken(number) => format!("taken {number}"),
            Self::Declined(number) => format!("declined {number}"),
        }
    }

    fn decode(line: &str) -> Option<Self> {
        Some(match line.split_once(' ') {
            None if line == "ready" => Self::Ready,
            None if line == "accepting" => Self::Accepting,
            None if line == "recycle" => Self::Recycle,
            None if line == "log-full" => Self::LogFull,
            None if line == "log-moved" => Self::LogMoved,
            Some(("rows", asked)) => Self::Rows(asked.parse().ok()?),
            Some(("hand", number)) => Self::Hand(number.parse().ok()?),
            Some(("taken", number)) => Self::Taken(number.parse().ok()?),
            Some(("declined", number)) => Self::Declined(number.parse().ok()?),
            _ => return None,
        })
    }
}

impl Word for FromMaster {
    fn encode(&self) -> String {
        match self {
            Self::Accept => "accept".into(),
            Self::Reload => "reload".into(),
            Self::Drain { grace, within, successor } => {
                format!("drain {} {} {}", grace.as_millis(), within.as_millis(), u8::from(*successor))
            }
            Self::Adopt(number) => format!("adopt {number}"),
            Self::Handed(number) => format!("handed {number}"),
            Self::Keep(number) => format!("keep {number}"),
            Self::Connections(asked) => format!("connections {asked}"),
            Self::Log => "log".into(),
            Self::Output => "output".into(),
        }
    }

    fn decode(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let verb = words.next()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        Some(match verb {
            "accept" => Self::Accept,
            "reload" => Self::Reload,
            "drain" => Self::Drain {
                grace: Duration::from_millis(number()?),
                within: Duration::from_millis(number()?),
                // A master of a release that does not hand over says nothing of it.
                successor: number().is_some_and(|successor| successor == 1),
            },
            "adopt" => Self::Adopt(number()?),
            "handed" => Self::Handed(number()?),
            "keep" => Self::Keep(number()?),
            "connections" => Self::Connections(number()?),
            "log" => Self::Log,
            "output" => Self::Output,
            _ => return None,
        })
    }
}

impl Word for FromHeir {
    fn encode(&self) -> String {
        match self {
            Self::Ready => "ready".into(),
            Self::Serves { slot, namesake, service } => format!("serves {slot} {namesake} {service}"),
            Self::Settled => "settled".into(),
            Self::Says(text) => format!("says {text}"),
        }
    }

    fn decode(line: &str) -> Option<Self> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("ready", _) => Some(Self::Ready),
            ("settled", _) => Some(Self::Settled),
            ("says", text) => Some(Self::Says(text.to_owned())),
            ("serves", rest) => {
                let mut words = rest.splitn(3, ' ');
                Some(Self::Serves {
                    slot: words.next()?.parse().ok()?,
                    namesake: words.next()?.parse().ok()?,
                    service: words.next()?.to_owned(),
                })
            }
            _ => None,
        }
    }
}

impl Word for FromPredecessor {
    fn encode(&self) -> String {
        match self {
            Self::Yours => "yours".into(),
        }
    }

    fn decode(line: &str) -> Option<Self> {
        (line == "yours").then_some(Self::Yours)
    }
}

/// One end of the socket pair.
#[derive(Debug)]
pub(crate) struct Control {
    socket: OwnedFd,
}

/// What came from the other end.
#[derive(Debug)]
pub(crate) enum Heard<T> {
    Said(T, Option<OwnedFd>),
    /// Nothing for now.
    Nothing,
    /// The other process is gone, or has closed its end.
    Gone,
}

/// Octets of the longest line.
const LONGEST: usize = 4096;

impl Control {
    /// A pair: close-on-exec, non-blocking, packets kept apart.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        Ok((Self { socket: ours }, theirs))
    }

    /// This process's end, as it was inherited.
    pub(crate) fn inherited(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// The same end once more, for something that lives elsewhere.
    pub(crate) fn share(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()? })
    }

    pub(crate) fn tell(&self, word: &impl Word) -> io::Result<()> {
        self.send(&word.encode(), None)
    }

    pub(crate) fn tell_with(&self, word: &impl Word, file: BorrowedFd<'_>) -> io::Result<()> {
        self.send(&word.encode(), Some(file))
    }

    fn send(&self, line: &str, file: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut end = line.len().min(LONGEST);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        let content = [IoSlice::new(&line.as_bytes()[..end])];
        let files: Vec<RawFd> = file.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&files)];
        let rights = if files.is_empty() { &rights[..0] } else { &rights[..] };
        sendmsg::<()>(self.socket.as_raw_fd(), &content, rights, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    pub(crate) fn hear<T: Word>(&self) -> Heard<T> {
        loop {
            match self.receive() {
                Ok((0, _, _)) => return Heard::Gone,
                Ok((length, packet, file)) => {
                    let line = std::str::from_utf8(&packet[..length]).ok();
                    match line.and_then(T::decode) {
                        Some(word) => return Heard::Said(word, file),
                        None => tracing::debug!("a word on the control socket that is not known"),
                    }
                }
                Err(nix::Error::EAGAIN) => return Heard::Nothing,
                Err(nix::Error::EINTR) => {}
                Err(_) => return Heard::Gone,
            }
        }
    }

    fn receive(&self) -> nix::Result<(usize, [u8; LONGEST], Option<OwnedFd>)> {
        let mut packet = [0; LONGEST];
        let mut room = cmsg_space!([RawFd; 1]);
        let (length, file) = {
            let mut content = [IoSliceMut::new(&mut packet)];
            // Close-on-exec from the first instant, so that no child started meanwhile inherits it.
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            let message = recvmsg::<()>(self.socket.as_raw_fd(), &mut content, Some(&mut room), flags)?;
            let mut file = None;
            for part in message.cmsgs()? {
                if let ControlMessageOwned::ScmRights(files) = part {
                    for number in files {
                        file = inherited::take_fd(number).ok().or(file);
                    }
                }
            }
            (message.bytes, file)
        };
        Ok((length, packet, file))
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};

    use super::*;

    fn survives<T: Word + std::fmt::Debug + PartialEq>(words: &[T]) {
        let (ours, theirs) = Control::pair().expect("a socket pair");
        let theirs = Control::inherited(theirs);
        for word in words {
            ours.tell(word).expect("room in the socket");
            let Heard::Said(heard, None) = theirs.hear::<T>() else { panic!("{word:?} got lost") };
            assert_eq!(heard, *word);
        }
        assert!(matches!(theirs.hear::<T>(), Heard::Nothing));
    }

    #[test]
    fn words_survive_the_wire() {
        let drain = FromMaster::Drain {
            grace: Duration::from_millis(7),
            within: Duration::from_secs(9),
            successor: true,
        };
        let (log, output) = (FromMaster::Log, FromMaster::Output);
        survives(&[FromMaster::Accept, FromMaster::Reload, drain, FromMaster::Connections(4), log, output]);
        survives(&[FromWorker::Ready, FromWorker::Accepting, FromWorker::Recycle]);
        survives(&[FromWorker::LogFull, FromWorker::LogMoved, FromWorker::Rows(4)]);
        let serves = FromHeir::Serves { slot: 1, namesake: 0, service: "my shop".into() };
        survives(&[FromHeir::Ready, serves, FromHeir::Settled, FromHeir::Says("so far".into())]);
        survives(&[FromPredecessor::Yours]);
    }

    #[test]
    fn a_file_comes_along() {
        let (master, theirs) = Control::pair().expect("a socket pair");
        let worker = Control::inherited(theirs);
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"rows").expect("room on the disk");
        worker.tell_with(&FromWorker::Rows(1), file.as_fd()).expect("room in the socket");
        let Heard::Said(FromWorker::Rows(1), Some(came)) = master.hear() else { panic!("no file came") };
        let (mut came, mut text) = (File::from(came), String::new());
        came.rewind().and_then(|()| came.read_to_string(&mut text)).expect("the same file");
        assert_eq!(text, "rows");
    }

    #[test]
    fn an_unknown_word_is_ignored_and_an_end_is_noticed() {
        let (master, theirs) = Control::pair().expect("a socket pair");
        let worker = Control::inherited(theirs);
        worker.send("sing", None).expect("room in the socket");
        worker.tell(&FromWorker::Ready).expect("room in the socket");
        assert!(matches!(master.hear(), Heard::Said(FromWorker::Ready, None)));
        drop(worker);
        assert!(matches!(master.hear::<FromWorker>(), Heard::Gone));
    }
}
