//! Sessions.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use workerspec_core::protocol::http::session::{Session, Sessions};
use workerspec_core::protocol::http::{Cookie, Response};

use super::{asked, seen, sent};

/// The session of a request with that cookie line.
fn open(sessions: &Sessions, cookie: &str) -> Session {
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n");
    seen(&request, |request| sessions.open(&request)).expect("a session")
}

fn place() -> (TempDir, Sessions) {
    let folder = TempDir::new().expect("a folder");
    let sessions = Sessions::new(folder.path().join("sessions")).expect("a place");
    (folder, sessions)
}

/// The cookie that the closing of a session sets.
fn told(session: Session) -> Option<String> {
    let response = session.close(Response::new(200)).expect("stored");
    let text = sent(&mut asked(super::GET), response).0;
    text.split("\r\n").find_map(|line| line.strip_prefix("Set-Cookie: ")).map(str::to_owned)
}

/// A stored session with one value, and the cookie that names it.
fn stored(sessions: &Sessions) -> String {
    let mut session = open(sessions, "");
    session.set("user", "ann & bob=é");
    let cookie = format!("PHPSID={}", session.id());
    assert!(told(session).is_some());
    cookie
}

#[test]
fn what_was_set_is_there_at_the_next_request() {
    // SESS-1 to SESS-4
    let (folder, sessions) = place();
    let mut session = open(&sessions, "");
    session.set("user", "ann & bob=é");
    session.set("gone", "1");
    let id = session.id();
    assert_eq!(session.pull("gone").as_deref(), Some("1"));
    assert_eq!(told(session), Some(format!("PHPSID={id}; Path=/; HttpOnly")));
    let session = open(&sessions, &format!("a=b; PHPSID=\"{id}\""));
    assert_eq!(session.all().collect::<Vec<_>>(), [("user", "ann & bob=é")]);
    // A client that knows the id is not told again, and nothing is written without a change.
    assert_eq!(told(session), None);
    let file = folder.path().join(format!("sessions/session_{id}"));
    let mode = |path: &std::path::Path| fs::metadata(path).expect("facts").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&folder.path().join("sessions"))), (0o600, 0o700));
}

#[test]
fn an_id_that_is_not_ours_is_never_taken() {
    // SESS-1, SF-59: no fixation, and no way out of the folder.
    let (folder, sessions) = place();
    fs::write(folder.path().join("x"), "user=root").expect("a file");
    for id in ["0123456789abcdef0123456789abcdef", "../../x", "x", "", "ABCDEF0123456789ABCDEF0123456789"] {
        let mut session = open(&sessions, &format!("PHPSID={id}"));
        assert!(session.id() != id && session.get("user").is_none(), "{id}");
        session.set("a", "b");
        assert!(told(session).is_some_and(|cookie| !cookie.contains(&format!("={id};"))));
    }
}

#[test]
fn a_visitor_of_whom_nothing_is_known_leaves_no_trace() {
    // SESS-4: no cookie and no file; a session that is emptied is removed.
    let (folder, sessions) = place();
    let count = || {
        let entries = fs::read_dir(folder.path().join("sessions")).expect("the folder");
        entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("session_")).count()
    };
    assert_eq!((told(open(&sessions, "")), count()), (None, 0));
    let cookie = stored(&sessions);
    assert_eq!(count(), 1);
    let mut session = open(&sessions, &cookie);
    session.flush();
    assert_eq!((told(session), count()), (None, 0));
    let mut session = open(&sessions, "");
    session.set("never", "stored");
    drop(session);
    assert_eq!(count(), 0);
}

#[test]
fn two_requests_at_once_lose_nothing_of_each_other() {
    // SESS-4, SF-59
    let (_folder, sessions) = place();
    let cookie = stored(&sessions);
    let (mut first, mut second) = (open(&sessions, &cookie), open(&sessions, &cookie));
    first.set("a", "1");
    second.set("b", "2");
    second.delete("user");
    first.save().expect("stored");
    second.save().expect("stored");
    let after = open(&sessions, &cookie);
    assert_eq!(after.all().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
}

#[test]
fn a_counter_that_many_workers_raise_misses_nothing() {
    // SESS-4
    let (folder, sessions) = place();
    let cookie = stored(&sessions);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let sessions = Sessions::new(folder.path().join("sessions")).expect("the place");
                for _ in 0..50 {
                    let count = |data: &mut std::collections::BTreeMap<String, String>| {
                        let count = data.get("n").map_or(0, |n| n.parse().expect("a number"));
                        data.insert("n".to_owned(), (count + 1).to_string());
                    };
                    open(&sessions, &cookie).update(count).expect("stored");
                }
            });
        }
    });
    assert_eq!(open(&sessions, &cookie).get("n"), Some("200"));
}

#[test]
fn a_new_id_takes_the_data_along_and_the_old_one_is_worth_nothing() {
    // SESS-3
    let (_folder, sessions) = place();
    let cookie = stored(&sessions);
    let mut session = open(&sessions, &cookie);
    session.regenerate().expect("stored");
    let new = format!("PHPSID={}", session.id());
    assert!(told(session).is_some_and(|told| told.starts_with(&new)));
    assert_eq!(open(&sessions, &new).get("user"), Some("ann & bob=é"));
    assert_eq!(open(&sessions, &cookie).get("user"), None);
}

#[test]
fn a_session_that_another_request_has_ended_does_not_come_back() {
    // SESS-3, SF-59
    let (_folder, sessions) = place();
    let cookie = stored(&sessions);
    let mut late = open(&sessions, &cookie);
    open(&sessions, &cookie).regenerate().expect("stored");
    late.set("user", "again");
    late.save().expect("no error");
    assert_eq!((late.get("user"), open(&sessions, &cookie).get("user")), (None, None));
}

#[test]
fn a_session_ends_with_its_lifetime() {
    // SESS-5
    let (folder, sessions) = place();
    let (old, fresh) = (stored(&sessions), stored(&sessions));
    let path = folder.path().join("sessions").join(old.replace("PHPSID=", "session_"));
    let age = |seconds| {
        let file = File::options().write(true).open(&path).expect("the file");
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("a time");
    };
    age(1430);
    assert!(open(&sessions, &old).get("user").is_some());
    // To touch it is enough.
    open(&sessions, &old).refresh().expect("touched");
    assert_eq!(sessions.collect().expect("collected"), 0);
    age(1450);
    assert!(open(&sessions, &old).get("user").is_none());
    assert_eq!(sessions.collect().expect("collected"), 1);
    assert!(!path.exists() && open(&sessions, &fresh).get("user").is_some());
}

#[test]
fn the_cookie_is_the_applications() {
    // SESS-2
    let (_folder, sessions) = place();
    let sessions =
        sessions.cookie(Cookie::new("sid", "").path("/app").secure().max_age(Duration::from_secs(60)));
    let mut session = open(&sessions, "");
    session.set("a", "b");
    let id = session.id();
    assert_eq!(told(session), Some(format!("sid={id}; Max-Age=60; Path=/app; Secure")));
    assert_eq!(open(&sessions, &format!("sid={id}")).get("a"), Some("b"));
}
