//! Every case there is: explicit lists, so that none can go missing in silence.

#[macro_use]
mod declare;

pub mod connection;
pub mod frame;
pub mod heartbeat;
pub mod http;
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
                    Answer::Status(_) => 1,
                    Answer::Closed => 2,
                    Answer::Waits => 3,
                })
                .collect();
            assert!(kinds.len() < 4, "{}", case.id);
        }
    }
}
