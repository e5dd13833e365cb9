//! A worker that listens nowhere and keeps a websocket connection to somebody else's server: it says hello, shows what
//! comes, pings so that no router in between forgets the connection, and connects again when it ends.
//!
//! `TO=ws://127.0.0.1:2346/ cargo run -p workerspec-core --example ws_client -- start`, against the example `chat` for
//! instance, or any `wss://` URL.
//!
//! `TO`: the URL, ws://127.0.0.1:2346/ by default. `PING`: seconds between pings, 25 by default; `RETRY`: seconds before it
//! connects again, 1 by default; both may be fractions.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use workerspec_core::{Client, Error, Server, Service};

fn main() -> ExitCode {
    let url = env::var("TO").unwrap_or_else(|_| "ws://127.0.0.1:2346/".to_owned());
    let (ping, retry) = match (seconds("PING", 25.0), seconds("RETRY", 1.0)) {
        (Ok(ping), Ok(retry)) => (ping, retry),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let job = Service::job("ws-client").on_worker_start(move |_| -> Result<(), Error> {
        let client = Client::ws(&url)?
            .ping_interval(ping)
            // No word and no pong in three intervals: it is gone, even if nobody has said so.
            .idle_timeout(ping * 3)
            .websocket(|ws| {
                ws.on_websocket_connect(|conn, _| {
                    tracing::info!(peer = %conn.peer_address(), "connected");
                    conn.send("hello");
                })
            })
            .on_message(|_, message| match message.as_text() {
                Some(text) => tracing::info!(text, "a message"),
                None => tracing::info!(bytes = message.as_bytes().len(), "a binary message"),
            })
            .on_error(|_, error| tracing::warn!(%error, "something went wrong"))
            .on_close(move |conn| {
                tracing::info!(?retry, "not connected");
                conn.reconnect(retry);
            });
        client.connect().map(|_| ())
    });
    Server::new().service(job).main()
}

fn seconds(name: &str, default: f64) -> Result<Duration, String> {
    let seconds = match env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name}={text} is no number of seconds"))?,
        Err(_) => default,
    };
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{name}={seconds}: {error}"))
}
