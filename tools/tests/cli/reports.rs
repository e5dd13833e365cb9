//! What is done with reports: pages, comparison, replay, baseline, captures.

use std::fs;

use super::{LIAR, PROGRAM, check, liar, stdout};

/// Runs cases against the liar with a fault; its report is written to a file.
fn lie(fault: &str, cases: &[&str], more: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("report.json").display().to_string();
    let status = std::process::Command::new(PROGRAM)
        .args(["run", "--testee", LIAR, "--tries", "1", "--json", &report])
        .args(cases)
        .args(more)
        .env("WORKERSPEC_LIAR_FAULT", fault)
        .output()
        .expect("the program runs")
        .status;
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    (folder, report)
}

#[test]
fn expressions_choose_cases() {
    let ids = |filter: &str| {
        let assert = check(&["list", "--json", filter], 0, &[]);
        let cases: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).expect("JSON");
        cases.as_array().expect("an array").len()
    };
    assert_eq!(ids("suite(text) | suite(frame)"), ids("suite({text,frame})"));
    assert_eq!(ids("suite(http)"), ids("suite(http) & tag(bytes)") + ids("suite(http) & !tag(bytes)"));
    check(&["run", "suite(http) &"], 2, &["an id or a condition is missing, at octet 13"]);
    check(&["run", "suite(nonsense)"], 4, &["no case matches"]);
}

#[test]
fn what_is_worse_than_before_is_told_with_1() {
    let (_good, good) = lie("none", &["text.line.*"], &[]);
    let (_bad, bad) = lie("text.keeps-cr", &["text.line.*"], &[]);
    let assert = check(&["compare", &good, &bad], 1, &[]);
    assert!(stdout(&assert).contains("broken   text.line.trailing-cr (pass -> fail)"), "{}", stdout(&assert));
    let assert = check(&["compare", &bad, &good], 0, &[]);
    assert!(stdout(&assert).contains("fixed    text.line.trailing-cr (fail -> pass)"), "{}", stdout(&assert));
    check(&["compare", &bad, &bad], 0, &[]);
    check(&["compare", "/nonexistent.json", &bad], 2, &["/nonexistent.json: can't be read"]);
    let assert = check(&["report", &good, &bad], 0, &[]);
    assert!(stdout(&assert).lines().any(|line| line.trim_start().starts_with("text")), "{}", stdout(&assert));
}

#[test]
fn what_failed_is_run_again() {
    let (_folder, report) = lie("text.keeps-cr", &["text.line.*", "text.limit.*"], &[]);
    let assert = check(&["run", "--rerun-failed", &report, "--json", "-"], 0, &[]);
    let again: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).expect("JSON");
    let ids: Vec<&str> =
        again["cases"].as_array().expect("cases").iter().filter_map(|case| case["id"].as_str()).collect();
    assert!(ids.contains(&"text.line.trailing-cr"), "{ids:?}");
    assert!(ids.len() < 6, "{ids:?}");
    let (_folder, report) = lie("none", &["text.line.echo"], &[]);
    check(&["run", "--rerun-failed", &report], 4, &["every case of that report passed"]);
}

#[test]
fn a_profile_makes_a_broken_rule_of_another_a_warning() {
    let run = |profile: &str| {
        std::process::Command::new(PROGRAM)
            .args(["run", "--testee", LIAR, "--tries", "1", "--profile", profile, "text.line.trailing-cr"])
            .env("WORKERSPEC_LIAR_FAULT", "text.keeps-cr")
            .output()
            .expect("the program runs")
            .status
            .code()
    };
    assert_eq!(run("rfc"), Some(0));
    assert_eq!(run("model"), Some(1));
}

#[test]
fn a_failure_is_tried_again_and_says_so() {
    let (_folder, path) = liar("text.keeps-cr", "");
    let assert = check(&["run", "--testee", &path, "text.line.trailing-cr"], 1, &[]);
    assert!(stdout(&assert).contains("tries: fail, fail, fail"), "{}", stdout(&assert));
}

