use super::scene::wait_release;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Launch, Release, Testee};
use crate::verdict::{Outcome, Surprise, broken, kept};

/// RELOAD-3: workers that no reload replaces.
pub(super) const CASES: &[Case] = &[act! {
    "reload.exempt.workers-stay", Must, Source::Model("RELOAD-3");
    claim: "Workers of a service that is not reloadable must stay over a reload, with their connections.";
    reading: "Port text is not reloadable and port http is: when http has the new release, text answers from the same process, old connections and new ones.";
    needs: [
        Need::Can(Capability::Http), Need::Can(Capability::Text), Need::Can(Capability::NonReloadable), Need::Reload
    ];
    Isolated; seconds: 20;
    accepts: ["the new release on port http, the same processes on port text"]; aliases: [];
    run: workers_stay
}];

fn workers_stay(stage: &Stage) -> Outcome {
    let first = stage.testee();
    let variables = vec![("WORKERSPEC_NON_RELOADABLE".to_owned(), "text".to_owned())];
    let launch = Launch { variables, ..first.launch().clone() };
    let testee = Testee::start(first.file(), &launch).map_err(Surprise::of("can't start a server"))?;
    let stage = &stage.with_testee(testee);
    let before: Vec<i32> = stage.all_workers()?.iter().map(|worker| worker.pid.as_raw()).collect();
    let mut old = stage.text()?;
    let served_by = old.who()?.pid;
    let testee = stage.testee();
    testee.set_release(&Release::up("fresh")).map_err(Surprise::of("can't set the release"))?;
    testee.reload_until(stage.deadline()).map_err(Surprise::of("can't ask for a reload"))?;
    if wait_release(stage, "fresh").is_none() {
        return broken("port http never answers with the new release");
    }
    match old.ask(b"!who")? {
        Ok(line) if String::from_utf8_lossy(&line).contains(&format!("\"pid\":{served_by},")) => {}
        Ok(line) => {
            return broken(format!("another process has the connection: {}", String::from_utf8_lossy(&line)));
        }
        Err(end) => return broken(format!("the connection of port text is gone: {}", end.name())),
    }
    for number in 0..8 {
        let pid = stage.text()?.who()?.pid;
        if !before.contains(&pid) {
            return broken(format!(
                "new connection {number} of port text is served by {pid}, which is none of {before:?}"
            ));
        }
    }
    kept()
}
