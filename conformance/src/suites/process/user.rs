use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use nix::unistd::{Group, User};

use crate::case::{Case, Need, Source};
use crate::probe::HttpProbe;
use crate::run::Stage;
use crate::testee::{Capability, Credentials, Launch, Prepare, Testee};
use crate::verdict::{Outcome, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);
const USER: Need = Need::Can(Capability::User);

/// MASTER-10 and SF-23: whose rights workers have.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.user.taken-on", Must, Source::Model("MASTER-10");
        claim: "Workers that are told a user must run as that user, and keep nothing of root.";
        reading: "`nobody`: real, effective, saved and file system user and group, and no supplementary group 0; the answers come from them.";
        needs: [HTTP, USER, Need::Root]; Isolated; seconds: 15;
        accepts: ["workers of that user and its group, and an answer"]; aliases: [];
        run: |stage| taken_on(stage, None)
    },
    act! {
        "process.user.with-group", Must, Source::Model("MASTER-10");
        claim: "Workers that are told a user and a group must run as both.";
        reading: "`nobody` and `daemon`: the group of the user is not taken in its place.";
        needs: [HTTP, USER, Need::Root]; Isolated; seconds: 15;
        accepts: ["workers of that user and that group, and an answer"]; aliases: [];
        run: |stage| taken_on(stage, Some(GROUP))
    },
    act! {
        "process.user.unknown", Must, Source::Model("SF-23");
        claim: "A server that is told a user that there is not must not start.";
        reading: "Workers that ran on as root would be worse than none.";
        needs: [HTTP, USER, Need::Root]; Isolated; seconds: 15;
        accepts: ["it does not start"]; aliases: [];
        run: unknown
    },
];

const NAME: &str = "nobody";
const GROUP: &str = "daemon";

/// A server of its own that is told whom its workers are to be.
fn start(stage: &Stage, user: &str, group: Option<&str>) -> Result<Testee, crate::testee::TesteeError> {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut variables = vec![variable("WORKERSPEC_USER", user)];
    variables.extend(group.map(|group| variable("WORKERSPEC_GROUP", group)));
    // Workers write the journal, and root alone may do so in a fresh folder.
    let prepare = Prepare::with(|pid_file, _| {
        pid_file.parent().map_or(Ok(()), |folder| set_permissions(folder, Permissions::from_mode(0o777)))
    });
    let first = stage.testee();
    Testee::start(first.file(), &Launch { variables, prepare, ..first.launch().clone() })
}

fn taken_on(stage: &Stage, group: Option<&str>) -> Outcome {
    let Ok(Some(user)) = User::from_name(NAME) else { return unproved(format!("there is no user {NAME}")) };
    let gid = match group.map(Group::from_name) {
        None => user.gid,
        Some(Ok(Some(group))) => group.gid,
        Some(_) => return unproved(format!("there is no group {GROUP}")),
    };
    let testee = match start(stage, NAME, group) {
        Ok(testee) => testee,
        Err(error) => return broken(format!("it does not start: {error}")),
    };
    let stage = stage.with_testee(testee);
    let workers = stage.all_workers()?;
    for worker in &workers {
        let Some(found) = Credentials::read(worker.pid) else {
            return broken(format!("worker {} is gone", worker.pid));
        };
        let users = found.users.iter().all(|found| *found == user.uid.as_raw());
        let groups = found.groups.iter().all(|found| *found == gid.as_raw());
        if !users || !groups || found.supplementary.contains(&0) {
            return broken(format!("worker {} is {found:?}, and not {} and {gid}", worker.pid, user.uid));
        }
    }
    match stage.http()?.load("user")? {
        Ok(receipt) if workers.iter().any(|worker| worker.pid.as_raw() == receipt.pid) => kept(),
        Ok(receipt) => broken(format!("process {} answers, which is none of the workers", receipt.pid)),
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}

fn unknown(stage: &Stage) -> Outcome {
    let Ok(testee) = start(stage, "workerspec-nobody-of-that-name", None) else { return kept() };
    let stage = stage.with_testee(testee);
    let users: Vec<_> = stage
        .testee()
        .workers()
        .iter()
        .filter_map(|worker| Credentials::read(worker.pid))
        .map(|found| found.users)
        .collect();
    let deadline = stage.deadline();
    let answered = match stage.try_connect("http", None, deadline)? {
        Ok(probe) => HttpProbe::new(probe, deadline).load("unknown")?.is_ok(),
        Err(_) => false,
    };
    broken(format!(
        "it starts; its workers run as {users:?}, and it {}",
        if answered { "answers" } else { "does not answer" }
    ))
}
