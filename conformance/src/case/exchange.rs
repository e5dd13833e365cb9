use super::accept::Accept;

/// Bytes out, one of a list of answers back.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// What is sent.
    pub send: Payload,
    /// In which pieces.
    pub plan: Plan,
    /// After a wait, these bytes complete the request, which then has to be answered with 2xx.
    pub resume: Option<&'static [u8]>,
    /// Every acceptable outcome, the best first.
    pub accept: &'static [Accept],
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub enum Payload {
    /// These bytes.
    Bytes(&'static [u8]),
    /// A head, one byte many times, a tail.
    Long {
        /// Before.
        head: &'static [u8],
        /// Repeated.
        unit: &'static [u8],
        /// How often.
        times: usize,
        /// After.
        tail: &'static [u8],
    },
}

impl Payload {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Long { head, unit, times, tail } => [head, unit.repeat(*times).as_slice(), tail].concat(),
        }
    }
}

/// In which pieces a payload is written. Each piece is a write of its own on a socket that does not
/// wait for more, so it is a segment of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// In one.
    Whole,
    /// One octet at a time.
    Octets,
    /// Cut after each CR.
    AfterCr,
    /// In one, and then no more: the client half-closes.
    HalfClose,
}

impl Plan {
    /// The pieces of `bytes`, none empty.
    #[must_use]
    pub fn pieces<'bytes>(&self, bytes: &'bytes [u8]) -> Vec<&'bytes [u8]> {
        match self {
            Self::Whole | Self::HalfClose => vec![bytes],
            Self::Octets => bytes.chunks(1).collect(),
            Self::AfterCr => bytes.split_inclusive(|byte| *byte == b'\r').collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_whole() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for plan in [Plan::Whole, Plan::Octets, Plan::AfterCr, Plan::HalfClose] {
            assert_eq!(plan.pieces(bytes).concat(), bytes, "{plan:?}");
        }
        assert_eq!(Plan::AfterCr.pieces(bytes).len(), 4);
        assert_eq!(Plan::Octets.pieces(bytes).len(), bytes.len());
    }
}
