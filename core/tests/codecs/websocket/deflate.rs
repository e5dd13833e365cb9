//! Compressed messages.

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;
use workerspec_core::protocol::websocket::{Deflate, Message};
use workerspec_core::protocol::{Encode, Limits, Protocol, Split, WebSocket, Ws};
use workerspec_fixtures::{Expectation, vectors};

use super::{LIMITS, MORE, TEXT, masked, octets, opened, request, view};
use crate::{Read, SETTING, read_in_pieces};

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// What a server that agreed on compression makes of `bytes`.
fn read(limits: &Limits, bytes: &[u8], cuts: &[usize]) -> Read {
    let bytes = [request(OFFER), bytes.to_vec()].concat();
    read_in_pieces(WebSocket::new().deflate(true), limits, &bytes, cuts, view)
}

/// A frame with the bit of compression.
fn compressed(mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] |= 0x40;
    frame
}

/// A payload as another implementation compresses it.
fn squeeze(compress: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1024);
    compress.compress_vec(payload, &mut out, FlushCompress::Sync).expect("room enough");
    out.truncate(out.len() - 4);
    out
}

#[test]
fn the_vectors_come_out_as_they_say() {
    // RFC 7692 7.2.3
    let vectors = vectors("websocket-deflate").expect("the vectors are well-formed");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let client =
            || opened(Ws::new("a", "/").deflate(true), "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        for cuts in [vec![], octets(&vector.bytes)] {
            let read = read_in_pieces(client(), &LIMITS, &vector.bytes, &cuts, view);
            match &vector.expect {
                Expectation::Messages(messages) => {
                    let got: Vec<_> = read.messages.iter().map(|message| message[1..].to_vec()).collect();
                    assert_eq!((&got, read.malformed, read.rest), (messages, None, 0), "{}", vector.id);
                }
                Expectation::More => assert!(read.malformed.is_none(), "{}", vector.id),
                Expectation::Malformed => assert!(read.malformed.is_some(), "{}", vector.id),
            }
        }
    }
}

#[test]
fn inflating_stops_at_the_limit() {
    // WS-33, SF-63: 8 MiB of zeros in 8 KiB
    let mut compress = Compress::new(Compression::best(), false);
    let bomb = compressed(masked(TEXT, true, &squeeze(&mut compress, &vec![0; 8 * 1024 * 1024])));
    assert!(bomb.len() < 10_000);
    let limits = Limits { max_package: 100_000, ..LIMITS };
    assert_eq!(read(&limits, &bomb, &[]).code, 1009);
    assert_eq!(read(&limits, &bomb, &[300, 400, 500]).code, 1009);
    // The limit itself is kept.
    let mut compress = Compress::new(Compression::best(), false);
    let fits = compressed(masked(TEXT, true, &squeeze(&mut compress, &vec![0; 100_000])));
    assert_eq!(read(&limits, &fits, &[]).messages[0].len(), 100_001);
    let mut compress = Compress::new(Compression::best(), false);
    let over = compressed(masked(TEXT, true, &squeeze(&mut compress, &vec![0; 100_001])));
    assert_eq!(read(&limits, &over, &[]).code, 1009);
}

#[test]
fn what_cannot_be_inflated_costs_its_own_connection() {
    // WS-33, SF-63
    assert_eq!(read(&LIMITS, &compressed(masked(TEXT, true, b"\xff\xff\xff\xff")), &[]).code, 1007);
    // Inflated text is checked like any other.
    let mut compress = Compress::new(Compression::fast(), false);
    let bad = squeeze(&mut compress, b"text \xff that is none");
    assert_eq!(read(&LIMITS, &compressed(masked(TEXT, true, &bad)), &[]).code, 1007);
}

#[test]
fn the_bit_stands_on_the_first_frame_of_a_message_alone() {
    // RFC 7692 6.1
    for bytes in [
        compressed(masked(super::PING, true, b"")),
        compressed(masked(super::CLOSE, true, b"")),
        [compressed(masked(TEXT, false, b"")), compressed(masked(MORE, true, b""))].concat(),
    ] {
        assert_eq!(read(&LIMITS, &bytes, &[]).code, 1002);
    }
}

