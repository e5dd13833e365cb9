//! Channel, global data and the file monitor, between processes (CHAN-*, GDATA-*, FMON-*, SF-70 to SF-72).

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use workerspec_core::channel::{Channel, ChannelServer};
use workerspec_core::global_data::{GlobalData, GlobalDataServer};
use workerspec_core::{FileMonitor, Server, Service};

use crate::harness::{Case, Peer, Running, folder, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_subscriber_that_does_not_read_holds_up_nobody", serve: chat, check: slow_subscriber },
    Case { name: "events_reach_all_workers_that_subscribe", serve: chat, check: events },
    Case { name: "queues_share_messages_among_consumers", serve: workers, check: queues },
    Case { name: "a_channel_comes_back_and_asks_again", serve: chat, check: comes_back },
    Case { name: "nonsense_costs_a_channel_server_nothing", serve: chat, check: nonsense },
    Case { name: "the_channel_speaks_the_documented_frames", serve: chat, check: wire },
    Case { name: "variables_are_shared_between_workers", serve: shared, check: variables },
    Case { name: "hostile_requests_cost_no_variable", serve: shared, check: hostile },
    Case {
        name: "questions_without_an_answer_fail_and_the_next_ones_do_not",
        serve: shared,
        check: answers_fail,
    },
    Case { name: "a_change_of_a_file_reloads", serve: monitored, check: reloads },
];

/// Where the companions of a case listen: a Unix socket in its folder, known before it starts.
fn address(name: &str) -> String {
    format!("unix:{}", folder().join(name).display())
}

/// CHAN-1, CHAN-4, CHAN-8: a chat of two workers that tell each other what was said.
fn chat(server: Server) -> Server {
    let chat = Service::text("127.0.0.1:0").count(2);
    let everybody = chat.connections();
    let slot: std::rc::Rc<std::cell::OnceCell<Channel>> = std::rc::Rc::default();
    let speaking = std::rc::Rc::clone(&slot);
    let chat = chat
        .on_worker_start(move |worker| {
            let (everybody, number) = (everybody.clone(), worker.slot());
            let channel = Channel::connect(&address("channel"))?;
            channel.on("said", move |text| {
                everybody.broadcast(text.as_str().unwrap_or("?").to_owned());
            });
            channel.on_other(|channel, _| note(format!("other {channel}")));
            channel.on("panic", |_| panic!("on demand"));
            channel.on("ready?", move |_| note(format!("ready {number}")));
            slot.set(channel).map_err(|_| workerspec_core::Error::Misuse {
                service: "chat".into(),
                what: "started twice".into(),
            })
        })
        .on_message(move |_, line| {
            let channel = speaking.get().expect("set before the worker serves");
            let line = String::from_utf8_lossy(line);
            let (to, text) = line.split_once(' ').unwrap_or((&line, ""));
            channel.publish(to, &text).expect("text has a JSON form");
        });
    server.service(ChannelServer::new(address("channel"))).service(chat)
}

