//! Files, and folders of them.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use workerspec_core::protocol::http::{Response, WebRoot};
use workerspec_core::protocol::{Encode, Http, Protocol};

use super::{asked, with};
use crate::SETTING;

/// A folder with a file in it that was last changed at a known time.
fn folder(name: &str, content: &[u8]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    let file = File::options().write(true).open(&path).expect("the file");
    file.set_modified(UNIX_EPOCH + Duration::from_millis(784_111_777_500)).expect("a time");
    folder
}

/// The time of [`folder`]'s file as HTTP writes it.
const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The head of the response, and the part of the file behind it.
fn fetched(http: &mut Http, response: Response) -> (String, Option<Vec<u8>>) {
    let mut out = Vec::new();
    http.encode(response, &SETTING, &mut out);
    let part = http.file().map(|part| {
        let mut octets = vec![0; usize::try_from(part.length).expect("small")];
        part.file.read_exact_at(&mut octets, part.offset).expect("as long as told");
        octets
    });
    (String::from_utf8(out).expect("ASCII"), part)
}

/// The same for a file of ten digits and a request with these lines.
fn digits(method: &str, lines: &str) -> (String, Option<String>) {
    let folder = folder("digits.txt", b"0123456789");
    let mut http = asked(&format!("{method} / HTTP/1.1\r\nHost: x\r\n{lines}\r\n"));
    let (head, part) = fetched(&mut http, Response::file(folder.path().join("digits.txt")));
    (head, part.map(|part| String::from_utf8(part).expect("digits")))
}

fn line<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_file_is_told_about_and_sent() {
    // FILE-2
    let (head, part) = digits("GET", "");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"));
    for (name, value) in [
        ("Content-Type", "text/plain;charset=utf-8"),
        ("Content-Length", "10"),
        ("Accept-Ranges", "bytes"),
        ("Last-Modified", CHANGED),
    ] {
        assert_eq!(line(&head, name), Some(value));
    }
    assert!(line(&head, "ETag").is_some() && line(&head, "Content-Disposition").is_none());
    assert_eq!(part.as_deref(), Some("0123456789"));
    let (head, part) = digits("HEAD", "");
    assert_eq!((line(&head, "Content-Length"), part), (Some("10"), None));
}

#[test]
fn a_type_that_is_not_known_is_stored_and_not_shown() {
    // FILE-2
    let told = |name: &str| {
        let folder = folder(name, b"x");
        let (head, _) = fetched(&mut asked(super::GET), Response::file(folder.path().join(name)));
        assert_eq!(line(&head, "Content-Type"), Some("application/octet-stream"));
        line(&head, "Content-Disposition").map(str::to_owned)
    };
    assert_eq!(told("a\"b\\c\td").as_deref(), Some("attachment; filename=\"abcd\""));
    assert_eq!(told("é.zzz").as_deref(), Some("attachment; filename=\"_.zzz\"; filename*=UTF-8''%C3%A9.zzz"));
}

