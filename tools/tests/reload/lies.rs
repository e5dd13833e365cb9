//! Liars under load: each is found by its own fate.

use std::thread;

use crate::{QUICK, assert_books_close, command, report, turn};

/// What a liar does around a reload, the fate of requests or connections by which it is found, and the grade.
const LIES: &[(&str, Option<&str>, &str)] = &[
    ("load.resets", Some("keep-alive race"), "lossy"),
    ("load.drops-fresh", Some("fresh connection dropped"), "lossy"),
    ("load.truncates", Some("truncated"), "lossy"),
    ("load.swaps", Some("crosstalk"), "lossy"),
    ("load.repeats", Some("sent something unasked"), "lossy"),
    ("load.stalls", Some("stuck"), "lossy"),
    ("load.errors", Some("server error"), "lossy"),
    ("load.wrong-sum", Some("wrong answer"), "lossy"),
    // Somebody else answers: that proves nothing about this server.
    ("load.wrong-pid", None, "inconclusive"),
];

#[test]
fn each_lie_under_load_is_found_by_its_own_fate() {
    let _turn = turn();
    assert_found(LIES, |lie| misjudged(lie));
}

/// What the report of a lie says, if it is not what it should.
fn misjudged((fault, fate, grade): &(&str, Option<&str>, &str)) -> Option<String> {
    let output = command(QUICK)
        .args(["--mix", "paced=8@400,fresh=@200"])
        .args(["--testee", "fixtures/liars/testee.toml", "--reloads", "2", "--timeout", "1s", "--json", "-"])
        .env("WORKERSPEC_LIAR_FAULT", fault)
        .output()
        .expect("the program runs");
    let report = report(&output);
    assert_books_close(&report);
    let rows = report["requests"]["fates"].as_array().expect("a list");
    let ends = report["connections"]["ends"].as_object().expect("a table");
    let is_told = |fate: &str| {
        rows.iter().any(|row| row["fates"].get(fate).is_some())
            || ends.values().any(|counts| counts.get(fate).is_some())
    };
    let told = fate.is_none_or(is_told);
    let judged = report["verdict"]["grade"] == *grade;
    (!told || !judged).then(|| format!("{fault} as {fate:?}: {:#}\n{rows:#?}", report["verdict"]))
}

