//! What can be told `workerspec reload`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use workerspec_conformance::load::Disturbance;
use workerspec_conformance::testee::Mode;

use super::values::{body, count, duration, factor, mode, path, percent, rate, share, workers};
use crate::mix::Mix;
use crate::outside::OutsideArgs;

/// Arguments of `reload`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReloadArgs {
    /// The server's testee.toml; without it the reference server is reloaded
    #[arg(long, value_name = "FILE")]
    pub(super) testee: Option<PathBuf>,

    /// How many reloads; default 5, or as many as --release-plan names
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) reloads: Option<u32>,

    /// From one reload to the next, if it is over by then
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(super) every: Duration,

    /// Load before the first reload; nothing may be lost in it
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(super) baseline: Duration,

    /// Keep the load up at least so long in all
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(super) duration: Duration,

    /// How long a release that can't come up is watched
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(super) hold: Duration,

    /// What the releases do, in turn: up, exit, hang or slow:TIME (without a unit: milliseconds)
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = mode)]
    pub(super) release_plan: Vec<Mode>,

    /// Connections that always have a request in flight [default: 32]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) connections: Option<usize>,

    /// Connections that share --rate [default: 16]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) paced_connections: Option<usize>,

    /// Requests per second over kept connections, at moments that the server can't delay [default: 500]
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    pub(super) rate: Option<f64>,

    /// Requests per second on connections of their own [default: 200]
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    pub(super) fresh_rate: Option<f64>,

    /// Clients of these kinds and no others: KIND=CONNECTIONS, KIND=CONNECTIONS@PER-SECOND, or all for some of everything
    /// that the server has. Kinds: http (always a request under way), paced, fresh (one connection each), unclosed (the same,
    /// closed late), pipelined, slow, upload, download, sse, https, websocket, websocket-idle, text, frame. Without it, and
    /// without the four options above: http, paced and fresh, and where a testee has them a few of all others but unclosed
    #[arg(long, value_name = "LIST", conflicts_with_all = ["connections", "paced_connections", "rate", "fresh_rate"])]
    pub(super) mix: Option<Mix>,

    /// Where sse asks for its event stream [default: what the contract has, or /events]
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub(super) events_path: Option<String>,

    /// How long the server works on a slow request
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = duration)]
    pub(super) slow: Duration,

    /// Share of requests that are POST, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.25, value_parser = share)]
    pub(super) post_share: f64,

    /// Octets in the body of a POST, of a server with a testee file
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = body)]
    pub(super) body_length: usize,

    /// How long to wait for an answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(super) timeout: Duration,

    /// Seed of the run; the same seed sends at the same moments
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,

    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = workers)]
    pub(super) workers: usize,

    /// One listening socket per worker instead of one for all
    #[arg(long)]
    pub(super) reuse_port: bool,

    /// The fate matrix after a single reload under load: connections parked in each state of each protocol
    #[arg(long, conflicts_with_all = ["url", "load_only"])]
    pub(super) matrix: bool,

    /// The freeze-frame after a single reload under load: workers stopped while the accept queue fills and a reload comes
    #[arg(long, conflicts_with_all = ["url", "load_only"])]
    pub(super) freeze: bool,

    /// Neither of the two, which else follow every load where the server's processes are ours
    #[arg(long)]
    pub(super) load_only: bool,

    /// What happens besides in every reload, at a moment after its trigger: again, broken, kill-worker, stop-worker,
    /// kill-master, each with @MILLISECONDS (default 50), or command:LINE; may be repeated
    #[arg(long, value_name = "KIND", value_parser = disturbances)]
    pub(super) disturb: Vec<Disturbances>,

    /// How many requests may be lost, races included; replaces --allow
    #[arg(long, value_name = "N", conflicts_with = "allow")]
    pub(super) max_lost: Option<u64>,

    /// How many times p99.9 in a reload may be what it is outside
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    pub(super) max_p999_ratio: Option<f64>,

    /// How long a reload may take
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) max_reload_time: Option<Duration>,

    /// No kept connection may be ended by the server
    #[arg(long)]
    pub(super) connections_must_survive: bool,

    /// Reload as often as it takes to prove that at most so many reloads fail, such as 5%
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with_all = ["reloads", "release_plan"])]
    pub(super) prove: Option<f64>,

    /// The worst grade that passes
    #[arg(long, value_name = "GRADE", value_enum, default_value = "lossless")]
    pub(super) allow: Allow,

    #[command(flatten)]
    pub(super) outside: OutsideArgs,

    /// Write a JSON object a line to FILE while the load runs, then each loss and the verdict
    #[arg(long, value_name = "FILE")]
    pub(super) jsonl: Option<PathBuf>,

    /// Write the report as JUnit XML to FILE
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write a short report in Markdown to the end of FILE, such as "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,

    /// Write the report to FILE as one page with a timeline, every table and the transcripts of losses
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,

    /// What counts as lost: strict takes a keep-alive race on a request that a client may repeat (RFC 9110 9.2.2, RFC 9112
    /// 9.5) for a loss; rfc repeats it, once and on a new connection, and counts it apart
    #[arg(long, value_name = "POLICY", value_enum, conflicts_with_all = ["allow", "max_lost"])]
    pub(super) policy: Option<Policy>,

    /// Does not ask the testee for its ledger of executions, which takes about 250 octets of its folder for each request;
    /// else it is asked in runs that are planned to last no longer than a minute
    #[arg(long, conflicts_with = "url")]
    pub(super) no_executions: bool,

    /// Load this port of the testee's [ports], at which a proxy in front of it listens, instead of http
    #[arg(long, value_name = "PORT", conflicts_with = "url")]
    pub(super) through: Option<String>,

    /// Write the report as JSON to FILE, or - for standard output instead of the tables
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

