//! `workerspec reload`: load on a server while it reloads, and an account of every request.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use workerspec_conformance::load::{
    Budgets, Console, Disturbance, Grade, Kind, LoadPlan, Outcome, Progress, ReloadPlan, Report, Subject,
    TesteeReport, Tls, check, enough_descriptors, freeze, junit, matrix, reloads_that_prove,
};
use workerspec_conformance::report::{reload_markdown, reload_page};
use workerspec_conformance::run::ExitKind;
use workerspec_conformance::testee::{Capability, Launch, Mode, Testee, Tier};

use crate::mix::{self, Mix, Offer};
use crate::output::{Output, say};
use crate::outside::{OutsideArgs, Target, Unfit};
use crate::run::files;

/// Arguments of `reload`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReloadArgs {
    /// The server's testee.toml; without it the reference server is reloaded
    #[arg(long, value_name = "FILE")]
    testee: Option<PathBuf>,

    /// How many reloads; default 5, or as many as --release-plan names
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    reloads: Option<u32>,

    /// From one reload to the next, if it is over by then
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    every: Duration,

    /// Load before the first reload; nothing may be lost in it
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    baseline: Duration,

    /// Keep the load up at least so long in all
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    duration: Duration,

    /// How long a release that can't come up is watched
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    hold: Duration,

    /// What the releases do, in turn: up, exit, hang or slow:TIME (without a unit: milliseconds)
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = mode)]
    release_plan: Vec<Mode>,

    /// Connections that always have a request in flight [default: 32]
    #[arg(long, value_name = "N", value_parser = count)]
    connections: Option<usize>,

    /// Connections that share --rate [default: 16]
    #[arg(long, value_name = "N", value_parser = count)]
    paced_connections: Option<usize>,

    /// Requests per second over kept connections, at moments that the server can't delay [default: 500]
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    rate: Option<f64>,

    /// Requests per second on connections of their own [default: 200]
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    fresh_rate: Option<f64>,

    /// Clients of these kinds and no others: KIND=CONNECTIONS, KIND=CONNECTIONS@PER-SECOND, or all for some of everything
    /// that the server has. Kinds: http (always a request under way), paced, fresh (one connection each), unclosed (the same,
    /// closed late), pipelined, slow, upload, download, sse, https, websocket, websocket-idle, text, frame. Without it, and
    /// without the four options above: http, paced and fresh, and where a testee has them a few of all others but unclosed,
    /// text and frame
    #[arg(long, value_name = "LIST", conflicts_with_all = ["connections", "paced_connections", "rate", "fresh_rate"])]
    mix: Option<Mix>,

    /// Where sse asks for its event stream [default: what the contract has, or /events]
    #[arg(long, value_name = "PATH", value_parser = path)]
    events_path: Option<String>,

    /// How long the server works on a slow request
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = duration)]
    slow: Duration,

    /// Share of requests that are POST, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.25, value_parser = share)]
    post_share: f64,

    /// Octets in the body of a POST, of a server with a testee file
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = body)]
    body_length: usize,

    /// How long to wait for an answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,

    /// Seed of the run; the same seed sends at the same moments
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = workers)]
    workers: usize,

    /// One listening socket per worker instead of one for all
    #[arg(long)]
    reuse_port: bool,

    /// The fate matrix after a single reload under load: connections parked in each state of each protocol
    #[arg(long, conflicts_with_all = ["url", "load_only"])]
    matrix: bool,

    /// The freeze-frame after a single reload under load: workers stopped while the accept queue fills and a reload comes
    #[arg(long, conflicts_with_all = ["url", "load_only"])]
    freeze: bool,

    /// Neither of the two, which else follow every load where the server's processes are ours
    #[arg(long)]
    load_only: bool,

    /// What happens besides in every reload, at a moment after its trigger: again, broken, kill-worker, stop-worker,
    /// kill-master, each with @MILLISECONDS (default 50), or command:LINE; may be repeated
    #[arg(long, value_name = "KIND", value_parser = disturbances)]
    disturb: Vec<Disturbances>,

    /// How many requests may be lost, races included; replaces --allow
    #[arg(long, value_name = "N", conflicts_with = "allow")]
    max_lost: Option<u64>,

    /// How many times p99.9 in a reload may be what it is outside
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    max_p999_ratio: Option<f64>,

    /// How long a reload may take
    #[arg(long, value_name = "TIME", value_parser = duration)]
    max_reload_time: Option<Duration>,

    /// No kept connection may be ended by the server
    #[arg(long)]
    connections_must_survive: bool,

    /// Reload as often as it takes to prove that at most so many reloads fail, such as 5%
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with_all = ["reloads", "release_plan"])]
    prove: Option<f64>,

    /// The worst grade that passes
    #[arg(long, value_name = "GRADE", value_enum, default_value = "lossless")]
    allow: Allow,

    #[command(flatten)]
    outside: OutsideArgs,

    /// Write a JSON object a line to FILE while the load runs, then each loss and the verdict
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,

    /// Write the report as JUnit XML to FILE
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write a short report in Markdown to the end of FILE, such as "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Write the report to FILE as one page with a timeline, every table and the transcripts of losses
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// What counts as lost: strict takes a keep-alive race on a request that a client may repeat (RFC 9110 9.2.2, RFC 9112
    /// 9.5) for a loss; rfc repeats it, once and on a new connection, and counts it apart
    #[arg(long, value_name = "POLICY", value_enum, conflicts_with_all = ["allow", "max_lost"])]
    policy: Option<Policy>,

    /// Does not ask the testee for its ledger of executions, which takes about 250 octets of its folder for each request;
    /// else it is asked in runs that are planned to last no longer than a minute
    #[arg(long, conflicts_with = "url")]
    no_executions: bool,

    /// Load this port of the testee's [ports], at which a proxy in front of it listens, instead of http
    #[arg(long, value_name = "PORT", conflicts_with = "url")]
    through: Option<String>,

    /// Write the report as JSON to FILE, or - for standard output instead of the tables
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The worst grade that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Allow {
    /// Nothing is lost.
    Lossless,
    /// Requests that a client may repeat by itself may meet a closing connection.
    Conformant,
}

