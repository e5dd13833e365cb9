//! What the listening sockets of a later moment show that those of the start do not: a socket left in LISTEN, a stray
//! holder, two masters, a path that was bound anew. Pure: the sockets come from [`survey`](super::listeners::survey).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::census::Role;
use crate::load::listeners::{Holder, Listener};

/// The listening sockets of the server's ports before the load and after it.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct ListenersReport {
    /// Before the first reload.
    pub before: Vec<Listener>,
    /// At its end.
    pub after: Vec<Listener>,
    /// What changed that should not have, each the first time that it was seen.
    pub changes: Vec<SocketChange>,
}

/// Something that a reload did to the listening sockets.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SocketChange {
    /// The failure mode, such as `RL-7`.
    pub rule: &'static str,
    /// Name of the port.
    pub port: String,
    /// What was seen, after which reload.
    pub text: String,
    /// Whether it fails the check; a path that was bound anew is only told.
    pub fails: bool,
}

impl ListenersReport {
    /// `before` the load, and after each reload.
    pub(crate) fn new(before: Vec<Listener>, later: &[Later]) -> ListenersReport {
        let mut changes: Vec<SocketChange> = Vec::new();
        for later in later {
            for change in compare(&before, later) {
                if !changes.iter().any(|known| known.rule == change.rule && known.port == change.port) {
                    changes.push(change);
                }
            }
        }
        let after = later.last().map_or_else(|| before.clone(), |later| later.sockets.clone());
        ListenersReport { before, after, changes }
    }
}

/// The sockets after a reload.
#[derive(Debug)]
pub(crate) struct Later {
    /// The release that it brought.
    pub(crate) release: String,
    /// Whether the workers of before were gone.
    pub(crate) finished: bool,
    /// The sockets.
    pub(crate) sockets: Vec<Listener>,
}

fn compare(before: &[Listener], later: &Later) -> Vec<SocketChange> {
    let (release, sockets) = (later.release.as_str(), &later.sockets);
    let ports: BTreeSet<&str> = before.iter().map(|listener| listener.port.as_str()).collect();
    let mut changes = Vec::new();
    for port in ports {
        let of = |all: &[Listener]| -> Vec<Listener> {
            all.iter().filter(|listener| listener.port == port).cloned().collect()
        };
        let (then, now) = (of(before), of(sockets));
        let mut say = |rule, text, fails| {
            changes.push(SocketChange { rule, port: port.to_owned(), text, fails });
        };
        let (old_masters, masters) = (masters(&then), masters(&now));
        // A look that came before the first workers shows no master at all.
        if old_masters.len().max(1) < masters.len() {
            let text =
                format!("after {release} {} masters hold port {port}: {}", masters.len(), list(&masters));
            say("RL-30", text, true);
        } else if then.len() < now.len() {
            let held: Vec<String> = now.iter().map(held).collect();
            let text = format!(
                "{} sockets listen on port {port} after {release}, and {} did before the load: {}",
                now.len(),
                then.len(),
                held.join("; ")
            );
            say("RL-7", text, true);
        } else if !later.finished {
            // Workers of before hold their sockets rightly.
        } else if let Some(text) = strays(&then, &now, port, release) {
            say("RL-6", text, true);
        }
        let is_another = !then.is_empty()
            && !now.is_empty()
            && now.iter().all(|listener| then.iter().all(|old| old.socket != listener.socket));
        // Whoever listens with one socket for each worker opens a new one for each.
        let is_shared = then.len() == 1 && 2 <= then[0].holders.len();
        if is_another && port != "unix" && is_shared {
            let text = format!(
                "all share the socket of port {port}, and after {release} it is another one: for a moment nobody listened (RL-1), or who was queued on the old one was reset"
            );
            say("RL-2", text, false);
        }
        if is_another && port == "unix" {
            let text = format!(
                "the socket of port {port} is another one after {release}: who was queued on the old one was reset"
            );
            say("RL-8", text, false);
        }
    }
    changes
}

/// Holders that are the parent of another holder.
fn masters(sockets: &[Listener]) -> Vec<u32> {
    let holders = || sockets.iter().flat_map(|listener| &listener.holders);
    let parents: BTreeSet<u32> = holders().map(|holder| holder.parent).collect();
    let pids: BTreeSet<u32> = holders().map(|holder| holder.pid).collect();
    pids.intersection(&parents).copied().collect()
}

