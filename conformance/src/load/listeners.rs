//! Who listens on a port, from /proc: a server left over from earlier answers plausible nonsense, and a socket that a
//! reload leaves in LISTEN takes connections that nobody serves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::census::Role;
use crate::testee::Process;

/// A socket in LISTEN, and who of the server holds it.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Listener {
    /// Name of the port in the testee's file; `http` where the server is given by its URL.
    pub port: String,
    /// The kernel's number of the socket: another one is another queue.
    pub socket: u64,
    /// The server's processes that hold it, in the order of their numbers.
    pub holders: Vec<Holder>,
}

/// A process that holds a listening socket.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its parent's number.
    pub parent: u32,
    /// What it is in the server.
    pub role: Role,
}

/// Where a port of the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A TCP port of this machine.
    Tcp(u16),
    /// The path of a unix socket.
    Unix(PathBuf),
}

/// The sockets that listen on these ports, and who of these processes holds them. Empty where there is no /proc.
pub(crate) fn survey(ports: &[(String, Place)], processes: &[(Process, Role)]) -> Vec<Listener> {
    let tcp = listening().unwrap_or_default();
    let is_local = ports.iter().any(|(_, place)| matches!(place, Place::Unix(_)));
    let local =
        if is_local { fs::read_to_string("/proc/net/unix").unwrap_or_default() } else { String::new() };
    let mut found: Vec<(String, u64)> = Vec::new();
    for (name, place) in ports {
        let sockets: Vec<u64> = match place {
            Place::Tcp(port) => tcp
                .iter()
                .filter(|listening| listening.port == *port)
                .map(|listening| listening.inode)
                .collect(),
            Place::Unix(path) => unix_listeners(&local, &path.to_string_lossy()),
        };
        found.extend(sockets.into_iter().map(|socket| (name.clone(), socket)));
    }
    let mut holders: BTreeMap<u64, Vec<Holder>> = BTreeMap::new();
    for (process, role) in processes {
        let number = |pid: crate::testee::Pid| pid.as_raw().unsigned_abs();
        let (pid, parent) = (number(process.pid), number(process.parent));
        for socket in sockets_of(pid).into_iter().collect::<BTreeSet<u64>>() {
            if found.iter().any(|(_, known)| *known == socket) {
                holders.entry(socket).or_default().push(Holder { pid, parent, role: *role });
            }
        }
    }
    let listener = |(port, socket): (String, u64)| {
        let mut holders = holders.remove(&socket).unwrap_or_default();
        holders.sort_by_key(|holder| holder.pid);
        Listener { port, socket, holders }
    };
    found.into_iter().map(listener).collect()
}

/// Sockets that listen on `port` and are held by none of `pids`, one line each.
///
/// A port where nothing of this can be read (no /proc) has no strangers.
pub(crate) fn strangers(port: u16, pids: &[u32]) -> Vec<String> {
    let held: BTreeSet<u64> = pids.iter().flat_map(|pid| sockets_of(*pid)).collect();
    let listening = listening().unwrap_or_default().into_iter();
    listening
        .filter(|listener| listener.port == port && !held.contains(&listener.inode))
        .map(|listener| format!("{} (socket {})", listener.address, listener.inode))
        .collect()
}

/// Whether anybody listens on `port`; also where the tables can't be read.
pub(crate) fn is_listened_on(port: u16) -> bool {
    listening().is_none_or(|all| all.iter().any(|listener| listener.port == port))
}

/// The processes that hold a socket which listens on `port`, as far as they can be looked into.
pub(crate) fn holders(port: u16) -> Vec<u32> {
    let listening = listening().unwrap_or_default().into_iter();
    let inodes: BTreeSet<u64> =
        listening.filter(|listener| listener.port == port).map(|listener| listener.inode).collect();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| sockets_of(*pid).iter().any(|inode| inodes.contains(inode))).collect()
}

/// A TCP socket in LISTEN.
#[derive(Debug, PartialEq, Eq)]
struct Listening {
    /// As /proc writes it: hexadecimal address and port.
    address: String,
    port: u16,
    inode: u64,
}

/// Every TCP socket in LISTEN; `None` where the tables can't be read.
fn listening() -> Option<Vec<Listening>> {
    let tables: Vec<File> =
        ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().flat_map(|path| File::open(path).ok()).collect();
    (!tables.is_empty())
        .then(|| tables.into_iter().flat_map(|table| listening_in(BufReader::new(table))).collect())
}

/// The kernel lists these sockets before all others, which may be tens of thousands: the rest is not even read.
fn listening_in(table: impl BufRead) -> Vec<Listening> {
    table.lines().skip(1).map_while(|line| listening_of(&line.ok()?)).collect()
}

/// A line of /proc/net/tcp in the state LISTEN.
fn listening_of(line: &str) -> Option<Listening> {
    let fields: Vec<&str> = line.split_ascii_whitespace().take(10).collect();
    let (address, state, inode) = (*fields.get(1)?, *fields.get(3)?, fields.get(9)?);
    let port = u16::from_str_radix(address.split_once(':')?.1, 16).ok()?;
    (state == LISTEN).then_some(Listening { address: address.to_owned(), port, inode: inode.parse().ok()? })
}

const LISTEN: &str = "0A";

/// Lines of /proc/net/unix of sockets that listen at `path`.
fn unix_listeners(table: &str, path: &str) -> Vec<u64> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (flags, inode, at) = (fields.get(3)?, fields.get(6)?, fields.get(7)?);
        (*flags == ACCEPTS && *at == path).then(|| inode.parse().ok()).flatten()
    };
    table.lines().filter_map(line).collect()
}

/// `__SO_ACCEPTCON` in the flags of /proc/net/unix.
const ACCEPTS: &str = "00010000";

/// Inodes of the sockets that a process holds.
fn sockets_of(pid: u32) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let inode = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    entries.flatten().filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_of_another_process_is_a_stranger() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        assert_eq!(strangers(port, &[std::process::id()]), Vec::<String>::new());
        assert_eq!(strangers(port, &[]).len(), 1);
        drop(listener);
        assert_eq!(strangers(port, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_survey_names_the_holders_of_tcp_and_unix_sockets() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s");
        let local = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let ports = [("http".to_owned(), Place::Tcp(port)), ("unix".to_owned(), Place::Unix(path))];
        let this = Process::read(crate::testee::Pid::this()).expect("it runs");
        let found = survey(&ports, &[(this, Role::Master)]);
        let told: Vec<(&str, usize)> =
            found.iter().map(|listener| (listener.port.as_str(), listener.holders.len())).collect();
        assert_eq!(told, [("http", 1), ("unix", 1)]);
        drop((local, listener));
        assert_eq!(survey(&ports, &[]), []);
    }

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n   \
             1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4444 1\n   \
             2: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4343 1\n";
        let found = |port, inode| Listening { address: format!("0100007F:{port:X}"), port, inode };
        assert_eq!(listening_in(table.as_bytes()), [found(8080, 4242), found(8081, 4444)]);
    }
}
