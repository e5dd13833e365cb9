//! The connections of a worker, as `connections` shows them (CONNS-1).

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::fd::OwnedFd;

use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConnectionRow {
    /// The worker's process id.
    pub(crate) pid: u32,
    /// The service's name.
    pub(crate) worker: String,
    /// The connection's number within its worker.
    pub(crate) cid: u64,
    /// `tcp`, `ssl` or `unix`.
    pub(crate) transport: String,
    pub(crate) protocol: String,
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
    /// Octets read and not yet consumed.
    pub(crate) recv_q: u64,
    /// Octets sent and not yet taken by the kernel.
    pub(crate) send_q: u64,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_written: u64,
    /// Where it is in its life: `ESTABLISHED`, `CLOSING` and so on.
    pub(crate) status: String,
    pub(crate) local: String,
    pub(crate) remote: String,
}

/// Writes rows into a file in memory, one JSON line each: there may be more than a packet holds.
pub(crate) fn write_rows(rows: &[ConnectionRow]) -> io::Result<OwnedFd> {
    let file = memfd_create("connections", MFdFlags::MFD_CLOEXEC)?;
    let mut out = BufWriter::new(File::from(file));
    for row in rows {
        serde_json::to_writer(&mut out, row)?;
        out.write_all(b"\n")?;
    }
    Ok(out.into_inner()?.into())
}

/// Reads what [`write_rows`] wrote.
pub(crate) fn read_rows(file: OwnedFd) -> io::Result<Vec<ConnectionRow>> {
    let (mut file, mut text) = (File::from(file), String::new());
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_the_file_however_many() {
        let row = |cid| ConnectionRow {
            pid: 7,
            worker: "shop \"a\"".into(),
            cid,
            transport: "tcp".into(),
            protocol: "http".into(),
            ipv4: true,
            ipv6: false,
            recv_q: 1,
            send_q: 2,
            bytes_read: 3,
            bytes_written: u64::MAX,
            status: "ESTABLISHED".into(),
            local: "127.0.0.1:80".into(),
            remote: "127.0.0.1:81".into(),
        };
        let rows: Vec<_> = (0..5_000).map(row).collect();
        let file = write_rows(&rows).expect("a memfd");
        assert_eq!(read_rows(file).expect("what was written"), rows);
    }
}
