//! Every case there is: explicit lists, so that none can go missing in silence.

#[macro_use]
mod declare;

pub mod connection;
pub mod frame;
pub mod heartbeat;
pub mod http;
#[cfg(test)]
mod oracle;
pub mod process;
pub mod reload;
pub mod send_buffer;
mod speaker;
pub mod status;
pub mod text;
pub mod timer;
pub mod tls;
pub mod udp;
pub mod unix;
pub mod websocket;

use crate::case::Case;

/// Every case, in the order of reports.
#[must_use]
pub fn registry() -> Vec<&'static Case> {
    [
        text::SECTIONS,
        frame::SECTIONS,
        websocket::SECTIONS,
        http::SECTIONS,
        send_buffer::SECTIONS,
        connection::SECTIONS,
        heartbeat::SECTIONS,
        timer::SECTIONS,
        udp::SECTIONS,
        unix::SECTIONS,
        tls::SECTIONS,
        process::SECTIONS,
        reload::SECTIONS,
        status::SECTIONS,
    ]
    .iter()
    .flat_map(|sections| sections.iter())
    .flat_map(|section| section.iter())
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::case::{Answer, Check, Grade, Level};

    const LOCK_HEAD: &str =
        "# Every id there is or was, with its level. WORKERSPEC_UPDATE=1 cargo test writes it.";

    #[test]
    fn ids_are_unique_slugs_of_their_suite() {
        let mut seen = BTreeSet::new();
        for case in registry() {
            assert!(seen.insert(case.id), "{} occurs twice", case.id);
            let legal = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter)
            };
            assert!(case.id.chars().all(legal), "{}", case.id);
            assert_eq!(case.id.split('.').count(), 3, "{}", case.id);
        }
    }

    /// An id is a promise: what it names never changes, and none comes back with another meaning. `WORKERSPEC_UPDATE=1
    /// cargo test` writes the file anew; what is gone stays in it.
    #[test]
    fn ids_are_those_of_cases_lock() {
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cases.lock"));
        let lock = std::fs::read_to_string(path).unwrap_or_default();
        let now: BTreeSet<String> =
            registry().iter().map(|case| format!("{} {}", case.id, case.level.name())).collect();
        let id = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
        let ids: BTreeSet<String> = now.iter().map(|line| id(line)).collect();
        let locked: BTreeSet<String> =
            lock.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        let gone = |line: &&String| !ids.contains(&id(line));
        let tombstones: BTreeSet<String> =
            locked.iter().filter(gone).map(|line| format!("{} gone", id(line))).collect();
        let expected: BTreeSet<String> = now.union(&tombstones).cloned().collect();
        let back: Vec<&String> =
            locked.iter().filter(|line| line.ends_with(" gone") && ids.contains(&id(line))).collect();
        assert!(back.is_empty(), "ids that were gone came back: {back:?}");
        if locked != expected && std::env::var_os("WORKERSPEC_UPDATE").is_some() {
            let lines: Vec<&str> = expected.iter().map(String::as_str).collect();
            std::fs::write(path, format!("{LOCK_HEAD}\n{}\n", lines.join("\n"))).unwrap();
            return;
        }
        let missing: Vec<&String> = expected.symmetric_difference(&locked).collect();
        assert!(missing.is_empty(), "cases.lock differs (WORKERSPEC_UPDATE=1 cargo test): {missing:?}");
    }

    #[test]
    fn every_case_says_what_it_claims_and_accepts() {
        for case in registry() {
            assert!(case.claim.ends_with('.') && 20 <= case.claim.len(), "{}: {}", case.id, case.claim);
            assert!(case.reading.ends_with('.'), "{}: {}", case.id, case.reading);
            assert!(!case.acceptable().is_empty(), "{}", case.id);
        }
    }

    #[test]
    fn a_must_can_be_broken() {
        // An exchange that accepts an answer, a refusal, a close and a wait accepts everything.
        for case in registry().into_iter().filter(|case| case.level == Level::Must) {
            let Check::Exchange(exchange) = case.check else { continue };
            assert!(exchange.accept.iter().any(|accept| accept.grade == Grade::Preferred), "{}", case.id);
            let kinds: BTreeSet<u8> = exchange
                .accept
                .iter()
                .map(|accept| match accept.answer {
                    Answer::Answered | Answer::Echoes(_) => 0,
                    Answer::Status(_) | Answer::Refused => 1,
                    Answer::Closed => 2,
                    Answer::Waits => 3,
                })
                .collect();
            assert!(kinds.len() < 4, "{}", case.id);
        }
    }
}