/// What one `--disturb` names.
#[derive(Debug, Clone)]
struct Disturbances(Vec<Disturbance>);

/// Several, with commas between them, or one command, which may have commas of its own.
fn disturbances(text: &str) -> Result<Disturbances, String> {
    let parts: Vec<&str> = if text.starts_with("command:") { vec![text] } else { text.split(',').collect() };
    parts.into_iter().map(Disturbance::from_str).collect::<Result<_, _>>().map(Disturbances)
}

impl ReloadArgs {
    /// All that `--disturb` names, in order.
    fn disturbances(&self) -> Vec<Disturbance> {
        self.disturb.iter().flat_map(|Disturbances(named)| named).cloned().collect()
    }

    /// Whether a race that a client may repeat fails the check.
    fn is_strict(&self) -> bool {
        match self.policy {
            Some(policy) => policy == Policy::Strict,
            None => self.allow == Allow::Lossless && self.max_lost.is_none(),
        }
    }
}

/// What counts as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Policy {
    /// Every race.
    Strict,
    /// What no client may repeat by itself.
    Rfc,
}

/// Where the reports go, besides standard output.
struct Outputs {
    json: Option<Output>,
    junit: Option<Output>,
    html: Option<Output>,
    markdown: Option<File>,
}

impl Outputs {
    /// Opens all, before anything is started.
    fn open(args: &ReloadArgs) -> Result<Outputs, String> {
        let append = |path: &PathBuf| {
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.map_err(|error| format!("--markdown {}: can't be written: {error}", path.display()))
        };
        Ok(Outputs {
            json: Output::maybe("--json", args.json.as_deref())?,
            junit: Output::maybe("--junit", args.junit.as_deref())?,
            html: Output::maybe("--html", args.html.as_deref())?,
            markdown: args.markdown.as_ref().map(append).transpose()?,
        })
    }

