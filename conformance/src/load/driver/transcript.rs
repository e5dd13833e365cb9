//! Tells what went over a connection, from what its state machine still knows. Only losses are told, so this may cost.

use std::time::Duration;

use crate::load::connection::Connection;
use crate::load::driver::record::describe;
use crate::load::driver::turn::Driver;
use crate::load::exchange::Settled;
use crate::load::fate::Fate;
use crate::load::transcript::{KEPT, Line, What, text};

impl Driver<'_> {
    /// The lines of a request that was lost; none for any other.
    pub(super) fn transcript(&self, settled: &Settled, connection: &Connection, now: Duration) -> Vec<Line> {
        let exchange = &settled.exchange;
        if !self.record.lists(settled.fate, exchange.ticket.method()) {
            return Vec::new();
        }
        let said = |at, what, text: String| Line { at, what, text, octets: None };
        let mut lines =
            vec![said(connection.opened_at, What::Opening, format!("connection {}", connection.number))];
        lines.extend(connection.connected_at.map(|at| said(at, What::Connected, String::new())));
        lines.extend(connection.answered_at.map(|at| {
            let by = match connection.last_pid {
                0 => String::new(),
                pid => format!(", the last by process {pid}"),
            };
            said(at, What::Answered, format!("{} requests{by}", connection.answered()))
        }));
        if let Some(at) = exchange.written_at {
            let octets = Some(exchange.written as u64);
            lines.push(Line { at, what: What::Sent, text: self.said(settled, connection), octets });
        }
        if !connection.glimpse.is_empty() {
            let more = if KEPT <= connection.glimpse.len() { " …" } else { "" };
            let text = text(&connection.glimpse) + more;
            lines.push(Line { at: now, what: What::Received, text, octets: Some(settled.received) });
        }
        let end = match (settled.fate, describe(settled.detail)) {
            (Fate::Stuck, _) => "nothing complete came before the deadline".to_owned(),
            (Fate::ConnectTimeout, _) => "no handshake before the deadline".to_owned(),
            (fate, detail) if detail.is_empty() => fate.name().to_owned(),
            (_, detail) => detail,
        };
        lines.push(said(now, What::Ended, end));
        lines
    }

    /// The request or the message as it was sent.
    fn said(&self, settled: &Settled, connection: &Connection) -> String {
        let Some(expects) = &settled.exchange.expects else { return String::new() };
        let mut octets = Vec::new();
        self.speaker.repeat(connection, settled.exchange.ticket.method(), expects, &mut octets);
        text(&octets)
    }
}
