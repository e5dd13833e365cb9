//! The other forms of a report, and what stands in front of a server.

use std::fs;

use serde_json::Value;

use crate::{LIGHT, QUICK, assert_books_close, assert_usage, command, conclusive, report, turn};

#[test]
fn every_form_of_the_report_tells_the_same() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("md"), "before\n").expect("it can be written");
    let files =
        ["--jsonl", &path("jsonl"), "--junit", &path("xml"), "--markdown", &path("md"), "--json", "-"];
    let output = conclusive(&[&["--reloads", "1", "--max-lost", "0"][..], &files].concat());
    assert_eq!(report(&output)["verdict"]["grade"], "lossless");
    let lines: Vec<Value> = fs::read_to_string(path("jsonl"))
        .expect("it is there")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (last, progress) = lines.split_last().expect("lines");
    assert_eq!((&last["event"], &last["verdict"]["grade"]), (&"verdict".into(), &"lossless".into()));
    assert!(3 < progress.len() && progress.iter().all(|line| line["event"] == "progress"), "{progress:#?}");
    let answered: Vec<u64> =
        progress.iter().map(|line| line["answered"].as_u64().expect("a count")).collect();
    assert!(answered.is_sorted() && 0 < answered[answered.len() - 1], "{answered:?}");
    let xml = fs::read_to_string(path("xml")).expect("it is there");
    assert!(xml.contains("no request is lost") && xml.contains("failures=\"0\""), "{xml}");
    let markdown = fs::read_to_string(path("md")).expect("it is there");
    assert!(markdown.contains("before\n") && markdown.contains("reference is lossless\n"), "{markdown}");
    assert!(markdown.contains("| requests lost | 0 | 0 | kept |"), "{markdown}");
}

#[test]
fn a_policy_says_what_a_race_is() {
    let _turn = turn();
    let with = |policy: &str, posts: &str| {
        let output = command(QUICK)
            .args([
                "--mix",
                "http=6",
                "--post-share",
                posts,
                "--reloads",
                "1",
                "--json",
                "-",
                "--policy",
                policy,
            ])
            .args(["--testee", "fixtures/liars/testee.toml"])
            .env("WORKERSPEC_LIAR_FAULT", "reload.kills-idle")
            .output()
            .expect("the program runs");
        let report = report(&output);
        let grade = if posts == "0" { "conformant" } else { "lossy" };
        assert_eq!(report["verdict"]["grade"], grade, "{:#}", report["verdict"]);
        assert_books_close(&report);
        let retries = &report["requests"]["retries"];
        (
            output.status.code(),
            report["verdict"]["races"].clone(),
            retries["made"].clone(),
            retries["answered"].clone(),
        )
    };
    let (code, races, made, _) = with("strict", "0");
    assert_eq!((code, made), (Some(1), Value::from(0)));
    assert_ne!(races, 0);
    // CHECK-7: a race is repeated once, really, and stays a race.
    let (code, races, made, answered) = with("rfc", "0");
    assert_eq!((code, &made, &answered), (Some(0), &races, &races));
    assert_ne!(races, 0);
    // RFC 9110 9.2.2: nobody repeats a POST by itself.
    let (code, _, made, _) = with("rfc", "1");
    assert_eq!((code, made), (Some(1), Value::from(0)));
}

#[test]
fn what_a_proxy_masks_is_found_by_its_statuses() {
    let _turn = turn();
    if std::process::Command::new("nginx").arg("-v").stderr(std::process::Stdio::null()).status().is_err() {
        assert!(std::env::var_os("CI").is_none(), "nginx is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let liar = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/liars/testee.toml"));
    let start = "command = [\"sh\", \"-c\", \"(nginx -e {dir}/error.log -c {dir}/nginx.conf &); exec {workerspec} liar none\"]";
    let toml = liar
        .expect("the liar is there")
        .replace("command = [\"{workerspec}\", \"liar\", \"none\"]", start)
        .replace("http = \"tcp\"", "http = \"tcp\"\nfront = \"tcp\"");
    let template = "\n[[template]]\nfrom = \"nginx.conf.in\"\nto = \"{dir}/nginx.conf\"\n";
    let file = folder.path().join("testee.toml");
    fs::write(&file, toml + template).expect("it can be written");
    let conf = "daemon off;\nworker_processes 1;\npid {dir}/nginx.pid;\nerror_log {dir}/error.log;\nevents {}\nhttp {\n\
        access_log off;\nserver {\nlisten 127.0.0.1:{port.front};\nlocation / { proxy_pass http://127.0.0.1:{port.http}; }\n}\n}\n";
    fs::write(folder.path().join("nginx.conf.in"), conf).expect("it can be written");
    let toml = file.to_str().expect("plain letters");
    let output = command(LIGHT)
        .args(QUICK)
        .args(["--testee", toml, "--through", "front", "--reloads", "2", "--json", "-"])
        .env("WORKERSPEC_LIAR_FAULT", "load.drops-fresh")
        .output()
        .expect("the program runs");
    let report = report(&output);
    assert!(
        report["diagnosis"].to_string().contains("MASKED_LOSS"),
        "{:#}\n{:#}",
        report["verdict"],
        report["requests"]
    );
    assert!(report["losses"][0]["detail"] == "status 502", "{:#}", report["losses"][0]);
    assert_eq!(output.status.code(), Some(1));
    assert_usage(&["--through", "front"], "there is no port front to load");
}
