//! Callbacks, their order, and what a handle tells (CONN-1 to CONN-9).

use workerspec_core::{AnyService, Connections, Group, Server, Service, Status};

use crate::harness::{Case, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_limit_of_its_own_wins", serve: own_limit, check: own_limit_wins },
    Case { name: "accepted_sockets_are_kept_alive", serve: telling, check: kept_alive },
    Case { name: "callbacks_come_in_order_and_close_once", serve: ordered, check: order },
    Case { name: "handles_tell_addresses_and_counts", serve: telling, check: tells },
    Case { name: "a_connections_own_callbacks_win", serve: own_callbacks, check: own_wins },
    Case { name: "a_panic_costs_its_own_connection", serve: panicking, check: panics_are_contained },
    Case { name: "chunks_without_a_protocol_are_messages", serve: raw, check: raw_chunks },
    Case { name: "context_goes_with_its_connection", serve: context, check: context_is_kept },
    Case { name: "broadcast_reaches_all_and_a_group_its_members", serve: broadcasting, check: broadcasts },
    Case { name: "connections_past_the_limit_wait", serve: limited, check: limit_waits },
    Case { name: "a_service_within_a_worker_serves_beside_it", serve: within, check: serves_within },
    Case { name: "out_of_descriptors_waits_without_spinning", serve: descriptors, check: no_spin },
    Case { name: "ipv6_addresses_are_shown_in_brackets", serve: ipv6, check: ipv6_shows },
];

/// CONN-2, CONN-3, CONN-5, CONN-6: connect, messages, close; each once.
fn ordered(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .on_connect(|conn| note(format!("connect {} {:?}", conn.id(), conn.status())))
        .on_message(|conn, line| note(format!("message {} {}", conn.id(), String::from_utf8_lossy(line))))
        .on_close(|conn| note(format!("close {} {:?} {}", conn.id(), conn.status(), conn.peer_address())));
    server.service(service)
}

fn order(running: &Running) {
    let mut peer = running.connect("text");
    let local = peer.stream.local_addr().expect("it is connected");
    peer.say("a\nb\n");
    running.noted("message 1 b");
    drop(peer);
    running.noted(&format!("close 1 Closed {local}"));
    // CONN-1: the next number.
    drop(running.connect("text"));
    running.note("close 2 ");
    let expected = [
        "connect 1 Established".into(),
        "message 1 a".into(),
        "message 1 b".into(),
        format!("close 1 Closed {local}"),
    ];
    assert_eq!(running.notes()[..4], expected);
    assert_eq!(running.notes().len(), 6);
}

/// CONN-8, CONN-9.
fn telling(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0").on_message(|conn, _| {
        let local = conn.local_address().expect("it is open");
        conn.send(format!(
            "{} {} {} {}",
            conn.peer_address(),
            local,
            conn.bytes_read(),
            conn.bytes_written()
        ));
    });
    server.service(service)
}

fn tells(running: &Running) {
    let mut peer = running.connect("text");
    let (here, there) = (peer.stream.local_addr(), peer.stream.peer_addr());
    let addresses = format!("{} {}", here.expect("connected"), there.expect("connected"));
    peer.say("12345\n");
    let first = peer.line();
    assert_eq!(first, format!("{addresses} 6 0"));
    peer.say("1\n");
    assert_eq!(peer.line(), format!("{addresses} 8 {}", first.len() + 1));
}

