//! One reload in the report.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::check::Outcome;
use crate::load::disturb::Disturbed;
use crate::load::grade::lost_in;
use crate::testee::Mode;

/// One reload. Times that never came are null.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReloadReport {
    /// Name of the release.
    pub release: String,
    /// What it was to do: `up`, `exit`, `hang` or `slow MS`.
    pub mode: String,
    /// When the trigger was meant to go off.
    pub planned: f64,
    /// Just before the signal or command.
    pub trigger_before: Option<f64>,
    /// Just after the signal, or the end of the command.
    pub trigger_after: Option<f64>,
    /// Of a command: how it ended and what it wrote, or why it could not be triggered.
    pub said: String,
    /// First answer of the new release.
    pub first_new: Option<f64>,
    /// Last answer of any older release on the first request of a connection, before the next reload.
    pub last_old_fresh: Option<f64>,
    /// Last answer of any older release.
    pub last_old: Option<f64>,
    /// What it went through, in order; what never came is left out.
    pub phases: Vec<Phase>,
    /// The workers of before were gone.
    pub old_gone: Option<f64>,
    /// The reload was over, or given up.
    pub over: f64,
    /// Whether it was over in time.
    pub finished: bool,
    /// Whether the next one was triggered while it was under way: nothing is asked of it then.
    pub superseded: bool,
    /// What happened besides, as it was asked for.
    pub disturbed: Vec<Disturbed>,
    /// Requests under way at the trigger.
    pub in_flight: u64,
    /// Requests answered by the new release.
    pub answers: u64,
    /// Losses until the next trigger, races included.
    pub lost: usize,
    /// Those of them that came after the reload was over.
    pub lost_afterwards: usize,
}

/// A part of a reload.
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema, Serialize)]
pub struct Phase {
    /// Which part.
    pub name: PhaseName,
    /// When it began.
    pub from: f64,
    /// When it was over.
    pub to: f64,
}

/// The parts of a reload as they can be seen from outside. They may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseName {
    /// The command ran.
    Command,
    /// From the trigger to the first answer of the new release.
    Boot,
    /// New connections reached both releases.
    Switch,
    /// From the last new connection of an old worker until the old workers were gone.
    Drain,
}

/// The moments that the phases are made of.
#[derive(Debug, Clone, Copy)]
struct Times {
    triggered: Option<Duration>,
    returned: Option<Duration>,
    first_new: Option<Duration>,
    last_old_fresh: Option<Duration>,
    old_gone: Option<Duration>,
}

impl Times {
    fn phases(&self) -> Vec<Phase> {
        let switched = self.last_old_fresh.max(self.first_new).filter(|_| self.first_new.is_some());
        let parts = [
            (PhaseName::Command, self.triggered, self.returned),
            (PhaseName::Boot, self.triggered, self.first_new),
            (PhaseName::Switch, self.first_new, switched),
            (PhaseName::Drain, switched, self.old_gone),
        ];
        let phase = |(name, from, to): (PhaseName, Option<Duration>, Option<Duration>)| {
            let (from, to) = (from?, to?);
            (from < to).then_some(Phase { name, from: from.as_secs_f64(), to: to.as_secs_f64() })
        };
        parts.into_iter().filter_map(phase).collect()
    }
}

impl ReloadReport {
    /// The reload at place `at`.
    pub(crate) fn of(outcome: &Outcome, at: usize) -> ReloadReport {
        let (record, reloads) = (&outcome.record, &outcome.reloads);
        let (reload, index) = (&reloads[at], at + 1);
        let new = record.watch.release(index);
        let older = || (0..index).map(|older| record.watch.release(older));
        let next = reloads.get(index).and_then(|next| next.before).unwrap_or(Duration::MAX);
        let afterwards = record.lost_at.iter().filter(|at| reload.over < **at && **at < next).count();
        let times = Times {
            triggered: reload.before,
            returned: reload.after,
            first_new: new.first,
            last_old_fresh: older().filter_map(|old| old.last_fresh).max(),
            old_gone: reload.old_gone,
        };
        ReloadReport {
            phases: times.phases(),
            release: format!("r{index}"),
            mode: mode_name(reload.mode),
            planned: reload.planned.as_secs_f64(),
            trigger_before: reload.before.map(|time| time.as_secs_f64()),
            trigger_after: reload.after.map(|time| time.as_secs_f64()),
            said: match &reload.trigger {
                Ok(trigger) => trigger.said.clone(),
                Err(why) => why.clone(),
            },
            first_new: times.first_new.map(|time| time.as_secs_f64()),
            last_old_fresh: times.last_old_fresh.map(|time| time.as_secs_f64()),
            last_old: older().filter_map(|old| old.last).max().map(|time| time.as_secs_f64()),
            old_gone: reload.old_gone.map(|time| time.as_secs_f64()),
            over: reload.over.as_secs_f64(),
            finished: reload.finished,
            superseded: reload.superseded,
            disturbed: reload.disturbed.clone(),
            in_flight: record.in_flight_at_aim[index],
            answers: new.answers,
            lost: lost_in(&record.lost_at, reloads, at),
            lost_afterwards: afterwards,
        }
    }
}

fn mode_name(mode: Mode) -> String {
    match mode {
        Mode::Up => "up".to_owned(),
        Mode::Exit => "exit".to_owned(),
        Mode::Hang => "hang".to_owned(),
        Mode::Slow(time) => format!("slow {}", time.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_came_has_no_phase() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let mut times = Times {
            triggered: at(1),
            returned: at(2),
            first_new: at(3),
            last_old_fresh: at(4),
            old_gone: at(6),
        };
        let names =
            |times: Times| -> Vec<PhaseName> { times.phases().iter().map(|phase| phase.name).collect() };
        assert_eq!(names(times), [PhaseName::Command, PhaseName::Boot, PhaseName::Switch, PhaseName::Drain]);
        times.first_new = None;
        assert_eq!(names(times), [PhaseName::Command]);
    }
}
