//! Work that takes long, away from the connections: the front hands each task to a pool of task workers over an
//! outgoing connection, goes on, and answers when the result comes.
//!
//! `cargo run -p workerspec-core --example async_task -- start`, then `nc 127.0.0.1 8484` and a number: how many primes
//! there are below it. `30000000` takes a while; `1000` typed after it is answered first.
//!
//! `LISTEN`: the front, 127.0.0.1:8484 by default. `TASKS`: the pool, 127.0.0.1:12345.

use std::cell::Cell;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use workerspec_core::protocol::{Frame, Text};
use workerspec_core::{Client, Connection, Error, Server, Service};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8484".to_owned());
    let tasks = env::var("TASKS").unwrap_or_else(|_| "127.0.0.1:12345".to_owned());
    let front = Service::text(listen).name("front").on_message({
        let tasks = tasks.clone();
        move |conn, line| {
            let Some(below) = std::str::from_utf8(line).ok().and_then(|line| line.trim().parse::<u32>().ok())
            else {
                conn.send("say a number up to 4294967295");
                return;
            };
            if let Err(error) = hand_over(&tasks, below, conn) {
                conn.send(format!("{below}: {error}"));
            }
        }
    });
    Server::new().service(pool(tasks)).service(front).main()
}

/// One connection for each task: it waits in the queue of the pool's socket until a task worker is free.
fn hand_over(tasks: &str, below: u32, asker: &Connection<Text>) -> Result<(), Error> {
    let answered = Rc::new(Cell::new(false));
    let (asker, told, noted) = (asker.clone(), asker.clone(), Rc::clone(&answered));
    let task = Client::frame(tasks)
        .on_message(move |task, result| {
            answered.set(true);
            asker.send(format!("{below}: {}", String::from_utf8_lossy(result)));
            task.close();
        })
        .on_close(move |_| {
            // The task worker died, was stopped, or could not be reached.
            if !noted.get() {
                told.send(format!("{below}: not done, ask again"));
            }
        });
    task.connect().map(|link| {
        link.send(below.to_string());
    })
}

/// A task keeps its whole process busy, so each worker takes one at a time and leaves the others in the queue.
fn pool(tasks: String) -> Service<Frame> {
    Service::frame(tasks)
        .name("tasks")
        .count(2)
        .max_connections(1)
        .idle_timeout(Duration::from_secs(10))
        .on_message(|front, task| {
            let below = std::str::from_utf8(task).ok().and_then(|task| task.parse().ok());
            front.send(
                below.map_or_else(|| "no number".to_owned(), |below| format!("{} primes", primes(below))),
            );
        })
}

/// How many primes are below that number, by the sieve of Eratosthenes over the odd ones.
fn primes(below: u32) -> usize {
    if below <= 2 {
        return 0;
    }
    // Index i stands for 2 * i + 1; index 0, for 1, counts in place of 2.
    let mut prime = vec![true; (below / 2) as usize];
    for i in 1..prime.len() {
        let odd = 2 * i + 1;
        if prime.len() <= 2 * i * (i + 1) {
            break;
        }
        if prime[i] {
            (2 * i * (i + 1)..prime.len()).step_by(odd).for_each(|multiple| prime[multiple] = false);
        }
    }
    prime.into_iter().filter(|&prime| prime).count()
}
