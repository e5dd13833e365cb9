//! Lines that are Redis commands, answered by a client that blocks, beside the loop: a command that waits, such as `BLPOP
//! list 5`, holds up no other connection.
//!
//! `REDIS=redis://127.0.0.1:6379/ cargo run -p workerspec-core --example redis -- start`, then `nc 127.0.0.1 5678` and `SET
//! greeting hello`, `GET greeting`. Whoever reaches the port may do all that Redis can: it is for the loopback.
//!
//! `LISTEN`: the address, 127.0.0.1:5678 by default. `REDIS`: the URL, redis://127.0.0.1:6379/ by default;
//! `redis+unix:///path` for a Unix socket.

use std::cell::RefCell;
use std::env;
use std::process::ExitCode;
use std::time::Duration;

use redis::{Client, Connection, RedisResult, Value};
use workerspec_core::{Server, Service, offload};

thread_local! {
    /// Each thread of `offload` has a connection of its own.
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5678".to_owned());
    let client =
        match Client::open(env::var("REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379/".to_owned())) {
            Ok(client) => client,
            Err(error) => {
                eprintln!("error: REDIS: {error}");
                return ExitCode::FAILURE;
            }
        };
    let service = Service::text(listen).name("redis").on_message(move |conn, line| {
        let words: Vec<String> =
            String::from_utf8_lossy(line).split_whitespace().map(str::to_owned).collect();
        let (conn, client) = (conn.clone(), client.clone());
        offload(
            move || ask(&client, &words),
            move |answer| {
                conn.send(match answer {
                    Some(Ok(value)) => show(&value),
                    Some(Err(error)) => format!("error: {error}"),
                    None => "error: the job panicked".to_owned(),
                });
            },
        );
    });
    Server::new().service(service).main()
}

fn ask(client: &Client, words: &[String]) -> RedisResult<Value> {
    let Some((name, arguments)) = words.split_first() else { return Ok(Value::Nil) };
    CONNECTION.with_borrow_mut(|slot| {
        let connection = match slot.take() {
            Some(connection) => slot.insert(connection),
            None => slot.insert(client.get_connection_with_timeout(Duration::from_secs(5))?),
        };
        let answer = redis::cmd(name).arg(arguments).query(connection);
        // A connection that failed is not used again; the next command makes a new one.
        if answer.as_ref().is_err_and(|error| error.is_unrecoverable_error() || error.is_io_error()) {
            *slot = None;
        }
        answer
    })
}

fn show(value: &Value) -> String {
    match value {
        Value::Nil => "nothing".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::BulkString(octets) => String::from_utf8_lossy(octets).into_owned(),
        Value::SimpleString(text) => text.clone(),
        Value::Okay => "OK".to_owned(),
        Value::Array(items) => items.iter().map(show).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}
