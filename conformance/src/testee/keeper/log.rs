use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The first bytes that a testee writes are kept for good.
const HEAD_BYTES: u64 = 4 << 20;
/// What follows goes through two files of this size, the older of which is overwritten.
const TAIL_BYTES: u64 = 2 << 20;

/// Copies `from` to the log at `path` until it ends. The log never takes more than 8 MiB: its head
/// stays, then the most recent 2 to 4 MiB.
///
/// # Errors
/// When the log can't be written; the source is then no longer read.
pub(super) fn pump(mut from: impl Read, path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut room = HEAD_BYTES;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        file.write_all(&buffer[..read])?;
        room = room.saturating_sub(read as u64);
        if room == 0 {
            let recent = part(path, "recent");
            if recent.exists() {
                fs::rename(&recent, part(path, "older"))?;
            }
            file = File::create(recent)?;
            room = TAIL_BYTES;
        }
    }
}

/// The last `lines` lines of a log, at most 64 KiB.
pub(in crate::testee) fn tail(path: &Path, lines: usize) -> String {
    let mut bytes = Vec::new();
    for file in [part(path, "recent"), part(path, "older"), path.to_owned()] {
        let Ok(mut content) = fs::read(file) else { continue };
        content.extend_from_slice(&bytes);
        bytes = content;
        if 64 << 10 <= bytes.len() {
            break;
        }
    }
    let start = bytes.len().saturating_sub(64 << 10);
    let text = String::from_utf8_lossy(&bytes[start..]).into_owned();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn part(path: &Path, name: &str) -> PathBuf {
    path.with_extension(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_log_is_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        pump(&b"one\ntwo\nthree\n"[..], &path).unwrap();
        assert_eq!(tail(&path, 2), "two\nthree");
        assert_eq!(tail(&path, 9), "one\ntwo\nthree");
        assert_eq!(tail(&folder.path().join("absent"), 9), "");
    }

    #[test]
    fn a_flood_keeps_its_head_and_its_end_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let flood = b"first line\n".chain(io::repeat(b'x').take(30 << 20)).chain(&b"\nlast line\n"[..]);
        pump(flood, &path).unwrap();
        let total: u64 =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(total <= 9 << 20, "{total}");
        assert!(fs::read(&path).unwrap().starts_with(b"first line\n"));
        assert!(tail(&path, 1).ends_with("last line"));
    }
}
