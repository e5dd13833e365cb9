use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use nix::sys::signal::Signal;
use toml::Spanned;

use super::capability::{Capability, Tier};
use super::command::Verb;
use super::duration::parse_duration;
use super::file::{Limits, Reload, ReloadMeans, Stop, Template, TesteeFile};
use super::placeholder::unknown_port;
use super::problem::TesteeFileError;
use super::schema::{Raw, RawLimits, RawReload, RawStop};
use super::transport::Transport;

/// Bytes of the largest message when `[limits]` says nothing.
const DEFAULT_MAX_PACKAGE: usize = 65_536;
/// Bytes of unsent output at which a connection's buffer is full.
const MAX_SEND_BUFFER: usize = 1_048_576;

/// What every check needs to say where a mistake is.
pub(super) struct Checker<'file> {
    pub(super) text: &'file str,
    pub(super) path: &'file Path,
    pub(super) here: &'file Path,
}

impl Checker<'_> {
    fn wrong(&self, span: Range<usize>, message: impl Into<String>, remedy: &str) -> TesteeFileError {
        TesteeFileError::value(self.path, self.text, span, message, remedy)
    }

    /// Everything that the form of the file can't say.
    pub(super) fn check(&self, raw: Raw) -> Result<TesteeFile, TesteeFileError> {
        let contract = match *raw.contract.get_ref() {
            1 => 1,
            2 => 2,
            3 => 3,
            other => {
                return Err(self.wrong(
                    raw.contract.span(),
                    format!("version {other} of the contract is not known"),
                    "write contract = 3",
                ));
            }
        };
        let name = self.name(&raw.name)?;
        let tier = match raw.tier.get_ref().as_str() {
            "full" => Tier::Full,
            "http" => Tier::Http,
            other => {
                return Err(self.wrong(
                    raw.tier.span(),
                    format!("there is no tier `{other}`"),
                    "write \"full\" or \"http\"",
                ));
            }
        };
        for (port, transport) in &raw.ports {
            let wanted = Transport::of_port(port);
            if Transport::named(transport.get_ref()) != Some(wanted) {
                return Err(self.wrong(
                    transport.span(),
                    format!("port {port} can't be `{}`", transport.get_ref()),
                    &format!("write \"{}\"", wanted.name()),
                ));
            }
        }
        let ports: Vec<String> = raw.ports.keys().cloned().collect();
        let capabilities = self.capabilities(&raw.capabilities, contract, tier, &ports)?;
        let commands = self.commands(&raw, contract, &ports)?;
        let start = raw.start.into_inner();
        let command = self.command(&start.command, &ports)?;
        let env = start.env.iter().map(|(name, value)| (name.clone(), value.get_ref().clone())).collect();
        for value in start.env.values().chain(&raw.version) {
            self.placeholders(value, &ports)?;
        }
        let ready = raw.ready.and_then(|ready| ready.timeout);
        let templates = raw.template.iter().map(|template| {
            self.placeholders(&template.to, &ports)?;
            let from = self.here.join(template.from.get_ref());
            Ok(Template { from, to: template.to.get_ref().clone() })
        });
        Ok(TesteeFile {
            path: self.path.to_owned(),
            here: self.here.to_owned(),
            contract,
            name,
            tier,
            version: raw.version.iter().map(|word| word.get_ref().clone()).collect(),
            capabilities,
            command,
            one_worker: start.one_worker,
            env,
            ready_timeout: self.duration(ready.as_ref(), Duration::from_secs(10))?,
            reload: raw.reload.map(|reload| self.reload(&reload, &ports)).transpose()?,
            stop: self.stop(raw.stop.as_ref())?,
            templates: templates.collect::<Result<_, _>>()?,
            limits: self.limits(raw.limits.as_ref())?,
            commands,
            ports,
        })
    }

    fn name(&self, name: &Spanned<String>) -> Result<String, TesteeFileError> {
        let legal = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if !name.get_ref().is_empty() && name.get_ref().chars().all(legal) {
            return Ok(name.get_ref().clone());
        }
        Err(self.wrong(
            name.span(),
            format!("`{}` can't be a name", name.get_ref()),
            "use letters, digits, - and _",
        ))
    }

    fn capabilities(
        &self,
        names: &[Spanned<String>],
        contract: u8,
        tier: Tier,
        ports: &[String],
    ) -> Result<BTreeSet<Capability>, TesteeFileError> {
        let mut found = BTreeSet::new();
        for name in names {
            let Some(capability) = Capability::named(name.get_ref()) else {
                let known: Vec<&str> = Capability::ALL.iter().map(|capability| capability.name()).collect();
                return Err(self.wrong(
                    name.span(),
                    format!("there is no capability `{}`", name.get_ref()),
                    &format!("one of {}", known.join(", ")),
                ));
            };
            if contract < capability.since() {
                return Err(self.wrong(
                    name.span(),
                    format!(
                        "capability {capability} came with version {} of the contract",
                        capability.since()
                    ),
                    &format!("write contract = {}", capability.since()),
                ));
            }
            let port = capability.port();
            if let Some(port) = port.filter(|port| !ports.iter().any(|known| known == port)) {
                return Err(self.wrong(
                    name.span(),
                    format!("capability {capability} needs a port {port}"),
                    &format!("add {port} = \"{}\" to [ports]", Transport::of_port(port).name()),
                ));
            }
            if tier == Tier::Http && port.is_some_and(|port| port != "http") {
                return Err(self.wrong(
                    name.span(),
                    format!("capability {capability} belongs to the full tier"),
                    &format!("write tier = \"full\" or leave {capability} out"),
                ));
            }
            found.insert(capability);
        }
        if let Some(deflate) = names.iter().find(|name| name.get_ref() == Capability::Deflate.name())
            && !found.contains(&Capability::WebSocket)
        {
            return Err(self.wrong(
                deflate.span(),
                "capability deflate is nothing without websocket",
                "add \"websocket\" to capabilities",
            ));
        }
        Ok(found)
    }

    fn command(
        &self,
        command: &Spanned<Vec<Spanned<String>>>,
        ports: &[String],
    ) -> Result<Vec<String>, TesteeFileError> {
        if command.get_ref().is_empty() {
            return Err(self.wrong(
                command.span(),
                "the command is empty",
                "name a program and its arguments",
            ));
        }
        for word in command.get_ref() {
            self.placeholders(word, ports)?;
        }
        Ok(command.get_ref().iter().map(|word| word.get_ref().clone()).collect())
    }

    fn commands(
        &self,
        raw: &Raw,
        contract: u8,
        ports: &[String],
    ) -> Result<BTreeMap<Verb, Vec<String>>, TesteeFileError> {
        let tables = [
            raw.commands.as_ref().map(|table| ("commands", table.span())),
            raw.status.as_ref().map(|table| ("status", table.span())),
        ];
        if let Some((name, span)) = tables.into_iter().flatten().find(|_| contract < 3) {
            return Err(self.wrong(
                span,
                format!("[{name}] came with version 3 of the contract"),
                "write contract = 3",
            ));
        }
        let lines = raw.commands.as_ref().map(Spanned::get_ref);
        let status = raw.status.as_ref().map(|status| &status.get_ref().command);
        [
            (Verb::Stop, lines.and_then(|lines| lines.stop.as_ref())),
            (Verb::StopGraceful, lines.and_then(|lines| lines.stop_graceful.as_ref())),
            (Verb::Restart, lines.and_then(|lines| lines.restart.as_ref())),
            (Verb::Reload, lines.and_then(|lines| lines.reload.as_ref())),
            (Verb::Daemon, lines.and_then(|lines| lines.daemon.as_ref())),
            (Verb::Status, status),
        ]
        .into_iter()
        .filter_map(|(verb, command)| Some((verb, command?)))
        .map(|(verb, command)| Ok((verb, self.command(command, ports)?)))
        .collect()
    }

    fn placeholders(&self, text: &Spanned<String>, ports: &[String]) -> Result<(), TesteeFileError> {
        let names: Vec<&str> = ports.iter().map(String::as_str).collect();
        match unknown_port(text.get_ref(), &names) {
            None => Ok(()),
            Some(name) => Err(self.wrong(
                text.span(),
                format!("{{port.{name}}} stands for a port that is not declared"),
                &format!("add {name} = \"{}\" to [ports]", Transport::of_port(name).name()),
            )),
        }
    }

    fn reload(&self, reload: &Spanned<RawReload>, ports: &[String]) -> Result<Reload, TesteeFileError> {
        let raw = reload.get_ref();
        let means = match (&raw.signal, &raw.command) {
            (Some(_), Some(command)) => {
                return Err(self.wrong(
                    command.span(),
                    "a reload is a signal or a command, not both",
                    "keep one of signal and command",
                ));
            }
            (None, None) => {
                return Err(self.wrong(
                    reload.span(),
                    "says neither signal nor command",
                    "add signal = \"USR1\" or a command, or remove [reload]",
                ));
            }
            (Some(signal), None) => {
                if let Some(waits) = raw.waits.as_ref().filter(|waits| *waits.get_ref()) {
                    return Err(self.wrong(
                        waits.span(),
                        "a signal can't wait",
                        "use a command, or waits = false",
                    ));
                }
                ReloadMeans::Signal(self.signal(signal)?)
            }
            (None, Some(command)) => ReloadMeans::Command {
                command: self.command(command, ports)?,
                waits: raw.waits.as_ref().is_some_and(|waits| *waits.get_ref()),
            },
        };
        Ok(Reload { means, timeout: self.duration(raw.timeout.as_ref(), Duration::from_secs(30))? })
    }

    fn stop(&self, raw: Option<&RawStop>) -> Result<Stop, TesteeFileError> {
        let mut stop = Stop { signal: Signal::SIGTERM, graceful: None, timeout: Duration::from_secs(10) };
        let Some(raw) = raw else { return Ok(stop) };
        if let Some(signal) = &raw.signal {
            stop.signal = self.signal(signal)?;
        }
        stop.graceful = raw.graceful.as_ref().map(|signal| self.signal(signal)).transpose()?;
        stop.timeout = self.duration(raw.timeout.as_ref(), stop.timeout)?;
        Ok(stop)
    }

    fn limits(&self, raw: Option<&RawLimits>) -> Result<Limits, TesteeFileError> {
        let size = |value: &Spanned<i64>| {
            usize::try_from(*value.get_ref()).ok().filter(|size| (64..=1 << 30).contains(size)).ok_or_else(
                || {
                    self.wrong(
                        value.span(),
                        format!("{} bytes can't be a limit", value.get_ref()),
                        "between 64 and 1073741824",
                    )
                },
            )
        };
        let max_package = raw.and_then(|raw| raw.max_package.as_ref()).map(size).transpose()?;
        let max_header = raw.and_then(|raw| raw.max_header.as_ref()).map(size).transpose()?;
        Ok(Limits {
            max_package: max_package.unwrap_or(DEFAULT_MAX_PACKAGE),
            max_header,
            max_send_buffer: MAX_SEND_BUFFER,
        })
    }

    fn signal(&self, name: &Spanned<String>) -> Result<Signal, TesteeFileError> {
        let full = format!("SIG{}", name.get_ref().trim_start_matches("SIG"));
        Signal::from_str(&full).map_err(|_| {
            self.wrong(
                name.span(),
                format!("there is no signal `{}`", name.get_ref()),
                "a name such as TERM, QUIT, HUP or USR1",
            )
        })
    }

    fn duration(
        &self,
        text: Option<&Spanned<String>>,
        default: Duration,
    ) -> Result<Duration, TesteeFileError> {
        let Some(text) = text else { return Ok(default) };
        parse_duration(text.get_ref())
            .map_err(|message| self.wrong(text.span(), message, "such as 250ms, 10s or 2m"))
    }
}
