//! The log of master and workers: one line an event, to a file, to standard error, or both. A program that has set
//! up a tracing subscriber of its own keeps that, and nothing here has an effect.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::reactor::wall;

/// The variable that overrides [`Server::log_level`](crate::Server::log_level).
pub(crate) const LEVEL_VARIABLE: &str = "WORKERSPEC_LOG";

/// How much is logged: each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// A person must act.
    Error,
    /// A limit was hit, a worker died.
    Warn,
    /// The life of master and workers.
    #[default]
    Info,
    /// Single connections.
    Debug,
    /// Everything.
    Trace,
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word {
            "error" => Self::Error,
            "warn" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => return Err(format!("log level {word} is not known: error, warn, info, debug or trace")),
        })
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Where the log goes and how large it may grow.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) file: Option<PathBuf>,
    pub(crate) level: LogLevel,
    /// 0: it grows for ever.
    pub(crate) max_bytes: u64,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { file: None, level: LogLevel::default(), max_bytes: 10 * 1024 * 1024 }
    }
}

/// Where this process logs to.
struct Sink {
    state: Mutex<State>,
    max_bytes: u64,
    /// To standard error as well (MASTER-5).
    echo: bool,
}

struct State {
    file: Option<File>,
    /// Called once for each file that grows past the cap.
    when_full: Option<Box<dyn Fn() + Send>>,
    reported: bool,
}

static SINK: OnceLock<Sink> = OnceLock::new();

/// Logs to `file` and, with `echo` or without a file, to standard error.
pub(crate) fn init(settings: &LogSettings, file: Option<OwnedFd>, echo: bool) {
    let state = State { file: file.map(File::from), when_full: None, reported: false };
    let sink = Sink { state: Mutex::new(state), max_bytes: settings.max_bytes, echo };
    if SINK.set(sink).is_err() {
        return;
    }
    let from_environment = std::env::var(LEVEL_VARIABLE).ok().and_then(|word| word.parse().ok());
    let level = from_environment.unwrap_or(settings.level);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from(level))
        .with_ansi(false)
        .event_format(Line)
        .with_writer(ToSink);
    let _ = subscriber.try_init();
}

/// Opens a log or output file for appending (0644, SF-20).
pub(crate) fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().append(true).create(true).mode(0o644).open(path)?.into())
}

/// Logs to another file from now on.
pub(crate) fn replace(file: OwnedFd) {
    if let Some(sink) = SINK.get() {
        let mut state = sink.lock();
        state.file = Some(File::from(file));
        state.reported = false;
    }
}

/// Calls `report` when the file has grown past its cap; it may log nothing.
pub(crate) fn when_full(report: impl Fn() + Send + 'static) {
    if let Some(sink) = SINK.get() {
        sink.lock().when_full = Some(Box::new(report));
    }
}

impl Sink {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while a line is written leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: &[u8]) {
        let mut state = self.lock();
        if self.echo || state.file.is_none() {
            let _ = io::stderr().write_all(line);
        }
        let Some(file) = &mut state.file else { return };
        // One write: with O_APPEND no other process's line can come between.
        let _ = file.write_all(line);
        let full = 0 < self.max_bytes && file.metadata().is_ok_and(|data| self.max_bytes < data.len());
        if full && !std::mem::replace(&mut state.reported, true) {
            state.when_full.iter().for_each(|report| report());
        }
    }
}

struct ToSink;

impl MakeWriter<'_> for ToSink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

impl Write for ToSink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        SINK.get().into_iter().for_each(|sink| sink.write(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `YYYY-MM-DD HH:MM:SS pid:N level text field=value` (MASTER-7).
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        write!(out, "{} pid:{} {level} ", date_and_time(), std::process::id())?;
        context.format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}

/// The local date and time of now, to the second.
pub(crate) fn date_and_time() -> String {
    Timestamp::try_from(wall()).map(in_words).unwrap_or_default()
}

/// A moment in local time, to the second.
pub(crate) fn in_words(moment: Timestamp) -> String {
    moment.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
