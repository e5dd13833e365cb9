//! The command line: start in the background, stop that escalates, exit codes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::{Running, alive, said, signal, spawn, until};
use crate::tests;

tests![
    a_start_in_the_background_returns_when_the_server_serves,
    a_start_in_the_background_that_fails_says_why,
    a_daemon_has_no_terminal_and_writable_files_for_itself_alone,
    restart_takes_both_options_in_any_order,
    commands_say_what_happened_by_exit_code,
    a_graceful_stop_waits_for_what_is_under_way,
    a_server_that_does_not_stop_is_killed_and_that_is_said,
    a_stale_pid_file_is_no_obstacle,
    help_and_version_are_shown,
];

fn a_start_in_the_background_returns_when_the_server_serves() {
    // CLI-3, MASTER-4, SF-16.
    let mut server = Running::prepare("count=2 slow_start=300");
    let asked = Instant::now();
    let started = server.run("start -d");
    assert_eq!(started.status.code(), Some(0), "{}", said(&started));
    assert!(Duration::from_millis(300) <= asked.elapsed());
    server.find_port();
    assert_eq!(server.get("/ok"), "ok");
    assert_eq!(server.status()["mode"], "daemon");
    let again = server.run("start -d");
    assert_eq!(again.status.code(), Some(4), "{}", said(&again));
    assert!(said(&again).contains("already running"), "{}", said(&again));
    // A reload and an upgrade are a daemon's too.
    assert_eq!(server.run("reload").status.code(), Some(0));
    let upgraded = server.run("upgrade");
    assert_eq!(upgraded.status.code(), Some(0), "{}", said(&upgraded));
    assert_eq!((server.status()["mode"].as_str(), server.get("/ok").as_str()), (Some("daemon"), "ok"));
    let stopped = server.run("stop -q");
    assert_eq!((stopped.status.code(), said(&stopped).as_str()), (Some(0), ""));
}

fn a_start_in_the_background_that_fails_says_why() {
    // SF-16.
    let server = Running::prepare("die=start");
    let failed = server.run("start -d");
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("exited with status 5 before it was ready"), "{}", said(&failed));
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let taken = Running::prepare(&format!("address={address}"));
    let failed = taken.run("start -d");
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains(&format!("cannot listen on {address}")), "{}", said(&failed));
    assert!(!taken.path("server.pid").exists());
}

fn a_daemon_has_no_terminal_and_writable_files_for_itself_alone() {
    // SF-20, SF-21, MASTER-4.
    let mut server = Running::prepare("log=1 stdout=1");
    let mut start = server.command("start -d");
    // Whatever the umask of whoever starts it.
    under_umask_0(&mut start);
    let started = spawn(start.stdout(Stdio::null()).stderr(Stdio::piped())).wait_with_output().unwrap();
    assert_eq!(started.status.code(), Some(0), "{}", said(&started));
    server.find_port();
    let pid = server.status()["pid"].as_i64().unwrap() as i32;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // The session is not led by it, so it can't acquire a terminal; and it has none.
    assert_ne!(fields[3], pid.to_string(), "{stat}");
    assert_eq!(fields[4], "0", "{stat}");
    for name in ["server.pid", "server.log", "stdout"] {
        assert_eq!(fs::metadata(server.path(name)).unwrap().mode() & 0o777, 0o644, "{name}");
    }
    let (worker, stdout) = (server.workers()[0], server.path("stdout"));
    for process in [pid, worker] {
        let target = |number: u32| fs::read_link(format!("/proc/{process}/fd/{number}")).unwrap();
        assert_eq!(target(0).to_str(), Some("/dev/null"));
        assert_eq!((target(1), target(2)), (stdout.clone(), stdout.clone()));
    }
    assert_eq!(server.get("/print/hello"), "printed");
    until("it is printed", || fs::read_to_string(&stdout).unwrap().contains("hello"));
    // RELOAD-2: opened anew by a reload.
    fs::rename(&stdout, server.path("stdout.old")).unwrap();
    assert_eq!(server.run("reload").status.code(), Some(0));
    assert_eq!(server.get("/print/again"), "printed");
    until("it is printed", || fs::read_to_string(&stdout).unwrap().contains("again"));
}

fn under_umask_0(command: &mut std::process::Command) {
    // By way of a shell: no code runs between fork and exec.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    *command = shell;
}

fn restart_takes_both_options_in_any_order() {
    // SF-18, CLI-15.
    let mut server = Running::prepare("count=1");
    let mut before = 0;
    for options in ["restart -d", "restart -g -d", "restart -dg"] {
        let done = server.run(options);
        assert_eq!(done.status.code(), Some(0), "{options}: {}", said(&done));
        let pid = server.status()["pid"].as_i64().unwrap() as i32;
        assert_ne!(pid, before);
        assert!(before == 0 || !alive(before));
        before = pid;
        server.find_port();
        assert_eq!(server.get("/ok"), "ok");
    }
}

fn commands_say_what_happened_by_exit_code() {
    // CLI-2, CLI-5, CLI-20.
    let server = Running::prepare("");
    for verb in ["stop", "reload", "upgrade", "status", "connections"] {
        let output = server.run(verb);
        assert_eq!(output.status.code(), Some(3), "{verb}: {}", said(&output));
        assert!(said(&output).contains("not running"), "{verb}: {}", said(&output));
    }
    for wrong in ["", "sing", "start -x", "stop --watch", "start stop"] {
        let output = server.run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(said(&output).contains("Usage:"), "{wrong:?}");
    }
}

fn a_graceful_stop_waits_for_what_is_under_way() {
    // STOP-7, SF-3, SIGNAL-3, CLI-10.
    let mut server = Running::start("");
    let address = server.http.clone();
    let slow = std::thread::spawn(move || crate::client::get(&address, "/sleep/600"));
    until("it is being answered", || server.status()["summary"]["total_request"].as_u64() > Some(0));
    let stopped = server.run("stop -g");
    assert_eq!(stopped.status.code(), Some(0), "{}", said(&stopped));
    assert!(said(&stopped).contains("stopping gracefully"), "{}", said(&stopped));
    assert_eq!(slow.join().unwrap().unwrap(), "slept");
    assert_eq!(server.wait(), Some(0));
}

fn a_server_that_does_not_stop_is_killed_and_that_is_said() {
    // CLI-14, SF-17.
    let mut server = Running::start("stop=100");
    let (master, worker) = (server.pid(), server.workers()[0]);
    signal(master, Signal::SIGSTOP);
    let output = server.run("stop");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains(&format!("killing process {master}")), "{}", said(&output));
    assert_eq!(server.wait(), None);
    until("the worker leaves too", || !alive(worker));
}

fn a_stale_pid_file_is_no_obstacle() {
    // CLI-6. The id in it is that of a process that has nothing to do with it: us.
    let mut server = Running::prepare("");
    fs::write(server.path("server.pid"), format!("{}\n", std::process::id())).unwrap();
    let refused = server.run("stop");
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let started = server.run("start -d");
    assert_eq!(started.status.code(), Some(0), "{}", said(&started));
    server.find_port();
    assert_eq!(server.get("/ok"), "ok");
}

fn help_and_version_are_shown() {
    let server = Running::prepare("");
    let help = server.run("--help");
    assert_eq!(help.status.code(), Some(0));
    for text in ["Usage:", "upgrade", "Examples:", "Exit codes:"] {
        assert!(said(&help).contains(text), "{text}");
    }
    assert_eq!(said(&server.run("-V")), "server-under-test 7\n");
}
