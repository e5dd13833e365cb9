//! What a client asks of a representation: only if it changed, or only a part (RFC 9110 13, 14).

use std::time::SystemTime;

use super::head::Head;

/// The fields of a request that decide what is sent of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<SystemTime>,
    if_unmodified_since: Option<SystemTime>,
    if_range: Option<String>,
    range: Option<String>,
}

/// What the conditions make of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    /// So many bytes from that offset.
    Part {
        first: u64,
        length: u64,
    },
    /// 304
    NotModified,
    /// 412
    Failed,
    /// 416
    Unsatisfiable,
}

/// What is known of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) etag: &'a str,
    /// In whole seconds, as it is told.
    pub(super) modified: Option<SystemTime>,
    pub(super) size: u64,
}

impl Conditions {
    /// The conditions of a request; a field that occurs twice counts once, and one that no date or no text
    /// is, not at all.
    pub(super) fn read(head: &Head, package: &[u8]) -> Self {
        let mut conditions = Self::default();
        for (name, value) in head.lines(package) {
            let Ok(value) = std::str::from_utf8(value) else { continue };
            let text = || Some(value.to_owned());
            let date = || httpdate::parse_http_date(value).ok();
            match name.to_ascii_lowercase().as_str() {
                "if-match" => conditions.if_match = text(),
                "if-none-match" => conditions.if_none_match = text(),
                "if-modified-since" => conditions.if_modified_since = date(),
                "if-unmodified-since" => conditions.if_unmodified_since = date(),
                "if-range" => conditions.if_range = text(),
                "range" => conditions.range = text(),
                _ => {}
            }
        }
        conditions
    }

    /// Judges in the order of RFC 9110 13.2.2; ranges count for GET alone (RFC 9110 14.2).
    pub(super) fn judge(&self, file: &Facts<'_>, is_get: bool) -> Verdict {
        let unchanged_since = |date: SystemTime| file.modified.is_some_and(|modified| modified <= date);
        match (&self.if_match, self.if_unmodified_since) {
            (Some(list), _) if !lists(list, file.etag, false) => return Verdict::Failed,
            (None, Some(date)) if !unchanged_since(date) => return Verdict::Failed,
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(list), _) if lists(list, file.etag, true) => return Verdict::NotModified,
            (None, Some(date)) if unchanged_since(date) => return Verdict::NotModified,
            _ => {}
        }
        let Some(range) = self.range.as_deref().filter(|_| is_get && self.is_of_this(file)) else {
            return Verdict::Whole;
        };
        part(range, file.size)
    }

    /// If-Range: the part is wanted of this very file only (RFC 9110 13.1.5).
    fn is_of_this(&self, file: &Facts<'_>) -> bool {
        match &self.if_range {
            None => true,
            Some(tag) if tag.starts_with('"') => tag == file.etag,
            Some(date) => httpdate::parse_http_date(date).is_ok_and(|date| file.modified == Some(date)),
        }
    }
}

/// Whether a list of entity tags names `etag`, which is strong (RFC 9110 8.8.3.2).
fn lists(list: &str, etag: &str, weakly: bool) -> bool {
    list.split(',').map(str::trim).any(|tag| {
        let tag = if weakly { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        tag == "*" || tag == etag
    })
}

/// One range of bytes. Anything else, several ranges too, is as if it had not been asked for (RFC 9110 14.2).
fn part(range: &str, size: u64) -> Verdict {
    let Some((unit, set)) = range.split_once('=') else { return Verdict::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Verdict::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Verdict::Whole;
    }
    let number = |digits: &str| {
        let fine = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        // What cannot be counted lies behind every end.
        fine.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match (first, number(first), last, number(last)) {
        (_, Some(first), "", _) if first < size => Verdict::Part { first, length: size - first },
        (_, Some(first), _, Some(last)) if first <= last && first < size => {
            Verdict::Part { first, length: last.min(size - 1) - first + 1 }
        }
        ("", _, _, Some(suffix)) if 0 < suffix && 0 < size => {
            let length = suffix.min(size);
            Verdict::Part { first: size - length, length }
        }
        (_, Some(_), "", _) | ("", _, _, Some(_)) => Verdict::Unsatisfiable,
        (_, Some(first), _, Some(last)) if first <= last => Verdict::Unsatisfiable,
        _ => Verdict::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_all_else_is_ignored() {
        for (range, size, verdict) in [
            ("bytes=0-0", 10, Verdict::Part { first: 0, length: 1 }),
            ("bytes=2-5", 10, Verdict::Part { first: 2, length: 4 }),
            ("Bytes = 2-", 10, Verdict::Part { first: 2, length: 8 }),
            ("bytes=9-99999999999999999999", 10, Verdict::Part { first: 9, length: 1 }),
            ("bytes=-3", 10, Verdict::Part { first: 7, length: 3 }),
            ("bytes=-30", 10, Verdict::Part { first: 0, length: 10 }),
            ("bytes=10-", 10, Verdict::Unsatisfiable),
            ("bytes=10-12", 10, Verdict::Unsatisfiable),
            ("bytes=-0", 10, Verdict::Unsatisfiable),
            ("bytes=0-", 0, Verdict::Unsatisfiable),
            ("bytes=-1", 0, Verdict::Unsatisfiable),
            ("bytes=5-2", 10, Verdict::Whole),
            ("bytes=0-1,3-4", 10, Verdict::Whole),
            ("bytes=-", 10, Verdict::Whole),
            ("bytes=a-b", 10, Verdict::Whole),
            ("bytes=+1-2", 10, Verdict::Whole),
            ("lines=0-1", 10, Verdict::Whole),
            ("0-1", 10, Verdict::Whole),
        ] {
            assert_eq!(part(range, size), verdict, "{range} of {size}");
        }
    }
}