/// Each has to be found. They are light loads that only have to show a fate, so several run at once; what depends on
/// chance, or on a machine that is not too busy, gets three more, alone.
fn assert_found<T: Sync>(all: &'static [T], missed: impl Fn(&T) -> Option<String> + Sync) {
    let first: Vec<&T> = thread::scope(|scope| {
        let missed = &missed;
        let lane = |first: usize| {
            let own = all.iter().skip(first).step_by(LANES);
            own.filter(|one| missed(one).is_some()).collect::<Vec<&T>>()
        };
        let lanes: Vec<_> = (0..LANES).map(|first| scope.spawn(move || lane(first))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("no panic")).collect()
    });
    let again = |one: &T| missed(one).and_then(|_| missed(one)).and_then(|_| missed(one));
    let missed: Vec<String> = first.into_iter().filter_map(again).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

/// Ways to fail of docs/reload.md, a liar that fails so, what it takes to see it, and what the report must say.
type Mode = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

pub(crate) const MODES: &[Mode] = &[
    ("RL-1", "reload.closes-listener", &["--mix", "fresh=@200"], &["\"refused\"", "looks-like:RL-1"]),
    (
        "RL-4",
        "load.drops-fresh",
        &["--mix", "fresh=@200"],
        &["\"fresh connection dropped\"", "looks-like:RL-4"],
    ),
    (
        "RL-1",
        "load.blinks",
        &["--mix", "fresh=@1000"],
        &["\"refused\"", "looks-like:RL-1", "looks-like:RL-2"],
    ),
    ("RL-5", "load.swallows", &["--mix", "fresh=@200", "--timeout", "700ms"], &["\"stuck\"", "(RL-5)"]),
    ("RL-6", "load.wrong-pid", &["--mix", "paced=8@400"], &["never seen in its tree"]),
    (
        "RL-3 RL-9",
        "load.shrinks-backlog",
        &["--mix", "fresh=@200", "--hold", "1500ms", "--duration", "4s"],
        &["looks-like:RL-3", "ListenOverflows"],
    ),
    ("RL-10", "reload.kills-idle", &["--mix", "http=6"], &["\"keep-alive race\"", "looks-like:RL-10"]),
    ("RL-11", "load.zombies", &["--mix", "paced=8@400"], &["\"keep-alive race\"", "looks-like:RL-11"]),
    ("RL-12", "load.truncates", &["--mix", "paced=8@400"], &["\"truncated\"", "looks-like:RL-12"]),
    ("RL-13", "load.cuts-late", &["--mix", "slow=6", "--slow", "3s"], &["looks-like:RL-13"]),
    (
        "RL-14",
        "load.sleeps-short",
        &["--mix", "slow=4", "--slow", "1s"],
        &["answered early", "looks-like:RL-14"],
    ),
    (
        "RL-12",
        "load.loses-one",
        &["--mix", "http=2", "--duration", "2s"],
        &["\"truncated\"", "looks-like:RL-12"],
    ),
    ("RL-15", "load.dawdles", &["--mix", "fresh=@200"], &["looks-like:RL-15"]),
    (
        "RL-15",
        "load.stalls",
        &["--mix", "paced=8@400", "--timeout", "700ms"],
        &["\"stuck\"", "looks-like:RL-15"],
    ),
    (
        "RL-16",
        "reload.serial",
        &["--mix", "paced=8@100", "--release-plan", "slow:900"],
        &["looks-like:RL-16"],
    ),
    (
        "RL-18",
        "reload.one-stays",
        &["--mix", "fresh=@200"],
        &["workers of before were still there", "looks-like:RL-27"],
    ),
    ("RL-19", "load.executes-twice", &["--mix", "paced=8@400"], &["were executed more than once (RL-19)"]),
    ("DUPLICATE", "load.forgets-answers", &["--mix", "paced=8@400"], &["\"finished-unanswered\""]),
    ("KA_RACE", "load.resets", &["--mix", "paced=8@400"], &["\"never-started\""]),
    ("RL-20", "reload.not-announced", &["--mix", "paced=8@400"], &["\"keep-alive race\""]),
    ("RL-21", "websocket.reload-cuts", &["--mix", "http=2,websocket-idle=4"], &["looks-like:RL-21"]),
    ("RL-24", "reload.broken-kills", &["--mix", "fresh=@100", "--release-plan", "exit"], &["\"refused\""]),
    (
        "RL-25",
        "reload.broken-half",
        &["--mix", "fresh=@100", "--release-plan", "exit", "--hold", "2s"],
        &["\"stuck\""],
    ),
    (
        "RL-26",
        "reload.stale",
        &["--mix", "fresh=@100"],
        &["the new release never answered", "looks-like:RL-26"],
    ),
    ("RL-27", "reload.never-leaves", &["--mix", "fresh=@100"], &["looks-like:RL-27"]),
    ("RL-28", "reload.leaks-process", &["--mix", "fresh=@100", "--reloads", "3"], &["looks-like:RL-28"]),
    (
        "RL-29",
        "reload.second-ignored",
        &["--mix", "fresh=@100", "--release-plan", "slow:600", "--disturb", "again@300"],
        &["the new release never answered"],
    ),
    (
        "RL-32",
        "reload.command-lies",
        &["--mix", "fresh=@100", "--release-plan", "exit"],
        &["but its reload reported success"],
    ),
    ("RL-35", "process.orphans", &["--mix", "fresh=@100", "--disturb", "kill-master"], &["these live on"]),
    (
        "RL-2",
        "load.drops-queue",
        &["--mix", "fresh=@30", "--freeze"],
        &["queued while the workers stood still", "looks-like:RL-2"],
    ),
    ("RL-6", "load.leaves-holder", &["--mix", "fresh=@100"], &["neither master nor worker (RL-6)"]),
    (
        "RL-7",
        "load.shares-port",
        &["--mix", "fresh=@100", "--timeout", "700ms"],
        &["2 sockets listen on port http", "looks-like:RL-7"],
    ),
    ("RL-8", "load.replaces-socket", &["--mix", "fresh=@100"], &["looks-like:RL-8"]),
    ("RL-17", "load.lingers-alone", &["--mix", "fresh=@20,unclosed=@4"], &["looks-like:RL-17"]),
    ("RL-22", "load.herds", &["--mix", "http=2,websocket-idle=24"], &["looks-like:RL-22"]),
    ("RL-23", "load.starts-nothing", &["--mix", "fresh=@100"], &["\"refused\"", "looks-like:RL-23"]),
    (
        "RL-30",
        "load.two-masters",
        &["--mix", "fresh=@100"],
        &["2 masters hold port http", "looks-like:RL-30"],
    ),
    (
        "RL-31",
        "load.both-leave",
        &["--mix", "fresh=@400", "--duration", "4s"],
        &["\"refused\"", "looks-like:RL-31"],
    ),
    ("RL-36", "load.one-by-one", &["--mix", "fresh=@100"], &["looks-like:RL-36"]),
    ("RL-39", "load.waits-fixed", &["--mix", "fresh=@50", "--reloads", "3"], &["looks-like:RL-39"]),
    ("RL-40", "load.log-ends", &["--mix", "fresh=@100"], &["looks-like:RL-40"]),
    ("CROSSTALK", "load.swaps", &["--mix", "paced=8@400"], &["\"crosstalk\""]),
    (
        "MASKED_LOSS",
        "load.errors",
        &["--mix", "paced=8@400"],
        &["\"server error\"", "looks-like:MASKED_LOSS"],
    ),
];

#[test]
fn each_way_to_fail_is_found_and_named() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let (soon, late) = (liar_with(folder.path(), "2500ms"), liar_with(folder.path(), "8s"));
    assert_found(MODES, |mode| missed(mode, &soon, &late));
}