/// Holders beyond those of the start: neither a master nor a worker if there is such a one, else all of them.
fn strays(then: &[Listener], now: &[Listener], port: &str, release: &str) -> Option<String> {
    let everybody = |sockets: &[Listener]| -> BTreeSet<u32> {
        sockets.iter().flat_map(|listener| &listener.holders).map(|holder| holder.pid).collect()
    };
    let outside = |sockets: &[Listener]| -> Vec<u32> {
        let is_outside = |holder: &&Holder| holder.role == Role::Other;
        let pids: BTreeSet<u32> = sockets
            .iter()
            .flat_map(|listener| &listener.holders)
            .filter(is_outside)
            .map(|holder| holder.pid)
            .collect();
        pids.into_iter().collect()
    };
    let (strange, before, after) = (outside(now), everybody(then), everybody(now));
    if outside(then).len() < strange.len() {
        return Some(format!(
            "after {release} the socket of port {port} is held by {}, neither master nor worker",
            list(&strange)
        ));
    }
    let all: Vec<u32> = after.iter().copied().collect();
    (before.len() < after.len()).then(|| {
        format!(
            "after {release} {} processes hold the socket of port {port}, and {} did before the load: {}",
            after.len(),
            before.len(),
            list(&all)
        )
    })
}

fn held(listener: &Listener) -> String {
    let pids: Vec<u32> = listener.holders.iter().map(|holder| holder.pid).collect();
    match pids.as_slice() {
        [] => format!("socket {} of nobody in its tree", listener.socket),
        pids => format!("socket {} of {}", listener.socket, list(pids)),
    }
}

fn list(pids: &[u32]) -> String {
    pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(port: &str, socket: u64, holders: &[(u32, u32, Role)]) -> Listener {
        let holder = |&(pid, parent, role): &(u32, u32, Role)| Holder { pid, parent, role };
        Listener { port: port.to_owned(), socket, holders: holders.iter().map(holder).collect() }
    }

    const MASTER: (u32, u32, Role) = (10, 1, Role::Master);

    fn found(now: Listener, and: Option<Listener>) -> Vec<(&'static str, bool)> {
        let before = vec![listener(&now.port, 7, &[MASTER, (11, 10, Role::Worker)])];
        let sockets = std::iter::once(now).chain(and).collect();
        let later = [Later { release: "r1".to_owned(), finished: true, sockets }];
        let report = ListenersReport::new(before, &later);
        report.changes.iter().map(|change| (change.rule, change.fails)).collect()
    }

    #[test]
    fn a_reload_that_keeps_the_sockets_is_found_clean() {
        assert_eq!(found(listener("http", 7, &[MASTER, (12, 10, Role::Worker)]), None), []);
        // One socket for each worker may be another one each time.
        let own = |socket, pid| listener("http", socket, &[(pid, 10, Role::Worker)]);
        let later =
            Later { release: "r1".to_owned(), finished: true, sockets: vec![own(9, 13), own(10, 14)] };
        let report = ListenersReport::new(vec![own(7, 11), own(8, 12)], &[later]);
        assert_eq!(report.changes, []);
    }

    #[test]
    fn each_change_is_told_by_its_rule() {
        let next = || listener("http", 8, &[MASTER, (12, 10, Role::Worker)]);
        assert_eq!(found(listener("http", 7, &[MASTER]), Some(next())), [("RL-7", true)]);
        let stray = listener("http", 7, &[MASTER, (12, 10, Role::Worker), (13, 1, Role::Other)]);
        assert_eq!(found(stray, None), [("RL-6", true)]);
        let one_more = listener("http", 7, &[MASTER, (12, 10, Role::Worker), (13, 10, Role::Worker)]);
        assert_eq!(found(one_more, None), [("RL-6", true)]);
        let second = listener("http", 8, &[(20, 10, Role::Worker), (21, 20, Role::Other)]);
        let first = listener("http", 7, &[MASTER, (11, 10, Role::Worker)]);
        assert_eq!(found(first, Some(second)), [("RL-30", true)]);
        assert_eq!(found(next(), None), [("RL-2", false)]);
        let anew = listener("unix", 8, &[MASTER, (12, 10, Role::Worker)]);
        assert_eq!(found(anew, None), [("RL-8", false)]);
    }
}
