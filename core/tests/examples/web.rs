//! HTTP.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use crate::Case;
use crate::program::{Program, until};
use crate::talk::{Peer, certificate, get, post, request, stream, tls};

pub(crate) const CASES: &[Case] = &[
    Case::new("https_serves_files_and_an_api", https),
    Case::new("https_without_a_certificate_says_so", no_certificate),
    Case::new("sse_sends_what_is_posted_and_what_was_missed", sse),
    Case::new("upload_stores_files_under_names_of_its_own", upload),
    Case::new("session_remembers_who_logged_in", session),
    Case::new("file_monitor_reloads_and_keeps_what_works", file_monitor),
    Case::new("max_requests_replaces_workers_unnoticed", max_requests),
];

fn https() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificate(folder.path());
    fs::create_dir(folder.path().join("public")).expect("the folder is ours");
    fs::write(folder.path().join("public/index.html"), "<p>hello").expect("the folder is ours");
    let program = Program::start_in(folder, "https", &[]);
    let (address, trusted) = (program.address("https"), program.path("cert.pem"));
    let ask = |method: &str, target: &str, body: &str| {
        request(tls(&address, &trusted), method, target, "", body.as_bytes())
    };
    let page = ask("GET", "/", "");
    assert_eq!((page.status, page.body.as_str()), (200, "<p>hello"));
    assert_eq!(ask("GET", "/../cert.pem", "").status, 404);
    assert_eq!(ask("POST", "/api/notes", "buy milk").json(), json!({ "notes": 1 }));
    assert_eq!(ask("GET", "/api/notes", "").json(), json!(["buy milk"]));
    assert_eq!(ask("DELETE", "/api/notes", "").status, 405);
    program.stop();
}

fn no_certificate() {
    let (status, said) = Program::refused("https", &[("ROOT", ".")]);
    assert_ne!(status, Some(0));
    assert!(said.contains("key.pem"), "{said}");
}

fn sse() {
    // HTTP-36
    let program = Program::start("sse", &[]);
    let address = program.address("sse");
    assert!(get(&address, "/").body.contains("EventSource"));
    let mut reader = Peer::connect(&address);
    reader.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reader.skip_to(": welcome");
    assert_eq!(post(&address, "/say", "hello\nthere").body, "1\n");
    reader.skip_to("id: 1");
    assert_eq!((reader.line(), reader.line()), ("data: hello".to_owned(), "data: there".to_owned()));
    drop(reader);
    until("the reader is gone", || post(&address, "/say", "more").body == "0\n");
    let mut back = Peer::connect(&address);
    back.say("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\r\n");
    back.skip_to("id: 2");
    assert_eq!(back.line(), "data: more");
    // A stream that is under way does not keep the server from stopping.
    program.stop();
}

fn upload() {
    let program = Program::start("upload", &[("UPLOADS", "kept")]);
    let address = program.address("upload");
    assert!(get(&address, "/").body.contains("multipart/form-data"));
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../a.txt\"\r\n\r\nhey\r\n\
                --b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nmine\r\n--b--\r\n";
    let kind = "Content-Type: multipart/form-data; boundary=b\r\n";
    let answer = request(stream(&address), "POST", "/", kind, body.as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    let told = answer.json();
    assert_eq!((&told["note"], &told["files"][0]["bytes"]), (&json!("mine"), &json!(3)));
    let name = told["files"][0]["stored"].as_str().expect("a name");
    assert!(name.ends_with(".txt") && !name.contains('/'), "{name}");
    assert_eq!(fs::read(program.path("kept").join(name)).expect("it is stored"), b"hey");
    assert_eq!(post(&address, "/", "a=b").status, 400);
    let cut = request(stream(&address), "POST", "/", kind, &body.as_bytes()[..90]);
    assert_eq!(cut.status, 400, "{cut:?}");
    assert_eq!(fs::read_dir(program.path("kept")).expect("it is there").count(), 1);
    program.stop();
}

fn session() {
    let program = Program::start("session", &[("PASSWORD", "secret")]);
    let address = program.address("session");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let log_in = |password: &str, lines: &str| {
        let body = format!("user=ann&password={password}");
        request(stream(&address), "POST", "/login", &format!("{form}{lines}"), body.as_bytes())
    };
    let see =
        |cookie: &str| request(stream(&address), "GET", "/", &format!("Cookie: {cookie}\r\n"), b"").body;
    assert!(get(&address, "/").body.contains("<form"));
    assert_eq!(log_in("guess", "").status, 403);
    let told = log_in("secret", "");
    assert_eq!((told.status, told.field("Location")), (303, "/"));
    let line = told.field("Set-Cookie");
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax"), "{line}");
    let cookie = line.split(';').next().expect("split gives one at least");
    // Two workers; whichever it is, nothing is counted twice or not at all.
    for visit in 1..=6 {
        assert_eq!(see(cookie), format!("hello ann, visit {visit}\n"));
    }
    // SF-59: an id that the server did not make, and one that a new login has replaced, are worth nothing.
    assert!(see("visit=00000000000000000000000000000000").contains("<form"));
    let again = log_in("secret", &format!("Cookie: {cookie}\r\n"));
    assert!(see(cookie).contains("<form"));
    let cookie = again.field("Set-Cookie").split(';').next().expect("split gives one at least");
    assert_eq!(see(cookie), "hello ann, visit 7\n");
    request(stream(&address), "POST", "/logout", &format!("Cookie: {cookie}\r\n"), b"");
    assert!(see(cookie).contains("<form"));
    program.stop();
}

fn file_monitor() {
    // FMON-1, SF-5
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("pages")).expect("the folder is ours");
    let page = folder.path().join("pages/index.html");
    fs::write(&page, "one").expect("the folder is ours");
    let program = Program::start_in(folder, "file_monitor", &[]);
    let address = program.address("site");
    assert_eq!(get(&address, "/").body, "one");
    fs::write(&page, "two").expect("the folder is ours");
    until("the page is the new one", || get(&address, "/").body == "two");
    fs::remove_file(&page).expect("it is there");
    program.log().wait_for("rolled back");
    assert_eq!(get(&address, "/").body, "two");
    fs::write(&page, "three").expect("the folder is ours");
    until("the page is the new one", || get(&address, "/").body == "three");
    program.stop();
}

fn max_requests() {
    // MAXREQ-1
    let program = Program::start("max_requests", &[("MAX", "5")]);
    let address = program.address("site");
    let mut processes = BTreeSet::new();
    until("workers were replaced", || {
        let answer = get(&address, "/");
        assert_eq!(answer.status, 200, "{answer:?}");
        processes.insert(answer.body.split(',').next().expect("split gives one at least").to_owned());
        5 <= processes.len()
    });
    program.stop();
}
