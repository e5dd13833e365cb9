use crate::http::Response;

/// permessage-deflate as a server agreed on it (RFC 7692 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The server keeps its window from message to message.
    pub server_takeover: bool,
    /// The client may do so.
    pub client_takeover: bool,
    /// The server's window: 8 to 15.
    pub server_window_bits: u8,
    /// The client's window: 8 to 15.
    pub client_window_bits: u8,
}

impl Agreed {
    /// Reads the agreement, if there is one, and holds it against what was offered: one of the offers, and no
    /// parameter that its offer does not allow.
    ///
    /// # Errors
    /// In words, what a client must fail the connection for.
    pub fn of(response: &Response, offers: &str) -> Result<Option<Self>, String> {
        let fields = response
            .fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case("sec-websocket-extensions"));
        let values: Vec<String> =
            fields.map(|field| String::from_utf8_lossy(&field.value).into_owned()).collect();
        let joined = values.join(",");
        if joined.trim().is_empty() {
            return Ok(None);
        }
        if joined.contains(',') {
            return Err(format!("more than one extension was agreed on: {joined:?}"));
        }
        let agreed = Self::parse(&joined)?;
        let names = |text: &str| -> Vec<String> {
            text.split(';')
                .skip(1)
                .map(|word| word.split('=').next().unwrap_or_default().trim().to_owned())
                .collect()
        };
        let answered = names(&joined);
        let fits = |offer: &str| {
            let offered = names(offer);
            let offered_bits = offer
                .split(';')
                .filter_map(|word| word.trim().strip_prefix("server_max_window_bits="))
                .find_map(|bits| bits.trim_matches('"').parse::<u8>().ok());
            let has = |list: &[String], name: &str| list.iter().any(|other| other == name);
            // RFC 7692 7.1.1.1, 7.1.2.1 and 7.1.2.2.
            (!has(&offered, "server_no_context_takeover") || has(&answered, "server_no_context_takeover"))
                && offered_bits.is_none_or(|bits| {
                    has(&answered, "server_max_window_bits") && agreed.server_window_bits <= bits
                })
                && (!has(&answered, "client_max_window_bits") || has(&offered, "client_max_window_bits"))
        };
        match offers.split(',').filter(|offer| offer.trim().starts_with("permessage-deflate")).any(fits) {
            true => Ok(Some(agreed)),
            false => Err(format!("{joined:?} answers none of the offers {offers:?}")),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut agreed = Self {
            server_takeover: true,
            client_takeover: true,
            server_window_bits: 15,
            client_window_bits: 15,
        };
        let mut words = text.split(';').map(str::trim);
        if words.next() != Some("permessage-deflate") {
            return Err(format!("{text:?} is no permessage-deflate"));
        }
        let mut seen = Vec::new();
        for word in words {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (word, None),
            };
            if seen.contains(&name) {
                return Err(format!("{name} occurs twice in {text:?}"));
            }
            seen.push(name);
            let bits = || match value.map(str::parse::<u8>) {
                Some(Ok(bits @ 8..=15)) => Ok(bits),
                _ => Err(format!("{word:?} is no window of 8 to 15 bits")),
            };
            match (name, value) {
                ("server_no_context_takeover", None) => agreed.server_takeover = false,
                ("client_no_context_takeover", None) => agreed.client_takeover = false,
                ("server_max_window_bits", _) => agreed.server_window_bits = bits()?,
                ("client_max_window_bits", _) => agreed.client_window_bits = bits()?,
                _ => return Err(format!("{word:?} is no parameter of an answer")),
            }
        }
        Ok(agreed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Read, read_response};

    fn of(answer: &str, offers: &str) -> Result<Option<Agreed>, String> {
        let bytes = format!("HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n");
        match read_response(bytes.as_bytes(), 0, false, false) {
            Ok(Read::Response(response)) => Agreed::of(&response, offers),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_has_to_fit_an_offer() {
        let plain = "permessage-deflate";
        assert!(of(plain, plain).expect("fits").is_some_and(|agreed| agreed.server_takeover));
        assert!(of("permessage-deflate; server_max_window_bits=9", plain).is_ok());
        for (answer, offer) in [
            ("permessage-deflate; client_max_window_bits=9", plain),
            (plain, "permessage-deflate; server_no_context_takeover"),
            (plain, "permessage-deflate; server_max_window_bits=9"),
            ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=9"),
            ("permessage-deflate; server_max_window_bits=7", plain),
            ("permessage-deflate; x", plain),
            ("permessage-deflate, permessage-deflate", plain),
            ("permessage-deflate", "x-other"),
        ] {
            assert!(of(answer, offer).is_err(), "{answer} for {offer}");
        }
        assert!(of(plain, "permessage-deflate; server_max_window_bits=9, permessage-deflate").is_ok());
    }
}
