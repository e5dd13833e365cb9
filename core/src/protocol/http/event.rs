//! Server-sent events.

use std::time::Duration;

/// An event of a stream that was begun with [`Response::events`](super::Response::events) (HTTP-36; WHATWG
/// HTML 9.2). One without anything is a single line feed, which keeps the connection alive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    comment: Option<String>,
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
    data: Option<String>,
}

impl Event {
    /// An event with that data; each of its lines is a line of data.
    pub fn new(data: impl Into<String>) -> Self {
        Self { data: Some(data.into()), ..Self::default() }
    }

    /// A comment alone, which clients ignore.
    pub fn comment(text: impl Into<String>) -> Self {
        Self { comment: Some(text.into()), ..Self::default() }
    }

    /// The type of the event. Line ends are left out.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(one_line(name));
        self
    }

    /// The id that a client tells when it comes back. Line ends and NUL are left out.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(one_line(id));
        self
    }

    /// How long a client waits before it comes back, in whole milliseconds.
    #[must_use]
    pub fn retry(mut self, patience: Duration) -> Self {
        self.retry = Some(patience);
        self
    }

    /// The event as it is sent.
    pub(super) fn write(&self) -> String {
        let mut text = String::new();
        let mut lines = |name: &str, value: &str| {
            for line in split_lines(value) {
                [name, ": ", line, "\n"].into_iter().for_each(|part| text.push_str(part));
            }
        };
        if let Some(comment) = &self.comment {
            lines("", comment);
        }
        if let Some(name) = &self.name {
            lines("event", name);
        }
        if let Some(id) = &self.id {
            lines("id", id);
        }
        if let Some(retry) = self.retry {
            lines("retry", &retry.as_millis().to_string());
        }
        if let Some(data) = &self.data {
            lines("data", data);
        }
        text.push('\n');
        text
    }
}

fn one_line(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '\r' | '\n' | '\0')).collect()
}

/// The lines of a value: CRLF, LF and CR end one (WHATWG HTML 9.2.5).
fn split_lines(mut rest: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    while let Some(end) = rest.find(['\r', '\n']) {
        lines.push(&rest[..end]);
        rest = rest[end..].strip_prefix("\r\n").unwrap_or(&rest[end + 1..]);
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_the_models_order_and_lines_cannot_break_out() {
        // HTTP-36
        let event = Event::new("a\nb\r\n\rc").name("n\nx").id("7\0").retry(Duration::from_millis(1500));
        let event = Event { comment: Some("hi".to_owned()), ..event };
        assert_eq!(
            event.write(),
            ": hi\nevent: nx\nid: 7\nretry: 1500\ndata: a\ndata: b\ndata: \ndata: c\n\n"
        );
        assert_eq!(Event::default().write(), "\n");
        assert_eq!(Event::new("").write(), "data: \n\n");
    }
}
