//! TLS under the protocols (TLS-1 to TLS-6, SF-42).

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use workerspec_core::{Client, Server, Service, Tls, Trust};

use crate::harness::{Case, PATIENCE, Running, folder, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_reload_brings_the_new_certificate", serve: echo, check: new_certificate },
    Case { name: "versions_1_2_and_1_3_are_spoken", serve: echo, check: versions },
    Case { name: "tls_carries_any_protocol_and_much", serve: echo, check: carries },
    Case { name: "plain_text_on_a_tls_port_is_closed", serve: echo, check: plain_text },
    Case { name: "a_handshake_that_never_ends_is_late", serve: echo, check: silent_handshake },
    Case { name: "an_end_without_notice_is_an_end", serve: echo, check: truncated },
    Case { name: "a_client_speaks_tls_and_checks_the_name", serve: relay, check: client_checks },
    Case { name: "what_is_sent_on_connect_comes_after_the_handshake", serve: greeting, check: greets },
];

/// Certificate and key for `localhost`, made by whoever comes first: the master, before it has workers.
fn certificate(folder: &Path) {
    if folder.join("key.pem").exists() {
        return;
    }
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name");
    fs::write(folder.join("cert.pem"), made.cert.pem()).expect("the folder is the case's own");
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())
        .expect("the folder is the case's own");
}

fn tls() -> Tls {
    let folder = folder();
    certificate(&folder);
    Tls::from_pem(folder.join("cert.pem"), folder.join("key.pem"))
}

fn connect(running: &Running, service: &str) -> StreamOwned<ClientConnection, TcpStream> {
    connect_with(running, service, rustls::DEFAULT_VERSIONS)
}

fn connect_with(
    running: &Running,
    service: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(running.folder().join("cert.pem")).expect("it was made");
    roots.add(certificate).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions of the provider")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a fine configuration");
    let socket = TcpStream::connect(running.address(service)).expect("it listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    StreamOwned::new(session, socket)
}

fn echo(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .tls(tls())
        .handshake_timeout(Duration::from_millis(300))
        .on_connect(|_| note("connect"))
        .on_error(|_, error| note(format!("error {error}")))
        .on_close(|_| note("close"))
        .on_message(|conn, line| {
            conn.send(line);
        });
    server.service(service)
}

fn carries(running: &Running) {
    let mut stream = connect(running, "text");
    // Many records each way, at once: reading and writing take turns in the same session.
    let line = [vec![b'x'; 300_000], b"\n".to_vec()].concat();
    for _ in 0..4 {
        stream.write_all(&line).expect("it reads");
        let mut back = vec![0; line.len()];
        stream.read_exact(&mut back).expect("it answers");
        assert_eq!(back, line);
    }
    stream.conn.send_close_notify();
    stream.flush().expect("it reads");
    // TLS-1, and the end comes with a notice: else this would be an error.
    assert_eq!(stream.read(&mut [0; 1]).expect("a clean end"), 0);
    running.noted("close");
}

fn versions(running: &Running) {
    // TLS-5
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = connect_with(running, "text", &[version]);
        stream.write_all(b"hi\n").expect("it reads");
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).expect("it answers");
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
    }
}

fn new_certificate(running: &Running) {
    let leaf = |stream: &StreamOwned<ClientConnection, TcpStream>| {
        stream.conn.peer_certificates().and_then(|chain| chain.first().cloned()).map(|leaf| leaf.to_vec())
    };
    let talk = || {
        let mut stream = connect(running, "text");
        stream.write_all(b"hi\n").expect("it reads");
        stream.read_exact(&mut [0; 3]).expect("it answers");
        leaf(&stream).expect("a certificate")
    };
    let before = talk();
    for name in ["key.pem", "cert.pem"] {
        fs::remove_file(running.folder().join(name)).expect("it was made");
    }
    certificate(running.folder());
    running.reload();
    assert_ne!(talk(), before);
}

fn plain_text(running: &Running) {
    // TLS-3: no error for the application.
    let mut peer = running.connect("text");
    peer.say("hello in the clear\n");
    let mut answer = Vec::new();
    let _ = peer.stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"hello"));
    running.noted("close");
    assert_eq!(running.notes(), ["connect", "close"]);
}

fn silent_handshake(running: &Running) {
    // TLS-4, SF-42
    let begun = Instant::now();
    let mut peer = running.connect("text");
    // A record that says goodbye, or nothing, and the end.
    assert!(peer.rest().len() < 10);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    running.noted("close");
}

fn truncated(running: &Running) {
    let mut stream = connect(running, "text");
    stream.write_all(b"hi\nhalf a line").expect("it reads");
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).expect("it answers");
    drop(stream);
    running.noted("close");
    assert_eq!(running.notes(), ["connect", "close"]);
}

fn relay(server: Server) -> Server {
    let front = Service::text("127.0.0.1:0").name("front").on_message(|conn, address| {
        let (down, failing) = (conn.clone(), conn.clone());
        let link = Client::text(String::from_utf8_lossy(address))
            .tls(Trust::only(folder().join("cert.pem")))
            .on_message(move |_, line| {
                down.send(line);
            })
            .on_close(move |_| {
                failing.send("closed");
            })
            .connect()
            .expect("the certificate is there");
        link.send("through TLS");
    });
    echo(server).service(front)
}

fn client_checks(running: &Running) {
    let port = running.address("text").rsplit(':').next().expect("a port");
    let mut peer = running.connect("front");
    peer.say(format!("localhost:{port}\n"));
    assert_eq!(peer.line(), "through TLS");
    // The certificate does not name the address.
    let mut peer = running.connect("front");
    peer.say(format!("127.0.0.1:{port}\n"));
    assert_eq!(peer.line(), "closed");
}

/// TLS-2.
fn greeting(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0").tls(tls()).on_connect(|conn| {
        conn.send(vec![b'x'; 200_000]);
        conn.send("welcome");
    });
    server.service(service)
}

fn greets(running: &Running) {
    let mut stream = connect(running, "text");
    let mut greeting = vec![0; 200_001 + 8];
    stream.read_exact(&mut greeting).expect("it greets");
    assert!(greeting.ends_with(b"\nwelcome\n"));
}
