//! `testee.toml` as it is written, before anything is checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) contract: Spanned<i64>,
    pub(super) name: Spanned<String>,
    pub(super) tier: Spanned<String>,
    #[serde(default)]
    pub(super) version: Vec<Spanned<String>>,
    pub(super) capabilities: Vec<Spanned<String>>,
    pub(super) start: Spanned<RawStart>,
    pub(super) ready: Option<RawReady>,
    pub(super) reload: Option<Spanned<RawReload>>,
    pub(super) stop: Option<RawStop>,
    pub(super) ports: BTreeMap<String, Spanned<String>>,
    pub(super) limits: Option<RawLimits>,
    pub(super) commands: Option<Spanned<RawCommands>>,
    pub(super) status: Option<Spanned<RawStatus>>,
    #[serde(default)]
    pub(super) template: Vec<RawTemplate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStart {
    pub(super) command: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) one_worker: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReady {
    pub(super) timeout: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReload {
    pub(super) signal: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) waits: Option<Spanned<bool>>,
    pub(super) timeout: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStop {
    pub(super) signal: Option<Spanned<String>>,
    pub(super) graceful: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) max_package: Option<Spanned<i64>>,
    pub(super) max_header: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTemplate {
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
}

/// A program and its arguments.
pub(super) type RawCommand = Spanned<Vec<Spanned<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommands {
    pub(super) stop: Option<RawCommand>,
    pub(super) stop_graceful: Option<RawCommand>,
    pub(super) restart: Option<RawCommand>,
    pub(super) reload: Option<RawCommand>,
    pub(super) daemon: Option<RawCommand>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStatus {
    pub(super) command: RawCommand,
}
