//! Files as bodies: what is told about them, and which part is sent (FILE-1 to FILE-4, SF-57).

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::conditions::{Conditions, Facts, Verdict};

/// An open file that a response sends.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) file: Arc<File>,
    size: u64,
    modified: Option<SystemTime>,
    etag: String,
    /// The part that the application chose: offset and length, of which 0 is all that is left.
    chosen: Option<(u64, u64)>,
}

/// What is sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// In place of 200.
    pub(super) status: u16,
    pub(super) first: u64,
    pub(super) length: u64,
    pub(super) content_range: Option<String>,
}

impl Body {
    /// Opens a regular file for a response.
    ///
    /// # Errors
    /// What opening gives; anything but a regular file is not found.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A pipe that nobody writes to would block otherwise; regular files do not mind.
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Self::new(file)
    }

    /// The body that is all of `file`.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let since = facts.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        let etag = format!("\"{:x}-{:x}\"", since.unwrap_or_default().as_nanos(), facts.len());
        Ok(Self {
            file: Arc::new(file),
            size: facts.len(),
            modified: since.map(|since| UNIX_EPOCH + Duration::from_secs(since.as_secs())),
            etag,
            chosen: None,
        })
    }

    pub(super) fn choose(&mut self, offset: u64, length: u64) {
        self.chosen = Some((offset, length));
    }

    pub(super) fn etag(&self) -> &str {
        &self.etag
    }

    pub(super) fn last_modified(&self) -> Option<String> {
        self.modified.map(httpdate::fmt_http_date)
    }

    /// Which part is sent: the application's, or the client's.
    pub(super) fn decide(&self, conditions: Option<&Conditions>, is_get: bool) -> Choice {
        let facts = Facts { etag: &self.etag, modified: self.modified, size: self.size };
        let verdict = match (self.chosen, conditions) {
            (Some((first, _)), _) if self.size <= first => Verdict::Unsatisfiable,
            (Some((first, length)), _) => {
                let left = self.size - first;
                Verdict::Part { first, length: if length == 0 { left } else { length.min(left) } }
            }
            (None, Some(conditions)) => conditions.judge(&facts, is_get),
            (None, None) => Verdict::Whole,
        };
        let none = |status, content_range| Choice { status, first: 0, length: 0, content_range };
        match verdict {
            Verdict::Whole => Choice { status: 200, first: 0, length: self.size, content_range: None },
            Verdict::Part { first, length } => {
                let range = format!("bytes {first}-{}/{}", first + length - 1, self.size);
                Choice { status: 206, first, length, content_range: Some(range) }
            }
            Verdict::NotModified => none(304, None),
            Verdict::Failed => none(412, None),
            Verdict::Unsatisfiable => none(416, Some(format!("bytes */{}", self.size))),
        }
    }
}

/// The type of a file by its name, and for a type that is not known what makes a browser store it (FILE-2).
pub(super) fn described(name: &OsStr) -> (String, Option<String>) {
    let Some(guess) = mime_guess::from_path(name).first_raw() else {
        return ("application/octet-stream".to_owned(), Some(disposition(&name.to_string_lossy())));
    };
    let is_text = guess.starts_with("text/") && !guess.contains("charset");
    (if is_text { format!("{guess};charset=utf-8") } else { guess.to_owned() }, None)
}

fn disposition(name: &str) -> String {
    let plain = |letter: &char| !letter.is_control() && !matches!(letter, '"' | '\\');
    let name: String = name.chars().filter(plain).collect();
    if name.is_ascii() {
        return format!("attachment; filename=\"{name}\"");
    }
    // RFC 6266 4.3: the name itself for those who know it, and one in ASCII for all.
    let ascii: String = name.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    let encoded = utf8_percent_encode(&name, ATTR_CHAR);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// All but attr-char (RFC 8187 3.2.1).
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
