//! With a real Redis and a real MariaDB.

use std::time::Instant;

use mysql::prelude::Queryable as _;
use serde_json::json;

use crate::Case;
use crate::companions::{jobs_are_done, speak_across};
use crate::database::Database;
use crate::program::{Program, until};
use crate::talk::{Peer, get, post};

pub(crate) const CASES: &[Case] = &[
    Case::with("redis-server", "cluster_push_speaks_through_redis_and_survives_its_restart", cluster_push),
    Case::with("redis-server", "queue_hands_out_each_job_once_through_redis", queue),
    Case::with("redis-server", "a_queue_that_redis_refuses_is_not_asked_for_all_the_time", refused_queue),
    Case::with("redis-server", "redis_answers_while_another_command_waits", redis),
    Case::with("mariadbd", "mysql_answers_while_another_statement_waits", mysql),
];

/// What a worker says for each of its connections.
const GONE: &str = "the connection to Redis is gone";

fn cluster_push() {
    // CHAN-8
    let mut redis = Database::redis();
    let settings = [("REDIS", redis.address())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (first, second) =
        (Program::start("cluster_push", &settings), Program::start("cluster_push", &settings));
    speak_across(&first, &second, "before ");
    redis.end();
    first.log().wait_for(GONE);
    redis.start_redis();
    assert!(redis.open(), "the port is taken");
    speak_across(&first, &second, "after ");
    second.stop();
    first.stop();
}

fn queue() {
    // CHAN-6
    let mut redis = Database::redis();
    let program = Program::start("queue", &[("REDIS", &redis.address())]);
    jobs_are_done(&program, "before ");
    let mut peer = Peer::connect(&program.address("front"));
    redis.end();
    // Three workers, three connections each; what is said on one that has not noticed would be lost.
    until("all have noticed", || program.log().count(GONE) == 9);
    peer.say("while away\n");
    redis.start_redis();
    // Subscribed before any worker can come: the job that waited is done now.
    let mut operator = redis.operator();
    let mut reports = operator.as_pubsub();
    reports.subscribe("done").expect("Redis runs");
    assert!(redis.open(), "the port is taken");
    let report: String = reports.get_message().expect("a report in time").get_payload().expect("text");
    assert!(report.contains("while away"), "{report}");
    jobs_are_done(&program, "after ");
    program.stop();
}

fn refused_queue() {
    let redis = Database::redis();
    let mut operator = redis.operator();
    redis::cmd("SET").arg("jobs").arg("no list").query::<()>(&mut operator).expect("Redis runs");
    let begun = Instant::now();
    let program = Program::start("queue", &[("REDIS", &redis.address())]);
    let refused = "cannot give messages";
    until("both consumers were refused twice", || 4 <= program.log().count(refused));
    // Each tries again after a second and not earlier.
    let times = program.log().count(refused);
    let most = 2 * (begun.elapsed().as_secs() as usize + 1);
    assert!(times <= most, "{times} times in {:?}", begun.elapsed());
    redis::cmd("DEL").arg("jobs").query::<()>(&mut operator).expect("Redis runs");
    jobs_are_done(&program, "");
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
    until("the insertion waits", || operator.query_first::<u64, _>(waiting).expect("root may") != Some(0));
}
