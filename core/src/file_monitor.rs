//! Reloading on change, for development (FMON-1 to FMON-4, SF-72).

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::getppid;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::reactor::Timer;
use crate::service::{AnyService, Service};

/// How often what the kernel has reported is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Reloads the server when files change: a worker that serves no address and is not replaced itself.
///
/// Every change counts, also one that comes while a reload is running, a removal, or a file that gets an older date:
/// the kernel reports them (inotify), and a reload that is asked for during another follows it (SF-7, SF-72). Changes that
/// come in quick succession make one reload.
///
/// ```no_run
/// use workerspec_core::{FileMonitor, Server, Service};
///
/// let app = Service::http("127.0.0.1:8080").on_message(|conn, _| {
///     conn.send("hello");
/// });
/// let monitor = FileMonitor::new(["templates", "target/debug/app"]).extensions(["html", "toml", ""]);
/// Server::new().service(app).service(monitor).main();
/// ```
#[derive(Debug, Clone)]
pub struct FileMonitor {
    paths: Vec<PathBuf>,
    extensions: Option<Vec<String>>,
    quiet: Duration,
}

impl FileMonitor {
    /// Watches files, and folders with all that is in them. A relative path begins at the working folder.
    pub fn new<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        // Changes are reported with absolute paths, and only those can be compared with them.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            paths: paths.into_iter().map(|path| absolute(path.into())).collect(),
            extensions: None,
            quiet: Duration::from_millis(200),
        }
    }

    /// Only files whose names end with one of these after a point; `""` stands for names without one. Default: all.
    #[must_use]
    pub fn extensions<S: Into<String>>(mut self, extensions: impl IntoIterator<Item = S>) -> Self {
        self.extensions = Some(extensions.into_iter().map(Into::into).collect());
        self
    }

    /// How long nothing may change before the reload, so that a build that writes many files makes one. Default 200 ms.
    #[must_use]
    pub fn quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    fn matters(&self, event: &Event) -> bool {
        let fits = |path: &PathBuf| {
            let ending = path.extension().map(|ending| ending.to_string_lossy()).unwrap_or_default();
            self.extensions.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| *wanted == ending))
        };
        // A queue that overflowed names no path: something has changed.
        let unknown = event.paths.is_empty() || event.need_rescan();
        !matches!(event.kind, EventKind::Access(_)) && (unknown || event.paths.iter().any(fits))
    }

    /// Begins to watch.
    fn watch(&self) -> Result<(RecommendedWatcher, Receiver<notify::Result<Event>>), String> {
        let (sender, receiver) = channel();
        let mut watcher = notify::recommended_watcher(sender).map_err(|error| error.to_string())?;
        for path in &self.paths {
            // The folder of a file: a deployment replaces the file, and with it what would be watched.
            let is_folder = path.is_dir();
            let (watched, mode) = match (is_folder, path.parent()) {
                (false, Some(folder)) if folder.as_os_str().is_empty() => {
                    (Path::new("."), RecursiveMode::NonRecursive)
                }
                (false, Some(folder)) => (folder, RecursiveMode::NonRecursive),
                _ => (path.as_path(), RecursiveMode::Recursive),
            };
            watcher
                .watch(watched, mode)
                .map_err(|error| format!("cannot watch {}: {error}", path.display()))?;
        }
        Ok((watcher, receiver))
    }

    /// Whether the event concerns one of the paths, and not a neighbour of a file that is watched.
    fn is_watched(&self, event: &Event) -> bool {
        let within = |changed: &PathBuf| {
            self.paths.iter().any(|path| {
                path.is_dir() && changed.starts_with(path)
                    || changed.ends_with(path.file_name().unwrap_or(path.as_os_str()))
            })
        };
        event.paths.is_empty() || event.paths.iter().any(within)
    }
}

impl From<FileMonitor> for AnyService {
    fn from(monitor: FileMonitor) -> Self {
        let service = Service::job("file-monitor").reloadable(false).on_worker_start(move |_| {
            let (watcher, changes) = monitor.watch()?;
            let monitor = monitor.clone();
            // Looks left until the reload, counted anew with each change.
            let (calm, due) =
                (monitor.quiet.as_millis().div_ceil(LOOK.as_millis()) as u32, Cell::new(None::<u32>));
            let watching = Rc::new(watcher);
            Timer::own_every(LOOK, move || {
                let _kept = &watching;
                for change in changes.try_iter() {
                    match change {
                        Ok(event) if monitor.matters(&event) && monitor.is_watched(&event) => {
                            tracing::info!(paths = ?event.paths, "changed");
                            due.set(Some(calm));
                        }
                        Ok(_) => {}
                        Err(error) => tracing::error!(%error, "watching files"),
                    }
                }
                match due.get() {
                    Some(0) => {
                        due.set(None);
                        reload();
                    }
                    Some(left) => due.set(Some(left - 1)),
                    None => {}
                }
            });
            Ok::<(), String>(())
        });
        service.into()
    }
}

/// Asks the master, which is the parent as long as it lives.
fn reload() {
    let master = getppid();
    if master.as_raw() <= 1 {
        return;
    }
    if let Err(error) = kill(master, Signal::SIGUSR1) {
        tracing::error!(%error, "cannot ask the master to reload");
    }
}