#[test]
fn ranges_are_heeded() {
    // FILE-3, SF-57, RFC 9110 14
    for (range, status, told, part) in [
        ("bytes=0-0", 206, Some("bytes 0-0/10"), Some("0")),
        ("bytes=7-", 206, Some("bytes 7-9/10"), Some("789")),
        ("bytes=-2", 206, Some("bytes 8-9/10"), Some("89")),
        ("bytes=8-100", 206, Some("bytes 8-9/10"), Some("89")),
        ("bytes=10-", 416, Some("bytes */10"), None),
        ("bytes=0-1,3-4", 200, None, Some("0123456789")),
        ("bytes=x", 200, None, Some("0123456789")),
    ] {
        let (head, got) = digits("GET", &format!("Range: {range}\r\n"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{range}: {head}");
        assert_eq!((line(&head, "Content-Range"), got.as_deref()), (told, part), "{range}");
        let length = part.map_or(0, str::len).to_string();
        assert_eq!(line(&head, "Content-Length"), Some(length.as_str()), "{range}");
    }
    // For GET alone.
    let (head, _) = digits("HEAD", "Range: bytes=0-0\r\n");
    assert_eq!((&head[..12], line(&head, "Content-Length")), ("HTTP/1.1 200", Some("10")));
}

#[test]
fn conditions_are_judged_in_their_order() {
    // RFC 9110 13.2.2
    let folder = folder("a.css", b"0123456789");
    let path = folder.path().join("a.css");
    let (head, _) = fetched(&mut asked(super::GET), Response::file(&path));
    let tag = line(&head, "ETag").expect("a tag").to_owned();
    let (before, after) = ("Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:38 GMT");
    for (lines, status) in [
        (format!("If-None-Match: {tag}\r\n"), 304),
        (format!("If-None-Match: \"x\", W/{tag}\r\n"), 304),
        ("If-None-Match: *\r\n".to_owned(), 304),
        ("If-None-Match: \"x\"\r\n".to_owned(), 200),
        (format!("If-Modified-Since: {CHANGED}\r\n"), 304),
        (format!("If-Modified-Since: {after}\r\n"), 304),
        (format!("If-Modified-Since: {before}\r\n"), 200),
        ("If-Modified-Since: yesterday\r\n".to_owned(), 200),
        // A tag counts more than a date.
        (format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {CHANGED}\r\n"), 200),
        (format!("If-Match: {tag}\r\n"), 200),
        (format!("If-Match: W/{tag}\r\n"), 412),
        ("If-Match: \"x\"\r\n".to_owned(), 412),
        (format!("If-Unmodified-Since: {before}\r\n"), 412),
        (format!("If-Unmodified-Since: {CHANGED}\r\n"), 200),
        (format!("Range: bytes=0-1\r\nIf-Range: {tag}\r\n"), 206),
        (format!("Range: bytes=0-1\r\nIf-Range: {CHANGED}\r\n"), 206),
        (format!("Range: bytes=0-1\r\nIf-Range: {after}\r\n"), 200),
        ("Range: bytes=0-1\r\nIf-Range: \"x\"\r\n".to_owned(), 200),
        (format!("Range: bytes=0-1\r\nIf-None-Match: {tag}\r\n"), 304),
    ] {
        let mut http = asked(&format!("GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n"));
        let (head, part) = fetched(&mut http, Response::file(&path));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {head}");
        assert_eq!(part.is_some(), status < 300, "{lines}");
        assert_eq!(line(&head, "Content-Length").is_none(), status == 304, "{lines}: {head}");
        assert_eq!(line(&head, "ETag"), Some(tag.as_str()));
    }
    // They are about a 200: a page that tells of an error is sent whatever the client has.
    let mut http = asked(&format!("GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\n\r\n"));
    assert!(fetched(&mut http, Response::file(&path).status(404)).0.starts_with("HTTP/1.1 404 "));
}

#[test]
fn the_application_may_choose_the_part() {
    // FILE-3, SF-57
    let folder = folder("digits.txt", b"0123456789");
    let path = folder.path().join("digits.txt");
    for (offset, length, told, part) in [
        (2, 3, "bytes 2-4/10", Some(&b"234"[..])),
        (8, 0, "bytes 8-9/10", Some(b"89")),
        (8, 100, "bytes 8-9/10", Some(b"89")),
        (10, 0, "bytes */10", None),
    ] {
        let (head, got) = fetched(&mut asked(super::GET), Response::file(&path).part(offset, length));
        assert_eq!((line(&head, "Content-Range"), got.as_deref()), (Some(told), part));
        assert!(head.starts_with(if part.is_some() { "HTTP/1.1 206 " } else { "HTTP/1.1 416 " }));
    }
}

#[test]
fn a_file_that_is_not_there_is_404_and_what_is_no_file_too() {
    // FILE-1
    let folder = folder("a", b"");
    for path in
        [folder.path().join("b"), folder.path().join("a/b"), folder.path().to_owned(), "/dev/null".into()]
    {
        let mut http = asked(super::GET);
        let mut out = Vec::new();
        http.encode(Response::file(&path), &SETTING, &mut out);
        let text = String::from_utf8(out).expect("ASCII");
        assert!(
            text.starts_with("HTTP/1.1 404 ") && text.ends_with("\r\n\r\n<h3>404 Not Found</h3>"),
            "{path:?}: {text}"
        );
        assert_eq!(line(&text, "Content-Type"), Some("text/html;charset=utf-8"));
    }
    // An empty file is a file.
    let (head, part) = fetched(&mut asked(super::GET), Response::file(folder.path().join("a")));
    assert_eq!((line(&head, "Content-Length"), part), (Some("0"), None));
}

/// The status of a request to a web site, with a location or the file's content.
fn visit(site: &WebRoot, method: &str, target: &str) -> (u16, String) {
    let mut http = Http::default();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let response = with(&mut http, &request, |request| site.respond(&request));
    let (head, part) = fetched(&mut http, response);
    let status = head[9..12].parse().expect("a status");
    let text = line(&head, "Location").map(str::to_owned);
    let text = text.or(part.map(|part| String::from_utf8(part).expect("text")));
    (status, text.unwrap_or_default())
}

fn site(root: &Path) -> WebRoot {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    for path in
        ["index.html", "a b.txt", "docs/index.html", "docs/é.txt", "empty/x", ".git/config", ".well-known/x"]
    {
        write(path, path);
    }
    WebRoot::new(root).expect("a folder")
}

#[test]
fn a_web_site_is_its_files() {
    let folder = TempDir::new().expect("a folder");
    let site = site(folder.path());
    for (target, status, text) in [
        ("/", 200, "index.html"),
        ("/index.html?x=y", 200, "index.html"),
        ("/a%20b.txt", 200, "a b.txt"),
        ("/docs/", 200, "docs/index.html"),
        ("/docs//%C3%A9.txt", 200, "docs/é.txt"),
        ("http://x/docs/", 200, "docs/index.html"),
        ("/docs", 301, "/docs/"),
        ("/docs?x=y", 301, "/docs/?x=y"),
        // Two slashes would name another host.
        ("//docs", 301, "/docs/"),
        ("/empty/", 403, ""),
        ("/empty/x/", 404, ""),
        ("/none", 404, ""),
        ("/none/", 404, ""),
        ("/.well-known/x", 200, ".well-known/x"),
        ("/.git/config", 404, ""),
    ] {
        assert_eq!(visit(&site, "GET", target), (status, text.to_owned()), "{target}");
    }
    assert_eq!(visit(&site, "HEAD", "/").0, 200);
    assert_eq!(visit(&site, "POST", "/").0, 405);
    assert_eq!(visit(&site, "OPTIONS", "*").0, 405);
    assert!(WebRoot::new(folder.path().join("index.html")).is_err());
}

#[test]
fn nothing_outside_of_the_folder_is_served() {
    let outside = folder("secret", b"secret");
    let root = TempDir::new().expect("a folder");
    let site = site(root.path());
    symlink(outside.path().join("secret"), root.path().join("link")).expect("a link");
    symlink(outside.path(), root.path().join("door")).expect("a link");
    symlink("/proc/self/fd", root.path().join("magic")).expect("a link");
    symlink("docs/index.html", root.path().join("fine")).expect("a link");
    symlink("loop", root.path().join("loop")).expect("a link");
    let name = outside.path().file_name().and_then(|name| name.to_str()).expect("a name");
    for target in [
        format!("/../{name}/secret"),
        format!("/docs/../../{name}/secret"),
        format!("/%2e%2e/{name}/secret"),
        format!("/..%2f{name}%2fsecret"),
        format!("/docs%2f..%2f..%2f{name}%2fsecret"),
        "/link".to_owned(),
        "/door/secret".to_owned(),
        "/door".to_owned(),
        "/magic/0".to_owned(),
        "/loop".to_owned(),
        "/index.html%00".to_owned(),
        "/%2fetc/passwd".to_owned(),
        "//etc/passwd".to_owned(),
        "/%c0%ae%c0%ae/secret".to_owned(),
        "/%".to_owned(),
        "/.".to_owned(),
    ] {
        let (status, text) = visit(&site, "GET", &target);
        assert!(matches!(status, 403 | 404) && text.is_empty(), "{target}: {status} {text}");
    }
    assert_eq!(visit(&site, "GET", "/fine"), (200, "docs/index.html".to_owned()));
}

#[test]
fn what_may_not_be_read_is_forbidden() {
    // FILE-1; whoever runs this as root may read everything.
    let root = TempDir::new().expect("a folder");
    let site = site(root.path());
    let path = root.path().join("index.html");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("a mode");
    let readable = File::open(&path).is_ok_and(|mut file| file.read(&mut [0]).is_ok());
    assert_eq!(visit(&site, "GET", "/index.html").0, if readable { 200 } else { 403 });
}
