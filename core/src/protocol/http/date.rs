//! The `Date` field's value, formatted once a second.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A date line that is written anew only when the second changes.
#[derive(Debug, Default)]
pub(crate) struct DateLine {
    second: u64,
    text: String,
}

impl DateLine {
    /// The date and time of `now` as HTTP writes it (RFC 9110 5.6.7).
    pub(crate) fn at(&mut self, now: SystemTime) -> &str {
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        }
        &self.text
    }
}
