use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong in a `testee.toml` (or `known.toml`), where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TesteeFileError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, both from 1, where the place is known.
    pub place: Option<(usize, usize)>,
    /// The field in dotted form, such as `reload.timeout`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty if the message says it.
    pub remedy: String,
}

impl TesteeFileError {
    /// An error that concerns the file as a whole.
    pub(crate) fn whole(path: &Path, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: None,
            field: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// What the TOML reader refused, with the place in the text.
    pub(crate) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().trim().replace('\n', "; ");
        let remedy = if message.starts_with("missing field") {
            "add it; docs/testee-contract.md shows every field"
        } else if message.starts_with("unknown field") {
            "correct the spelling or remove the line"
        } else {
            ""
        };
        let named = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let span = error.span();
        let field = span.clone().and_then(|span| field_at(text, span.start));
        let field = match (named, field) {
            (Some(named), Some(table)) if table.is_empty() => Some(named.to_owned()),
            (Some(named), _) => Some(named.to_owned()),
            (None, field) => field.filter(|field| !field.is_empty()),
        };
        Self {
            path: path.to_owned(),
            place: span.map(|span| line_and_column(text, span.start)),
            field,
            message,
            remedy: remedy.to_owned(),
        }
    }

    /// A value that parses as TOML but cannot be used.
    pub(crate) fn value(
        path: &Path,
        text: &str,
        span: Range<usize>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            place: Some(line_and_column(text, span.start)),
            field: field_at(text, span.start).filter(|field| !field.is_empty()),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for TesteeFileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(out, ":{line}:{column}")?;
        }
        if let Some(field) = &self.field {
            write!(out, ": {field}")?;
        }
        write!(out, ": {}", self.message)?;
        if !self.remedy.is_empty() {
            write!(out, " ({})", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for TesteeFileError {}

/// Line and column, from 1, of a byte offset; columns count characters.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The dotted name of the field whose line holds `offset`: its table and the key left of `=`.
fn field_at(text: &str, offset: usize) -> Option<String> {
    let (line, _) = line_and_column(text, offset);
    let lines: Vec<&str> = text.lines().take(line).collect();
    let table = lines.iter().rev().find_map(|line| {
        let line = line.trim();
        let inside = line.strip_prefix('[')?.trim_start_matches('[');
        Some(inside.split(']').next()?.trim().to_owned())
    });
    // A value may span lines; its key is on the nearest line above that has one.
    let key = lines.iter().rev().find_map(|line| {
        let line = line.trim_start();
        if line.starts_with('[') {
            return Some(None);
        }
        let (key, _) = line.split_once('=')?;
        Some(Some(key.trim().trim_matches('"').to_owned()))
    })?;
    Some(match (table, key) {
        (Some(table), Some(key)) => format!("{table}.{key}"),
        (Some(table), None) => table,
        (None, Some(key)) => key,
        (None, None) => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        assert_eq!(line_and_column("ab\ncäd", 0), (1, 1));
        assert_eq!(line_and_column("ab\ncäd", 6), (2, 3));
        assert_eq!(line_and_column("ab", 99), (1, 3));
    }

    #[test]
    fn names_the_field_with_its_table() {
        let text = "name = \"x\"\n[reload]\ntimeout = \"10\"\n";
        let offset = text.find("\"10\"").unwrap();
        assert_eq!(field_at(text, offset).as_deref(), Some("reload.timeout"));
        assert_eq!(field_at(text, 8).as_deref(), Some("name"));
    }
}
