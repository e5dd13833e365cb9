//! Websocket services and clients over sockets (WS-9 to WS-32, WSC-1 to WSC-9, SF-61, SF-66).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tungstenite::{Message, WebSocket, protocol::frame::coding::CloseCode};
use workerspec_core::protocol::websocket::{Close, CloseCode as Code};
use workerspec_core::{Client, Server, Service};

use crate::harness::{Case, PATIENCE, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_reload_tells_websockets_one_after_the_other", serve: echo, check: spread },
    Case { name: "websocket_callbacks_come_in_order", serve: ordered, check: order },
    Case { name: "text_and_binary_come_back_as_such", serve: echo, check: types },
    Case { name: "close_is_a_handshake_from_either_side", serve: echo, check: closes },
    Case { name: "a_handshake_that_stands_still_is_late", serve: echo, check: handshake_late },
    Case { name: "a_worker_that_leaves_says_going_away", serve: echo, check: going_away },
    Case { name: "a_panic_closes_with_an_internal_error", serve: echo, check: panics },
    Case { name: "a_websocket_client_talks_to_a_service", serve: relay, check: relays },
    Case { name: "a_websocket_client_pings", serve: pinging, check: pings },
];

fn open(running: &Running, service: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(running.address(service)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    tungstenite::client(format!("ws://{}/", running.address(service)), stream).expect("a handshake").0
}

/// WS-9, WS-13, WS-14, SF-66: what is sent before the 101 comes after it and first.
fn ordered(server: Server) -> Server {
    let service = Service::websocket("127.0.0.1:0")
        .on_connect(|_| note("connect"))
        .on_websocket_connect(|conn, handshake| {
            note(format!("asked for {}", handshake.request().target()));
            if handshake.request().path() == "/no" {
                return conn.close();
            }
            handshake.header("X-Greeting", "hello");
            conn.send("early");
        })
        .on_websocket_connected(|conn, _| {
            note("connected");
            conn.send("second");
        })
        .on_message(|conn, message| {
            note("message");
            conn.send(message);
        })
        .on_close(|_| note("close"));
    server.service(service)
}

fn order(running: &Running) {
    let mut peer = running.connect("websocket");
    // The first frame comes in the segment of the request.
    let request = "GET /a?b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    peer.say([request.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat());
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(peer.bytes(1));
    }
    let head = String::from_utf8_lossy(&head);
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    assert!(head.contains("X-Greeting: hello\r\n"), "{head}");
    assert_eq!(peer.bytes(7), b"\x81\x05early");
    assert_eq!(peer.bytes(8), b"\x81\x06second");
    assert_eq!(peer.bytes(4), b"\x81\x02hi");
    assert_eq!(running.notes(), ["connect", "asked for /a?b", "connected", "message"]);
    // WS-11: closed while it is asked, nothing is answered.
    let mut refused = running.connect("websocket");
    refused.say(request.replace("/a?b", "/no"));
    assert_eq!(refused.rest(), b"");
}

fn echo(server: Server) -> Server {
    let service = Service::websocket("127.0.0.1:0")
        .header_timeout(Duration::from_millis(300))
        .on_websocket_close(|_, close| {
            note(format!("told {:?} {}", close.code().map(Code::get), close.reason()))
        })
        .on_close(|_| note("close"))
        .on_message(|conn, message| match message.as_text() {
            Some("close") => conn.close(),
            Some("close 4001") => {
                let code = Code::new(4001).expect("a code for applications");
                conn.send(Close::new(code, "enough"));
            }
            Some("panic") => panic!("on demand"),
            _ => {
                conn.send(message);
            }
        });
    server.service(service)
}

fn types(running: &Running) {
    let mut socket = open(running, "websocket");
    for message in [
        Message::text("grüße"),
        Message::binary(vec![0, 255]),
        Message::text(""),
        Message::text("x".repeat(200_000)),
    ] {
        socket.send(message.clone()).expect("it reads");
        assert_eq!(socket.read().expect("it answers"), message);
    }
    socket.send(Message::Ping(b"p".to_vec().into())).expect("it reads");
    assert_eq!(socket.read().expect("it answers"), Message::Pong(b"p".to_vec().into()));
}

fn closes(running: &Running) {
    // SF-61: the server's close is a frame; ours is answered with its code; both end orderly.
    let mut socket = open(running, "websocket");
    socket.send(Message::text("close")).expect("it reads");
    let frame = close_frame(&mut socket);
    assert_eq!(frame, Some((1000, String::new())));
    let mut socket = open(running, "websocket");
    socket.send(Message::text("close 4001")).expect("it reads");
    assert_eq!(close_frame(&mut socket), Some((4001, "enough".into())));
    let mut socket = open(running, "websocket");
    let ours = tungstenite::protocol::CloseFrame { code: CloseCode::Away, reason: "bye".into() };
    socket.close(Some(ours)).expect("it reads");
    assert_eq!(close_frame(&mut socket).map(|(code, _)| code), Some(1001));
    running.noted("told Some(1001) bye");
    running.noted_times("close", 3);
}

fn close_frame(socket: &mut WebSocket<TcpStream>) -> Option<(u16, String)> {
    let mut frame = None;
    loop {
        match socket.read() {
            Ok(Message::Close(close)) => {
                frame = close.map(|close| (close.code.into(), close.reason.to_string()));
            }
            Ok(_) => {}
            Err(tungstenite::Error::ConnectionClosed) => return frame,
            Err(error) => panic!("no orderly close: {error}"),
        }
    }
}

