//! Connections that a worker opens (CLIENT-1 to CLIENT-7).

use std::cell::Cell;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use workerspec_core::{Client, Server, Service};

use crate::harness::{Case, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "closing_while_connecting_ends_it_at_once", serve: closing, check: closes_at_once },
    Case { name: "an_opened_connection_sends_what_waited_for_it", serve: relay, check: relays },
    Case { name: "a_refused_connection_is_an_error_then_a_close", serve: refused, check: refusal_tells },
    Case { name: "an_unknown_name_is_an_error_and_blocks_nobody", serve: unknown, check: lookup_fails },
    Case { name: "reconnect_tries_again_and_can_be_cancelled", serve: reconnecting, check: reconnects },
    Case { name: "a_connection_may_come_from_a_chosen_address", serve: bound, check: bind_shows },
    Case { name: "a_connect_that_hangs_times_out", serve: hanging, check: connect_times_out },
    Case { name: "an_open_client_does_not_hold_up_a_stop", serve: relay, check: stop_closes_clients },
];

/// CLIENT-1, CLIENT-2, BUF-11: what is sent before the connection is there waits for it, in order, the payload `0`
/// too (SF-37, BUF-12).
fn relay(server: Server) -> Server {
    let echo = Service::text("127.0.0.1:0").name("echo").on_close(|_| note("upstream closed")).on_message(
        |conn, line| {
            conn.send([b"echo ", line].concat());
        },
    );
    let front = Service::text("127.0.0.1:0").name("front").on_message(|conn, address| {
        let down = conn.clone();
        let link = Client::text(String::from_utf8_lossy(address))
            .on_connect(|conn| note(format!("connected {:?} {}", conn.status(), conn.peer_address())))
            .on_message(move |_, line| {
                down.send(line);
            })
            .connect()
            .expect("no TLS");
        note(format!("{:?} {:?}", link.connection().status(), link.send("0")));
        link.send("1");
        // CLIENT-1: nothing but the status has changed by now; a second call changes nothing.
        link.connection().reconnect(Duration::ZERO);
    });
    server.service(echo).service(front)
}

fn relays(running: &Running) {
    let mut peer = running.connect("front");
    peer.say(format!("{}\n", running.address("echo")));
    assert_eq!((peer.line(), peer.line()), ("echo 0".into(), "echo 1".into()));
    let connected = format!("connected Established {}", running.address("echo"));
    assert_eq!(running.notes(), ["Connecting Queued".to_owned(), connected]);
}

fn stop_closes_clients(running: &Running) {
    // SF-4, CLIENT-7
    let mut peer = running.connect("front");
    peer.say(format!("{}\n", running.address("echo")));
    assert_eq!(peer.line(), "echo 0");
    let begun = Instant::now();
    for pid in running.workers() {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process id"));
        nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it runs");
    }
    running.noted("upstream closed");
    assert!(begun.elapsed() < Duration::from_secs(4));
}

/// CLIENT-3, CONN-40: error 1, then the close.
fn refused(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|_, address| {
        let made = Client::text(String::from_utf8_lossy(address))
            .on_connect(|_| note("connect"))
            .on_error(|conn, error| note(format!("error {} {error} {:?}", error.code(), conn.status())))
            .on_close(|conn| note(format!("close {:?}", conn.status())))
            .connect();
        note(format!("{:?}", made.map(|link| link.connection().status())));
    }))
}

fn refusal_tells(running: &Running) {
    let free =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    running.connect("text").say(format!("{free}\n"));
    running.noted("close Closed");
    assert_eq!(
        running.notes(),
        ["Ok(Connecting)", "error 1 cannot connect: connection refused Connecting", "close Closed"]
    );
}

/// SF-46: names are looked up beside the loop.
fn unknown(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|conn, _| {
        let down = conn.clone();
        let made = Client::text("no-such-host.invalid:80")
            .on_error(|_, error| note(format!("error {}", error.code())))
            .on_close(move |_| {
                down.send("closed");
            })
            .connect();
        conn.send(format!("at once {}", made.is_ok()));
    }))
}

