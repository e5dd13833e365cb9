//! The client's end: lines, HTTP, websocket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::{Message, WebSocket};

use crate::program::PATIENCE;

/// A stream with deadlines.
pub(crate) fn stream(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a positive timeout");
    stream
}

/// A connection that is read by lines.
pub(crate) struct Peer {
    reader: BufReader<TcpStream>,
    /// The beginning of a line whose end did not come in time.
    begun: String,
}

impl Peer {
    pub(crate) fn connect(address: &str) -> Self {
        Self { reader: BufReader::new(stream(address)), begun: String::new() }
    }

    pub(crate) fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.reader.get_mut().write_all(octets.as_ref()).expect("it reads");
    }

    /// The next line, without its end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = std::mem::take(&mut self.begun);
        self.reader.read_line(&mut line).expect("a line in time");
        assert!(line.ends_with('\n'), "ended after {line:?}");
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// What it says to that.
    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.say(format!("{line}\n"));
        self.line()
    }

    /// Lines up to one that is `wanted`.
    #[track_caller]
    pub(crate) fn skip_to(&mut self, wanted: &str) {
        while self.line() != wanted {}
    }

    /// The next line that does not begin with `unwanted`.
    #[track_caller]
    pub(crate) fn line_after(&mut self, unwanted: &str) -> String {
        loop {
            let line = self.line();
            if !line.starts_with(unwanted) {
                return line;
            }
        }
    }

    /// Whether a line that ends with `wanted` comes within a moment; others are read away.
    pub(crate) fn has(&mut self, wanted: &str) -> bool {
        let moment = Some(Duration::from_millis(20));
        self.reader.get_ref().set_read_timeout(moment).expect("a positive timeout");
        let mut found = false;
        // What a timeout cuts is kept for the next time.
        while !found && self.reader.read_line(&mut self.begun).is_ok_and(|length| 0 < length) {
            found = self.begun.trim_end().ends_with(wanted);
            self.begun.clear();
        }
        self.reader.get_ref().set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
        found
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        self.reader.read_exact(&mut octets).expect("that many in time");
        octets
    }

    /// What comes until its end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).expect("an orderly end in time");
        rest
    }

    pub(crate) fn end(&mut self) {
        self.reader.get_mut().shutdown(std::net::Shutdown::Write).expect("it is open");
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn get(address: &str, target: &str) -> Answer {
    request(stream(address), "GET", target, "", b"")
}

pub(crate) fn post(address: &str, target: &str, body: &str) -> Answer {
    request(stream(address), "POST", target, "", body.as_bytes())
}

/// One request, with header lines that each end with CRLF; the connection closes after it.
#[track_caller]
pub(crate) fn request(
    mut stream: impl Read + Write,
    method: &str,
    target: &str,
    lines: &str,
    body: &[u8],
) -> Answer {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).expect("it reads");
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole).expect("an orderly end in time");
    let text = String::from_utf8_lossy(&whole);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) type Socket<S = TcpStream> = WebSocket<S>;

/// A websocket connection.
#[track_caller]
pub(crate) fn websocket(address: &str, target: &str) -> Socket {
    tungstenite::client(format!("ws://{address}{target}"), stream(address)).expect("a handshake").0
}

/// The next text.
#[track_caller]
pub(crate) fn text<S: Read + Write>(socket: &mut Socket<S>) -> String {
    match socket.read().expect("a message in time") {
        Message::Text(text) => text.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

/// Certificate and key for `localhost` in that folder.
pub(crate) fn certificate(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("the folder is ours");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("the folder is ours");
}

/// A TLS stream to `localhost` that trusts that certificate and no other.
pub(crate) fn tls(address: &str, certificate: &Path) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).expect("it was made")).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of the provider")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a fine configuration");
    StreamOwned::new(session, stream(address))
}
