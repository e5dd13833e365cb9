use super::*;

const GOOD: &str = r#"
contract = 1
name = "reference"
tier = "full"
version = ["{workerspec}", "--version"]
capabilities = ["text", "http", "release-modes"]

[start]
command = ["{workerspec}", "serve", "start"]
env = { RUST_BACKTRACE = "1" }

[reload]
signal = "USR1"
timeout = "5s"

[stop]
graceful = "QUIT"

[ports]
text = "tcp"
http = "tcp"

[limits]
max_header = 16384

[[template]]
from = "nginx.conf.in"
to = "{dir}/nginx.conf"
"#;

fn parse(text: &str) -> Result<TesteeFile, TesteeFileError> {
    TesteeFile::parse(text, Path::new("testee.toml"), Path::new("/somewhere"))
}

#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from}");
    let error = parse(&GOOD.replacen(from, to, 1)).expect_err("must be refused");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn reads_a_full_file_with_its_defaults() {
    let file = parse(GOOD).unwrap();
    assert_eq!(file.name(), "reference");
    assert_eq!(file.tier(), Tier::Full);
    assert!(file.can(Capability::ReleaseModes));
    assert!(!file.can(Capability::Journal));
    let reload = Reload { means: ReloadMeans::Signal(Signal::SIGUSR1), timeout: Duration::from_secs(5) };
    assert_eq!(file.reload(), Some(&reload));
    assert_eq!(file.stop().signal, Signal::SIGTERM);
    assert_eq!(file.stop().graceful, Some(Signal::SIGQUIT));
    assert_eq!(file.limits().max_package, 65_536);
    assert_eq!(file.limits().max_header, Some(16_384));
    assert_eq!(file.templates[0].from, Path::new("/somewhere/nginx.conf.in"));
}

#[test]
fn a_server_of_one_worker_says_so() {
    assert!(!parse(GOOD).unwrap().has_one_worker());
    let said = GOOD.replacen("[reload]", "one_worker = true\n\n[reload]", 1);
    assert!(parse(&said).unwrap().has_one_worker());
}

#[test]
fn names_line_column_field_and_remedy() {
    check(
        "\"5s\"",
        "\"5\"",
        "testee.toml:14:11: reload.timeout: `5` is not a duration: a number and one of ms, s, m is needed (such as 250ms, 10s or 2m)",
    );
    check(
        "\"USR1\"",
        "\"USR9\"",
        "testee.toml:13:10: reload.signal: there is no signal `USR9` (a name such as TERM, QUIT, HUP or USR1)",
    );
    check(
        "contract = 1",
        "contract = 4",
        "testee.toml:2:12: contract: version 4 of the contract is not known (write contract = 3)",
    );
    check(
        "\"full\"",
        "\"most\"",
        "testee.toml:4:8: tier: there is no tier `most` (write \"full\" or \"http\")",
    );
    check(
        "text = \"tcp\"\n",
        "",
        "testee.toml:6:17: capabilities: capability text needs a port text (add text = \"tcp\" to [ports])",
    );
    check(
        "{dir}/nginx.conf",
        "{port.htpp}",
        "testee.toml:28:6: template.to: {port.htpp} stands for a port that is not declared (add htpp = \"tcp\" to [ports])",
    );
    check(
        "max_header = 16384",
        "max_header = -1",
        "testee.toml:24:14: limits.max_header: -1 bytes can't be a limit (between 64 and 1073741824)",
    );
}

#[test]
fn refuses_unknown_fields_and_capabilities() {
    let error = parse(&GOOD.replacen("graceful", "gracefull", 1)).expect_err("unknown field");
    assert_eq!(error.place, Some((17, 1)));
    assert_eq!(error.field.as_deref(), Some("stop.gracefull"));
    assert!(error.message.starts_with("unknown field `gracefull`"), "{error}");
    let error = parse(&GOOD.replacen("release-modes", "release-mode", 1)).expect_err("unknown capability");
    assert!(error.to_string().contains("there is no capability `release-mode`"), "{error}");
}

#[test]
fn what_came_with_version_2_needs_it_and_its_port() {
    let asked = GOOD.replacen("\"release-modes\"", "\"release-modes\", \"websocket\"", 1);
    let error = parse(&asked).expect_err("version 1");
    assert!(
        error.to_string().contains("came with version 2 of the contract (write contract = 2)"),
        "{error}"
    );
    let second = asked.replacen("contract = 1", "contract = 2", 1);
    let error = parse(&second).expect_err("no port");
    assert!(error.to_string().contains("needs a port websocket"), "{error}");
    let complete = second.replacen("text = \"tcp\"", "text = \"tcp\"\nwebsocket = \"tcp\"", 1);
    assert!(parse(&complete).expect("complete").can(Capability::WebSocket));
    let alone = complete.replacen("\"websocket\"]", "\"deflate\"]", 1);
    let error = parse(&alone).expect_err("deflate alone");
    assert!(error.message.contains("nothing without websocket"), "{error}");
}

#[test]
fn what_came_with_version_3_needs_it_and_the_right_transport() {
    let table = format!("{GOOD}\n[commands]\nstop = [\"x\", \"stop\"]\n[status]\ncommand = [\"x\"]\n");
    let error = parse(&table).expect_err("version 1");
    assert!(error.message.contains("[commands] came with version 3"), "{error}");
    let third = table.replacen("contract = 1", "contract = 3", 1);
    let file = parse(&third).expect("version 3");
    assert!(file.has(Verb::Stop) && file.has(Verb::Status) && !file.has(Verb::Restart));
    let asked = third.replacen("\"release-modes\"", "\"release-modes\", \"udp\", \"unix\", \"timers\"", 1);
    let error = parse(&asked).expect_err("no port");
    assert!(error.to_string().contains("needs a port udp (add udp = \"udp\" to [ports])"), "{error}");
    let complete = asked.replacen("text = \"tcp\"", "text = \"tcp\"\nudp = \"udp\"\nunix = \"unix\"", 1);
    assert_eq!(parse(&complete).expect("complete").transport("unix"), Transport::Unix);
    let error = parse(&complete.replacen("\"unix\"\n", "\"tcp\"\n", 1)).expect_err("a unix port over TCP");
    assert!(error.to_string().contains("port unix can't be `tcp` (write \"unix\")"), "{error}");
}

#[test]
fn refuses_a_reload_that_is_both_or_neither() {
    let both = GOOD.replacen("signal = \"USR1\"", "signal = \"USR1\"\ncommand = [\"x\"]", 1);
    assert!(parse(&both).expect_err("both").message.contains("not both"));
    let neither = GOOD.replacen("signal = \"USR1\"\n", "", 1);
    assert!(parse(&neither).expect_err("neither").message.contains("neither"));
}

#[test]
fn says_which_field_is_missing() {
    let error = parse(&GOOD.replacen("name = \"reference\"\n", "", 1)).expect_err("no name");
    assert_eq!(error.field.as_deref(), Some("name"));
    assert!(error.to_string().contains("missing field"), "{error}");
}

#[test]
fn broken_toml_has_a_place() {
    let error = parse("contract = 1\nname = = 2\ntier = 3\n").expect_err("broken");
    assert_eq!(error.place.map(|(line, _)| line), Some(2));
}

#[test]
fn nothing_panics_on_any_prefix() {
    for end in (0..GOOD.len()).filter(|end| GOOD.is_char_boundary(*end)) {
        if let Err(error) = parse(&GOOD[..end]) {
            assert!(!error.to_string().is_empty());
        }
    }
}