fn kept_alive(running: &Running) {
    // CONN-4: /proc tells which timer runs, 2 being keepalive, and that it is due within 55 s.
    let peer = running.connect("text");
    let port = |address: std::io::Result<std::net::SocketAddr>| {
        format!(":{:04X}", address.expect("connected").port())
    };
    let (server, client) = (port(peer.stream.peer_addr()), port(peer.stream.local_addr()));
    let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
    loop {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux tells");
        let found = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|line| line.len() > 5 && line[1].ends_with(&server) && line[2].ends_with(&client));
        let timer = found
            .and_then(|line| line[5].split_once(':').map(|(kind, when)| (kind.to_owned(), when.to_owned())));
        if let Some((kind, when)) = timer.filter(|(kind, _)| kind == "02") {
            let ticks = u64::from_str_radix(&when, 16).expect("hexadecimal");
            assert!(ticks <= 5500, "{kind} in {ticks} hundredths");
            return;
        }
        assert!(std::time::Instant::now() < deadline, "no keepalive timer for {server} {client}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// CONN-3: callbacks set on a connection win over the service's.
fn own_callbacks(server: Server) -> Server {
    let service =
        Service::text("127.0.0.1:0").on_close(|_| note("the service's close")).on_message(|conn, line| {
            if line == b"own" {
                conn.on_message(|conn, line| {
                    conn.send([b"own ", line].concat());
                });
                conn.on_close(|_| note("its own close"));
            }
            conn.send("service");
        });
    server.service(service)
}

fn own_wins(running: &Running) {
    let mut peer = running.connect("text");
    let mut other = running.connect("text");
    peer.say("own\nhi\n");
    assert_eq!((peer.line(), peer.line()), ("service".into(), "own hi".into()));
    other.say("hi\n");
    assert_eq!(other.line(), "service");
    drop(peer);
    running.noted("its own close");
    drop(other);
    running.noted("the service's close");
    assert_eq!(running.notes().len(), 2);
}

/// SF-13, CONN-45, PIPE-10: a bystander is not concerned.
fn panicking(server: Server) -> Server {
    let service =
        Service::text("127.0.0.1:0").on_close(|_| note("close")).on_message(|conn, line| match line {
            b"panic" => panic!("on demand"),
            line => {
                conn.send(line);
            }
        });
    server.service(service)
}

fn panics_are_contained(running: &Running) {
    let mut bystander = running.connect("text");
    bystander.say("here\n");
    assert_eq!(bystander.line(), "here");
    let workers = running.workers();
    let mut peer = running.connect("text");
    peer.say("panic\n");
    assert_eq!(peer.rest(), b"");
    running.noted("close");
    bystander.say("still here\n");
    assert_eq!(bystander.line(), "still here");
    assert_eq!(running.workers(), workers);
}

/// PIPE-4: a connection may be allowed more, or less, than its service.
fn own_limit(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").max_package(100).on_message(|conn, line| {
        if let Some(limit) = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok()) {
            conn.set_max_package(limit);
        }
        conn.send(line.len().to_string());
    }))
}

fn own_limit_wins(running: &Running) {
    let mut peer = running.connect("text");
    peer.say(format!("1000\n{}\n10\n", "x".repeat(500)));
    assert_eq!((peer.line(), peer.line(), peer.line()), ("4".into(), "500".into(), "2".into()));
    peer.say("xxxxxxxxxx\n");
    assert_eq!(peer.rest(), b"");
    let mut other = running.connect("text");
    other.say(format!("{}\n", "x".repeat(200)));
    assert_eq!(other.rest(), b"");
}

/// PIPE-6.
fn raw(server: Server) -> Server {
    server.service(Service::tcp("127.0.0.1:0").on_message(|conn, chunk| {
        note(format!("chunk {}", chunk.len()));
        conn.send(chunk);
    }))
}

fn raw_chunks(running: &Running) {
    let mut peer = running.connect("tcp");
    let burst: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    peer.say(&burst);
    assert_eq!(peer.bytes(burst.len()), burst);
    // PIPE-1: no chunk is longer than one read.
    let lengths: Vec<usize> =
        running.notes().iter().map(|line| line["chunk ".len()..].parse().expect("a length")).collect();
    assert_eq!(lengths.iter().sum::<usize>(), burst.len());
    assert!(lengths.iter().all(|length| *length <= 87_380), "{lengths:?}");
}

fn context(server: Server) -> Server {
    struct Goodbye;
    impl Drop for Goodbye {
        fn drop(&mut self) {
            note("context dropped");
        }
    }
    let service = Service::text("127.0.0.1:0")
        .on_connect(|conn| conn.set_context((0u32, Goodbye)))
        .on_close(|conn| {
            note(format!("close after {:?}", conn.context(|(count, _): &mut (u32, Goodbye)| *count)))
        })
        .on_message(|conn, _| {
            let count = conn.context(|(count, _): &mut (u32, Goodbye)| {
                *count += 1;
                *count
            });
            conn.send(format!("{count:?} {:?}", conn.context(|text: &mut String| text.len())));
        });
    server.service(service)
}

fn context_is_kept(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("a\nb\n");
    assert_eq!((peer.line(), peer.line()), ("Some(1) None".into(), "Some(2) None".into()));
    drop(peer);
    running.noted("context dropped");
    assert_eq!(running.notes(), ["close after Some(2)", "context dropped"]);
}

fn broadcasting(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0");
    let (all, room): (Connections<_>, Group<_>) = (service.connections(), Group::new());
    server.service(service.on_message(move |conn, line| match line {
        b"join" => room.join(conn),
        b"leave" => room.leave(conn),
        b"all" => {
            conn.send(format!("told {}", all.broadcast("to all")));
        }
        _ => {
            conn.send(format!("told {}", room.broadcast("to the room")));
        }
    }))
}

