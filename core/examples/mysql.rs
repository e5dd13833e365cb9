//! A guest book in MySQL or MariaDB. The client blocks, so it works beside the loop: a query that takes long holds up
//! nobody else.
//!
//! `MYSQL=mysql://user:password@127.0.0.1:3306/test cargo run -p workerspec-core --example mysql -- start`, then `curl -d
//! 'hello from ann' http://127.0.0.1:8080/` and `curl http://127.0.0.1:8080/`.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default. `MYSQL`: the URL of a database; `?socket=/path` for a Unix socket.

use std::env;
use std::process::ExitCode;

use mysql::prelude::Queryable as _;
use mysql::{Opts, Pool, PoolConstraints, PoolOpts};
use serde_json::{Value, json};
use workerspec_core::protocol::http::Response;
use workerspec_core::{Server, Service, offload};

/// The pool connects when it is asked to, in a worker; each thread of `offload` uses one connection at a time.
fn open() -> Result<Pool, String> {
    let url = env::var("MYSQL").map_err(|_| "set MYSQL to the URL of a database".to_owned())?;
    let opts = Opts::from_url(&url).map_err(|error| format!("MYSQL: {error}"))?;
    let bounds = PoolConstraints::new(0, 8).expect("0 is not more than 8");
    let pool_opts = PoolOpts::default().with_constraints(bounds);
    Pool::new(mysql::OptsBuilder::from_opts(opts).pool_opts(pool_opts))
        .map_err(|error| format!("MYSQL: {error}"))
}

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let pool = match open() {
        Ok(pool) => pool,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let making = pool.clone();
    let service = Service::http(listen)
        .name("guest-book")
        .max_package(64 * 1024)
        // A worker without its table is not ready: a reload would be rolled back.
        .on_worker_start(move |_| making.get_conn().and_then(|mut conn| conn.query_drop(TABLE)))
        .on_message(move |conn, request| {
            let (conn, pool) = (conn.clone(), pool.clone());
            let entry =
                (request.method() == "POST").then(|| String::from_utf8_lossy(request.body()).into_owned());
            let status = if entry.is_some() { 201 } else { 200 };
            offload(
                move || entry.map_or_else(|| entries(&pool), |entry| add(&pool, &entry)),
                move |answer| {
                    conn.send(match answer {
                        Some(Ok(value)) => json_of(status, &value),
                        Some(Err(error)) => {
                            tracing::error!(%error, "the database did not answer");
                            json_of(503, &json!({ "error": "no database" }))
                        }
                        None => Response::new(500),
                    });
                },
            );
        });
    Server::new().service(service).main()
}

fn add(pool: &Pool, entry: &str) -> mysql::Result<Value> {
    let mut conn = pool.get_conn()?;
    // A placeholder: what a guest writes is never part of a statement.
    conn.exec_drop("INSERT INTO guest_book (entry) VALUES (?)", (entry,))?;
    Ok(json!({ "id": conn.last_insert_id() }))
}

fn entries(pool: &Pool) -> mysql::Result<Value> {
    let latest = "SELECT id, entry FROM guest_book ORDER BY id DESC LIMIT 20";
    let list = pool
        .get_conn()?
        .query_map(latest, |(id, entry): (u64, String)| json!({ "id": id, "entry": entry }))?;
    Ok(list.into())
}

fn json_of(status: u16, value: &Value) -> Response {
    Response::new(status).header("Content-Type", "application/json").body(value.to_string().into_bytes())
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS guest_book \
    (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, entry TEXT NOT NULL) CHARACTER SET utf8mb4";
