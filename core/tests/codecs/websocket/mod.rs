//! WebSocket, both ends, judged by vectors and by tungstenite.

mod client;
mod deflate;
mod handshake;
mod server;

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};
use workerspec_core::protocol::websocket::Message;
use workerspec_core::protocol::{Limits, Protocol, Split, Ws};

const LIMITS: Limits = Limits { max_package: 4096, max_header: 1024 };

const TEXT: OpCode = OpCode::Data(Data::Text);
const BINARY: OpCode = OpCode::Data(Data::Binary);
const MORE: OpCode = OpCode::Data(Data::Continue);
const PING: OpCode = OpCode::Control(Control::Ping);
const PONG: OpCode = OpCode::Control(Control::Pong);
const CLOSE: OpCode = OpCode::Control(Control::Close);

/// The request of RFC 6455 1.2, with other lines in place of the last.
fn request(extra: &str) -> Vec<u8> {
    format!(
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n"
    )
    .into_bytes()
}

/// A frame as tungstenite writes it; with a mask as a client does.
fn frame(opcode: OpCode, fin: bool, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let header = FrameHeader { is_final: fin, opcode, mask, ..FrameHeader::default() };
    let frame = Frame::from_payload(header, payload.to_vec().into());
    let mut bytes = Vec::new();
    frame.format(&mut bytes).expect("writing to a Vec");
    bytes
}

/// A client's frame.
fn masked(opcode: OpCode, fin: bool, payload: &[u8]) -> Vec<u8> {
    frame(opcode, fin, payload, Some([0x37, 0xfa, 0x21, 0x3d]))
}

/// A close frame's payload.
fn code(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// `t` or `b`, then the octets.
fn view(message: Message) -> Vec<u8> {
    let kind: &[u8] = if message.as_text().is_some() { b"t" } else { b"b" };
    [kind, message.as_bytes()].concat()
}

/// A client whose request is answered with these lines more.
fn opened(mut client: Ws, lines: &str) -> Ws {
    let (mut out, mut sent) = (Vec::new(), Vec::new());
    client.greet(&mut sent);
    let reply = answer(&sent, lines);
    let split = client.split(&reply, &Limits::default(), &mut out);
    assert_eq!((split, out), (Ok(Split::Own(reply.len())), Vec::new()));
    client
}

/// The right answer to a client's request, with these lines more.
fn answer(request: &[u8], lines: &str) -> Vec<u8> {
    let request = std::str::from_utf8(request).expect("ASCII");
    let key = request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let accept = tungstenite::handshake::derive_accept_key(key.expect("a key").as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
    )
    .into_bytes()
}

/// The index of every octet: cuts that give one octet at a time.
fn octets(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len()).collect()
}
