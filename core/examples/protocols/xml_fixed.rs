//! A protocol: ten digits that tell the length of the package, themselves included, then XML.

use workerspec_core::protocol::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// Octets of the header.
const HEADER: usize = 10;

/// XML behind a header of ten digits. The text is delivered as it is: what it says is the application's
/// business.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct XmlFixed;

impl Protocol for XmlFixed {
    type Message<'a> = &'a str;

    const NAME: &'static str = "xml-fixed";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        let digits = &input[..HEADER.min(input.len())];
        if let Some(at) = digits.iter().position(|octet| !octet.is_ascii_digit()) {
            return Err(Malformed::new("header that is no number", at, 0));
        }
        if digits.len() < HEADER {
            return Ok(Split::Need);
        }
        let length = digits.iter().fold(0u64, |length, digit| length * 10 + u64::from(digit - b'0'));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length <= HEADER {
            return Err(Malformed::new("length without XML behind it", 0, 0));
        }
        if limits.max_package < length {
            return Err(Malformed::new("package exceeds max_package", 0, 0));
        }
        let Some(package) = input.get(..length) else { return Ok(Split::Need) };
        match std::str::from_utf8(&package[HEADER..]) {
            Ok(_) => Ok(Split::Package(length)),
            Err(error) => Err(Malformed::new("XML that is not UTF-8", HEADER + error.valid_up_to(), 0)),
        }
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> &'a str {
        std::str::from_utf8(&package[HEADER..]).expect("split has checked that it is UTF-8")
    }
}

/// XML whose length ten digits cannot tell is not sent: the connection closes.
impl<T: AsRef<str>> Encode<T> for XmlFixed {
    fn encode(&mut self, xml: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        let header = format!("{:010}", xml.as_ref().len() + HEADER);
        if header.len() != HEADER {
            return Next::Close;
        }
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(xml.as_ref().as_bytes());
        Next::Stay
    }
}
