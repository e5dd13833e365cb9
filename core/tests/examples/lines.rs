//! Text, datagrams, and protocols of one's own.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use crate::Case;
use crate::program::{PATIENCE, Program};
use crate::talk::Peer;

pub(crate) const CASES: &[Case] = &[
    Case::new("echo_answers", echo),
    Case::new("json_nl_answers_and_closes_on_nonsense", json_nl),
    Case::new("json_length_answers", json_length),
    Case::new("xml_fixed_answers", xml_fixed),
    Case::new("file_transfer_stores", file_transfer),
    Case::new("udp_echo_answers", udp_echo),
    Case::new("heartbeat_closes_who_is_unknown_or_silent", heartbeat),
    Case::new("heartbeat_wants_a_password", no_password),
    Case::new("timers_run_and_stop", timers),
    Case::new("proxy_pipes_both_ways", proxy),
    Case::new("proxy_closes_when_there_is_no_target", no_target),
    Case::new("async_task_answers_later_and_holds_up_nobody", async_task),
];

fn echo() {
    let program = Program::start("echo", &[]);
    let mut peer = Peer::connect(&program.address("echo"));
    assert_eq!(peer.ask("hello"), "hello");
    program.stop();
}

fn json_nl() {
    let program = Program::start("json_nl", &[]);
    let mut peer = Peer::connect(&program.address("json-nl"));
    assert_eq!(peer.ask(r#"{"a": [1]}"#), r#"{"got":{"a":[1]}}"#);
    peer.say("nonsense\n");
    assert!(String::from_utf8_lossy(&peer.rest()).starts_with(r#"{"error":"#));
    program.stop();
}

fn json_length() {
    let program = Program::start("json_length", &[]);
    let mut peer = Peer::connect(&program.address("json-length"));
    peer.say(b"\0\0\0\x05\x37");
    assert_eq!(peer.bytes(13), b"\0\0\0\x0d{\"got\":7}");
    program.stop();
}

fn xml_fixed() {
    let program = Program::start("xml_fixed", &[]);
    let mut peer = Peer::connect(&program.address("xml-fixed"));
    peer.say("0000000014<a/>");
    let answer = "<?xml version=\"1.0\"?>\n<received bytes=\"4\"/>";
    let whole = format!("{:010}{answer}", answer.len() + 10);
    assert_eq!(String::from_utf8_lossy(&peer.bytes(whole.len())), whole);
    program.stop();
}

fn file_transfer() {
    let program = Program::start("file_transfer", &[("UPLOADS", "kept")]);
    let mut peer = Peer::connect(&program.address("file-transfer"));
    peer.say(b"\0\0\0\x0d\x05a.txthey");
    assert_eq!(peer.line(), "3 bytes stored as kept/a.txt");
    assert_eq!(fs::read(program.path("kept/a.txt")).expect("it is stored"), b"hey");
    program.stop();
}

fn udp_echo() {
    let program = Program::start("udp_echo", &[]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    socket.connect(program.address("udp-echo")).expect("an address");
    socket.send(b"hello\n").expect("the loopback takes it");
    let mut room = [0; 16];
    let length = socket.recv(&mut room).expect("it answers");
    assert_eq!(&room[..length], b"hello\n");
    program.stop();
}

fn heartbeat() {
    // HEART-2, AUTH-1
    let (login, idle) = (Duration::from_millis(300), Duration::from_secs(2));
    let program = Program::start("heartbeat", &[("PASSWORD", "secret"), ("LOGIN", "300"), ("IDLE", "2000")]);
    let address = program.address("heartbeat");
    let begun = Instant::now();
    let (mut unknown, mut wrong, mut known) =
        (Peer::connect(&address), Peer::connect(&address), Peer::connect(&address));
    assert_eq!(known.ask("login secret"), "welcome");
    assert_eq!(wrong.ask("login guess"), "log in first");
    assert_eq!(wrong.rest(), b"");
    assert_eq!(unknown.rest(), b"");
    let waited = begun.elapsed();
    assert!(login <= waited + Duration::from_millis(1), "closed after {waited:?}");
    // The deadline of the login is lifted: it would have closed this one as well.
    while begun.elapsed() < 3 * login {
        assert_eq!(known.ask("ping"), "pong");
    }
    let silent = Instant::now();
    assert_eq!(known.rest(), b"");
    let waited = silent.elapsed();
    assert!(idle - Duration::from_millis(100) <= waited, "closed after {waited:?}");
    program.stop();
}

fn no_password() {
    let (status, said) = Program::refused("heartbeat", &[]);
    assert_eq!(status, Some(1));
    assert!(said.contains("set PASSWORD"), "{said}");
}

fn timers() {
    // TIMER-2, TIMER-3
    let program = Program::start("timers", &[]);
    let mut peer = Peer::connect(&program.address("timers"));
    assert!(peer.ask("in 20 tea").starts_with("timer "));
    assert_eq!(peer.line(), "tea");
    let started = peer.ask("every 20 tick");
    let number = started.strip_prefix("timer ").expect("its number").to_owned();
    for _ in 0..3 {
        assert_eq!(peer.line(), "tick");
    }
    peer.say(format!("stop {number}\n"));
    peer.skip_to(&format!("stopped {number}"));
    assert_eq!(peer.ask(&format!("stop {number}")), format!("no timer {number}"));
    assert!(peer.ask("dance").starts_with("in MS TEXT"));
    // A timer that is pending keeps neither the worker nor a connection that has gone.
    assert!(peer.ask("every 60000 never").starts_with("timer "));
    drop(peer);
    program.stop();
}

fn proxy() {
    // CONN-22
    let target = Program::start("echo", &[]);
    let program = Program::start("proxy", &[("TO", &target.address("echo"))]);
    let mut peer = Peer::connect(&program.address("proxy"));
    assert_eq!(peer.ask("hello"), "hello");
    let long = "x".repeat(1_000_000);
    for _ in 0..3 {
        assert_eq!(peer.ask(&long), long);
    }
    peer.end();
    assert_eq!(peer.rest(), b"");
    program.stop();
    target.stop();
}

fn no_target() {
    // A port that was free a moment ago and that nobody listens at.
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("it has one").to_string();
    drop(free);
    let program = Program::start("proxy", &[("TO", &address)]);
    let mut peer = Peer::connect(&program.address("proxy"));
    assert_eq!(peer.rest(), b"");
    program.log().wait_for("the target failed");
    program.stop();
}

fn async_task() {
    let program = Program::start("async_task", &[("TASKS", "unix:tasks.sock")]);
    let mut peer = Peer::connect(&program.address("front"));
    peer.say("100000000\n1000\n");
    assert_eq!(peer.line(), "1000: 168 primes");
    assert_eq!(peer.ask("many"), "say a number up to 4294967295");
    assert_eq!(peer.line(), "100000000: 5761455 primes");
    program.stop();
}