    /// The line of progress, and the lines for programs where they are wanted.
    fn progress(args: &ReloadArgs, reloads: usize) -> Result<Progress, String> {
        let progress = Progress::new(reloads);
        let Some(path) = &args.jsonl else { return Ok(progress) };
        let file = File::create(path)
            .map_err(|error| format!("--jsonl {}: can't be written: {error}", path.display()))?;
        Ok(progress.lines(Box::new(file)))
    }
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
  workerspec reload --mix all
      text and frames as well
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

/// Runs the check and prints the report; gives the exit code.
///
/// # Errors
/// What is a fault of workerspec itself: exit code 6.
pub(crate) fn reload(args: &ReloadArgs) -> anyhow::Result<u8> {
    match args.outside.target() {
        Ok(Some(target)) => return reload_outside(args, target),
        Ok(None) => {}
        Err(Unfit::Arguments(why)) => return Ok(complain(ExitKind::Usage, why)),
        Err(Unfit::Server(why)) => return Ok(complain(ExitKind::Testee, why)),
    }
    let file = match files(args.testee.as_deref()) {
        Ok((file, _)) => file,
        Err(error) => return Ok(complain(ExitKind::Usage, error)),
    };
    if file.reload().is_none() {
        let path = file.path().display();
        return Ok(complain(
            ExitKind::Usage,
            format!("{path}: nothing says how to reload; add [reload] with a signal or command"),
        ));
    }
    if let Some(front) =
        args.through.as_deref().filter(|front| !file.ports().iter().any(|port| port == front))
    {
        let path = file.path().display();
        return Ok(complain(ExitKind::Usage, format!("{path}: there is no port {front} to load")));
    }
    if !file.ports().iter().any(|port| port == "http") {
        let path = file.path().display();
        return Ok(complain(
            ExitKind::Usage,
            format!("{path}: there is no HTTP port to load; add http = \"tcp\" to [ports]"),
        ));
    }
    let plan = reload_plan(args);
    let known: SocketAddr = ([127, 0, 0, 1], 0).into();
    let named = |name: &str| file.ports().iter().any(|port| port == name).then_some(known);
    let full = file.tier() == Tier::Full;
    let events = file.can(Capability::Events);
    // Once without the ports, which are not there yet, so that what is wrong is said before anything is started.
    if let Err(why) = fit_load(args, &Offer { port: &named, full, events, outside: false }) {
        return Ok(complain(ExitKind::Usage, why));
    }
    let opened =
        Outputs::open(args).and_then(|outputs| Ok((outputs, Outputs::progress(args, plan.count())?)));
    let (outputs, progress) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(complain(ExitKind::Usage, error)),
    };
    let interrupt = watch_interrupts()?;
    let launch = Launch {
        workers: args.workers,
        reuse_port: args.reuse_port,
        executions: !args.no_executions && planned_time(&plan) <= LEDGER_LIMIT,
        ..Launch::new(std::env::current_exe().context("find the program's own path")?)
    };
    let testee = match Testee::start(&file, &launch) {
        Ok(testee) => Arc::new(testee),
        Err(error) => return Ok(complain(ExitKind::Testee, error)),
    };
    let front = args.through.as_deref().unwrap_or("http");
    let Some(target) = testee.address(front) else { bail!("the port {front} was lost") };
    let address = |name: &str| testee.address(if name == "http" { front } else { name });
    let load = fit_load(args, &Offer { port: &address, full, events, outside: false })
        .map_err(anyhow::Error::msg)?;
    let told = TesteeReport {
        name: file.name().to_owned(),
        version: testee.version(),
        workers: args.workers,
        reuse_port: args.reuse_port,
    };
    let subject: Arc<dyn Subject> = Arc::clone(&testee) as Arc<dyn Subject>;
    let outcome = check(&subject, target, &load, &plan, &interrupt, &progress);
    let ended = interrupt.load(Ordering::Relaxed) || subject.gone().is_some();
    let parked = |wanted: bool| !args.load_only && !ended && (wanted || !(args.matrix || args.freeze));
    let straight = args.through.is_none();
    let matrix = (straight && parked(args.matrix)).then(|| matrix(&subject, &address, full, args.timeout));
    let freeze = (straight && parked(args.freeze)).then(|| freeze(&subject, target, args.timeout));
    drop(subject);
    let log = testee.log_tail(20);
    // A trigger that is still under way holds the testee; its keeper then ends it with this process.
    if let Ok(testee) = Arc::try_unwrap(testee) {
        testee.stop().context("stop the testee")?;
    }
    let outcome = outcome?;
    let mut report = Report::new(told, &load, &outcome);
    report.parked(matrix, freeze);
    report.hold(&budgets(args));
    progress.conclude(&report);
    publish(outputs, &report, exit_code(&outcome, &report, args))?;
    if outcome.gone.is_some() && !log.is_empty() {
        eprintln!("the end of the testee's output:\n{log}");
    }
    Ok(exit_code(&outcome, &report, args))
}

