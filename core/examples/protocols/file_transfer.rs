//! A protocol: files with their names. Four octets of total length, big-endian and counting themselves, one of
//! the name's length, the name, and the data; answers are lines.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use workerspec_core::protocol::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// Octets before the name.
const HEADER: usize = 5;

/// Files with their names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FileTransfer;

/// A file that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Upload<'a> {
    /// Its name as it was sent, UTF-8 and never a path.
    pub(crate) name: &'a str,
    /// Its content.
    pub(crate) data: &'a [u8],
}

impl Protocol for FileTransfer {
    type Message<'a> = Upload<'a>;

    const NAME: &'static str = "file-transfer";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        let Some(header) = input.first_chunk::<4>() else { return Ok(Split::Need) };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if length <= HEADER {
            return Err(Malformed::new("file without a name", 0, 0));
        }
        if limits.max_package < length {
            return Err(Malformed::new("file exceeds max_package", 0, 0));
        }
        let Some(&name_length) = input.get(4) else { return Ok(Split::Need) };
        let data = HEADER + usize::from(name_length);
        if length < data {
            return Err(Malformed::new("name longer than its package", 4, 0));
        }
        let Some(name) = input.get(HEADER..data) else { return Ok(Split::Need) };
        if !is_name(name) {
            return Err(Malformed::new("name that is none", HEADER, 0));
        }
        Ok(if length <= input.len() { Split::Package(length) } else { Split::Need })
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> Upload<'a> {
        let (name, data) = package[HEADER..].split_at(usize::from(package[4]));
        Upload { name: std::str::from_utf8(name).expect("split has checked the name"), data }
    }
}

impl<T: AsRef<[u8]>> Encode<T> for FileTransfer {
    fn encode(&mut self, line: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        out.extend_from_slice(line.as_ref());
        out.push(b'\n');
        Next::Stay
    }
}

/// A name of a file in a folder: it leads nowhere else, is not hidden, and can be shown.
fn is_name(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else { return false };
    !text.is_empty()
        && !text.starts_with('.')
        && !text.chars().any(|letter| letter.is_control() || matches!(letter, '/' | '\\'))
}

/// Stores a file in `folder` under its name.
///
/// # Errors
/// Where it cannot be written; a file of that name is kept as it is and is an error too.
pub(crate) fn store(folder: &Path, upload: &Upload<'_>) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(upload.name);
    // `create_new` does not follow a symbolic link at the end of the path.
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    if let Err(error) = file.write_all(upload.data) {
        fs::remove_file(&path)?;
        return Err(error);
    }
    Ok(path)
}
