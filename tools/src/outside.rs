//! `reload` of a server that runs already: a URL, and how it is reloaded.

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use nix::sys::signal::Signal;
use workerspec_conformance::load::{Mark, Marks, Means, Outside, Plain, Tls, ask};

/// Arguments for a server that needs no testee file.
#[derive(Debug, Args)]
#[command(next_help_heading = "A server that runs already")]
pub(crate) struct OutsideArgs {
    /// Where it answers: http:// or https://, host:port/path
    #[arg(long, value_name = "URL", conflicts_with_all = ["testee", "workers", "reuse_port", "release_plan"])]
    pub(crate) url: Option<String>,

    /// The command that reloads it, for sh; it must end with status 0
    #[arg(long, value_name = "COMMAND", requires = "url", conflicts_with_all = ["signal", "pid_file"])]
    reload: Option<String>,

    /// The signal that reloads it, such as HUP; goes to the process in --pid-file
    #[arg(long, value_name = "NAME", requires = "pid_file", value_parser = signal)]
    signal: Option<Signal>,

    /// The file that holds its process id
    #[arg(long, value_name = "FILE", requires = "signal")]
    pid_file: Option<PathBuf>,

    /// The status that answers must have, or a range such as 200-299 [default: 200-399]
    #[arg(long, value_name = "STATUS", requires = "url", value_parser = statuses)]
    expect_status: Option<(u16, u16)>,

    /// A header field to send, as `Name: value`; may be repeated
    #[arg(long, value_name = "FIELD", requires = "url", value_parser = field)]
    header: Vec<(String, String)>,

    /// Posts this body instead of asking with GET
    #[arg(long, value_name = "TEXT", requires = "url", alias = "post")]
    body: Option<String>,

    /// What tells a release in the body of an answer: the first group, or the whole match
    #[arg(long, value_name = "REGEX", requires = "url")]
    release_pattern: Option<String>,

    /// The header field that tells it instead of the body; alone, its whole value
    #[arg(long, value_name = "FIELD", requires = "url")]
    release_header: Option<String>,

    /// What tells a worker in the body of an answer
    #[arg(long, value_name = "REGEX", requires = "url")]
    worker_pattern: Option<String>,

    /// The header field that tells it instead of the body; alone, its whole value
    #[arg(long, value_name = "FIELD", requires = "url")]
    worker_header: Option<String>,

    /// How long a reload may take
    #[arg(long, value_name = "TIME", default_value = "30s", requires = "url", value_parser = crate::reload::duration)]
    reload_timeout: Duration,

    /// Certificates of the authorities to trust over https, PEM; else those that the system trusts
    #[arg(long, value_name = "FILE", requires = "url", conflicts_with = "insecure", visible_alias = "ca")]
    cacert: Option<PathBuf>,

    /// Trusts every certificate
    #[arg(long, requires = "url")]
    insecure: bool,

    /// Allows a host other than this machine
    #[arg(long, requires = "url")]
    remote: bool,
}

/// A server that runs already, ready to be loaded.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) plain: Plain,
    pub(crate) tls: Option<Tls>,
    pub(crate) subject: Outside,
}

impl OutsideArgs {
    /// What the arguments name, after it has given one right answer; `None` without a URL.
    ///
    /// # Errors
    /// What is wrong with them, or with the answer.
    pub(crate) fn target(&self) -> Result<Option<Target>, Unfit> {
        let Some(url) = &self.url else { return Ok(None) };
        let (host_and_port, mut plain) = Plain::from_url(url).map_err(Unfit::Arguments)?;
        let means = match (&self.reload, self.signal, &self.pid_file) {
            (Some(command), ..) => Means::Command(command.clone()),
            (None, Some(signal), Some(path)) => Means::Signal(signal, path.clone()),
            _ => {
                return Err(Unfit::Arguments(
                    "nothing says how to reload: give --reload COMMAND, or --signal with --pid-file".into(),
                ));
            }
        };
        plain.fields.clone_from(&self.header);
        plain.body = self.body.clone().map(String::into_bytes);
        if let Some((first, last)) = self.expect_status {
            plain.statuses = first..=last;
        }
        let unknown = |why: String| Unfit::Server(format!("{host_and_port}: {why}"));
        let found = host_and_port.to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
        let address = found.into_iter().next().ok_or_else(|| unknown("it has no address".into()))?;
        let here = address.ip().is_loopback();
        if !here && !self.remote {
            let why = format!("{address} is not this machine: add --remote if load on it is meant");
            return Err(Unfit::Arguments(why));
        }
        plain.marks = self.marks()?;
        let tls = self.tls(&plain)?;
        ask(address, &plain, tls.as_ref()).map_err(|error| match error.is_of_server() {
            true => Unfit::Server(error.to_string()),
            false => Unfit::Arguments(error.to_string()),
        })?;
        let port = here.then_some(address.port());
        let subject = Outside::new(port, means, self.reload_timeout, plain.marks.tell());
        Ok(Some(Target { address, plain, tls, subject }))
    }

    /// Whom to trust, where TLS is spoken.
    fn tls(&self, plain: &Plain) -> Result<Option<Tls>, Unfit> {
        if !plain.secured {
            return Ok(None);
        }
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|error| Unfit::Arguments(format!("--cacert {}: {error}", path.display())))
        };
        let authorities = self.cacert.as_ref().map(read).transpose()?;
        let colon = plain.host.rfind(':').filter(|colon| !plain.host[*colon..].contains(']'));
        let name = &plain.host[..colon.unwrap_or(plain.host.len())];
        Tls::new(name, authorities.as_deref(), self.insecure).map(Some).map_err(Unfit::Arguments)
    }

    /// How the answers tell who gave them.
    fn marks(&self) -> Result<Marks, Unfit> {
        let mark = |option: &str, field: Option<&str>, pattern: Option<&str>| {
            if field.is_none() && pattern.is_none() {
                return Ok(None);
            }
            Mark::new(field, pattern).map(Some).map_err(|why| Unfit::Arguments(format!("{option}: {why}")))
        };
        let (field, pattern) = (self.release_header.as_deref(), self.release_pattern.as_deref());
        let release = mark("--release-pattern", field, pattern)?;
        let (field, pattern) = (self.worker_header.as_deref(), self.worker_pattern.as_deref());
        Ok(Marks { release, worker: mark("--worker-pattern", field, pattern)? })
    }
}

/// Why a server that runs already can't be loaded, for people.
pub(crate) enum Unfit {
    /// The arguments are wrong, or do not fit the server.
    Arguments(String),
    /// The server is not there, or speaks something else.
    Server(String),
}

fn signal(text: &str) -> Result<Signal, String> {
    let name = text.to_ascii_uppercase();
    let full = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
    Signal::from_str(&full).map_err(|_| format!("`{text}` is no signal: write such as HUP or USR1"))
}

fn statuses(text: &str) -> Result<(u16, u16), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.parse().ok().filter(|status| (100..=599).contains(status));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(format!("`{text}` is no status: write such as 200 or 200-299")),
    }
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once(':').ok_or_else(|| format!("`{text}` has no colon: write `Name: value`"))?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) || value.contains(['\r', '\n', '\0']) {
        return Err(format!("`{text}` is no header field"));
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}