/// The same for a server that runs already.
fn reload_outside(args: &ReloadArgs, target: Target) -> anyhow::Result<u8> {
    let address = |_: &str| Some(target.address);
    let load = match fit_load(args, &Offer { port: &address, full: false, events: false, outside: true }) {
        Ok(load) => load,
        Err(why) => return Ok(complain(ExitKind::Usage, why)),
    };
    let load = LoadPlan {
        post_share: if target.plain.body.is_some() { 1.0 } else { 0.0 },
        plain: Some(target.plain),
        tls: target.tls,
        ..load
    };
    let plan = reload_plan(args);
    let opened =
        Outputs::open(args).and_then(|outputs| Ok((outputs, Outputs::progress(args, plan.count())?)));
    let (outputs, progress) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(complain(ExitKind::Usage, error)),
    };
    let interrupt = watch_interrupts()?;
    let subject: Arc<dyn Subject> = Arc::new(target.subject);
    let told = TesteeReport {
        name: args.outside.url.clone().unwrap_or_default(),
        version: None,
        workers: subject.workers().len(),
        reuse_port: false,
    };
    let outcome = check(&subject, target.address, &load, &plan, &interrupt, &progress)?;
    let mut report = Report::new(told, &load, &outcome);
    report.hold(&budgets(args));
    progress.conclude(&report);
    publish(outputs, &report, exit_code(&outcome, &report, args))?;
    Ok(exit_code(&outcome, &report, args))
}

fn watch_interrupts() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupt)).context("watch for an interrupt")?;
    }
    Ok(interrupt)
}

/// The exit code, as the help lists them.
fn exit_code(outcome: &Outcome, report: &Report, args: &ReloadArgs) -> u8 {
    let held = |wanted: Option<bool>| report.budgets.iter().any(|budget| budget.holds == wanted);
    let killed = args.disturbances().iter().any(|one| one.kind == Kind::KillMaster);
    let kind = match outcome.verdict.grade {
        _ if outcome.interrupted => ExitKind::Interrupted,
        // That it goes is what was asked for; what matters is what lives on.
        _ if killed && outcome.gone.is_some() && report.verdict.failures.is_empty() => ExitKind::Ok,
        _ if killed && outcome.gone.is_some() => ExitKind::Failed,
        _ if outcome.gone.is_some() => ExitKind::Testee,
        Grade::Lossy if args.max_lost.is_none() => ExitKind::Failed,
        _ if !report.verdict.failures.is_empty() || held(Some(false)) => ExitKind::Failed,
        Grade::Inconclusive => ExitKind::NothingRan,
        _ if held(None) => ExitKind::NothingRan,
        Grade::Conformant if args.is_strict() => ExitKind::Failed,
        Grade::Lossy | Grade::Conformant | Grade::Lossless => ExitKind::Ok,
    };
    kind.code()
}

fn budgets(args: &ReloadArgs) -> Budgets {
    Budgets {
        max_lost: args.max_lost,
        max_p999_ratio: args.max_p999_ratio,
        max_reload_time: args.max_reload_time,
        connections_must_survive: args.connections_must_survive,
        prove: args.prove,
    }
}

fn complain(kind: ExitKind, why: impl Display) -> u8 {
    eprintln!("workerspec: {why}");
    kind.code()
}

/// The load as the server can take it.
fn fit_load(args: &ReloadArgs, offer: &Offer<'_>) -> Result<LoadPlan, String> {
    let mut load = load_plan(args, offer);
    let is_told = args.connections.is_some()
        || args.paced_connections.is_some()
        || args.rate.is_some()
        || args.fresh_rate.is_some();
    match &args.mix {
        Some(mix) => mix::apply(mix, offer, &mut load)?,
        None if offer.full && !is_told => mix::apply(&Mix::Usual, offer, &mut load)?,
        None => {}
    }
    if load.is_empty() {
        return Err("there is no load: give --connections, --rate, --fresh-rate or --mix".to_owned());
    }
    // The testee of a test or a run makes its certificate itself.
    load.tls = Some(Tls::new("localhost", None, true)?);
    enough_descriptors(&load)?;
    Ok(load)
}

fn load_plan(args: &ReloadArgs, offer: &Offer<'_>) -> LoadPlan {
    let usual = LoadPlan::default();
    let contract = if offer.events { EVENTS.to_owned() } else { usual.events };
    LoadPlan {
        seed: args.seed,
        busy: args.connections.unwrap_or(usual.busy),
        paced: args.paced_connections.unwrap_or(usual.paced),
        rate: args.rate.unwrap_or(usual.rate),
        fresh_rate: args.fresh_rate.unwrap_or(usual.fresh_rate),
        post_share: args.post_share,
        body_length: args.body_length,
        answer_timeout: args.timeout,
        events: args.events_path.clone().unwrap_or(contract),
        slow: args.slow,
        retries: args.policy == Some(Policy::Rfc),
        ..LoadPlan::default()
    }
}

