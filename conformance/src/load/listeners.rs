//! Who listens on a port, from /proc: a server left over from earlier answers plausible nonsense.

use std::collections::BTreeSet;
use std::fs;

/// Sockets that listen on `port` and are held by none of `pids`, one line each.
///
/// A port where nothing of this can be read (no /proc) has no strangers.
pub(crate) fn strangers(port: u16, pids: &[u32]) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let listening: Vec<Listener> = tables.iter().flat_map(|table| listeners(table, port)).collect();
    let held: BTreeSet<u64> = pids.iter().flat_map(|pid| sockets_of(*pid)).collect();
    listening
        .into_iter()
        .filter(|listener| !held.contains(&listener.inode))
        .map(|listener| format!("{} (socket {})", listener.address, listener.inode))
        .collect()
}

/// Whether anybody listens on `port`; also where the tables can't be read.
pub(crate) fn is_listened_on(port: u16) -> bool {
    let tables: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .flat_map(|path| fs::read_to_string(path).ok())
        .collect();
    tables.is_empty() || tables.iter().any(|table| !listeners(table, port).is_empty())
}

/// The processes that hold a socket which listens on `port`, as far as they can be looked into.
pub(crate) fn holders(port: u16) -> Vec<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let inodes: BTreeSet<u64> =
        tables.iter().flat_map(|table| listeners(table, port)).map(|listener| listener.inode).collect();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| sockets_of(*pid).iter().any(|inode| inodes.contains(inode))).collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Listener {
    /// As /proc writes it: hexadecimal address and port.
    address: String,
    inode: u64,
}

/// Lines of /proc/net/tcp in the state LISTEN on `port`.
fn listeners(table: &str, port: u16) -> Vec<Listener> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (address, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let (_, hex) = address.split_once(':')?;
        let matches = *state == LISTEN && u16::from_str_radix(hex, 16) == Ok(port);
        matches.then_some(Listener { address: (*address).to_owned(), inode: inode.parse().ok()? })
    };
    table.lines().filter_map(line).collect()
}

const LISTEN: &str = "0A";

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
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n   \
             1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4343 1\n   \
             2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4444 1\n";
        let found = listeners(table, 8080);
        assert_eq!(found, [Listener { address: "0100007F:1F90".to_owned(), inode: 4242 }]);
    }
}
