//! The server under test: an HTTP service that does what its paths say, and a job, as its options declare.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode};
use std::thread;
use std::time::Duration;

use workerspec_core::protocol::Http;
use workerspec_core::protocol::http::{Request, Response};
use workerspec_core::{Connection, Server, Service, Timer, Worker};

/// The variable that makes this binary the server: words of the form `name=value`.
pub(crate) const VARIABLE: &str = "SERVER_UNDER_TEST";

/// Runs the server that `options` describe.
pub(crate) fn main(options: &str) -> ExitCode {
    let options: HashMap<String, String> = options
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let folder = PathBuf::from(&options["folder"]);
    // A file of options changes the program from one release to the next.
    let mut options = options;
    for word in std::fs::read_to_string(folder.join("options")).unwrap_or_default().split_whitespace() {
        let (name, value) = word.split_once('=').unwrap();
        options.insert(name.to_owned(), value.to_owned());
    }
    // Only as the new master: the command that asks for it is the same program.
    if options.contains_key("hang_in_main") && std::env::var_os("WORKERSPEC_CORE_UPGRADE").is_some() {
        loop {
            thread::park();
        }
    }
    server(&options, &folder).main()
}

fn server(options: &HashMap<String, String>, folder: &Path) -> Server {
    let ms = |name: &str, otherwise| {
        let number = options.get(name).map_or(otherwise, |text| text.parse().unwrap());
        Duration::from_millis(number)
    };
    let mut server = Server::new();
    if !options.contains_key("pid") {
        server = server.pid_file(folder.join("server.pid"));
    }
    server = server
        .version("server-under-test 7")
        .boot_timeout(ms("boot", 10_000))
        .idle_grace(ms("grace", 300))
        .drain_timeout(ms("drain", 10_000))
        .stop_timeout(ms("stop", 2_000));
    if options.contains_key("log") {
        server = server.log_file(folder.join("server.log"));
        if let Some(bytes) = options.get("log_max") {
            server = server.log_max_bytes(bytes.parse().unwrap());
        }
    }
    if options.contains_key("stdout") {
        server = server.stdout_file(folder.join("stdout"));
    }
    let (reloading, stopping) = (Journal::of(folder), Journal::of(folder));
    let panics = options.contains_key("panic_in_master");
    server = server
        .on_master_reload(move || {
            reloading.note("master_reload");
            assert!(!panics, "on demand");
        })
        .on_master_stop(move || stopping.note("master_stop"));
    server = server.service(web("http", options, folder));
    if options.contains_key("second") {
        server = server.service(web("second", options, folder));
    }
    if options.contains_key("job") {
        let journal = Journal::of(folder);
        let job = Service::job("job").on_worker_start(move |_| {
            let journal = journal.clone();
            journal.note("job_start");
            Timer::every(Duration::from_millis(20), move || journal.note("job_tick"));
        });
        server = server.service(job);
    }
    server
}

fn web(name: &str, options: &HashMap<String, String>, folder: &Path) -> Service<Http> {
    let number = |option: &str| options.get(option).map(|text| text.parse::<u64>().unwrap());
    let address = options.get("address").map_or("127.0.0.1:0", String::as_str);
    let mut service = Service::http(address)
        .name(name)
        .count(number("count").unwrap_or(1) as usize)
        .reuse_port(options.contains_key("reuse_port"))
        .reloadable(!options.contains_key("stays"))
        .max_requests(number("max_requests").unwrap_or(0));
    if let Some(user) = options.get("user") {
        service = service.user(user);
    }
    if let Some(group) = options.get("group") {
        service = service.group(group);
    }
    let journal = Journal::of(folder);
    let (starting, stopping, reloading, exiting, closing) =
        (journal.clone(), journal.clone(), journal.clone(), journal.clone(), journal);
    let panics = options.contains_key("panic_in_master");
    let slow = number("slow_start").unwrap_or(0);
    let die = options.get("die").cloned();
    let marker = folder.join("live");
    service
        .on_worker_start(move |worker| {
            starting.note(&format!("worker_start {}", worker.slot()));
            thread::sleep(Duration::from_millis(slow));
            match die.as_deref() {
                Some("start") => process::exit(5),
                Some("panic") => panic!("on demand"),
                // As long as the file is not there.
                Some("later") if !marker.exists() => {
                    Timer::after(Duration::from_millis(10), || process::exit(6));
                }
                Some("hang") => loop {
                    thread::park();
                },
                // The last worker comes up when the file is there.
                Some("wait") if worker.slot() == 1 => {
                    while !marker.exists() {
                        thread::sleep(Duration::from_millis(5));
                    }
                }
                _ => {}
            }
        })
        .on_worker_stop(move |_| stopping.note("worker_stop"))
        .on_worker_reload(move |_| reloading.note("worker_reload"))
        .on_worker_exit(move |exit| {
            exiting.note(&format!("worker_exit {} {}", exit.pid(), exit.status()));
            assert!(!panics, "on demand");
        })
        .on_close(move |_| closing.note("close"))
        .on_message(answer)
}

fn answer(conn: &Connection<Http>, request: Request<'_>) {
    let say = |text: String| {
        conn.send(Response::text(text));
    };
    let (verb, argument) = request.path()[1..].split_once('/').unwrap_or((&request.path()[1..], ""));
    let ms = || Duration::from_millis(argument.parse().unwrap());
    match verb {
        "pid" => say(process::id().to_string()),
        "slot" => say(Worker::current().slot().to_string()),
        "id" => say(run("id", &[])),
        "descriptors" => say(run("ls", &["-l", "/proc/self/fd"])),
        "block" => {
            thread::sleep(ms());
            say("blocked".into());
        }
        // Stuck until a file is there.
        "wait" => {
            while !Path::new(argument).exists() {
                thread::sleep(Duration::from_millis(5));
            }
            say("waited".into());
        }
        "sleep" => {
            let conn = conn.clone();
            Timer::after(ms(), move || {
                conn.send(Response::text("slept"));
            });
        }
        "bytes" => say("x".repeat(argument.parse().unwrap())),
        "recycle" => {
            Worker::current().recycle();
            say("recycling".into());
        }
        "stop" => {
            Worker::current().stop();
            say("stopping".into());
        }
        "ignore-everything" => loop {
            thread::park();
        },
        "log" => {
            tracing::info!("line {argument}");
            say("logged".into());
        }
        "print" => {
            println!("{argument}");
            say("printed".into());
        }
        _ => say("ok".into()),
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A file that callbacks write a line into.
#[derive(Clone)]
struct Journal(PathBuf);

impl Journal {
    fn of(folder: &Path) -> Self {
        Self(folder.join("journal"))
    }

    fn note(&self, text: &str) {
        let line = format!("{} {text}\n", process::id());
        let file = OpenOptions::new().append(true).create(true).open(&self.0);
        // A worker of another user may not be able to.
        if let Ok(mut file) = file {
            file.write_all(line.as_bytes()).unwrap();
        }
    }
}
