//! Websocket clients: by URL, kept alive by pings (WSC-1, WSC-6).

use std::time::Duration;

use super::{Client, Connection};
use crate::error::Error;
use crate::protocol::Ws;
use crate::protocol::websocket::Ping;
use crate::reactor::Timer;
use crate::transport::Trust;

impl Client<Ws> {
    /// To a websocket service by its URL: `ws://host[:port][/path][?query]`, or `wss://…` for TLS that trusts the
    /// system's authorities; [`tls`](Self::tls) changes whom. Ports default to 80 and 443 (CLIENT-6).
    ///
    /// The connection is `Established` when TCP is; messages that are sent before the opening handshake is done wait
    /// for it (WSC-2). Callbacks for the handshake, pings and closes are the protocol's own: see
    /// [`websocket`](Self::websocket).
    ///
    /// # Errors
    /// [`Error::Misuse`] where the URL is none of these.
    pub fn ws(url: &str) -> Result<Self, Error> {
        let target = Url::parse(url).ok_or_else(|| Error::Misuse {
            service: url.to_owned(),
            what: "not a websocket URL; write ws://host:port/path or wss://host/path".to_owned(),
        })?;
        let client = Self::new(target.address(), Ws::new(&target.authority, &target.path));
        Ok(if target.secure { client.tls(Trust::system()) } else { client })
    }

    /// Changes the websocket's own settings and callbacks: subprotocols, header fields, compression.
    #[must_use]
    pub fn websocket(self, change: impl FnOnce(Ws) -> Ws) -> Self {
        self.map_codec(change)
    }

    /// Sends an empty ping every `interval` while the connection is open, from when the opening handshake is done
    /// (WSC-6). Default: none.
    #[must_use]
    pub fn ping_interval(self, interval: Duration) -> Self {
        self.once_established(move |conn| keep_alive(conn, interval))
    }
}

/// Pings until the connection is not open any more.
fn keep_alive(conn: &Connection<Ws>, interval: Duration) {
    let served = std::rc::Rc::downgrade(&conn.served);
    Timer::own_after(interval, move || {
        let Some(conn) = served.upgrade().map(|served| Connection { served }) else { return };
        if conn.is_open() {
            conn.send(Ping::default());
            keep_alive(&conn, interval);
        }
    });
}

/// A websocket URL (RFC 6455 3), without a fragment, which it cannot have.
#[derive(Debug, PartialEq, Eq)]
struct Url {
    secure: bool,
    /// Host and port as written.
    authority: String,
    path: String,
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "ws" => false,
            "wss" => true,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let fits = !authority.is_empty() && !authority.contains(['@', ' ']) && !path.contains('#');
        fits.then(|| Self {
            secure,
            authority: authority.to_owned(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        })
    }

    /// Host and port to connect to.
    fn address(&self) -> String {
        let after_host = self.authority.rfind(']').map_or(0, |bracket| bracket + 1);
        if self.authority[after_host..].contains(':') {
            return self.authority.clone();
        }
        format!("{}:{}", self.authority, if self.secure { 443 } else { 80 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_give_addresses_and_targets() {
        // CLIENT-6, WSC-1
        let parts = |text: &str| Url::parse(text).map(|url| (url.address(), url.path.clone(), url.secure));
        assert_eq!(parts("ws://a/b?c"), Some(("a:80".into(), "/b?c".into(), false)));
        assert_eq!(parts("WSS://a:1?c"), Some(("a:1".into(), "/?c".into(), true)));
        assert_eq!(parts("wss://[::1]"), Some(("[::1]:443".into(), "/".into(), true)));
        assert_eq!(parts("ws://[::1]:9/"), Some(("[::1]:9".into(), "/".into(), false)));
        for wrong in ["http://a", "a:1", "ws://", "ws:///path", "ws://u@a", "ws://a/#x"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