const LANES: usize = 5;

/// A stall, a leak or a habit alone is no loss: it is told, and the run may pass.
const ONLY_TOLD: [&str; 10] = [
    "load.shrinks-backlog",
    "load.replaces-socket",
    "load.dawdles",
    "reload.serial",
    "load.lingers-alone",
    "load.herds",
    "reload.leaks-process",
    "load.one-by-one",
    "load.waits-fixed",
    "load.log-ends",
];

/// What the report of a liar does not say although it should.
fn missed(mode: &Mode, soon: &str, late: &str) -> Option<String> {
    let (rule, fault, more, signs) = mode;
    // These are over late, and well.
    let toml = if matches!(*rule, "RL-13" | "RL-21" | "RL-39") { late } else { soon };
    let mut arguments = vec!["--baseline", "300ms", "--every", "300ms", "--testee", toml];
    if !more.contains(&"--freeze") {
        arguments.push("--load-only");
    }
    if !more.contains(&"--hold") {
        arguments.extend(["--hold", "300ms"]);
    }
    if !more.contains(&"--reloads") && !more.contains(&"--release-plan") {
        arguments.extend(["--reloads", "1"]);
    }
    let began = std::time::Instant::now();
    let output = command(&arguments)
        .args(*more)
        .args(["--json", "-"])
        .env("WORKERSPEC_LIAR_FAULT", fault)
        // A whole million takes a debug build too long; `.ci/run` waits for it.
        .env("WORKERSPEC_LIAR_MILLION", "2000")
        .output()
        .expect("the program runs");
    // Shown where the test fails, or with --nocapture: where the time goes.
    println!("{rule} ({fault}): {:.1} s", began.elapsed().as_secs_f64());
    let report = report(&output);
    assert_books_close(&report);
    let passes = output.status.code() == Some(0) && !ONLY_TOLD.contains(fault);
    let diagnosis = report["diagnosis"].as_array().expect("a list");
    let has = |sign: &str| match sign.strip_prefix("looks-like:") {
        Some(rule) => diagnosis.iter().any(|one| one["rule"] == rule),
        None => report.to_string().contains(sign),
    };
    let missing: Vec<&str> = signs.iter().copied().filter(|sign| !has(sign)).collect();
    (!missing.is_empty() || passes).then(|| {
        format!(
            "{rule} ({fault}): {missing:?}, passes: {passes}, {:#}\n{:#}\n{}",
            report["verdict"]["sentence"], report["diagnosis"], report["requests"]
        )
    })
}

/// The liar's file with a reload that is given up after this time, for those that never end.
fn liar_with(folder: &std::path::Path, patience: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/liars/testee.toml");
    let text = std::fs::read_to_string(path).expect("the liar is there");
    let text = text.replace("waits = true", &format!("waits = true\ntimeout = \"{patience}\""));
    let file = folder.join(format!("{patience}.toml"));
    std::fs::write(&file, text).expect("it can be written");
    file.to_str().expect("plain letters").to_owned()
}
