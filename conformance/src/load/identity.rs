//! Who a request is: run, population, connection, ordinal, attempt, in a text of fixed length.

use crate::load::population::Population;

/// Octets of an identity as text.
pub(crate) const ID_LENGTH: usize = 26;

/// An identity as text, such as `5f3a9c01-b-00001f-000a2b-0`: what goes into the path and the body.
///
/// Its length never changes, so a prepared request takes it in place without moving anything.
pub(crate) type IdText = [u8; ID_LENGTH];

/// What makes a request unmistakable, so that an answer can be held against the request it claims to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Drawn anew for every run: answers that belong to an earlier run are told apart.
    pub(crate) run: u32,
    /// The population that sends it.
    pub(crate) population: Population,
    /// Number of the connection within the run; 24 bits are shown.
    pub(crate) connection: u32,
    /// Number of the request on its connection, 0 for the first; 24 bits are shown.
    pub(crate) ordinal: u32,
    /// How often the request had to look for another connection before its first octet was written; at most 15.
    pub(crate) attempt: u8,
}

impl Identity {
    /// The text form.
    pub(crate) fn text(&self) -> IdText {
        let mut text = [b'-'; ID_LENGTH];
        hex(&mut text[0..8], self.run);
        text[9] = self.population.letter();
        hex(&mut text[11..17], self.connection);
        hex(&mut text[18..24], self.ordinal);
        hex(&mut text[25..26], u32::from(self.attempt.min(15)));
        text
    }

    /// Whether `text` has the form of an identity of this run: then an answer that carries it was meant
    /// for somebody else.
    pub(crate) fn is_of_run(text: &[u8], run: u32) -> bool {
        let mut prefix = [0; 8];
        hex(&mut prefix, run);
        let dashes = [8, 10, 17, 24];
        text.len() == ID_LENGTH && text.starts_with(&prefix) && dashes.iter().all(|at| text[*at] == b'-')
    }
}

/// Writes the low digits of `value` into `place`, lower case.
fn hex(place: &mut [u8], value: u32) {
    let mut rest = value;
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Identity {
        Identity { run: 0x5f3a_9c01, population: Population::Busy, connection: 31, ordinal: 2603, attempt: 0 }
    }

    #[test]
    fn is_written_at_a_fixed_length() {
        assert_eq!(&sample().text(), b"5f3a9c01-b-00001f-000a2b-0");
    }

    #[test]
    fn another_connection_ordinal_or_attempt_is_another_text() {
        let texts = [
            sample().text(),
            Identity { connection: 32, ..sample() }.text(),
            Identity { ordinal: 2604, ..sample() }.text(),
            Identity { attempt: 1, ..sample() }.text(),
            Identity { population: Population::Fresh, ..sample() }.text(),
        ];
        for (at, text) in texts.iter().enumerate() {
            assert!(!texts[..at].contains(text));
        }
    }

    #[test]
    fn knows_its_own_run() {
        assert!(Identity::is_of_run(&sample().text(), 0x5f3a_9c01));
        assert!(!Identity::is_of_run(&sample().text(), 0x5f3a_9c02));
        assert!(!Identity::is_of_run(b"5f3a9c01", 0x5f3a_9c01));
    }
}
