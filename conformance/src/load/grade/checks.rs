//! The checks of a run on itself: where one does not hold, it proves nothing.

use std::time::Duration;

use super::{Evidence, SelfCheck};
use crate::load::fate::Fate;
use crate::load::reloads::Reloaded;
use crate::load::subject::{Newcomers, comes_up};

impl Evidence<'_> {
    pub(super) fn checks(&self) -> Vec<SelfCheck> {
        let mut checks = vec![
            self.alone(),
            self.baseline(),
            self.own_pids(),
            self.driver_on_time(),
            self.everything_sent(),
            self.trigger_on_time(),
            self.under_load(),
            self.reloads_came(),
        ];
        if self.cut_short {
            checks.push(weak("the run was not cut short", false, "it ended before its plan did".to_owned()));
        }
        checks
    }

    fn alone(&self) -> SelfCheck {
        let found = match self.strangers {
            [] => "every listening socket on the port belongs to the testee".to_owned(),
            strangers => format!("others listen on the port: {}", strangers.join(", ")),
        };
        voiding("nobody else on the port", self.strangers.is_empty(), found)
    }

    fn baseline(&self) -> SelfCheck {
        let end = self.reloads.iter().find_map(|reload| reload.before).unwrap_or(Duration::MAX);
        let lost = self.record.lost_at.iter().filter(|at| **at < end).count();
        let answered = self.record.watch.release(0).first.is_some_and(|first| first < end);
        let found = match (lost, answered) {
            (0, true) => "nothing was lost before the first reload".to_owned(),
            (0, false) => "nothing was answered before the first reload".to_owned(),
            _ => format!("{lost} requests were lost before the first reload"),
        };
        voiding("no loss without a reload", lost == 0 && answered, found)
    }

    fn own_pids(&self) -> SelfCheck {
        let name = "answers come from the testee's processes";
        let Some(census) = self.census else {
            return voiding(name, true, "the processes can't be seen".to_owned());
        };
        let answering = self.record.watch.pids();
        let foreign: Vec<String> = answering
            .iter()
            .filter(|seen| !census.knows(seen.pid))
            .map(|seen| seen.pid.to_string())
            .collect();
        let found = match foreign.as_slice() {
            [] => format!("{} processes answered, all of its tree", answering.len()),
            foreign => format!("never seen in its tree: {}", foreign.join(", ")),
        };
        voiding(name, foreign.is_empty(), found)
    }

    fn driver_on_time(&self) -> SelfCheck {
        let (late, inside) = (self.record.lateness, self.record.lateness_inside);
        let found = format!(
            "at worst {:.1} ms late, and {:.1} ms in a reload, {} ms allowed there",
            millis(late),
            millis(inside),
            STARVED.as_millis()
        );
        // Who stood still for so long accuses the server of what it did itself.
        let stood_still = STOOD_STILL <= late;
        let holds = inside <= STARVED && !stood_still;
        SelfCheck { name: "the driver kept its schedule", holds, found, voids: stood_still }
    }

    fn everything_sent(&self) -> SelfCheck {
        let ledger = &self.record.ledger;
        let (unsent, ours) = (ledger.fate_total(Fate::NotSent), ledger.fate_total(Fate::OurFault));
        let found = format!("{unsent} not sent, {ours} prevented by this machine's own limits");
        weak("every request found a connection", unsent + ours == 0, found)
    }

    fn trigger_on_time(&self) -> SelfCheck {
        let worst = self
            .reloads
            .iter()
            .filter_map(|reload| reload.before.map(|before| before.saturating_sub(reload.planned)))
            .max()
            .unwrap_or(Duration::ZERO);
        let found = format!("at worst {:.1} ms late, {} ms allowed", millis(worst), LATE.as_millis());
        weak("triggers on time", worst <= LATE, found)
    }

    fn under_load(&self) -> SelfCheck {
        let idle: Vec<String> = (1..=self.reloads.len())
            .filter(|index| {
                let reload = &self.reloads[index - 1];
                let during = self.record.timeline.answered_between(reload.before, reload.over);
                self.record.in_flight_at_aim[*index] == 0 && during == 0
            })
            .map(|index| format!("r{index}"))
            .collect();
        let found = match idle.as_slice() {
            [] => "requests were under way in every reload".to_owned(),
            idle => format!("no request was under way in the reload to {}", idle.join(", ")),
        };
        weak("reloads under load", idle.is_empty(), found)
    }

    fn reloads_came(&self) -> SelfCheck {
        let mut wrong: Vec<String> = self
            .reloads
            .iter()
            .enumerate()
            .filter_map(|(at, reload)| {
                self.why_unproved(at + 1, reload).map(|why| format!("r{}: {why}", at + 1))
            })
            .collect();
        if self.reloads.len() < self.planned {
            wrong.push(format!("only {} of {} reloads were made", self.reloads.len(), self.planned));
        }
        if self.planned == 0 {
            wrong.push("no reload was planned".to_owned());
        }
        let found = match wrong.as_slice() {
            [] => format!("{} reloads, all of them seen in the answers", self.reloads.len()),
            wrong => wrong.join("; "),
        };
        weak("reloads took place", wrong.is_empty(), found)
    }

    /// Why this reload shows nothing, if so.
    fn why_unproved(&self, index: usize, reload: &Reloaded) -> Option<String> {
        let trigger = match &reload.trigger {
            Ok(trigger) => trigger,
            Err(why) => return Some(why.clone()),
        };
        if !comes_up(reload.mode) || reload.superseded {
            return None;
        }
        let said = if trigger.said.is_empty() { String::new() } else { format!(" ({})", trigger.said) };
        match reload.newcomers {
            Newcomers::Told | Newcomers::Seen => {}
            Newcomers::None => return Some(format!("no new process of the server was seen{said}")),
            Newcomers::Hidden => {
                return Some(format!("the server's processes can't be seen from here{said}"));
            }
        }
        if self.record.watch.release(index).answers == 0 {
            return Some(format!("the new release never answered{said}"));
        }
        let waited = reload.over.saturating_sub(reload.before.unwrap_or(reload.planned)).as_secs_f64();
        (!reload.finished).then(|| format!("workers of before were still there after {waited:.1} s{said}"))
    }
}

fn voiding(name: &'static str, holds: bool, found: String) -> SelfCheck {
    SelfCheck { name, holds, found, voids: true }
}

fn weak(name: &'static str, holds: bool, found: String) -> SelfCheck {
    SelfCheck { name, holds, found, voids: false }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// How late a trigger may be: one that fires after the load proves nothing.
const LATE: Duration = Duration::from_millis(500);

/// How late the driver may be in a reload: one that starves for longer measures itself, not the server.
const STARVED: Duration = Duration::from_secs(1);

/// From here on the deadlines of requests, and those of the server, ran out because the driver did not come.
const STOOD_STILL: Duration = Duration::from_secs(3);
