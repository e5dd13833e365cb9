//! The number of a session, which nobody can guess.

use std::fmt;

/// 32 hexadecimal digits: 128 random bits. What does not look like one names no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id(String);

impl Id {
    /// A new one.
    pub(super) fn random() -> std::io::Result<Self> {
        let mut octets = [0; 16];
        getrandom::fill(&mut octets).map_err(std::io::Error::other)?;
        Ok(Self(octets.iter().map(|octet| format!("{octet:02x}")).collect()))
    }

    /// The id in a cookie's value, which may stand in quotes (SESS-1).
    pub(super) fn read(value: &str) -> Option<Self> {
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        let fits = value.len() == 32 && value.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(value.to_owned()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
