//! Unix sockets (SF-25, MASTER-10, STOP-4).

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use nix::sys::signal::Signal;
use workerspec_core::{Client, Server, Service};

use crate::harness::{Case, PATIENCE, Running, folder};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_unix_socket_belongs_to_the_services_user", serve: owned, check: belongs },
    Case { name: "a_unix_socket_keeps_its_name_through_a_reload", serve: echo, check: survives_reload },
    Case { name: "a_unix_socket_serves_replaces_a_stale_file_and_goes", serve: echo, check: serves },
    Case { name: "a_client_reaches_a_unix_socket", serve: relay, check: relays },
];

fn echo(server: Server) -> Server {
    let path = folder().join("socket");
    if std::env::var_os("WORKERSPEC_CORE_WORKER").is_none() && !path.exists() {
        // What a crash leaves: a socket that nobody listens on.
        drop(UnixListener::bind(&path).expect("the folder is the case's own"));
    }
    let service =
        Service::text(format!("unix:{}", path.display())).socket_mode(0o600).on_message(|conn, line| {
            conn.send(
                [line, format!(" {} {}", conn.peer_address(), conn.local_address().is_some()).as_bytes()]
                    .concat(),
            );
        });
    server.service(service)
}

fn serves(running: &Running) {
    // SF-25, MASTER-10, STOP-4
    let path = running.folder().join("socket");
    assert_eq!(running.address("text"), format!("unix:{}", path.display()));
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    stream.write_all(b"hi\n").expect("it reads");
    let mut answer = [0; 14];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"hi unix: true\n");
    // A second server does not take it away.
    let taken = UnixListener::bind(&path).expect_err("it is in use");
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    let pid = fs::read_to_string(running.folder().join("pid")).expect("the pid file");
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().expect("a number"));
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it runs");
    let deadline = std::time::Instant::now() + PATIENCE;
    while path.exists() {
        assert!(std::time::Instant::now() < deadline, "the socket's file stays");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn survives_reload(running: &Running) {
    // RL-8: never unlinked, never refused; each request of a connection of its own is answered, while workers go.
    let path = running.folder().join("socket");
    let inode = |path: &std::path::Path| {
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("it is there"))
    };
    let before = inode(&path);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let answered = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut answered = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let mut stream = UnixStream::connect(&path).expect("never refused");
                stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
                stream.write_all(b"hi\n").expect("it reads");
                let mut answer = [0; 14];
                stream.read_exact(&mut answer).expect("it answers");
                answered += 1;
            }
            answered
        });
        (0..3).for_each(|_| running.reload());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        asking.join().expect("all were answered")
    });
    assert!(0 < answered);
    assert_eq!(inode(&path), before);
}

/// MASTER-10. Only root can give files away; else the service has no user.
fn owned(server: Server) -> Server {
    let service =
        Service::text(format!("unix:{}", folder().join("socket").display())).on_message(|conn, _| {
            conn.send(nix::unistd::geteuid().to_string());
        });
    server.service(if nix::unistd::Uid::effective().is_root() { service.user("nobody") } else { service })
}

fn belongs(running: &Running) {
    let path = running.folder().join("socket");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).expect("it is there"));
    let mut stream = UnixStream::connect(&path).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
    stream.write_all(b"who\n").expect("it reads");
    let mut answer = vec![0; owner.to_string().len()];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(String::from_utf8_lossy(&answer), owner.to_string());
    assert_ne!(owner, 0);
}

fn relay(server: Server) -> Server {
    let path = folder().join("socket");
    let address = format!("unix:{}", path.display());
    let front = Service::text("127.0.0.1:0").name("front").on_message(move |conn, line| {
        let down = conn.clone();
        let link = Client::text(address.clone())
            .on_message(move |conn, line| {
                down.send([line, b" by ", conn.peer_address().to_string().as_bytes()].concat());
            })
            .connect()
            .expect("no TLS");
        link.send(line);
    });
    echo(server).service(front)
}

fn relays(running: &Running) {
    let mut peer = running.connect("front");
    peer.say("hi\n");
    assert_eq!(peer.line(), format!("hi unix: true by unix:{}", running.folder().join("socket").display()));
}
