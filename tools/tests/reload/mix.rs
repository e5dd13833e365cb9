//! Kinds of clients, mixed in one run.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::{QUICK, assert_books_close, assert_usage, command, report, turn};

/// Runs with a mix, and again where a busy machine proved nothing.
fn mixed(arguments: &[&str]) -> (Option<i32>, Value) {
    let mut tries = 0;
    loop {
        tries += 1;
        let output = command(QUICK).args(arguments).args(["--json", "-"]).output().expect("the program runs");
        let report = report(&output);
        if report["verdict"]["grade"] != "inconclusive" || tries == 3 {
            return (output.status.code(), report);
        }
    }
}

/// Requests of a kind of client with this method that were answered.
fn answered(report: &Value, population: &str, method: &str) -> u64 {
    let rows = report["requests"]["fates"].as_array().expect("a list");
    let of_kind = rows.iter().filter(|row| row["population"] == population && row["method"] == method);
    let kept = ["ok, current release", "ok, older release", "ok, close announced"];
    of_kind.flat_map(|row| kept.iter().filter_map(|fate| row["fates"][fate].as_u64())).sum()
}

#[test]
fn every_kind_of_client_is_served_by_the_reference_and_loses_nothing() {
    let _turn = turn();
    let mix = "http=2,paced=4@50,fresh=@30,unclosed=@8,pipelined=2@20,slow=2,upload=1,download=1,sse=1,https=2@20,\
        websocket=2@20,websocket-idle=2";
    let (code, report) = mixed(&["--mix", mix, "--slow", "50ms", "--reloads", "1"]);
    assert_eq!(report["verdict"]["grade"], "lossless", "{:#}\n{:#}", report["verdict"], report["losses"]);
    assert_eq!(code, Some(0));
    assert_books_close(&report);
    for (population, method) in [
        ("busy", "POST"),
        ("paced", "GET"),
        ("fresh", "GET"),
        ("unclosed", "GET"),
        ("pipelined", "GET"),
        ("slow", "GET"),
        ("upload", "POST"),
        ("download", "GET"),
        ("events", "GET"),
        ("https", "GET"),
        ("web-socket", "message"),
        ("web-socket-idle", "message"),
    ] {
        assert!(0 < answered(&report, population, method), "{population} {method}: {:#}", report["requests"]);
    }
    // Each websocket was told goodbye once, by a Close 1001.
    let ends = &report["connections"]["ends"]["idle websocket"];
    assert!(2 <= ends["closed as announced or asked"].as_u64().unwrap_or(0), "{ends:#}");
    // The reference keeps a ledger, which knows every request that was answered and none twice.
    let executions = &report["executions"];
    let lines = ["busy", "paced", "fresh", "unclosed", "pipelined", "upload", "https"];
    let entered = |kind: &&str| answered(&report, kind, "GET") + answered(&report, kind, "POST");
    assert_eq!(executions["finished"], lines.iter().map(entered).sum::<u64>(), "{executions:#}");
    assert_eq!(executions["twice"], 0);
    // What listens is what listened before, each port by the same sockets.
    assert_eq!(report["listeners"]["changes"], Value::Array(Vec::new()));
    assert_eq!(report["listeners"]["before"].as_array().map(Vec::len), Some(7), "one for each port but udp");
}

#[test]
fn without_a_mix_there_is_some_of_all_that_the_testee_has() {
    let _turn = turn();
    let (_, report) = mixed(&["--release-plan", "up,exit", "--no-executions"]);
    // What does not tell who answered is not put down to a release that never came up.
    assert_eq!(report["verdict"]["failures"], Value::Array(Vec::new()));
    assert_eq!(report["reloads"][1]["answers"], 0, "{:#}", report["reloads"]);
    let rows = report["requests"]["fates"].as_array().expect("a list");
    let kinds: Vec<&str> = rows.iter().filter_map(|row| row["population"].as_str()).collect();
    let all = ["busy", "paced", "fresh", "pipelined", "slow", "upload", "download", "events", "https"];
    for kind in all.iter().chain(&["web-socket", "web-socket-idle", "text", "frame"]) {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    assert!(!kinds.contains(&"unclosed"), "{kinds:?}");
    assert_eq!(report["executions"], Value::Null, "nobody asked for the ledger");
}

/// One address has some 28,000 ports, and a closed connection keeps its own for a minute.
#[test]
fn connections_that_would_run_out_of_ports_come_from_several_addresses() {
    let _turn = turn();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let from = Arc::clone(&seen);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let peer = stream.peer_addr().expect("it is connected").ip().to_string();
            from.lock().expect("no panic").insert(peer);
            thread::spawn(move || {
                let _ =
                    (head(&mut stream), stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
            });
        }
    });
    let reload = ["--url", &url, "--reload", "true", "--reload-timeout", "200ms", "--reloads", "1"];
    let with = |mix: &str| {
        seen.lock().expect("no panic").clear();
        let output = command(QUICK).args(reload).args(["--mix", mix, "--json", "-"]).output();
        assert_books_close(&report(&output.expect("the program runs")));
        seen.lock().expect("no panic").iter().cloned().collect::<Vec<String>>()
    };
    assert_eq!(with("fresh=@100"), ["127.0.0.1"]);
    assert_eq!(with("fresh=@700"), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
}

