//! Several workers and several programs together.

use crate::Case;
use crate::program::{Program, until};
use crate::talk::{Peer, get};

pub(crate) const CASES: &[Case] = &[
    Case::new("cluster_push_speaks_through_a_channel_server", cluster_push),
    Case::new("queue_hands_out_each_job_once", queue),
    Case::new("global_counter_misses_nothing", global_counter),
];

fn cluster_push() {
    // CHAN-1, CHAN-4
    let folder = tempfile::tempdir().expect("a temporary folder");
    let channel = format!("unix:{}", folder.path().join("channel.sock").display());
    let first = Program::start_in(folder, "cluster_push", &[("CHANNEL_SERVER", &channel)]);
    let second = Program::start("cluster_push", &[("CHANNEL", &channel)]);
    speak_across(&first, &second, "");
    second.stop();
    first.stop();
}

/// What is said to one program reaches the clients of both, in order and once.
pub(crate) fn speak_across(first: &Program, second: &Program, mark: &str) {
    let addresses = [first.address("node"), second.address("node")];
    let mut peers: Vec<Peer> = (0..8).map(|n| Peer::connect(&addresses[n % 2])).collect();
    // Workers subscribe on their own time, and who is not subscribed misses what is said. A word of its own for each
    // peer: what others are told meanwhile is skipped.
    for n in 0..peers.len() {
        let word = format!("ready {mark}{n}");
        let mut asking = Peer::connect(&addresses[(n + 1) % 2]);
        until("a worker has subscribed", || {
            asking.say(format!("{word}\n"));
            peers[n].has(&word)
        });
    }
    for n in 0..10 {
        peers[n % 2].say(format!("said {mark}{n}\n"));
        for peer in &mut peers {
            let heard = peer.line_after("ready ");
            assert_eq!(heard, format!("said {mark}{n}"));
        }
    }
}

fn queue() {
    // CHAN-6
    let program = Program::start("queue", &[("CHANNEL", "unix:channel.sock")]);
    jobs_are_done(&program, "");
    program.stop();
}

/// Each job is done once, by any worker.
pub(crate) fn jobs_are_done(program: &Program, mark: &str) {
    let mut peer = Peer::connect(&program.address("front"));
    // Until the front hears of what is done.
    let probe = format!("probe {mark}");
    until("the front has subscribed", || {
        peer.say(format!("{probe}\n"));
        peer.has(&format!("did \"{probe}\""))
    });
    (0..20).for_each(|n| peer.say(format!("job {mark}{n}\n")));
    let mut done: Vec<String> = Vec::new();
    while done.len() < 20 {
        let line = peer.line();
        // Others are done too: what was asked before, by this peer or another.
        done.extend(line.split(" did ").nth(1).filter(|job| job.starts_with("\"job ")).map(str::to_owned));
    }
    let mut wanted: Vec<String> = (0..20).map(|n| format!("\"job {mark}{n}\"")).collect();
    done.sort();
    wanted.sort();
    assert_eq!(done, wanted);
}

fn global_counter() {
    // GDATA-5, GDATA-6
    let program = Program::start("global_counter", &[("DATA", "unix:data.sock")]);
    let address = program.address("counter");
    for visit in 1..=20 {
        let answer = get(&address, "/");
        assert!(answer.body.starts_with(&format!("visit {visit}, worker ")), "{answer:?}");
    }
    program.stop();
}