#[test]
fn recorded_octets_are_sent_again() {
    let (_folder, report) = lie("text.keeps-cr", &["text.line.trailing-cr", "text.line.echo"], &[]);
    let assert = check(&["replay", &report, "text.line.trailing-cr"], 1, &[]);
    let said = stdout(&assert);
    assert!(said.contains("not as then") && said.contains("> 0000 hi\\r\\n"), "{said}");
    let assert = std::process::Command::new(PROGRAM)
        .args(["replay", &report, "text.line.trailing-cr", "--testee", LIAR])
        .env("WORKERSPEC_LIAR_FAULT", "text.keeps-cr")
        .output()
        .expect("the program runs");
    assert_eq!(assert.status.code(), Some(0), "{}", String::from_utf8_lossy(&assert.stdout));
    check(&["replay", &report, "text.line.echo"], 2, &["holds no connection of text.line.echo"]);
    check(&["replay", &report, "text.line.nothing"], 2, &["text.line.nothing is not in"]);
    check(
        &["replay", &report, "text.line.trailing-cr", "--address", "text=192.0.2.1:80"],
        2,
        &["not on this machine"],
    );
    check(&["replay", &report, "text.line.trailing-cr", "--address", "http=127.0.0.1:1"], 2, &["port text"]);
}

#[test]
fn a_baseline_adds_what_fails_and_removes_what_passes() {
    let (folder, report) = lie("text.keeps-cr", &["text.line.*"], &[]);
    let known = folder.path().join("known.toml");
    let path = known.display().to_string();
    fs::write(
        &known,
        "# Ours.\n\n[[known]]\nid = \"http.host.*\" # looked at\nverdict = \"fail\"\nreason = \"x\"\n",
    )
    .expect("a file");
    let assert = check(&["baseline", &report, &path], 0, &[]);
    assert!(stdout(&assert).contains("added    text.line.trailing-cr"), "{}", stdout(&assert));
    let text = fs::read_to_string(&known).expect("the file");
    assert!(text.starts_with("# Ours.") && text.contains("# looked at"), "{text}");
    assert!(text.contains("id = \"text.line.trailing-cr\"") && text.contains("not looked at yet"), "{text}");
    let again = check(&["baseline", &report, &path], 0, &[]);
    assert!(stdout(&again).contains("is in line"), "nothing is added twice: {}", stdout(&again));
    check(&["baseline", &report, "/nonexistent/known.toml", "--dry-run"], 0, &[]);
    fs::write(&known, "known = [").expect("a file");
    check(&["baseline", &report, &path], 2, &["known.toml"]);
}

#[test]
fn lines_come_while_it_runs_and_packets_are_captured() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lines = folder.path().join("run.jsonl").display().to_string();
    let packets = folder.path().join("run.pcapng").display().to_string();
    check(&["run", "text.line.*", "--jsonl", &lines, "--pcap", &packets], 0, &[]);
    let lines = fs::read_to_string(lines).expect("the lines");
    let events: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON on each line")).collect();
    assert_eq!(events[0]["event"], "begin");
    assert_eq!(events[0]["cases"], events.len() - 2);
    assert!(events.iter().any(|event| event["event"] == "case" && event["id"] == "text.line.echo"));
    assert_eq!(events[events.len() - 1]["exit_code"], 0);
    let packets = fs::read(packets).expect("the packets");
    assert_eq!(packets[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let text = String::from_utf8_lossy(&packets);
    assert!(text.contains("text.line.echo, connection 1 on port text"));
}

#[test]
fn pages_load_nothing_and_hold_every_case() {
    let (folder, bad) = lie("text.keeps-cr", &["text.line.*"], &[]);
    let (_other, good) = lie("none", &["text.line.*"], &[]);
    let file = |name: &str| folder.path().join(name).display().to_string();
    check(&["report", &bad, "--html", &file("run.html"), "--markdown", &file("run.md")], 0, &[]);
    check(&["report", &bad, &good, "--html", &file("all.html"), "--markdown", &file("all.md")], 0, &[]);
    check(&["run", "text.line.echo", "--html", &file("live.html"), "--markdown", &file("live.md")], 0, &[]);
    let read = |name: &str| fs::read_to_string(file(name)).expect("it was written");
    for page in [read("run.html"), read("all.html"), read("live.html")] {
        assert!(page.contains("text.line.echo"), "{page}");
        for loads in ["src=", "@import", "url(http", "<link"] {
            assert!(!page.contains(loads), "a page with {loads}");
        }
    }
    // What a server sent is text in a page.
    assert!(read("run.html").contains("&gt; 0000 hi\\r\\n"), "{}", read("run.html"));
    assert!(read("run.md").contains("text.line.trailing-cr"), "{}", read("run.md"));
    assert!(read("all.md").contains("text.line.trailing-cr"), "{}", read("all.md"));
    assert!(read("live.md").contains("reference"), "{}", read("live.md"));
}
