//! The judge never links the server: no dependency of any kind leads from one tower to the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cargo_metadata::MetadataCommand;

/// The judge's side.
const JUDGE: [&str; 2] = ["workerspec-conformance", "workerspec-wire"];
/// The server's side, and what is only there to be judged.
const SERVER: [&str; 3] = ["workerspec-core", "workerspec-reference", "workerspec-liars"];

/// Normal, build and dev dependencies of every package of the workspace, by name.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata runs in the workspace");
    metadata
        .packages
        .into_iter()
        .map(|package| {
            let dependencies = package.dependencies.into_iter().map(|dependency| dependency.name).collect();
            (package.name.to_string(), dependencies)
        })
        .collect()
}

/// Everything that `from` reaches, however far.
fn reach(edges: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut queue = VecDeque::from([from.to_owned()]);
    while let Some(package) = queue.pop_front() {
        for dependency in edges.get(&package).into_iter().flatten() {
            if found.insert(dependency.clone()) {
                queue.push_back(dependency.clone());
            }
        }
    }
    found
}

#[test]
fn no_edge_leads_from_the_judge_to_the_server() {
    let edges = edges();
    for judge in JUDGE {
        assert!(edges.contains_key(judge), "{judge} is not in the workspace");
        let reached = reach(&edges, judge);
        for server in SERVER {
            assert!(!reached.contains(server), "{judge} reaches {server}");
        }
    }
}

#[test]
fn the_server_does_not_know_the_judge() {
    let edges = edges();
    for server in SERVER {
        assert!(edges.contains_key(server), "{server} is not in the workspace");
        let reached = reach(&edges, server);
        for judge in JUDGE {
            assert!(!reached.contains(judge), "{server} reaches {judge}");
        }
    }
}
