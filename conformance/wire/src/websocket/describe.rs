use super::frame::opcode;
use super::read::{Peer, read_frame};
use crate::dump::{DumpLine, dump, escape};

/// Octets of a payload that are shown.
const SHOWN: usize = 48;
/// Frames of a buffer that are shown.
const FRAMES: usize = 24;

/// One direction of a connection, for people: the handshake as text, then a line for each frame. Where a frame
/// is wrong its line says with which octet, and what follows is shown as octets.
///
/// `from` is where the frames begin; before it stands the handshake.
#[must_use]
pub fn describe(bytes: &[u8], from: usize, sender: Peer, limit: usize) -> Vec<DumpLine> {
    let from = from.min(bytes.len());
    let mut lines = dump(&bytes[..from], limit);
    let mut at = from;
    for _ in 0..FRAMES {
        match read_frame(bytes, at, sender) {
            Ok(Some(frame)) => {
                let header = hex(&bytes[at..frame.payload_at]);
                let name = name(frame.opcode);
                let fin = if frame.fin { "" } else { ", more follows" };
                let rsv = if frame.rsv == 4 { ", RSV1" } else { "" };
                let shown = &frame.payload[..frame.payload.len().min(SHOWN)];
                let cut = if frame.payload.len() > SHOWN { "…" } else { "" };
                let length = frame.payload.len();
                let text = format!("{header}  {name}{fin}{rsv}, {length} octets \"{}{cut}\"", escape(shown));
                lines.push(DumpLine { offset: at, text, remark: remark(&frame.payload, frame.opcode) });
                at = frame.range.end;
            }
            Ok(None) => break,
            Err(malformed) => {
                let text = hex(&bytes[at..bytes.len().min(at + 16)]);
                let octet = bytes.get(malformed.offset).copied().unwrap_or_default();
                let remark = format!("octet 0x{octet:02x}: {malformed}");
                lines.push(DumpLine { offset: at, text, remark });
                at = bytes.len().min(at + 16);
                break;
            }
        }
    }
    if at < bytes.len() {
        lines.extend(dump(&bytes[at..], limit).into_iter().map(|line| DumpLine {
            offset: line.offset + at,
            remark: String::new(),
            ..line
        }));
    }
    lines
}

fn name(code: u8) -> &'static str {
    match code {
        opcode::CONTINUATION => "continuation",
        opcode::TEXT => "text",
        opcode::BINARY => "binary",
        opcode::CLOSE => "close",
        opcode::PING => "ping",
        opcode::PONG => "pong",
        _ => "reserved",
    }
}

fn remark(payload: &[u8], code: u8) -> String {
    match (code, payload) {
        (opcode::CLOSE, [high, low, ..]) => format!("code {}", u16::from_be_bytes([*high, *low])),
        (opcode::CLOSE, [_]) => "half a code".to_owned(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::{Frame, close_payload};

    #[test]
    fn shows_frames_and_the_octet_that_is_wrong() {
        let mut bytes = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        let from = bytes.len();
        bytes.extend(Frame { mask: Some([0; 4]), ..Frame::new(opcode::TEXT, *b"hi") }.bytes());
        bytes.extend(
            Frame { mask: Some([0; 4]), ..Frame::new(opcode::CLOSE, close_payload(1000, b"")) }.bytes(),
        );
        bytes.extend([0x83, 0x80]);
        let shown: Vec<String> = describe(&bytes, from, Peer::Client, 100)
            .into_iter()
            .map(|line| format!("{} {} | {}", line.offset, line.text, line.remark))
            .collect();
        assert_eq!(
            shown,
            [
                "0 GET / HTTP/1.1\\r\\n | ",
                "16 \\r\\n | ",
                "18 81 82 00 00 00 00  text, 2 octets \"hi\" | ",
                "26 88 82 00 00 00 00  close, 2 octets \"\\x03\\xe8\" | code 1000",
                "34 83 80 | octet 0x83: a reserved opcode at offset 34",
            ]
        );
    }
}
