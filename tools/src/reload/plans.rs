//! The load, the reloads and the budgets that the arguments ask for.

use std::time::Duration;

use workerspec_conformance::load::{
    Budgets, LoadPlan, ReloadPlan, Tls, enough_descriptors, reloads_that_prove,
};
use workerspec_conformance::testee::Mode;

use super::args::{Policy, ReloadArgs};
use crate::mix::{self, Mix, Offer};

pub(super) fn budgets(args: &ReloadArgs) -> Budgets {
    Budgets {
        max_lost: args.max_lost,
        max_p999_ratio: args.max_p999_ratio,
        max_reload_time: args.max_reload_time,
        connections_must_survive: args.connections_must_survive,
        prove: args.prove,
    }
}

/// The load as the server can take it.
pub(super) fn fit_load(args: &ReloadArgs, offer: &Offer<'_>) -> Result<LoadPlan, String> {
    let mut load = load_plan(args, offer);
    let is_told = args.connections.is_some()
        || args.paced_connections.is_some()
        || args.rate.is_some()
        || args.fresh_rate.is_some();
    match &args.mix {
        Some(mix) => mix::apply(mix, offer, &mut load)?,
        None if offer.full && !is_told => mix::apply(&Mix::All, offer, &mut load)?,
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
pub(super) const LEDGER_LIMIT: Duration = Duration::from_secs(60);

/// How long a run lasts if every reload is quick.
pub(super) fn planned_time(plan: &ReloadPlan) -> Duration {
    let reloads = u32::try_from(plan.count()).unwrap_or(u32::MAX);
    plan.duration.max(plan.baseline.saturating_add(plan.every.saturating_mul(reloads)))
}

pub(super) fn reload_plan(args: &ReloadArgs) -> ReloadPlan {
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