/// A stream of events as the contract has it, for two fifths of a second.
const EVENTS: &str = "/events/10/40";

/// How long a run lasts at most of which the server keeps a ledger.
const LEDGER_LIMIT: Duration = Duration::from_secs(60);

/// How long a run lasts if every reload is quick.
fn planned_time(plan: &ReloadPlan) -> Duration {
    let reloads = u32::try_from(plan.count()).unwrap_or(u32::MAX);
    plan.duration.max(plan.baseline.saturating_add(plan.every.saturating_mul(reloads)))
}

fn reload_plan(args: &ReloadArgs) -> ReloadPlan {
    let modes = if args.release_plan.is_empty() { &[Mode::Up][..] } else { &args.release_plan };
    let disturb = args.disturbances();
    let default = match args.release_plan.len() {
        _ if args.prove.is_some() => reloads_that_prove(args.prove.unwrap_or(1.0)),
        0 if args.matrix || args.freeze => 1,
        0 => 5,
        modes => modes,
    };
    let reloads = args.reloads.map_or(default, |reloads| reloads as usize);
    ReloadPlan {
        releases: modes.iter().copied().cycle().take(reloads).collect(),
        baseline: args.baseline,
        every: args.every,
        hold: args.hold,
        duration: args.duration,
        disturb,
    }
}

fn publish(outputs: Outputs, report: &Report, exit_code: u8) -> anyhow::Result<()> {
    // The report for people comes first: it is there even if a file can't be written any more.
    if !matches!(outputs.json, Some(Output::Standard)) && !matches!(outputs.junit, Some(Output::Standard)) {
        say(&Console(report).to_string())?;
    }
    if let Some(mut file) = outputs.markdown {
        file.write_all(reload_markdown(report).as_bytes()).context("write the report as Markdown")?;
    }
    if let Some(output) = outputs.junit {
        output.write(&junit(report).map_err(anyhow::Error::msg)?)?;
    }
    if let Some(output) = outputs.html {
        output.write(&reload_page(report, Some(exit_code)))?;
    }
    match outputs.json {
        Some(output) => {
            let text = serde_json::to_string_pretty(report).context("write the report as JSON")?;
            output.write(&(text + "\n"))
        }
        None => Ok(()),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 =
        number.parse().map_err(|_| format!("`{text}` is no time: write such as 250ms, 10s or 2m"))?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(format!("`{text}` has no unit: write such as 250ms, 10s or 2m")),
    };
    if time <= Duration::from_secs(86_400) { Ok(time) } else { Err(format!("`{text}` is more than a day")) }
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "up" => Ok(Mode::Up),
        "exit" => Ok(Mode::Exit),
        "hang" => Ok(Mode::Hang),
        _ => match text.strip_prefix("slow:") {
            Some(time) if !time.is_empty() && time.bytes().all(|digit| digit.is_ascii_digit()) => {
                duration(&format!("{time}ms")).map(Mode::Slow)
            }
            Some(time) => duration(time).map(Mode::Slow),
            None => Err(format!("`{text}` is no kind of release: write up, exit, hang or slow:2s")),
        },
    }
}

fn path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && text.bytes().all(|octet| octet.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no path: write such as /events")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, 0.0, 200_000.0)
}

fn share(text: &str) -> Result<f64, String> {
    number(text, 0.0, 1.0)
}

fn factor(text: &str) -> Result<f64, String> {
    number(text, 1.0, 1_000_000.0)
}

/// `5%`, as a share.
fn percent(text: &str) -> Result<f64, String> {
    let percent = number(text.trim_end_matches('%'), 0.05, 99.0)?;
    Ok(percent / 100.0)
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    // A NaN is in no range.
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("must be from {least} to {most}")) }
}

fn count(text: &str) -> Result<usize, String> {
    whole(text, 0, 20_000)
}

fn body(text: &str) -> Result<usize, String> {
    whole(text, 26, 60_000)
}

fn workers(text: &str) -> Result<usize, String> {
    whole(text, 1, 1_000)
}

fn whole(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| format!("`{text}` is no whole number"))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("must be from {least} to {most}")) }
}
