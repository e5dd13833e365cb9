//! Timers: of a worker, of one worker among several, and of a connection, with which they go.
//!
//! `cargo run -p workerspec-core --example timers -- start`, then `nc 127.0.0.1 5678`: `in 2000 tea` says `tea` after two
//! seconds, `every 500 tick` says it twice a second, `stop 3` stops the timer of that number.
//!
//! `LISTEN`: the address, 127.0.0.1:5678 by default.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use workerspec_core::protocol::Text;
use workerspec_core::{Connection, Server, Service, Timer};

/// The timers of a connection, by number.
type Timers = BTreeMap<u64, Timer>;

/// The most that one connection may have.
const MAX_TIMERS: usize = 100;

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5678".to_owned());
    let service = Service::text(listen).name("timers").count(2);
    let connections = service.connections();
    let service = service
        .on_worker_start(move |worker| {
            // Work for one worker of several: that with the number 0, which its successor gets as well.
            if worker.slot() == 0 {
                let (connections, rounds) = (connections.clone(), Rc::new(Cell::new(0u64)));
                Timer::every(Duration::from_secs(60), move || {
                    rounds.set(rounds.get() + 1);
                    tracing::info!(
                        rounds = rounds.get(),
                        connections = connections.all().len(),
                        "still here"
                    );
                });
            }
        })
        .on_connect(|conn| conn.set_context(Timers::new()))
        .on_message(|conn, line| {
            let line = String::from_utf8_lossy(line);
            conn.send(
                obey(conn, &line).unwrap_or_else(|| "in MS TEXT | every MS TEXT | stop NUMBER".to_owned()),
            );
        })
        .on_close(|conn| {
            conn.context(|timers: &mut Timers| {
                timers.values().for_each(|timer| {
                    timer.cancel();
                });
            });
        });
    Server::new().service(service).main()
}

/// Does what a line says. What a timer holds of the connection is let go when it is cancelled.
fn obey(conn: &Connection<Text>, line: &str) -> Option<String> {
    let (verb, rest) = line.split_once(' ')?;
    let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let number: u64 = number.parse().ok()?;
    let (speaker, said) = (conn.clone(), text.to_owned());
    let delay = Duration::from_millis(number.max(1));
    let full = conn.context(|timers: &mut Timers| MAX_TIMERS <= timers.len())?;
    let timer = match verb {
        "stop" => {
            let timer = conn.context(|timers: &mut Timers| timers.remove(&number))?;
            let was_pending = timer.is_some_and(Timer::cancel);
            return Some(if was_pending {
                format!("stopped {number}")
            } else {
                format!("no timer {number}")
            });
        }
        _ if full => return Some(format!("{MAX_TIMERS} timers are enough")),
        "in" => {
            let own = Rc::new(Cell::new(0));
            let known = Rc::clone(&own);
            let timer = Timer::after(delay, move || {
                speaker.context(|timers: &mut Timers| timers.remove(&known.get()));
                speaker.send(said);
            });
            own.set(timer.id());
            timer
        }
        "every" => Timer::every(delay, move || {
            speaker.send(&said);
        }),
        _ => return None,
    };
    conn.context(|timers: &mut Timers| timers.insert(timer.id(), timer));
    Some(format!("timer {}", timer.id()))
}
