//! permessage-deflate: payloads made smaller, and back within bounds (RFC 7692 7.2).
//!
//! A connection that keeps its window owns its state; one that does not borrows it for a message, so that all
//! such connections of a worker share one.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::negotiation::Agreed;
use crate::protocol::Malformed;

/// Payloads below this are sent as they are: compressed they hardly get smaller.
const WORTH_IT: usize = 32;

/// The most octets that inflating reserves at first, and so goes beyond what is needed.
const CHUNK: usize = 8 * 1024;

/// What a sync flush ends with, and what is cut off a compressed payload (RFC 7692 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The farthest that deflate looks back.
const WINDOW: usize = 32 * 1024;

thread_local! {
    /// States that no connection uses, with the size of their window.
    static COMPRESS: RefCell<Vec<(u8, Compress)>> = RefCell::default();
    static DECOMPRESS: RefCell<Vec<(u8, Decompress)>> = RefCell::default();
}

/// Both directions of one connection. Each takes its memory when it is first used.
pub(super) struct Codec {
    agreed: Agreed,
    compress: Option<Compress>,
    decompress: Option<Decompress>,
}

impl Codec {
    pub(super) fn new(agreed: Agreed) -> Self {
        Self { agreed, compress: None, decompress: None }
    }

    /// The compressed payload; `None` where it is better sent as it is.
    pub(super) fn deflate(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        // zlib has no raw window of 256 octets; a message that is not compressed is always allowed.
        if payload.len() < WORTH_IT || self.agreed.own_bits < 9 {
            return None;
        }
        let bits = self.agreed.own_bits;
        let mut compress = self
            .compress
            .take()
            .or_else(|| COMPRESS.with_borrow_mut(|spare| fetch(spare, bits)))
            .unwrap_or_else(|| Compress::new_with_window_bits(Compression::fast(), false, bits));
        let mut out = Vec::with_capacity(payload.len() / 2 + 64);
        let mut rest = payload;
        loop {
            let before = compress.total_in();
            let fine = compress.compress_vec(rest, &mut out, FlushCompress::Sync);
            debug_assert!(fine.is_ok(), "deflating fails on misuse only");
            let taken = usize::try_from(compress.total_in() - before).unwrap_or(rest.len());
            rest = &rest[taken..];
            // The flush is complete when it leaves room in the output.
            if rest.is_empty() && out.len() < out.capacity() {
                break;
            }
            out.reserve(out.capacity());
        }
        if self.agreed.own_takeover {
            self.compress = Some(compress);
        } else {
            compress.reset();
            COMPRESS.with_borrow_mut(|spare| keep(spare, bits, compress));
        }
        debug_assert!(out.ends_with(&TAIL), "a sync flush ends with an empty block");
        out.truncate(out.len() - TAIL.len());
        Some(out)
    }

    /// Appends what `payload`, part of a compressed message, stands for to `out`, which never gets longer
    /// than `limit`.
    pub(super) fn inflate(
        &mut self,
        payload: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        if payload.is_empty() {
            return Ok(());
        }
        let bits = self.agreed.peer_bits.max(9);
        let decompress = self.decompress.get_or_insert_with(|| {
            DECOMPRESS
                .with_borrow_mut(|spare| fetch(spare, bits))
                .unwrap_or_else(|| Decompress::new_with_window_bits(false, bits))
        });
        let mut rest = payload;
        loop {
            if out.len() == out.capacity() {
                // One octet more than allowed tells whether the limit is passed.
                let goal = (2 * out.len()).clamp(CHUNK, limit.saturating_add(1).max(CHUNK));
                out.reserve_exact(goal.min(limit.saturating_add(1)).saturating_sub(out.len()).max(1));
            }
            let (before, length) = (decompress.total_in(), out.len());
            let status = decompress
                .decompress_vec(rest, out, FlushDecompress::Sync)
                .map_err(|_| Malformed::new("payload that cannot be inflated", 0, 1007))?;
            let taken = usize::try_from(decompress.total_in() - before).unwrap_or(rest.len());
            rest = &rest[taken..];
            if limit < out.len() {
                return Err(Malformed::new("inflated message exceeds max_package", 0, 1009));
            }
            match status {
                // RFC 7692 7.2.3.5: a final block ends neither the message nor what may be referred to.
                Status::StreamEnd => {
                    decompress.reset(false);
                    let history = &out[out.len().saturating_sub(WINDOW)..];
                    let _ = decompress.set_dictionary(history);
                    if rest.is_empty() {
                        return Ok(());
                    }
                }
                _ if rest.is_empty() && out.len() < out.capacity() => return Ok(()),
                _ if taken == 0 && out.len() == length && out.len() < out.capacity() => {
                    return Err(Malformed::new("payload that cannot be inflated", 0, 1007));
                }
                _ => {}
            }
        }
    }

    /// Ends a compressed message.
    pub(super) fn finish(&mut self, limit: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
        self.inflate(&TAIL, limit, out)?;
        if !self.agreed.peer_takeover
            && let Some(mut decompress) = self.decompress.take()
        {
            decompress.reset(false);
            let bits = self.agreed.peer_bits.max(9);
            DECOMPRESS.with_borrow_mut(|spare| keep(spare, bits, decompress));
        }
        Ok(())
    }
}

fn fetch<T>(spare: &mut Vec<(u8, T)>, bits: u8) -> Option<T> {
    let at = spare.iter().position(|(known, _)| *known == bits)?;
    Some(spare.swap_remove(at).1)
}

/// Keeps one of each size.
fn keep<T>(spare: &mut Vec<(u8, T)>, bits: u8, state: T) {
    if spare.iter().all(|(known, _)| *known != bits) {
        spare.push((bits, state));
    }
}
