//! The server under test: its file, its process tree, its ports, its log and its journal.
//!
//! [`TesteeFile`] is `testee.toml`, parsed and checked. [`Testee::start`] runs what it says under a
//! [`keeper`], so that nothing outlives the runner however the runner ends.

mod beside;
mod capability;
mod check;
mod command;
mod credentials;
mod duration;
mod error;
mod file;
mod folder;
mod journal;
pub mod keeper;
mod launch;
mod placeholder;
mod port;
mod problem;
mod process;
mod release;
mod running;
mod schema;
mod status;
mod transport;

pub use beside::Beside;
pub use capability::{Capability, Tier};
pub use command::Verb;
pub use credentials::Credentials;
pub use error::TesteeError;
pub use file::{Limits, Reload, ReloadMeans, Stop, Template, TesteeFile};
pub(crate) use folder::{BODY_TIMEOUT, CERTIFICATE, CLOSE_TIMEOUT, HANDSHAKE_TIMEOUT, HEADER_TIMEOUT};
pub use journal::JournalLine;
pub use launch::{Exit, Launch, Prepare, ReloadTrigger, Stopped};
pub use nix::sys::signal::Signal;
pub use nix::unistd::Pid;
pub use problem::TesteeFileError;
pub(crate) use problem::line_and_column;
pub use process::{Process, ProcessState, descendants};
pub use release::{Mode, Release};
pub use running::Testee;
pub use status::{Status, WorkerStatus};
pub use transport::Transport;
