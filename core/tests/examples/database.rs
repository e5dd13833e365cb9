//! Servers of other projects, run for a test: in a temporary folder, on a free port or a Unix socket, ended by their
//! process id.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::program::{PATIENCE, ended, signal, until};

/// Where a program is installed; Debian has servers in `/usr/sbin`, which users may not search.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders =
        env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn installed(program: &str) -> Command {
    Command::new(find(program).unwrap_or_else(|| panic!("{program} is not installed")))
}

/// A server that runs; dropped, it is stopped.
pub(crate) struct Database {
    folder: TempDir,
    child: Option<Child>,
    port: u16,
}

impl Database {
    /// A Redis that listens on a free port and keeps nothing.
    pub(crate) fn redis() -> Self {
        let mut redis =
            Self { folder: tempfile::tempdir().expect("a temporary folder"), child: None, port: 0 };
        // Another program may take the port first; then Redis ends and another one is tried.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            redis.port = free.local_addr().expect("it has one").port();
            drop(free);
            if redis.start_redis() {
                return redis;
            }
        }
        panic!("Redis does not start");
    }

    /// Starts it at its port; false if it ended.
    fn start_redis(&mut self) -> bool {
        let folder = self.folder.path();
        let mut child = installed("redis-server")
            .args([
                "--port",
                &self.port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .args(["--daemonize", "no", "--dir"])
            .arg(folder)
            .arg("--unixsocket")
            .arg(folder.join("redis.sock"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is installed");
        let mut lives = true;
        until("Redis answers", || {
            lives = child.try_wait().expect("it is ours").is_none();
            // The socket of its own folder: at the port somebody else might answer.
            !lives || UnixStream::connect(folder.join("redis.sock")).is_ok()
        });
        self.child = Some(child);
        lives
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it and starts it again at the same port.
    pub(crate) fn restart_redis(&mut self, while_it_is_away: impl FnOnce()) {
        self.end();
        while_it_is_away();
        let _ = fs::remove_file(self.folder.path().join("redis.sock"));
        assert!(self.start_redis(), "Redis does not start again");
    }

    /// A MariaDB that listens at a Unix socket alone, without passwords, with an empty database `test`.
    pub(crate) fn mariadb() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let made = installed("mariadb-install-db")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal", "--skip-name-resolve"])
            .args(user())
            .stdin(Stdio::null())
            .output()
            .expect("it is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let log = fs::File::create(folder.path().join("log")).expect("the folder is ours");
        let child = installed("mariadbd")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", folder.path().join("sock").display()))
            .arg(format!("--pid-file={}", folder.path().join("pid").display()))
            .args(["--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=8M"])
            .args(user())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it is installed");
        let mariadb = Self { folder, child: Some(child), port: 0 };
        until("MariaDB listens", || UnixStream::connect(mariadb.socket()).is_ok());
        mariadb
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        signal(&child, Signal::SIGTERM);
        if ended(&mut child, PATIENCE).is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() && self.folder().join("log").exists() {
            eprintln!("--- MariaDB\n{}", fs::read_to_string(self.folder().join("log")).unwrap_or_default());
        }
        self.end();
    }
}

/// MariaDB does not run as root unless it is told to.
fn user() -> Vec<&'static str> {
    if nix::unistd::geteuid().is_root() { vec!["--user=root"] } else { Vec::new() }
}
