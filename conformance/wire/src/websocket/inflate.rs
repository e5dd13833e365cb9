use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Undoes permessage-deflate for one direction of a connection (RFC 7692 7.2.2).
///
/// The output goes around in a buffer of exactly the window that was agreed on, so a distance that reaches
/// beyond it is found.
pub struct Inflater {
    window: Vec<u8>,
    at: usize,
    takeover: bool,
    /// How much a message may become; what is more can't be inflated.
    limit: usize,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { window, takeover, limit, .. } = self;
        out.debug_struct("Inflater")
            .field("window", &window.len())
            .field("takeover", takeover)
            .field("limit", limit)
            .finish_non_exhaustive()
    }
}

impl Inflater {
    /// `window_bits` from 8 to 15; `takeover`: the window lives on from message to message.
    #[must_use]
    pub fn new(window_bits: u8, takeover: bool) -> Self {
        Self { window: vec![0; 1 << window_bits.clamp(8, 15)], at: 0, takeover, limit: 16 << 20 }
    }

    /// The content of a whole message; `None` if it can't be inflated.
    pub fn message(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        if !self.takeover {
            self.window.fill(0);
            self.at = 0;
        }
        // RFC 7692 7.2.2: four octets were taken from its end.
        let input = [payload, &[0, 0, 0xff, 0xff]].concat();
        let mut content = Vec::new();
        let mut rest = input.as_slice();
        let mut decoder = Box::<DecompressorOxide>::default();
        loop {
            let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
            let (status, read, written) = decompress(&mut decoder, rest, &mut self.window, self.at, flags);
            rest = &rest[read..];
            content.extend_from_slice(&self.window[self.at..self.at + written]);
            self.at = (self.at + written) % self.window.len();
            if self.limit < content.len() {
                return None;
            }
            match status {
                // RFC 7692 7.2.3.4: a final block is allowed, and another may follow.
                TINFLStatus::Done if !rest.is_empty() => decoder.init(),
                TINFLStatus::Done => return Some(content),
                TINFLStatus::NeedsMoreInput if rest.is_empty() => return Some(content),
                TINFLStatus::HasMoreOutput => {}
                _ => return None,
            }
        }
    }
}

/// The payload of a compressed message, with nothing of earlier messages in it.
#[must_use]
pub fn compress(content: &[u8]) -> Vec<u8> {
    let mut compressor = CompressorOxide::default();
    // Raw deflate, without the header of zlib.
    compressor.set_format_and_level(miniz_oxide::DataFormat::Raw, 6);
    let mut out = Vec::new();
    let (status, _) = compress_to_output(&mut compressor, content, TDEFLFlush::Sync, |piece| {
        out.extend_from_slice(piece);
        true
    });
    debug_assert_eq!(status, TDEFLStatus::Okay);
    // RFC 7692 7.2.1: the empty block at the end loses its four octets.
    out.truncate(out.len() - 4);
    out
}

/// The payload of a message in blocks without compression (RFC 7692 7.2.3.3).
#[must_use]
pub fn compress_stored(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for block in content.chunks(0xffff) {
        let length = block.len() as u16;
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.push(0);
    out
}
