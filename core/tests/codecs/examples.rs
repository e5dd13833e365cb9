//! The protocols of the examples, held to what the built-in ones keep.

#[path = "../../examples/protocols/file_transfer.rs"]
mod file_transfer;
#[path = "../../examples/protocols/json_length.rs"]
mod json_length;
#[path = "../../examples/protocols/json_nl.rs"]
mod json_nl;
#[path = "../../examples/protocols/xml_fixed.rs"]
mod xml_fixed;

use std::fs;

use file_transfer::{FileTransfer, Upload, store};
use json_length::JsonLength;
use json_nl::JsonNl;
use proptest::prelude::*;
use serde_json::{Value, json};
use workerspec_core::protocol::{Encode, Limits, Protocol};
use xml_fixed::XmlFixed;

use crate::{Read, SETTING, read_in_pieces};

const LIMITS: Limits = Limits { max_package: 200, max_header: 100 };

fn value(value: Result<Value, serde_json::Error>) -> Vec<u8> {
    value.map_or_else(|_| b"error".to_vec(), |value| value.to_string().into_bytes())
}

fn upload(upload: Upload<'_>) -> Vec<u8> {
    [upload.name.as_bytes(), b"=", upload.data].concat()
}

/// What a codec makes of `bytes`, the same for every cut.
#[track_caller]
fn read<P: Protocol>(codec: P, bytes: &[u8], view: impl Fn(P::Message<'_>) -> Vec<u8>) -> Read {
    let whole = read_in_pieces(codec.clone(), &LIMITS, bytes, &[], &view);
    let octets: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(whole, read_in_pieces(codec, &LIMITS, bytes, &octets, &view));
    whole
}

fn encoded<T, P: Encode<T>>(mut codec: P, message: T) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode(message, &SETTING, &mut out);
    out
}

fn packed(name: &[u8], data: &[u8]) -> Vec<u8> {
    let total = u32::try_from(5 + name.len() + data.len()).expect("small");
    [&total.to_be_bytes()[..], &[u8::try_from(name.len()).expect("short")], name, data].concat()
}

#[test]
fn json_lines_are_values_and_a_bad_line_costs_only_itself() {
    // PIPE-2, PIPE-4
    let read = self::read(JsonNl::default(), b"{\"a\":1}\r\nnone\n[2]\n{", value);
    assert_eq!(read.messages, [&b"{\"a\":1}"[..], b"error", b"[2]"]);
    assert_eq!((read.malformed, read.rest), (None, 1));
    assert_eq!(encoded(JsonNl::default(), json!({"a": "b\nc"})), b"{\"a\":\"b\\nc\"}\n");
    assert!(self::read(JsonNl::default(), &[b'1'; 201], value).malformed.is_some());
    assert_eq!(self::read(JsonNl::default(), &[&[b'1'; 199][..], b"\n"].concat(), value).messages.len(), 1);
}

#[test]
fn json_with_a_length_says_how_long_it_is() {
    let bytes = encoded(JsonLength, json!([1, 2]));
    assert_eq!(bytes, b"\0\0\0\x09[1,2]");
    let twice = [&bytes[..], &bytes, b"\0\0\0\x05x"].concat();
    assert_eq!(read(JsonLength, &twice, value).messages, [&b"[1,2]"[..], b"[1,2]", b"error"]);
    for bad in [&b"\0\0\0\0"[..], b"\0\0\0\x04", b"\0\0\0\xc9", b"\xff\xff\xff\xff"] {
        assert!(read(JsonLength, bad, value).malformed.is_some(), "{bad:x?}");
    }
}

#[test]
fn xml_comes_behind_ten_digits() {
    let text = |xml: &str| xml.as_bytes().to_vec();
    let bytes = encoded(XmlFixed, "<a>é</a>");
    assert_eq!(bytes, "0000000019<a>é</a>".as_bytes());
    assert_eq!(
        read(XmlFixed, &bytes.repeat(2), text).messages,
        ["<a>é</a>".as_bytes(), "<a>é</a>".as_bytes()]
    );
    for bad in [&b"00000000x0"[..], b"0000000010", b"9999999999", b"0000000201", b"0000000012\xff\xff", b"-"]
    {
        assert!(read(XmlFixed, bad, text).malformed.is_some(), "{bad:?}");
    }
}

#[test]
fn a_file_is_stored_under_its_name_and_nowhere_else() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let inside = folder.path().join("uploads");
    let read =
        self::read(FileTransfer, &[packed("é.txt".as_bytes(), b"data"), packed(b"b", b"")].concat(), upload);
    assert_eq!(read.messages, ["é.txt=data".as_bytes(), b"b="]);
    let file = Upload { name: "é.txt", data: b"data" };
    let path = store(&inside, &file).expect("a new file");
    assert_eq!(fs::read(&path).expect("the file"), b"data");
    // What is there is not written over, and a link is not followed.
    assert!(store(&inside, &file).is_err());
    std::os::unix::fs::symlink(folder.path().join("out"), inside.join("link")).expect("a link");
    assert!(
        store(&inside, &Upload { name: "link", data: b"x" }).is_err() && !folder.path().join("out").exists()
    );
    for name in [&b"../x"[..], b"/etc/x", b"a/b", b"..", b".", b".x", b"a\\b", b"a\0b", b"a\nb", b"\xff", b""]
    {
        let read = self::read(FileTransfer, &packed(name, b"data"), upload);
        assert!(read.malformed.is_some() && read.messages.is_empty(), "{name:?}");
    }
    for bad in [&b"\0\0\0\x05\0"[..], b"\0\0\0\x07\x03ab", b"\xff\xff\xff\xff"] {
        assert!(self::read(FileTransfer, bad, upload).malformed.is_some(), "{bad:x?}");
    }
}

proptest! {
    #[test]
    fn every_cut_of_any_bytes_gives_the_same(
        bytes in prop::collection::vec(prop_oneof![2 => Just(0u8), 2 => 1u8..20, 2 => Just(b'0'), 1 => Just(b'\n'), 1 => any::<u8>()], 0..60),
    ) {
        read(JsonNl::default(), &bytes, value);
        read(JsonLength, &bytes, value);
        read(XmlFixed, &bytes, |xml| xml.as_bytes().to_vec());
        read(FileTransfer, &bytes, upload);
    }
}
