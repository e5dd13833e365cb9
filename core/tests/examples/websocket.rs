//! Websocket.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tungstenite::{Error, HandshakeError, Message};

use crate::Case;
use crate::program::{PATIENCE, Program};
use crate::talk::{Peer, certificate, post, stream, text, tls, websocket};

pub(crate) const CASES: &[Case] = &[
    Case::new("chat_has_rooms_and_an_operator", chat),
    Case::new("push_reaches_users_whichever_worker_holds_them", push),
    Case::new("wss_answers", wss),
    Case::new("ws_client_pings_and_comes_back", ws_client),
];

fn chat() {
    // MASTER-13
    let program = Program::start("chat", &[("ADMIN", "127.0.0.1:0")]);
    let address = program.address("chat");
    let (mut ann, mut bob) = (websocket(&address, "/?name=ann"), websocket(&address, "/?name=bob"));
    assert_eq!(text(&mut ann), "ann has come to hall");
    let next = text(&mut ann);
    assert_eq!(next, "bob has come to hall");
    assert_eq!(text(&mut bob), "bob has come to hall");
    ann.send("hello".into()).expect("it reads");
    assert_eq!((text(&mut ann), text(&mut bob)), ("ann: hello".to_owned(), "ann: hello".to_owned()));
    bob.send("/join garden".into()).expect("it reads");
    assert_eq!(
        (text(&mut ann), text(&mut bob)),
        ("bob has left hall".into(), "bob has come to garden".into())
    );
    // What is said in a room stays there; what is said to all does not.
    bob.send("roses".into()).expect("it reads");
    bob.send("/all dinner".into()).expect("it reads");
    assert_eq!((text(&mut bob), text(&mut bob)), ("bob: roses".into(), "bob to all: dinner".into()));
    assert_eq!(text(&mut ann), "bob to all: dinner");
    let mut operator = Peer::connect(&program.address("admin"));
    assert_eq!(operator.ask("closing at noon"), "told 2");
    assert_eq!((text(&mut ann), text(&mut bob)), ("closing at noon".into(), "closing at noon".into()));
    bob.send("/join hall".into()).expect("it reads");
    assert_eq!(text(&mut ann), "bob has come to hall");
    drop(bob);
    assert_eq!(text(&mut ann), "bob has left hall");
    program.stop();
}

fn push() {
    // CHAN-4
    let program = Program::start("push", &[("PUSH", "127.0.0.1:0"), ("CHANNEL", "unix:channel.sock")]);
    let (browsers, push) = (program.address("browsers"), program.address("push"));
    match tungstenite::client(format!("ws://{browsers}/"), stream(&browsers)) {
        Err(HandshakeError::Failure(Error::Http(answer))) => assert_eq!(answer.status(), 400),
        other => panic!("not refused: {other:?}"),
    }
    let mut ann: Vec<_> = (0..4).map(|_| websocket(&browsers, "/?user=ann")).collect();
    let mut bob = websocket(&browsers, "/?user=bob");
    // Workers subscribe on their own time, and who is not subscribed misses what is published.
    let everybody_hears = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !everybody_hears.load(Ordering::Relaxed) {
                assert_eq!(post(&push, "/", "ready").status, 202);
                thread::sleep(Duration::from_millis(10));
            }
        });
        for (socket, user) in ann.iter_mut().map(|socket| (socket, "ann")).chain([(&mut bob, "bob")]) {
            assert_eq!(text(socket), format!("hello {user}"));
            assert_eq!(text(socket), "ready");
        }
        everybody_hears.store(true, Ordering::Relaxed);
    });
    assert_eq!(post(&push, "/?to=ann", "for ann").body, "published\n");
    assert_eq!(post(&push, "/", "for all").body, "published\n");
    let after = |socket: &mut _| loop {
        let heard = text(socket);
        if heard != "ready" {
            return heard;
        }
    };
    for socket in &mut ann {
        assert_eq!((after(socket), text(socket)), ("for ann".to_owned(), "for all".to_owned()));
    }
    assert_eq!(after(&mut bob), "for all");
    program.stop();
}

fn wss() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificate(folder.path());
    let program = Program::start_in(folder, "wss", &[]);
    let stream = tls(&program.address("wss"), &program.path("cert.pem"));
    let (mut socket, _) = tungstenite::client("wss://localhost/", stream).expect("a handshake");
    for message in [Message::text("hello"), Message::binary(vec![0, 255])] {
        socket.send(message.clone()).expect("it reads");
        assert_eq!(socket.read().expect("a message in time"), message);
    }
    program.stop();
}

fn ws_client() {
    // WSC-6, CLIENT-5
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/feed", listener.local_addr().expect("it has one"));
    let program = Program::start("ws_client", &[("TO", &url), ("PING", "0.5"), ("RETRY", "0.05")]);
    let accept = || {
        let (stream, _) = listener.accept().expect("it comes");
        stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
        let mut socket = tungstenite::accept(stream).expect("a handshake");
        assert_eq!(text(&mut socket), "hello");
        socket
    };
    let mut first = accept();
    assert!(matches!(first.read().expect("a ping in time"), Message::Ping(_)));
    drop(first);
    let mut second = accept();
    second.send("news".into()).expect("it reads");
    program.log().wait_for("text=\"news\"");
    program.stop();
}
