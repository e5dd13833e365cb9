//! Datagrams (UDP-1 to UDP-11, SF-41).

use std::net::UdpSocket;

use workerspec_core::protocol::{Frame, Text};
use workerspec_core::{DatagramService, Datagrams, Server, Service};

use crate::harness::{Case, PATIENCE, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_reload_loses_no_datagram", serve: echo, check: reload_loses_none },
    Case { name: "the_largest_datagram_is_read_whole", serve: echo, check: largest },
    Case { name: "a_datagram_is_a_message_and_gets_its_answer", serve: echo, check: echoes },
    Case {
        name: "packages_in_a_datagram_are_messages_and_the_rest_is_dropped",
        serve: framed,
        check: packages,
    },
    Case { name: "a_panic_in_a_datagram_costs_nothing_else", serve: echo, check: panics_are_contained },
    Case { name: "a_datagram_client_hears_answers_and_refusals", serve: client, check: client_hears },
];

fn socket(running: &Running, service: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.connect(running.address(service)).expect("an address");
    socket.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    socket
}

fn receive(socket: &UdpSocket) -> String {
    let mut buffer = [0; 65_535];
    let length = socket.recv(&mut buffer).expect("an answer");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

fn echo(server: Server) -> Server {
    server.service(DatagramService::udp("127.0.0.1:0").on_message(|sender, datagram| match datagram {
        b"panic" => panic!("on demand"),
        b"long" => {
            // UDP-4: more than a datagram can carry.
            let fits = (sender.send(vec![b'x'; 65_507]), sender.send(vec![b'x'; 65_508]));
            sender.send(format!("{fits:?}"));
        }
        _ => {
            sender.send(format!("{} from {}", datagram.len(), sender.address()));
        }
    }))
}

fn echoes(running: &Running) {
    let socket = socket(running, "udp");
    let here = socket.local_addr().expect("bound");
    for datagram in [&b"hello"[..], b"", b"two\nlines\n"] {
        socket.send(datagram).expect("it fits");
        // UDP-2: empty ones are messages too.
        assert_eq!(receive(&socket), format!("{} from {here}", datagram.len()));
    }
    socket.send(b"long").expect("it fits");
    assert_eq!(receive(&socket).len(), 65_507);
    assert_eq!(receive(&socket), "(true, false)");
}

fn panics_are_contained(running: &Running) {
    let workers = running.workers();
    let socket = socket(running, "udp");
    socket.send(b"panic").expect("it fits");
    socket.send(b"x").expect("it fits");
    assert!(receive(&socket).starts_with("1 from"));
    assert_eq!(running.workers(), workers);
}

fn largest(running: &Running) {
    // UDP-1, UDP-5: and there is nothing that a handler could close.
    let socket = socket(running, "udp");
    socket.send(&vec![b'x'; 65_507]).expect("it fits");
    assert!(receive(&socket).starts_with("65507 from"));
}

fn reload_loses_none(running: &Running) {
    // What is queued is left to the successor: one question at a time, each answered.
    let socket = socket(running, "udp");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                socket.send(b"hello").expect("it fits");
                assert!(receive(&socket).starts_with("5 from"));
            }
        });
        (0..3).for_each(|_| running.reload());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// UDP-3, UDP-7: two workers share the socket.
fn framed(server: Server) -> Server {
    let text = DatagramService::new("127.0.0.1:0", Text::default()).count(2).on_message(|sender, line| {
        sender.send(line);
    });
    let frame = DatagramService::new("127.0.0.1:0", Frame).on_message(|sender, payload| {
        sender.send(payload);
    });
    server.service(text).service(frame)
}

fn packages(running: &Running) {
    let text = socket(running, "text");
    text.send(b"no newline").expect("it fits");
    text.send(b"a\nb\nrest").expect("it fits");
    assert_eq!((receive(&text), receive(&text)), ("a\n".into(), "b\n".into()));
    let frame = socket(running, "frame");
    // SF-41: one that is announced longer than it is, and ones that no length can have.
    frame.send(b"\0\0\0\x64short").expect("it fits");
    frame.send(b"\0\0\0\x00").expect("it fits");
    frame.send(b"\0\0\0\x06hi\0\0\0\x05!").expect("it fits");
    assert_eq!((receive(&frame), receive(&frame)), ("\0\0\0\x06hi".into(), "\0\0\0\x05!".into()));
}

/// UDP-10, UDP-11.
fn client(server: Server) -> Server {
    let echo = DatagramService::udp("127.0.0.1:0").name("echo").on_message(|sender, datagram| {
        sender.send([b"echo ", datagram].concat());
    });
    let front = Service::text("127.0.0.1:0").name("front").on_message(|conn, address| {
        let down = conn.clone();
        let address = String::from_utf8_lossy(address).parse().expect("an address");
        let to = Datagrams::udp(address)
            .on_connect(|_| note("connect"))
            .on_close(|to| note(format!("close {}", to.send("late"))))
            .on_message(move |to, datagram| {
                down.send(datagram);
                to.close();
                to.close();
            })
            .connect()
            .expect("a socket");
        note(format!("send {}", to.send("hi")));
        let again = to.clone();
        workerspec_core::Timer::after(std::time::Duration::from_millis(100), move || {
            note(format!("second {}", again.send("hi again")));
        });
    });
    server.service(echo).service(front)
}

fn client_hears(running: &Running) {
    let mut peer = running.connect("front");
    peer.say(format!("{}\n", running.address("echo")));
    assert_eq!(peer.line(), "echo hi");
    running.noted("close false");
    running.noted("second false");
    assert_eq!(running.notes(), ["connect", "send true", "close false", "second false"]);
    // To a port where nobody is: the first is taken, the second told.
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    peer.say(format!("{free}\n"));
    running.noted_times("second false", 2);
    assert_eq!(running.notes()[4..], ["connect", "send true", "second false"]);
}
