//! What a service manager is told: sd_notify(3), one datagram of lines.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::reactor::uptime;
use crate::sys::inherited;

/// The variable that names the manager's socket.
pub(super) const VARIABLE: &str = "NOTIFY_SOCKET";

/// The manager's socket, if there is a manager.
#[derive(Debug)]
pub(super) struct Notifier {
    /// As the variable had it, for a master that takes over.
    pub(super) name: Option<String>,
    socket: Option<UnixDatagram>,
}

impl Notifier {
    /// Takes the manager's socket from the environment, so that no worker speaks to it.
    pub(super) fn take() -> Self {
        let name = inherited::take_variable(VARIABLE).filter(|name| !name.is_empty());
        let socket = name.as_deref().and_then(|name| {
            connect(name)
                .inspect_err(|error| tracing::warn!(%error, name, "cannot reach the service manager"))
                .ok()
        });
        Self { name, socket }
    }

    /// The server serves, or serves again.
    pub(super) fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}\nMAINPID={}", std::process::id()));
    }

    /// A reload begins. `READY=1` must follow, whatever becomes of it.
    pub(super) fn reloading(&self) {
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading", uptime().as_micros()));
    }

    pub(super) fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=stopping");
    }

    pub(super) fn status(&self, status: &str) {
        self.say(&format!("STATUS={status}"));
    }

    /// Another process is the main one now; only the old one may say so.
    pub(super) fn main_pid(&self, pid: u32) {
        self.say(&format!("MAINPID={pid}"));
    }

    fn say(&self, lines: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(lines.as_bytes())
        {
            tracing::debug!(%error, "cannot tell the service manager");
        }
    }
}

fn connect(name: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    match name.strip_prefix('@') {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(OsStr::new(name).as_bytes())?)?,
        None => socket.connect(name)?,
    }
    Ok(socket)
}
