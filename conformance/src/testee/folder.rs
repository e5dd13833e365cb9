use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::TesteeError;
use super::file::TesteeFile;
use super::launch::Launch;
use super::placeholder::{Placeholders, unknown_port};
use super::transport::Place;

// Names inside the run's folder.
pub(super) const PID_FILE: &str = "master.pid";
pub(super) const JOURNAL_FILE: &str = "journal.jsonl";
pub(super) const RELEASE_FILE: &str = "release";
pub(super) const LOG_FILE: &str = "testee.log";
/// The unix socket of port `unix`.
pub(super) const SOCKET_FILE: &str = "unix.sock";
const CERTIFICATE_FILE: &str = "tls-certificate.pem";
const KEY_FILE: &str = "tls-key.pem";

/// The certificate of port `tls`, which is its own authority, for the name `localhost`.
pub(crate) const CERTIFICATE: &str = include_str!("tls/certificate.pem");
const KEY: &str = include_str!("tls/key.pem");

/// Deadlines of the contract in ms, by variable.
const DEADLINES: [(&str, Duration); 4] = [
    ("WORKERSPEC_HANDSHAKE_TIMEOUT", HANDSHAKE_TIMEOUT),
    ("WORKERSPEC_CLOSE_TIMEOUT", CLOSE_TIMEOUT),
    ("WORKERSPEC_HEADER_TIMEOUT", HEADER_TIMEOUT),
    ("WORKERSPEC_BODY_TIMEOUT", BODY_TIMEOUT),
];
/// What a handshake of TLS or websocket may take.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(2_000);
/// What a peer may take to end after a close.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// What a head may take on port `http`.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_millis(4_000);
/// How long a body may stand still on port `http`.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_millis(4_000);

/// The values of this run.
pub(super) fn placeholders(
    file: &TesteeFile,
    launch: &Launch,
    folder: &Path,
    ports: &BTreeMap<String, Place>,
) -> Placeholders {
    let path = |path: &Path| path.display().to_string();
    let mut values = vec![
        ("workerspec".to_owned(), path(&launch.program)),
        ("here".to_owned(), path(&file.here)),
        ("dir".to_owned(), path(folder)),
        ("workers".to_owned(), launch.workers.to_string()),
        ("release".to_owned(), launch.release.name.clone()),
        ("pid_file".to_owned(), path(&folder.join(PID_FILE))),
        ("journal".to_owned(), path(&folder.join(JOURNAL_FILE))),
        ("release_file".to_owned(), path(&folder.join(RELEASE_FILE))),
        ("reuse_port".to_owned(), u8::from(launch.reuse_port).to_string()),
        ("tls_certificate".to_owned(), path(&folder.join(CERTIFICATE_FILE))),
        ("tls_key".to_owned(), path(&folder.join(KEY_FILE))),
    ];
    values.extend(ports.iter().map(|(name, place)| (format!("port.{name}"), place.text(folder))));
    Placeholders::new(values)
}

/// The variables that the contract names, and those of the file.
pub(super) fn environment(
    file: &TesteeFile,
    launch: &Launch,
    folder: &Path,
    ports: &BTreeMap<String, Place>,
    placeholders: &Placeholders,
) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut env: Vec<(String, String)> =
        file.env.iter().map(|(name, value)| (name.clone(), placeholders.render(value))).collect();
    let ours = [
        ("WORKERSPEC_CONTRACT", file.contract.to_string()),
        ("WORKERSPEC_DIR", folder.display().to_string()),
        ("WORKERSPEC_WORKERS", launch.workers.to_string()),
        ("WORKERSPEC_REUSE_PORT", u8::from(launch.reuse_port).to_string()),
        ("WORKERSPEC_EXECUTIONS", u8::from(launch.executions).to_string()),
        ("WORKERSPEC_PID_FILE", path(PID_FILE)),
        ("WORKERSPEC_JOURNAL", path(JOURNAL_FILE)),
        ("WORKERSPEC_RELEASE_FILE", path(RELEASE_FILE)),
        ("WORKERSPEC_MAX_PACKAGE", file.limits.max_package.to_string()),
        ("WORKERSPEC_MAX_SEND_BUFFER", file.limits.max_send_buffer.to_string()),
        ("WORKERSPEC_TLS_CERTIFICATE", path(CERTIFICATE_FILE)),
        ("WORKERSPEC_TLS_KEY", path(KEY_FILE)),
    ];
    env.extend(ours.map(|(name, value)| (name.to_owned(), value)));
    env.extend(launch.variables.iter().cloned());
    env.extend(DEADLINES.map(|(name, time)| (name.to_owned(), time.as_millis().to_string())));
    env.extend(ports.iter().map(|(name, place)| {
        (format!("WORKERSPEC_PORT_{}", name.to_ascii_uppercase().replace('-', "_")), place.text(folder))
    }));
    env
}

/// Writes the files that every run has: certificate and key.
pub(super) fn write_certificate(folder: &Path) -> io::Result<()> {
    fs::write(folder.join(CERTIFICATE_FILE), CERTIFICATE)?;
    fs::write(folder.join(KEY_FILE), KEY)
}

/// Renders every template to where it belongs, each in one step.
pub(super) fn write_templates(file: &TesteeFile, placeholders: &Placeholders) -> Result<(), TesteeError> {
    let ports: Vec<&str> = file.ports.iter().map(String::as_str).collect();
    for template in &file.templates {
        let from = template.from.display();
        let text = fs::read_to_string(&template.from)
            .map_err(TesteeError::system(format!("can't read template {from}")))?;
        if let Some(name) = unknown_port(&text, &ports) {
            let error =
                io::Error::other(format!("{{port.{name}}} is not in [ports] of {}", file.path.display()));
            return Err(TesteeError::System { what: format!("can't render template {from}"), source: error });
        }
        let to = PathBuf::from(placeholders.render(&template.to));
        let beside = to.with_extension("new");
        fs::write(&beside, placeholders.render(&text))
            .and_then(|()| fs::rename(&beside, &to))
            .map_err(TesteeError::system(format!("can't write {}", to.display())))?;
    }
    Ok(())
}