fn handshake_late(running: &Running) {
    // WS-2, SF-42
    let mut peer = running.connect("websocket");
    peer.say("GET / HTTP/1.1\r\nHost: x\r\n");
    let begun = Instant::now();
    assert!(peer.rest().starts_with(b"HTTP/1.1 408 "));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

fn going_away(running: &Running) {
    let mut socket = open(running, "websocket");
    socket.send(Message::text("hi")).expect("it reads");
    assert_eq!(socket.read().expect("it answers"), Message::text("hi"));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(running.workers()[0]).expect("a process id"));
    nix::sys::signal::kill(pid, Signal::SIGQUIT).expect("it runs");
    assert_eq!(close_frame(&mut socket).map(|(code, _)| code), Some(1001));
}

fn spread(running: &Running) {
    // RL-21, RL-22: over the grace period, not all at its end; and none in the middle of its message.
    let mut sockets: Vec<_> = (0..10).map(|_| open(running, "websocket")).collect();
    let half = tungstenite::protocol::frame::Frame::message(
        b"half".to_vec(),
        tungstenite::protocol::frame::coding::OpCode::Data(tungstenite::protocol::frame::coding::Data::Text),
        false,
    );
    let mut split = open(running, "websocket");
    split.send(Message::Frame(half)).expect("it reads");
    split.send(Message::Ping(Vec::new().into())).expect("it reads");
    assert!(split.read().expect("it answers").is_pong());
    running.ask_to_reload();
    let begun = Instant::now();
    let closing = |socket: &mut WebSocket<TcpStream>| {
        assert_eq!(close_frame(socket).map(|(code, _)| code), Some(1001));
        begun.elapsed()
    };
    let mut ends: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = sockets.iter_mut().map(|socket| scope.spawn(|| closing(socket))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it closes")).collect()
    });
    ends.sort();
    assert!(Duration::from_millis(80) < ends[9] - ends[0], "{ends:?}");
    let rest = tungstenite::protocol::frame::Frame::message(
        b" and half".to_vec(),
        tungstenite::protocol::frame::coding::OpCode::Data(
            tungstenite::protocol::frame::coding::Data::Continue,
        ),
        true,
    );
    split.send(Message::Frame(rest)).expect("it still reads");
    assert_eq!(split.read().expect("it answers"), Message::text("half and half"));
    assert_eq!(close_frame(&mut split).map(|(code, _)| code), Some(1001));
}

fn panics(running: &Running) {
    let workers = running.workers();
    let mut socket = open(running, "websocket");
    socket.send(Message::text("panic")).expect("it reads");
    assert_eq!(close_frame(&mut socket).map(|(code, _)| code), Some(1011));
    assert_eq!(running.workers(), workers);
}

/// WSC-2, WSC-3, WSC-7, WSC-9.
fn relay(server: Server) -> Server {
    let front = Service::text("127.0.0.1:0").name("front").on_message(|conn, url| {
        let (down, up) = (conn.clone(), conn.clone());
        let client = Client::ws(&String::from_utf8_lossy(url)).expect("a URL");
        let link = client
            .websocket(|ws| {
                ws.on_websocket_connect(move |_, reply| {
                    up.send(format!("status {}", reply.status()));
                })
                .on_websocket_close(|conn, close| {
                    note(format!("client told {:?}", close.code().map(Code::get)));
                    // WSC-9: the handshake is made again.
                    conn.reconnect(Duration::from_millis(20));
                })
            })
            .on_message(move |_, message| {
                down.send(message.as_bytes());
            })
            .connect()
            .expect("no TLS");
        note(format!("{:?}", link.send("0")));
        link.send("close 4001");
    });
    echo(server).service(front)
}

fn relays(running: &Running) {
    let mut peer = running.connect("front");
    peer.say(format!("ws://{}/path\n", running.address("websocket")));
    assert_eq!((peer.line(), peer.line()), ("status 101".into(), "0".into()));
    running.noted("client told Some(4001)");
    assert_eq!(peer.line(), "status 101");
    assert_eq!(running.notes()[0], "Queued");
}

/// WSC-1, WSC-6: seen from the wire.
fn pinging(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|_, url| {
        let client = Client::ws(&String::from_utf8_lossy(url)).expect("a URL");
        client.ping_interval(Duration::from_millis(50)).connect().expect("no TLS");
    }))
}

fn pings(running: &Running) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    running.connect("text").say(format!("ws://{address}/chat?room=1\n"));
    let (mut stream, _) = listener.accept().expect("it connects");
    stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).expect("a request");
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).expect("ASCII");
    let names: Vec<&str> =
        head.lines().map(|line| line.split([':', ' ']).next().unwrap_or_default()).collect();
    let expected = ["GET", "Host", "Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key", ""];
    assert_eq!(names, expected, "{head}");
    assert!(head.starts_with("GET /chat?room=1 HTTP/1.1\r\n"));
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(reply.as_bytes()).expect("it reads");
    // Three pings, each masked with its own key (SF-68).
    let mut frames = [[0; 6]; 3];
    for frame in &mut frames {
        stream.read_exact(frame).expect("a ping");
        assert_eq!(frame[..2], [0x89, 0x80]);
    }
    assert_ne!(frames[0][2..], frames[1][2..]);
}
