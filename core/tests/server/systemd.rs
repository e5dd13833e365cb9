//! Under a service manager: its sockets, and what it is told.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use crate::client;
use crate::harness::{PATIENCE, Running, output, said};
use crate::tests;

tests![
    a_manager_is_told_what_the_server_does,
    a_reload_that_is_rolled_back_ends_with_ready,
    sockets_of_the_manager_are_served,
];

/// A manager's socket.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    fn of(server: &Running) -> Self {
        let socket = UnixDatagram::bind(server.path("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket }
    }

    /// The next message that says more than a status.
    fn next(&self) -> Vec<String> {
        loop {
            let mut text = [0; 4096];
            let length = self.socket.recv(&mut text).unwrap();
            let lines: Vec<String> =
                String::from_utf8_lossy(&text[..length]).lines().map(str::to_owned).collect();
            if !lines.iter().all(|line| line.starts_with("STATUS=")) {
                return lines;
            }
        }
    }
}

fn start(server: &mut Running) -> Manager {
    let manager = Manager::of(server);
    let mut start = server.command("start");
    start.env("NOTIFY_SOCKET", server.path("notify"));
    server.launch(start.stderr(Stdio::piped()));
    manager
}

fn a_manager_is_told_what_the_server_does() {
    let mut server = Running::prepare("");
    let manager = start(&mut server);
    let main = |pid: i32| format!("MAINPID={pid}");
    let ready = manager.next();
    assert!(ready.contains(&"READY=1".to_owned()) && ready.contains(&main(server.pid())), "{ready:?}");
    assert_eq!(server.run("reload").status.code(), Some(0));
    let reloading = manager.next();
    assert_eq!(reloading[0], "RELOADING=1");
    let moment = reloading.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
    assert!(0 < moment.parse::<u64>().unwrap());
    assert!(manager.next().contains(&"READY=1".to_owned()));
    // An upgrade: the old one names the new one, which is then ready.
    assert_eq!(server.run("upgrade").status.code(), Some(0));
    let new = server.status()["pid"].as_i64().unwrap() as i32;
    assert_ne!(new, server.pid());
    assert_eq!(manager.next(), [main(new)]);
    assert!(manager.next().contains(&"READY=1".to_owned()));
    assert_eq!(server.run("stop").status.code(), Some(0));
    assert_eq!(manager.next()[0], "STOPPING=1");
}

fn a_reload_that_is_rolled_back_ends_with_ready() {
    let mut server = Running::prepare("");
    let manager = start(&mut server);
    assert!(manager.next().contains(&"READY=1".to_owned()));
    server.change("die=start");
    assert_eq!(server.run("reload").status.code(), Some(1));
    assert_eq!(manager.next()[0], "RELOADING=1");
    let ready = manager.next();
    assert!(ready.contains(&"READY=1".to_owned()), "{ready:?}");
    assert!(
        ready.iter().any(|line| line.starts_with("STATUS=") && line.contains("rolled back")),
        "{ready:?}"
    );
}

fn sockets_of_the_manager_are_served() {
    // By name: the second socket is the first service's.
    for names in ["second:http", "http:second", ""] {
        let (first, second) = (listener(), listener());
        let mut server = Running::prepare("second=1");
        // A shell puts the sockets where a manager does, and its own process id into the variable.
        let script = format!(
            "exec 3<&{} 4<&{}; LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES={names} exec \"$0\" start",
            first.as_raw_fd(),
            second.as_raw_fd()
        );
        let program = server.command("start");
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).arg(server.program());
        for (name, value) in program.get_envs() {
            shell.env(name, value.unwrap());
        }
        server.launch(shell.stderr(Stdio::piped()));
        server.log.wait_for("running");
        let status = server.status();
        let expected = if names == "second:http" { [&second, &first] } else { [&first, &second] };
        for (service, socket) in expected.into_iter().enumerate() {
            let address = socket.local_addr().unwrap().to_string();
            assert_eq!(status["services"][service]["listening"], address, "{names:?}");
            assert_eq!(client::get(&address, "/ok").unwrap(), "ok");
        }
        let reloaded = output(&mut server.command("reload"));
        assert_eq!(reloaded.status.code(), Some(0), "{}", said(&reloaded));
        assert_eq!(server.run("upgrade").status.code(), Some(0));
        assert_eq!(client::get(&first.local_addr().unwrap().to_string(), "/ok").unwrap(), "ok");
    }
}

/// A listening socket that a child inherits.
fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let keep = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty());
    nix::fcntl::fcntl(&listener, keep).map_err(io::Error::from).unwrap();
    listener
}
