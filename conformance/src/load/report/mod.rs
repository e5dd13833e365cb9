//! The report as data; the files beside this one are its parts.

mod document;
mod loss;
mod reload;
mod server;

pub use document::{
    ConnectionsReport, FatesReport, LatencyReport, LoadReport, Report, RequestsReport, RetriesReport,
    TesteeReport,
};
pub(crate) use document::{maybe_seconds, seconds};
pub use loss::LossReport;
pub use reload::{Phase, PhaseName, ReloadReport};
pub use server::{EnvironmentReport, GenerationReport, ProcessesReport};
