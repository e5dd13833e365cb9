//! UTF-8 by the table of RFC 3629 section 4, octet by octet.

/// Looks at every octet.
///
/// # Errors
/// Where the first sequence begins that is not allowed, or that the end cuts off.
pub fn check(bytes: &[u8]) -> Result<(), usize> {
    let mut at = 0;
    while at < bytes.len() {
        // The second octet has a range of its own where the rest of the table would allow too much: overlong
        // forms, surrogates, and what is above U+10FFFF.
        let (tail, second) = match bytes[at] {
            0x00..=0x7f => (0, 0x80..=0xbf),
            0xc2..=0xdf => (1, 0x80..=0xbf),
            0xe0 => (2, 0xa0..=0xbf),
            0xed => (2, 0x80..=0x9f),
            0xe1..=0xef => (2, 0x80..=0xbf),
            0xf0 => (3, 0x90..=0xbf),
            0xf1..=0xf3 => (3, 0x80..=0xbf),
            0xf4 => (3, 0x80..=0x8f),
            _ => return Err(at),
        };
        for place in 1..=tail {
            let range = if place == 1 { second.clone() } else { 0x80..=0xbf };
            if !bytes.get(at + place).is_some_and(|octet| range.contains(octet)) {
                return Err(at);
            }
        }
        at += tail + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_the_standard_library_on_all_short_sequences() {
        for first in 0..=255u8 {
            for second in 0..=255 {
                for rest in [&[][..], &[0x80], &[0xbf, 0x80], &[0x41], &[0x80, 0xc0]] {
                    let bytes = [&[first, second], rest].concat();
                    let theirs = std::str::from_utf8(&bytes).map(|_| ()).map_err(|error| error.valid_up_to());
                    assert_eq!(check(&bytes), theirs, "{bytes:x?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(
            mut bytes in "\\PC{0,12}".prop_map(String::into_bytes),
            at: prop::sample::Index,
            octet: Option<u8>,
        ) {
            if let (Some(octet), false) = (octet, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = octet;
            }
            let theirs = std::str::from_utf8(&bytes).map(|_| ()).map_err(|error| error.valid_up_to());
            prop_assert_eq!(check(&bytes), theirs);
        }
    }
}