#[test]
fn messages_with_and_without_compression_take_turns_and_fragments_may_be_cut_anywhere() {
    let mut compress = Compress::new(Compression::fast(), false);
    let text = "the same words, the same words, the same words";
    let (first, second) = (squeeze(&mut compress, text.as_bytes()), squeeze(&mut compress, text.as_bytes()));
    assert!(second.len() < first.len(), "the second refers to the first");
    let bytes = [
        compressed(masked(TEXT, false, &first[..5])),
        masked(super::PING, true, b""),
        masked(MORE, false, b""),
        masked(MORE, true, &first[5..]),
        masked(TEXT, true, b"plain"),
        compressed(masked(TEXT, true, &second)),
    ]
    .concat();
    let expected = [format!("t{text}"), "tplain".into(), format!("t{text}")].map(String::into_bytes);
    assert_eq!(read(&LIMITS, &bytes, &[]).messages, expected);
    assert_eq!(read(&LIMITS, &bytes, &octets(&bytes)).messages, expected);
}

#[test]
fn without_a_window_kept_equal_messages_are_equal_on_the_wire() {
    // RFC 7692 7.1.1.1
    let text = "again and again and again and again and again";
    let sent = |lines: &str| {
        let (mut codec, mut out) = (WebSocket::new().deflate(true), Vec::new());
        codec.split(&request(lines), &LIMITS, &mut out).expect("a handshake");
        let mut send = || {
            out.clear();
            codec.encode(text, &SETTING, &mut out);
            out.clone()
        };
        (send(), send())
    };
    let (first, second) =
        sent("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n");
    assert_eq!((first[0], &first), (0xc1, &second));
    let (first, second) = sent(OFFER);
    assert!(second.len() < first.len());
    // A window that zlib does not have: agreed on, and nothing is compressed.
    let (first, second) = sent("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\n");
    assert_eq!((first[0], &first), (0x81, &second));
}

/// A client and a server that have agreed within these bounds.
fn pair(client: Deflate, server: Deflate) -> (Ws, WebSocket) {
    let (mut client, mut server) =
        (Ws::new("a", "/").deflate_within(client), WebSocket::new().deflate_within(server));
    let (mut request, mut reply) = (Vec::new(), Vec::new());
    client.greet(&mut request);
    assert_eq!(server.split(&request, &LIMITS, &mut reply), Ok(Split::Own(request.len())));
    assert_eq!(client.split(&reply, &LIMITS, &mut Vec::new()), Ok(Split::Own(reply.len())));
    (client, server)
}

fn bounds() -> impl Strategy<Value = Deflate> {
    (any::<bool>(), any::<bool>(), 9u8..=15, 9u8..=15).prop_map(
        |(own_takeover, peer_takeover, own_bits, peer_bits)| Deflate {
            own_takeover,
            peer_takeover,
            own_bits,
            peer_bits,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn both_ends_understand_each_other_whatever_was_agreed_on(
        (client, server) in (bounds(), bounds()),
        texts in prop::collection::vec(prop_oneof!["[ab]{0,400}", ".{0,60}", Just("x".repeat(40_000))], 1..6),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let (mut client, mut server) = pair(client, server);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for text in &texts {
            client.encode(text.as_str(), &SETTING, &mut up);
            server.encode(Message::from(text.as_str()), &SETTING, &mut down);
        }
        let expected: Vec<Vec<u8>> = texts.iter().map(|text| format!("t{text}").into_bytes()).collect();
        let limits = Limits { max_package: 50_000, ..LIMITS };
        prop_assert_eq!(&read_in_pieces(server, &limits, &up, &cuts, view).messages, &expected);
        prop_assert_eq!(&read_in_pieces(client, &limits, &down, &cuts, view).messages, &expected);
    }

    #[test]
    fn every_cut_of_any_compressed_bytes_gives_the_same(
        parts in prop::collection::vec((any::<bool>(), any::<bool>(), prop::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..30)), 0..6),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let bytes: Vec<u8> = parts.iter().flat_map(|(fin, start, payload)| {
            if *start { compressed(masked(super::BINARY, *fin, payload)) } else { masked(MORE, *fin, payload) }
        }).collect();
        let limits = Limits { max_package: 300, ..LIMITS };
        // Whether the limit is passed or the data spoilt may be seen in either order.
        let verdict = |read: Read| (read.messages, read.malformed.is_some(), read.ended);
        let whole = verdict(read(&limits, &bytes, &[]));
        prop_assert_eq!(&whole, &verdict(read(&limits, &bytes, &cuts)));
        let all: Vec<usize> = (0..bytes.len() + request(OFFER).len()).collect();
        prop_assert_eq!(&whole, &verdict(read(&limits, &bytes, &all)));
    }
}
