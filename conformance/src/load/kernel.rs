//! The kernel's TCP counters of this machine, before and after: evidence of a cause, never a verdict, since other
//! programs count there too.

use std::collections::BTreeMap;
use std::fs;

/// What each counter says of a reload.
const WANTED: [&str; 12] = [
    // The accept queue was full, and the handshake of a client was dropped.
    "ListenOverflows",
    // As before, and for want of memory.
    "ListenDrops",
    // A socket was closed with octets in it that nobody had read: a reset.
    "TCPAbortOnData",
    // A reset for octets that came after the close.
    "TCPAbortOnClose",
    "TCPAbortOnTimeout",
    "TCPAbortOnLinger",
    // Connections of a listener that was closed went over to another one, or could not.
    "TCPMigrateReqSuccess",
    "TCPMigrateReqFailure",
    "TCPReqQFullDrop",
    // Established connections that were reset.
    "EstabResets",
    // Attempts that failed.
    "AttemptFails",
    "RetransSegs",
];

/// Counters by name, as far as this kernel has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counters(BTreeMap<&'static str, u64>);

impl Counters {
    /// The counters of this moment; none where there is no /proc.
    pub(crate) fn read() -> Counters {
        let tables = ["/proc/net/netstat", "/proc/net/snmp"];
        Counters::parse(&tables.map(|path| fs::read_to_string(path).unwrap_or_default()).concat())
    }

    /// Pairs of lines: names, then values.
    fn parse(text: &str) -> Counters {
        let mut found = BTreeMap::new();
        let mut lines = text.lines();
        while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
            if !names.starts_with("Tcp") {
                continue;
            }
            for (name, value) in names.split_whitespace().zip(values.split_whitespace()).skip(1) {
                if let (Some(name), Ok(value)) =
                    (WANTED.iter().find(|wanted| **wanted == name), value.parse())
                {
                    found.insert(*name, value);
                }
            }
        }
        Counters(found)
    }

    /// What was added since `before`.
    pub(crate) fn since(&self, before: &Counters) -> BTreeMap<&'static str, u64> {
        let grown = |(name, value): (&&'static str, &u64)| {
            (*name, value.saturating_sub(before.0.get(name).copied().unwrap_or(0)))
        };
        self.0.iter().map(grown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_stand_in_pairs_of_lines() {
        let before =
            Counters::parse("TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 3 4\nIpExt: A\nIpExt: 1\n");
        let after = Counters::parse("TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 3 9\n");
        assert_eq!(after.since(&before), BTreeMap::from([("ListenOverflows", 5)]));
    }

    #[test]
    fn this_kernel_counts() {
        assert!(Counters::read().0.contains_key("ListenOverflows"));
    }
}
