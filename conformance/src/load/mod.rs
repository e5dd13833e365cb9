//! Load on a server while it reloads, and the fate of every request.
//!
//! [`check`] is the whole: it drives load ([`drive`]), triggers reloads on a thread of its own, samples the
//! server's processes, and grades what came of it ([`Verdict`]). The parts that decide anything, the answer
//! reader, the connection, the ledger, the schedule and the verdict, know neither socket nor clock.
//!
//! Every planned request ends in exactly one [`Fate`], every connection in exactly one [`End`], and the
//! books must close: planned = not sent + sent, sent = the sum of the fates ([`Ledger::close`]).

mod answer;
mod ask;
mod budget;
mod census;
mod check;
mod connection;
mod console;
mod control;
mod descriptors;
mod diagnosis;
mod disturb;
mod driver;
mod exchange;
mod executions;
mod fate;
#[cfg(test)]
mod faulty;
mod grade;
mod identity;
mod junit;
mod kernel;
mod ledger;
mod listeners;
mod mark;
mod messages;
mod outside;
mod parked;
mod plain;
mod plan;
mod population;
mod progress;
mod random;
mod receipt;
mod reloads;
mod report;
mod request;
mod sampler;
mod schedule;
mod sockets;
mod speaker;
mod subject;
mod tally;
mod timeline;
mod tls;
mod transcript;
mod watch;

pub use ask::{AskError, ask};
pub use budget::{BudgetReport, Budgets, reloads_that_prove};
pub use census::{Census, Headcount, Life, Role, Seen};
pub use check::{CheckError, Outcome, check};
pub use console::Console;
pub use control::Control;
pub use descriptors::enough_descriptors;
pub use diagnosis::Diagnosis;
pub use disturb::{Disturbance, Disturbed, Kind};
pub use driver::{DriveError, Loss, Record, Retries, drive};
pub use executions::{Execution, Executions, ExecutionsReport};
pub use fate::{End, Fate, Weight};
pub use grade::{Grade, SelfCheck, Verdict};
pub use junit::junit;
pub use ledger::{Imbalance, Ledger};
pub use listeners::{Holder, Listener};
pub use mark::{Mark, Marks};
pub use outside::{Means, Outside};
pub use parked::{CellReport, FreezeReport, MatrixReport, freeze, matrix};
pub use plain::Plain;
pub use plan::{Group, LoadPlan};
pub use population::{Method, Population};
pub use progress::Progress;
pub use receipt::Releases;
pub use reloads::{ReloadPlan, Reloaded};
pub use report::{
    ConnectionsReport, EnvironmentReport, FatesReport, GenerationReport, LatencyReport, LoadReport,
    LossReport, Phase, PhaseName, ProcessesReport, ReloadReport, Report, RequestsReport, RetriesReport,
    TesteeReport,
};
pub use sockets::{ListenersReport, SocketChange};
pub use subject::{Subject, Trigger, Worker};
pub use timeline::{Slice, Timeline};
pub use tls::Tls;
pub use transcript::{Line, What};