/// Says it until both workers are subscribed.
fn until_ready(running: &Running, peer: &mut Peer) {
    while !["ready 0", "ready 1"].iter().all(|ready| running.notes().iter().any(|note| note == ready)) {
        peer.say("ready?\n");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Connections until each worker has one.
fn one_each(running: &Running) -> Vec<Peer> {
    (0..8).map(|_| running.connect("text")).collect()
}

fn events(running: &Running) {
    let mut peers = one_each(running);
    until_ready(running, &mut peers[0]);
    // A callback that panics costs nothing.
    peers[0].say("panic\nsaid hello\n");
    for peer in &mut peers {
        assert_eq!(peer.line(), "hello");
    }
}

fn comes_back(running: &Running) {
    let mut peers = one_each(running);
    until_ready(running, &mut peers[0]);
    // The server's process dies; its successor knows nothing, the workers subscribe anew.
    let server = channel_server(running);
    nix::sys::signal::kill(server, nix::sys::signal::Signal::SIGKILL).expect("it runs");
    while channel_servers(running).contains(&server) || channel_servers(running).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let before = running.notes().len();
    while !["ready 0", "ready 1"]
        .iter()
        .all(|ready| running.notes()[before..].iter().any(|note| note == ready))
    {
        peers[0].say("ready?\n");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    peers[0].say("said again\n");
    for peer in &mut peers {
        assert_eq!(peer.line(), "again");
    }
}

/// Workers that hold the channel's listener.
fn channel_servers(running: &Running) -> Vec<nix::unistd::Pid> {
    let path = running.folder().join("channel");
    let inode = fs::read_to_string("/proc/net/unix").expect("Linux tells").lines().find_map(|line| {
        line.ends_with(&*path.to_string_lossy())
            .then(|| line.split_whitespace().nth(6).map(str::to_owned))
            .flatten()
    });
    let Some(inode) = inode else { return Vec::new() };
    let holds = |pid: &u32| {
        fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten().any(|entry| {
            fs::read_link(entry.path())
                .is_ok_and(|link| link.to_string_lossy() == format!("socket:[{inode}]"))
        })
    };
    let workers = running.workers().into_iter().filter(holds);
    workers.map(|pid| nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process id"))).collect()
}

fn channel_server(running: &Running) -> nix::unistd::Pid {
    channel_servers(running)[0]
}

fn unix(running: &Running, name: &str) -> std::os::unix::net::UnixStream {
    let stream = std::os::unix::net::UnixStream::connect(running.folder().join(name)).expect("it listens");
    stream.set_read_timeout(Some(crate::harness::PATIENCE)).expect("a positive timeout");
    stream
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 4).expect("a short payload");
    [&length.to_be_bytes(), payload].concat()
}

fn read_frame(stream: &mut impl std::io::Read) -> serde_json::Value {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a frame");
    let mut payload = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut payload).expect("all of it");
    serde_json::from_slice(&payload).expect("JSON")
}

fn nonsense(running: &Running) {
    // CHAN-3, SF-70: ignored; the connection stays.
    let mut stream = unix(running, "channel");
    for payload in [
        &b""[..],
        b"garbage",
        b"{}",
        b"[]",
        br#"{"type":"dance"}"#,
        br#"{"type":"publish","channels":7}"#,
        br#"{"type":"subscribe"}"#,
        b"\xff\xfe",
        br#"{"type":"done","id":1}"#,
    ] {
        stream.write_all(&frame(payload)).expect("it reads");
    }
    stream.write_all(&frame(br#"{"type":"subscribe","channels":["mine"]}"#)).expect("it reads");
    stream.write_all(&frame(br#"{"type":"publish","channels":["mine"],"data":[1]}"#)).expect("it reads");
    assert_eq!(read_frame(&mut stream)["data"], serde_json::json!([1]));
    // CHAN-11: what is larger than a frame may be costs its sender the connection, and nobody else.
    let mut big = unix(running, "channel");
    big.write_all(&(11u32 * 1024 * 1024).to_be_bytes()).expect("it reads");
    let mut rest = Vec::new();
    assert_eq!(std::io::Read::read_to_end(&mut big, &mut rest).expect("an orderly end"), 0);
    stream.write_all(&frame(br#"{"type":"publish","channels":["mine"],"data":[2]}"#)).expect("it reads");
    assert_eq!(read_frame(&mut stream)["data"], serde_json::json!([2]));
}

fn slow_subscriber(running: &Running) {
    // CHAN-10: its events are dropped, the others get all.
    let subscribe = frame(br#"{"type":"subscribe","channels":["big"]}"#);
    let (mut slow, mut quick) = (unix(running, "channel"), unix(running, "channel"));
    slow.write_all(&subscribe).expect("it reads");
    quick.write_all(&subscribe).expect("it reads");
    let event = format!(r#"{{"type":"publish","channels":["big"],"data":"{}"}}"#, "x".repeat(100_000));
    for _ in 0..60 {
        quick.write_all(&frame(event.as_bytes())).expect("it reads");
        assert_eq!(read_frame(&mut quick)["data"].as_str().map(str::len), Some(100_000));
    }
}

/// CHAN-2, CHAN-6, CHAN-7 as another program would speak them.
fn wire(running: &Running) {
    let say = |stream: &mut std::os::unix::net::UnixStream, text: &str| {
        stream.write_all(&frame(text.as_bytes())).expect("it reads");
    };
    let mut first = unix(running, "channel");
    say(&mut first, r#"{"type":"enqueue","channels":["q"],"data":{"n":1}}"#);
    say(&mut first, r#"{"type":"watch","channels":["q"]}"#);
    say(&mut first, r#"{"type":"reserve","channels":["q"]}"#);
    let got = read_frame(&mut first);
    assert_eq!((&got["type"], &got["channel"], &got["data"]["n"]), (&"queue".into(), &"q".into(), &1.into()));
    // It goes away without being done: the message goes to the next.
    let mut second = unix(running, "channel");
    say(&mut second, r#"{"type":"watch","channels":["q"]}"#);
    say(&mut second, r#"{"type":"reserve","channels":null}"#);
    drop(first);
    let got = read_frame(&mut second);
    assert_eq!(got["data"]["n"], 1);
    say(&mut second, &format!(r#"{{"type":"done","id":{}}}"#, got["id"]));
}

/// CHAN-6, CHAN-8: three consumers of one queue.
fn workers(server: Server) -> Server {
    let consumers = Service::text("127.0.0.1:0").name("consumer").count(3).on_worker_start(|worker| {
        let number = worker.slot();
        let channel = Channel::connect(&address("channel"))?;
        channel.watch("jobs", move |job| note(format!("job {job} by {number}")));
        let again = channel.clone();
        channel.watch_by_hand("by hand", move |job| {
            note(format!("by hand {job}"));
            again.unwatch("by hand");
        });
        channel.reserve("by hand");
        Ok::<(), workerspec_core::Error>(())
    });
    let producer = Service::text("127.0.0.1:0").name("producer").on_worker_start(|_| {
        let channel = Channel::connect(&address("channel"))?;
        for job in 0..30 {
            channel.enqueue("jobs", &job).expect("a number has a JSON form");
        }
        channel.enqueue("by hand", &7).expect("a number has a JSON form");
        Ok::<(), workerspec_core::Error>(())
    });
    server.service(ChannelServer::new(address("channel"))).service(consumers).service(producer)
}

fn queues(running: &Running) {
    running.noted("by hand 7");
    for job in 0..30 {
        running.note(&format!("job {job} by "));
    }
    // Once each.
    let jobs = running.notes().iter().filter(|note| note.starts_with("job ")).count();
    assert_eq!(jobs, 30);
}

/// GDATA-1, GDATA-2, GDATA-12: two servers, two workers, one counter.
fn shared(server: Server) -> Server {
    let slot: std::rc::Rc<std::cell::OnceCell<GlobalData>> = std::rc::Rc::default();
    let asking = std::rc::Rc::clone(&slot);
    let front = Service::text("127.0.0.1:0")
        .count(2)
        .on_worker_start(move |_| {
            let data = GlobalData::connect(&[&address("data-a"), &address("data-b")])?;
            data.add("count", 0, |_| ());
            slot.set(data).map_err(|_| workerspec_core::Error::Misuse {
                service: "front".into(),
                what: "started twice".into(),
            })
        })
        .on_message(move |conn, line| {
            let data = asking.get().expect("set before the worker serves");
            let line = String::from_utf8_lossy(line).into_owned();
            let words: Vec<&str> = line.split(' ').collect();
            let conn = conn.clone();
            match words[..] {
                ["increment", key] => data.increment(key, 1, move |sum| {
                    conn.send(format!("{sum:?}"));
                }),
                ["get", key] => data.get(key, move |value| {
                    conn.send(format!("{value:?}"));
                }),
                ["set", key, value] => data.set(key, value, move |done| {
                    conn.send(format!("{done:?}"));
                }),
                ["expire", key] => {
                    let soon = std::time::Duration::from_millis(50);
                    data.expire(key, Some(soon), move |done| {
                        conn.send(format!("{done:?}"));
                    });
                }
                ["cas", key, expect, value] => {
                    data.cas(key, expect, value, move |done| {
                        conn.send(format!("{done:?}"));
                    });
                }
                _ => data.delete(words[0], move |done| {
                    conn.send(format!("{done:?}"));
                }),
            }
        });
    let at = |name| GlobalDataServer::new(address(name)).with(move |service| service.name(name));
    server.service(at("data-a")).service(at("data-b")).service(front)
}

fn ask(peer: &mut Peer, question: &str) -> String {
    peer.say(format!("{question}\n"));
    peer.line()
}

fn variables(running: &Running) {
    let mut peers = one_each(running);
    for (n, peer) in peers.iter_mut().enumerate() {
        assert_eq!(ask(peer, "increment count"), format!("Ok(Number({}))", n + 1));
    }
    // Keys that belong to either server.
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(ask(&mut peers[0], &format!("set {key} 1")), "Ok(())");
        assert_eq!(ask(&mut peers[1], &format!("get {key}")), "Ok(String(\"1\"))");
        assert_eq!(ask(&mut peers[2], &format!("cas {key} 2 3")), "Ok(false)");
        assert_eq!(ask(&mut peers[3], &format!("cas {key} 1 3")), "Ok(true)");
        assert_eq!(ask(&mut peers[4], &format!("get {key}")), "Ok(String(\"3\"))");
        assert_eq!(ask(&mut peers[4], key), "Ok(())");
        assert_eq!(ask(&mut peers[5], &format!("get {key}")), "Ok(Null)");
    }
    assert_eq!(ask(&mut peers[0], "set soon gone"), "Ok(())");
    assert_eq!(ask(&mut peers[0], "expire soon"), "Ok(true)");
    while ask(&mut peers[1], "get soon") != "Ok(Null)" {}
}

fn hostile(running: &Running) {
    // GDATA-9, GDATA-10, GDATA-13, SF-71
    let mut peer = running.connect("text");
    assert_eq!(ask(&mut peer, "set precious 1"), "Ok(())");
    for payload in [
        &br#"{"cmd":"get","key":[1]}"#[..],
        br#"{"cmd":"increment","key":"precious","step":"x"}"#,
        br#"{"cmd":"dance","key":"precious"}"#,
        br#"{"cmd":"get"}"#,
        b"garbage",
        b"",
    ] {
        for name in ["data-a", "data-b"] {
            let mut stream = unix(running, name);
            stream.write_all(&frame(b"ping")).expect("it reads");
            stream.write_all(&frame(payload)).expect("it reads");
            let answer = read_frame(&mut stream);
            assert!(answer["error"].as_str().is_some_and(|why| why.starts_with("bad request")), "{answer}");
            assert_eq!(std::io::Read::read(&mut stream, &mut [0]).expect("an orderly end"), 0);
        }
    }
    assert_eq!(ask(&mut peer, "get precious"), "Ok(String(\"1\"))");
}

fn answers_fail(running: &Running) {
    // GDATA-12: the server stops in the middle; the question fails, a later one waits for the new connection.
    let mut peer = running.connect("text");
    assert_eq!(ask(&mut peer, "set a 1"), "Ok(())");
    let before = running.workers();
    let servers: Vec<_> = before
        .iter()
        .map(|pid| nix::unistd::Pid::from_raw(i32::try_from(*pid).expect("a process id")))
        .filter(|pid| {
            let command = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
            command.contains("WORKERSPEC_CORE_WORKER")
        })
        .collect();
    assert!(!servers.is_empty());
    // Which worker serves what is told by the sockets it holds; the first two are the data servers.
    for pid in &servers[..2] {
        nix::sys::signal::kill(*pid, nix::sys::signal::Signal::SIGSTOP).expect("it runs");
    }
    peer.say("get a\n");
    for pid in &servers[..2] {
        nix::sys::signal::kill(*pid, nix::sys::signal::Signal::SIGKILL).expect("it runs");
    }
    assert_eq!(peer.line(), "Err(NoAnswer)");
    // Its values went with it (GDATA-1); the way to them is open again.
    assert_eq!(ask(&mut peer, "get a"), "Ok(Null)");
}

/// FMON-1 to FMON-4, SF-72.
fn monitored(server: Server) -> Server {
    let app = Service::text("127.0.0.1:0").on_message(|conn, _| {
        let text = fs::read_to_string(folder().join("watched/page.html")).unwrap_or_else(|_| "none".into());
        conn.send(format!("{} {}", std::process::id(), text));
    });
    fs::create_dir_all(folder().join("watched/deep")).expect("the folder is the case's own");
    let monitor = FileMonitor::new([folder().join("watched")])
        .extensions(["html"])
        .quiet(std::time::Duration::from_millis(50));
    server.service(app).service(monitor)
}

fn pid(running: &Running) -> String {
    let stream = TcpStream::connect(running.address("text")).expect("it listens");
    let mut peer = Peer::new(stream);
    peer.say("who\n");
    peer.line().split(' ').next().expect("a number").to_owned()
}

fn reloads(running: &Running) {
    let watched = running.folder().join("watched");
    let mut before = pid(running);
    let mut changed = |what: &dyn Fn()| {
        what();
        let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
        while pid(running) == before {
            assert!(std::time::Instant::now() < deadline, "no reload");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        before = pid(running);
    };
    let page = watched.join("page.html");
    changed(&|| fs::write(&page, "one").expect("the folder is ours"));
    // Deep in the folder, an older date, a removal.
    changed(&|| fs::write(watched.join("deep/new.html"), "x").expect("the folder is ours"));
    changed(&|| {
        let file = fs::File::options().write(true).open(&page).expect("it is there");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("it is ours");
    });
    changed(&|| fs::remove_file(&page).expect("it is there"));
    // Another ending: nothing happens, until one that counts.
    fs::write(watched.join("notes.txt"), "x").expect("the folder is ours");
    changed(&|| fs::write(&page, "two").expect("the folder is ours"));
}
