//! The limit of open descriptors, raised as far as it goes.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::load::plan::LoadPlan;

/// Raises the soft limit, which is often 1024: a server that stalls makes connections pile up.
///
/// # Errors
/// Not even the connections that are kept would fit: how many there are and what is allowed.
pub fn enough_descriptors(plan: &LoadPlan) -> Result<(), String> {
    let wanted = plan.kept() as u64 + SPARE;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    let raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    let limit = if raised { hard } else { soft };
    if wanted <= limit {
        return Ok(());
    }
    Err(format!(
        "{} connections need about {wanted} descriptors, and the limit is {limit}: raise it (ulimit -n) or ask for fewer",
        plan.kept()
    ))
}

/// Descriptors for everything else: pipes, files, connections that are being replaced.
const SPARE: u64 = 64;