#[test]
fn lines_and_frames_are_held_against_what_was_sent() {
    let _turn = turn();
    let (_, report) = mixed(&["--mix", "text=4@100,frame=4@100", "--reloads", "1"]);
    // Text and frames have no goodbye: a message may cross the close of its connection, and nothing worse.
    let grade = report["verdict"]["grade"].as_str();
    assert!(matches!(grade, Some("lossless" | "conformant")), "{:#}", report["verdict"]);
    assert_books_close(&report);
    for population in ["text", "frame"] {
        assert!(20 < answered(&report, population, "message"), "{:#}", report["requests"]);
    }
    assert!(report["generations"][1]["answers"].as_u64().is_some_and(|answers| 0 < answers));
}

#[test]
fn a_mix_that_can_not_be_is_a_usage_error() {
    assert_usage(&["--mix", "spdy=3"], "no kind of client");
    let liar = "fixtures/liars/testee.toml";
    assert_usage(&["--testee", liar, "--mix", "https=3"], "the testee has no port `https`");
    assert_usage(&["--mix", "unclosed=3"], "rate alone");
    assert_usage(&["--mix", "paced=3"], "needs a rate");
    let nginx = "fixtures/testees/nginx/testee.toml";
    assert_usage(&["--testee", nginx, "--mix", "slow=3"], "needs a testee of the full tier");
    assert_usage(&["--mix", "http=3", "--rate", "3"], "cannot be used with");
}

/// Serves streams in threads, by `speak`, until the test is over.
fn serving(
    speak: impl Fn(Box<dyn ReadWrite>) + Send + Sync + 'static,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let speak = Arc::new(speak);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (speak, tls) = (Arc::clone(&speak), tls.clone());
            thread::spawn(move || match tls {
                None => speak(Box::new(stream)),
                Some(config) => {
                    let secured = rustls::ServerConnection::new(config).expect("the configuration is right");
                    speak(Box::new(rustls::StreamOwned::new(secured, stream)));
                }
            });
        }
    });
    address
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// Reads one head; empty at the end.
fn head(stream: &mut dyn ReadWrite) -> Vec<u8> {
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut octet) {
            Ok(1) => head.push(octet[0]),
            _ => return Vec::new(),
        }
    }
    head
}

/// Answers `/events` with a stream of so many events, and everything else with `ok`.
fn events(most: usize) -> impl Fn(Box<dyn ReadWrite>) + Send + Sync {
    move |mut stream| loop {
        let head = head(&mut *stream);
        if head.is_empty() {
            return;
        }
        if !head.starts_with(b"GET /events ") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            continue;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..most {
            if stream.write_all(b"9\r\ndata: 1\n\n\r\n").is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        return;
    }
}

#[test]
fn event_streams_last_as_long_as_the_run_or_are_found_cut() {
    let _turn = turn();
    for (most, cut) in [(100_000, false), (20, true)] {
        let url = format!("http://{}/", serving(events(most), None));
        let arguments = ["--url", &url, "--reload", "true", "--reload-timeout", "300ms", "--reloads", "1"];
        let output = command(QUICK)
            .args(arguments)
            .args(["--mix", "http=1,sse=3", "--json", "-"])
            .output()
            .expect("the program runs");
        let report = report(&output);
        assert_books_close(&report);
        let truncated = report["requests"]["fates"].to_string().contains("truncated");
        assert_eq!(truncated, cut, "{:#}", report["requests"]);
        if !cut {
            assert_eq!(answered(&report, "events", "GET"), 3, "{:#}", report["requests"]);
        }
    }
}

#[test]
fn https_is_spoken_to_whom_it_may_trust() {
    let _turn = turn();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the versions are right")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("the certificate is right");
    let address = serving(events(0), Some(Arc::new(config)));
    let url = format!("https://localhost:{}/", address.port());
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, made.cert.pem()).expect("it can be written");
    let authority = authority.to_str().expect("plain letters");
    let common = ["--url", &url, "--reload", "true", "--reload-timeout", "300ms", "--reloads", "1"];
    let run = |more: &[&str]| {
        command(QUICK).args(common).args(["--mix", "http=2,fresh=@50"]).args(more).output().expect("it runs")
    };
    for trusting in [&["--cacert", authority][..], &["--insecure"]] {
        let report = report(&run(&[trusting, &["--json", "-"]].concat()));
        assert_books_close(&report);
        assert!(10 < answered(&report, "busy", "GET"), "{:#}", report["requests"]);
        assert_eq!(report["losses"], Value::Array(Vec::new()));
    }
    let refused = run(&[]);
    assert_eq!(refused.status.code(), Some(3));
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains("does not answer") && errors.contains("certificate"), "{errors}");
}