/// The worst grade that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Allow {
    /// Nothing is lost.
    Lossless,
    /// Requests that a client may repeat by itself may meet a closing connection.
    Conformant,
}

/// What one `--disturb` names.
#[derive(Debug, Clone)]
pub(super) struct Disturbances(Vec<Disturbance>);

/// Several, with commas between them, or one command, which may have commas of its own.
fn disturbances(text: &str) -> Result<Disturbances, String> {
    let parts: Vec<&str> = if text.starts_with("command:") { vec![text] } else { text.split(',').collect() };
    parts.into_iter().map(Disturbance::from_str).collect::<Result<_, _>>().map(Disturbances)
}

impl ReloadArgs {
    /// All that `--disturb` names, in order.
    pub(super) fn disturbances(&self) -> Vec<Disturbance> {
        self.disturb.iter().flat_map(|Disturbances(named)| named).cloned().collect()
    }

    /// Whether a race that a client may repeat fails the check.
    pub(super) fn is_strict(&self) -> bool {
        match self.policy {
            Some(policy) => policy == Policy::Strict,
            None => self.allow == Allow::Lossless && self.max_lost.is_none(),
        }
    }
}

/// What counts as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Policy {
    /// Every race.
    Strict,
    /// What no client may repeat by itself.
    Rfc,
}

const EXAMPLES: &str = "\
Examples:
  workerspec reload
      the reference server, five reloads
  workerspec reload --testee fixtures/testees/nginx/testee.toml --reloads 10
      nginx
  workerspec reload --release-plan up,exit,hang,slow:2s --every 2s
      releases that are broken
  workerspec reload --html report.html
      the report as a page
  workerspec reload --reuse-port --json report.json
      one listener per worker; the whole account as JSON
  workerspec reload --mix http=64,fresh=@500,websocket=100@200,websocket-idle=1000
      these clients and no others
  workerspec reload --testee my/testee.toml --max-lost 0 --max-p999-ratio 3 --max-reload-time 10s --prove 5%
      a budget for continuous integration; 59 reloads prove the 5 %
  workerspec reload --disturb again,kill-worker@100
      a reload in every reload, and a worker killed 100 ms after each trigger
  workerspec reload --testee my/testee.toml --markdown $GITHUB_STEP_SUMMARY --junit reload.xml --json reload.json
      the reports of continuous integration
  workerspec reload --testee my/testee.toml --matrix
      connections parked in each state of each protocol, and what becomes of them
  workerspec reload --url http://127.0.0.1:8080/ --reload 'systemctl reload app'
      a server that runs already; also --signal HUP --pid-file /run/app.pid
  workerspec reload --url http://127.0.0.1:8080/version --release-pattern 'version ([0-9.]+)' --reload ./deploy
      its answers tell the release, so a reload that brings nothing new is no reload
  workerspec reload --url http://test.example:80/ --remote --worker-header X-Worker --reload 'ssh test reload'
      a server elsewhere, whose new workers are seen by a header field

Exit codes: 0 nothing lost; 1 lossy, conformant (see --allow) or a broken promise; 2 usage;
3 the testee could not be started, was not reachable, or died; 4 nothing was proved;
6 a fault of workerspec; 130 interrupted.";
