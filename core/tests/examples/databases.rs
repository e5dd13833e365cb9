//! With a real Redis and a real MariaDB.

use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use serde_json::json;

use crate::Case;
use crate::companions::{jobs_are_done, speak_across};
use crate::database::Database;
use crate::program::Program;
use crate::talk::{Peer, get, post};

pub(crate) const CASES: &[Case] = &[
    Case::with("redis-server", "cluster_push_speaks_through_redis_and_survives_its_restart", cluster_push),
    Case::with("redis-server", "queue_hands_out_each_job_once_through_redis", queue),
    Case::with("redis-server", "redis_answers_while_another_command_waits", redis),
    Case::with("mariadbd", "mysql_answers_while_another_statement_waits", mysql),
];

fn cluster_push() {
    // CHAN-8
    let mut redis = Database::redis();
    let settings = [("REDIS", redis.address())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (first, second) =
        (Program::start("cluster_push", &settings), Program::start("cluster_push", &settings));
    speak_across(&first, &second, "before ");
    redis.restart_redis(|| drop(first.log().wait_for("the connection to Redis is gone")));
    speak_across(&first, &second, "after ");
    second.stop();
    first.stop();
}

fn queue() {
    // CHAN-6
    let mut redis = Database::redis();
    let address = redis.address();
    let program = Program::start("queue", &[("REDIS", &address)]);
    jobs_are_done(&program, "before ");
    // What is enqueued while Redis is away waits for it.
    let mut peer = Peer::connect(&program.address("front"));
    redis.restart_redis(|| {
        program.log().wait_for("the connection to Redis is gone");
        peer.say("while away\n");
    });
    jobs_are_done(&program, "after ");
    program.stop();
}

fn redis() {
    let server = Database::redis();
    let program = Program::start("redis", &[("REDIS", &format!("redis://{}/", server.address()))]);
    let address = program.address("redis");
    let (mut peer, mut waiting) = (Peer::connect(&address), Peer::connect(&address));
    assert_eq!(peer.ask("SET greeting hello"), "OK");
    // The client blocks in this for as long as nobody pushes.
    waiting.say("BLPOP list 0\n");
    assert_eq!(peer.ask("GET greeting"), "hello");
    assert_eq!(peer.ask("GET nothing"), "nothing");
    assert!(peer.ask("DANCE").starts_with("error: "));
    assert_eq!(peer.ask("LPUSH list apple"), "1");
    assert_eq!(waiting.line(), "list apple");
    program.stop();
}

fn mysql() {
    let mariadb = Database::mariadb();
    let url = format!("mysql://root@localhost/test?socket={}", mariadb.socket().display());
    let options = mysql::OptsBuilder::new().user(Some("root")).socket(mariadb.socket().to_str());
    let mut operator = mysql::Conn::new(options).expect("it lets root in");
    operator.query_drop("CREATE DATABASE IF NOT EXISTS test").expect("root may");
    let program = Program::start("mysql", &[("MYSQL", &url)]);
    let address = program.address("guest-book");
    assert_eq!(get(&address, "/").json(), json!([]));
    assert_eq!(post(&address, "/", "hello from ann").json(), json!({ "id": 1 }));
    // What a guest writes is no SQL.
    assert_eq!(post(&address, "/", "'); DROP TABLE guest_book; -- é").status, 201);
    let both = json!([
        { "id": 2, "entry": "'); DROP TABLE guest_book; -- é" },
        { "id": 1, "entry": "hello from ann" },
    ]);
    assert_eq!(get(&address, "/").json(), both);
    // An insertion that waits for a lock holds up no reading.
    operator.query_drop("LOCK TABLES test.guest_book READ").expect("root may");
    let inserting = std::thread::spawn({
        let address = address.clone();
        move || post(&address, "/", "late").json()
    });
    until_waits(&mut operator);
    assert_eq!(get(&address, "/").json(), both);
    assert!(!inserting.is_finished());
    operator.query_drop("UNLOCK TABLES").expect("they were locked");
    assert_eq!(inserting.join().expect("it is answered"), json!({ "id": 3 }));
    program.stop();
}

/// Waits until somebody waits for the lock.
fn until_waits(operator: &mut mysql::Conn) {
    let waiting =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%lock'";
    let deadline = Instant::now() + Duration::from_secs(20);
    while operator.query_first::<u64, _>(waiting).expect("root may").unwrap_or(0) == 0 {
        assert!(Instant::now() < deadline, "nobody waits for the lock");
        std::thread::sleep(Duration::from_millis(5));
    }
}