fn lookup_fails(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("go\n");
    assert_eq!((peer.line(), peer.line()), ("at once true".into(), "closed".into()));
    running.noted("error 1");
}

/// CLIENT-5: fractions of a second count; the third attempt is cancelled.
fn reconnecting(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|_, address| {
        let tries = Cell::new(0);
        let made = Client::text(String::from_utf8_lossy(address))
            .on_connect(|conn| note(format!("connect {}", conn.id())))
            .on_close(move |conn| {
                tries.set(tries.get() + 1);
                note(format!("close {}", tries.get()));
                // The later call takes the place of the earlier one.
                conn.reconnect(Duration::from_secs(60));
                conn.reconnect(Duration::from_millis(50));
                if tries.get() == 3 {
                    conn.cancel_reconnect();
                    note("cancelled");
                }
            })
            .connect();
        made.expect("no TLS");
    }))
}

fn reconnects(running: &Running) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    running.connect("text").say(format!("{}\n", listener.local_addr().expect("bound")));
    let begun = Instant::now();
    for _ in 0..3 {
        drop(listener.accept().expect("it connects"));
    }
    assert!(Duration::from_millis(100) <= begun.elapsed());
    running.noted("cancelled");
    listener.set_nonblocking(true).expect("a socket");
    std::thread::sleep(Duration::from_millis(200));
    assert!(listener.accept().is_err(), "it connected a fourth time");
    let connects = running.notes().iter().filter(|note| note.starts_with("connect ")).count();
    assert_eq!(connects, 3);
}

/// CLIENT-6: bind address.
fn bound(server: Server) -> Server {
    let who = Service::text("127.0.0.1:0").name("who").on_connect(|conn| {
        conn.send(conn.peer_address().to_string());
    });
    let front = Service::text("127.0.0.1:0").name("front").on_message(|conn, address| {
        let down = conn.clone();
        Client::text(String::from_utf8_lossy(address))
            .bind("127.0.0.7:0".parse().expect("an address"))
            .on_message(move |_, line| {
                down.send(line);
            })
            .connect()
            .expect("no TLS");
    });
    server.service(who).service(front)
}

fn bind_shows(running: &Running) {
    let mut peer = running.connect("front");
    peer.say(format!("{}\n", running.address("who")));
    assert!(peer.line().starts_with("127.0.0.7:"));
}

/// CLIENT-4, SF-46: a queue that is full drops what comes, so connecting hangs.
fn hanging(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|_, address| {
        Client::text(String::from_utf8_lossy(address))
            .connect_timeout(Duration::from_millis(300))
            .on_error(|_, error| note(format!("error {} {error}", error.code())))
            .on_close(|_| note("close"))
            .connect()
            .expect("no TLS");
    }))
}

/// CONN-27
fn closing(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|_, address| {
        let link = Client::text(String::from_utf8_lossy(address))
            .on_connect(|_| note("connect"))
            .on_error(|_, _| note("error"))
            .on_close(|_| note("close"))
            .connect()
            .expect("no TLS");
        link.send("never said");
        link.connection().close();
        note(format!("{:?}", link.connection().status()));
    }))
}

fn closes_at_once(running: &Running) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut peer = running.connect("text");
    peer.say(format!("{}\n", listener.local_addr().expect("bound")));
    running.noted("Closed");
    assert_eq!(running.notes(), ["close", "Closed"]);
}

fn connect_times_out(running: &Running) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    socket.listen(0).expect("it is bound");
    let address = socket.local_addr().expect("bound").as_socket().expect("IP");
    // KF-10: with a queue of one, the second is kept waiting.
    let _queued: Vec<_> =
        (0..2).map(|_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100))).collect();
    running.connect("text").say(format!("{address}\n"));
    running.noted("close");
    assert_eq!(running.notes(), ["error 1 cannot connect: timed out", "close"]);
}
