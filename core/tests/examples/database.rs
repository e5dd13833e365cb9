//! Servers of other projects, run for a test: in a temporary folder, on a free port or a Unix socket, ended by their
//! process id.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
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
        redis.start_redis();
        // Another program may take the port first; then another one is tried.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            redis.port = free.local_addr().expect("it has one").port();
            drop(free);
            if redis.open() {
                return redis;
            }
        }
        panic!("Redis does not listen");
    }

    /// Starts it at its Unix socket, that of its own folder: at the port, somebody else might answer.
    pub(crate) fn start_redis(&mut self) {
        let folder = self.folder.path();
        let child = installed("redis-server")
            .args([
                "--port",
                "0",
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
            ])
            .arg("--dir")
            .arg(folder)
            .arg("--unixsocket")
            .arg(folder.join("sock"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is installed");
        self.child = Some(child);
        until("Redis answers", || UnixStream::connect(self.socket()).is_ok());
    }

    /// Has it listen at its port too; whether it could.
    pub(crate) fn open(&self) -> bool {
        let port =
            redis::cmd("CONFIG").arg("SET").arg("port").arg(self.port).query::<()>(&mut self.operator());
        port.is_ok()
    }

    /// A connection to Redis by its Unix socket.
    pub(crate) fn operator(&self) -> redis::Connection {
        let url = format!("redis+unix://{}", self.socket().display());
        let connection = redis::Client::open(url).expect("a URL").get_connection().expect("it listens");
        connection.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
        connection
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A MariaDB that listens at a Unix socket alone, without passwords, with an empty database `test`.
    pub(crate) fn mariadb() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        // At its start it removes temporary tables that it finds, also those of another one in the same folder.
        let made = installed("mariadb-install-db")
            .env("TMPDIR", folder.path())
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
            .env("TMPDIR", folder.path())
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

    /// Ends it in order.
    pub(crate) fn end(&mut self) {
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
        let log = self.folder.path().join("log");
        if std::thread::panicking() && log.exists() {
            eprintln!("--- log of the database\n{}", fs::read_to_string(log).unwrap_or_default());
        }
        self.end();
    }
}

/// MariaDB does not run as root unless it is told to.
fn user() -> Vec<&'static str> {
    if nix::unistd::geteuid().is_root() { vec!["--user=root"] } else { Vec::new() }
}