fn broadcasts(running: &Running) {
    let mut peers: Vec<_> = (0..3).map(|_| running.connect("text")).collect();
    for peer in &mut peers[..2] {
        peer.say("join\n");
    }
    // A message of its own fences each peer's join.
    peers[0].say("room\n");
    assert!(peers[0].line().starts_with("to"));
    let mut told = peers[0].line();
    while told != "told 2" {
        peers[0].say("room\n");
        peers[0].line();
        told = peers[0].line();
    }
    peers[2].say("all\n");
    assert_eq!((peers[2].line(), peers[2].line()), ("to all".into(), "told 3".into()));
    let gone = peers.remove(1);
    drop(gone);
    peers[0].say("room\n");
    loop {
        // The member that left is forgotten as soon as its end is seen.
        match peers[0].line().as_str() {
            "told 1" => break,
            "told 2" => peers[0].say("room\n"),
            _ => {}
        }
    }
}

/// A worker that is full leaves further connections in the queue until one ends.
fn limited(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").max_connections(2).on_message(|conn, line| {
        conn.send(line);
    }))
}

fn limit_waits(running: &Running) {
    let mut peers: Vec<_> = (0..2).map(|_| running.connect("text")).collect();
    for peer in &mut peers {
        peer.say("in\n");
        assert_eq!(peer.line(), "in");
    }
    let mut third = running.connect("text");
    third.say("waiting\n");
    peers[0].say("fence\n");
    assert_eq!(peers[0].line(), "fence");
    third.stream.set_nonblocking(true).expect("a socket");
    let nothing = std::io::Read::read(&mut third.stream, &mut [0; 8]).expect_err("it was not accepted");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    third.stream.set_nonblocking(false).expect("a socket");
    drop(peers.remove(0));
    assert_eq!(third.line(), "waiting");
}

/// CONN-8.
fn ipv6(server: Server) -> Server {
    server.service(Service::text("[::1]:0").on_message(|conn, _| {
        assert_eq!(conn.status(), Status::Established);
        conn.send(conn.peer_address().to_string());
    }))
}

fn ipv6_shows(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("who\n");
    let port = peer.stream.local_addr().expect("it is connected").port();
    assert_eq!(peer.line(), format!("[::1]:{port}"));
}

/// MASTER-13.
fn within(server: Server) -> Server {
    let chat = Service::text("127.0.0.1:0");
    let everybody = chat.connections();
    let chat = chat.on_worker_start(move |_| {
        let everybody = everybody.clone();
        let push = Service::text("127.0.0.1:0").on_message(move |conn, line| {
            conn.send(format!("told {}", everybody.broadcast(line.to_vec())));
        });
        let address = AnyService::from(push).listen_here()?;
        note(format!("inner {address}"));
        let taken = Service::text(address.to_string()).on_message(|_, _| ());
        note(format!("taken {}", AnyService::from(taken).listen_here().is_err()));
        Ok::<(), workerspec_core::Error>(())
    });
    server.service(chat)
}

fn serves_within(running: &Running) {
    let mut listener = running.connect("text");
    let mut push =
        crate::harness::Peer::new(std::net::TcpStream::connect(running.note("inner ")).expect("it listens"));
    running.noted("taken true");
    // The listener's connection may still be in the queue.
    push.say("fence\n");
    while push.line() == "told 0" {
        push.say("fence\n");
    }
    assert_eq!(listener.line(), "fence");
}

/// SF-31, EMFILE: more peers than descriptors.
fn descriptors(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0").on_worker_start(|_| {
        let (limit, now) = (nix::sys::resource::Resource::RLIMIT_NOFILE, 40);
        nix::sys::resource::setrlimit(limit, now, now).map_err(|error| error.to_string())
    });
    server.service(service.on_message(|conn, line| {
        conn.send(line);
    }))
}

fn no_spin(running: &Running) {
    let mut peers: Vec<_> = (0..60).map(|_| running.connect("text")).collect();
    peers[0].say("served\n");
    assert_eq!(peers[0].line(), "served");
    let pid = running.workers()[0];
    let before = ticks(pid);
    std::thread::sleep(std::time::Duration::from_millis(500));
    // SF-31: a worker that spins takes 50 in this time.
    assert!(ticks(pid) - before <= 5, "{} ticks in half a second", ticks(pid) - before);
    // The last one is served as soon as there is room.
    let mut last = peers.pop().expect("sixty");
    drop(peers);
    last.say("at last\n");
    assert_eq!(last.line(), "at last");
}

fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> =
        stat.rsplit(')').next().expect("a name in parentheses").split_whitespace().collect();
    fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number")
}
