use std::time::{Duration, Instant};

use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{Status, WorkerStatus};
use crate::verdict::{Outcome, Surprise, broken, kept};

/// The status, once the workers serve.
pub(super) fn status(stage: &Stage) -> Result<Status, Surprise> {
    stage.testee().status(stage.deadline()).map_err(Surprise)
}

/// A count of all workers together.
pub(super) fn total(stage: &Stage, count: fn(&WorkerStatus) -> i64) -> Result<i64, Surprise> {
    Ok(status(stage)?.workers.iter().map(count).sum())
}

/// Waits until a count has become what it has to be, for as long as the contract lets it be late.
pub(super) fn becomes(stage: &Stage, wanted: i64, count: fn(&WorkerStatus) -> i64) -> Outcome {
    let late = stage.within(Duration::from_millis(1_500));
    loop {
        let now = total(stage, count)?;
        if now == wanted {
            // It stays so: a count that passes by is none.
            let again = total(stage, count)?;
            return if again == wanted { kept() } else { broken(format!("{wanted}, and then {again}")) };
        }
        if late <= Instant::now() {
            return broken(format!("{now} and not {wanted}"));
        }
        stage.holds_for(Duration::from_millis(20), || true);
    }
}

/// A count that has come to rest.
pub(super) fn settled(stage: &Stage, count: fn(&WorkerStatus) -> i64) -> Result<i64, Surprise> {
    stage.all_workers()?;
    let mut last = total(stage, count)?;
    loop {
        stage.holds_for(Duration::from_millis(250), || true);
        let now = total(stage, count)?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}

pub(super) fn speakers(stage: &Stage, count: usize) -> Result<Vec<Speaker>, Surprise> {
    (0..count)
        .map(|_| {
            let mut speaker = Speaker::open(stage, Port::Text)?;
            speaker.who(stage)?;
            Ok(speaker)
        })
        .collect()
}
