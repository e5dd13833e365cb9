//! How the answers of a server that knows nothing of the contract tell which release and which worker gave them: a
//! pattern over the body or over a header field.

use regex::bytes::Regex;

/// Where a name stands in an answer.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The header field, in lower case; `None` for the body.
    field: Option<String>,
    /// What to look for; the first group is the name, without groups the whole match. `None`: the whole field.
    pattern: Option<Regex>,
}

impl Mark {
    /// In the body, or in a header field; a field without a pattern is the name as a whole.
    ///
    /// # Errors
    /// The pattern is none, or there is neither field nor pattern.
    pub fn new(field: Option<&str>, pattern: Option<&str>) -> Result<Mark, String> {
        if field.is_none() && pattern.is_none() {
            return Err("neither a pattern nor a header field is given".to_owned());
        }
        let compile = |text: &str| Regex::new(text).map_err(|error| format!("`{text}`: {error}"));
        Ok(Mark { field: field.map(str::to_ascii_lowercase), pattern: pattern.map(compile).transpose()? })
    }

    /// The header field that it looks at.
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The name in an answer with this body and the field's value.
    pub(crate) fn find<'octets>(
        &self,
        field: Option<&'octets [u8]>,
        body: &'octets [u8],
    ) -> Option<&'octets [u8]> {
        let place = if self.field.is_some() { field? } else { body };
        let Some(pattern) = &self.pattern else { return Some(place) };
        let found = pattern.captures(place)?;
        found.get(1).or_else(|| found.get(0)).map(|found| found.as_bytes())
    }
}

/// What tells one answer from another.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// Tells the release.
    pub release: Option<Mark>,
    /// Tells the worker.
    pub worker: Option<Mark>,
}

impl Marks {
    /// Whether answers tell anything.
    pub fn tell(&self) -> bool {
        self.release.is_some() || self.worker.is_some()
    }

    /// The header fields that are looked at.
    pub(crate) fn fields(&self) -> Vec<String> {
        let marks = [&self.release, &self.worker].into_iter().flatten();
        marks.filter_map(|mark| mark.field().map(str::to_owned)).collect()
    }
}

/// Octets of a body in which marks are looked for.
pub(crate) const LOOKED_AT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(field: Option<&str>, pattern: Option<&str>, value: Option<&str>, body: &str) -> Option<String> {
        let mark = Mark::new(field, pattern).expect("a mark");
        let name = mark.find(value.map(str::as_bytes), body.as_bytes());
        name.map(|name| String::from_utf8_lossy(name).into_owned())
    }

    #[test]
    fn a_name_stands_in_the_body_or_in_a_field() {
        assert_eq!(found(None, Some("version ([0-9.]+)"), None, "version 1.2 of it"), Some("1.2".into()));
        assert_eq!(found(None, Some("v[0-9]+"), None, "v7"), Some("v7".into()));
        assert_eq!(found(Some("X-Release"), None, Some("r9"), "v7"), Some("r9".into()));
        assert_eq!(found(Some("Server"), Some("/(.*)"), Some("a/2"), ""), Some("2".into()));
        assert_eq!(found(Some("Server"), Some("/(.*)"), None, "a/2"), None);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert!(Mark::new(None, Some("(")).is_err());
        assert!(Mark::new(None, None).is_err());
    }
}
