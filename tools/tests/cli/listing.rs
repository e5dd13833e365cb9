//! `list` and `explain`: what people read of cases.

use insta::assert_snapshot;

use super::{check, stdout, testee};

fn said(arguments: &[&str]) -> String {
    stdout(&check(arguments, 0, &[]))
}

#[test]
fn list_has_a_line_for_every_case() {
    assert_snapshot!(said(&["list", "suite(text)"]));
    let cases: serde_json::Value = serde_json::from_str(&said(&["list", "--json"])).expect("JSON");
    let cases = cases.as_array().expect("an array");
    assert!(1_000 < cases.len());
    assert!(cases.iter().all(|case| case["claim"].is_string() && case.get("lacks").is_none()));
}

#[test]
fn list_says_what_a_testee_would_have_skipped_and_why() {
    let (_folder, path) = testee(
        "contract = 1\nname = \"web\"\ntier = \"http\"\ncapabilities = [\"http\"]\n\
         [start]\ncommand = [\"true\"]\n[ports]\nhttp = \"tcp\"\n",
        "",
    );
    let filter = "text.l* | http.host.missing*";
    assert_snapshot!(said(&["list", "--testee", &path, filter]));
    let cases: serde_json::Value =
        serde_json::from_str(&said(&["list", "--json", "--testee", &path, filter])).expect("JSON");
    let lacks = |id: &str| {
        cases.as_array().expect("an array").iter().find(|case| case["id"] == id).expect(id)["lacks"].clone()
    };
    assert!(lacks("text.line.echo").as_str().is_some_and(|lack| lack.contains("text")), "{cases}");
    assert!(lacks("http.host.missing").is_null(), "{cases}");
    check(&["list", "--testee", "nowhere.toml"], 2, &["nowhere.toml"]);
}

#[test]
fn explain_shows_claim_reading_octets_and_what_is_acceptable() {
    assert_snapshot!(said(&["explain", "http.chunk.size-wraps"]));
    assert_snapshot!(said(&["explain", "websocket.fragment.ping-between"]));
    assert_snapshot!(said(&["explain", "reload.connection.idle"]));
}
