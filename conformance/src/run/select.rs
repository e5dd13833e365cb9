use globset::Glob;

use crate::case::{Case, Level};

/// Why a selection is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A literal id that does not exist.
    #[error("there is no case `{id}`{}", meant(.nearest))]
    Unknown {
        /// As given.
        id: String,
        /// What may have been meant.
        nearest: Vec<&'static str>,
    },
    /// A glob that can't be parsed.
    #[error("`{glob}` is no pattern: {reason}")]
    Pattern {
        /// As given.
        glob: String,
        /// What is wrong.
        reason: String,
    },
    /// A glob that matches nothing.
    #[error("no case matches `{glob}`{}", meant(.nearest))]
    NoMatch {
        /// As given.
        glob: String,
        /// What may have been meant.
        nearest: Vec<&'static str>,
    },
}

fn meant(ids: &[&str]) -> String {
    match ids {
        [] => String::new(),
        ids => format!("; nearest: {}", ids.join(", ")),
    }
}

/// The cases that the filters name, in the order of the registry. No filter means all.
///
/// A filter is an id, or a pattern with `*`, `?`, `[…]` or `{…,…}` over whole ids. A case of a level
/// below `level` is left out, also if it is named.
///
/// # Errors
/// A filter that names nothing.
pub fn select(
    cases: &[&'static Case],
    filters: &[String],
    level: Option<Level>,
) -> Result<Vec<&'static Case>, SelectError> {
    let mut chosen = vec![filters.is_empty(); cases.len()];
    for filter in filters {
        let is_glob = filter.contains(['*', '?', '[', '{']);
        let matcher = Glob::new(filter)
            .map_err(|error| SelectError::Pattern { glob: filter.clone(), reason: error.kind().to_string() })?
            .compile_matcher();
        let mut found = false;
        for (chosen, case) in chosen.iter_mut().zip(cases) {
            if if is_glob { matcher.is_match(case.id) } else { case.id == filter } {
                *chosen = true;
                found = true;
            }
        }
        if !found {
            let nearest = nearest_ids(filter, cases);
            return Err(match is_glob {
                true => SelectError::NoMatch { glob: filter.clone(), nearest },
                false => SelectError::Unknown { id: filter.clone(), nearest },
            });
        }
    }
    let keep = |case: &&'static Case| level.is_none_or(|level| case.level <= level);
    Ok(cases.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(case, _)| *case).filter(keep).collect())
}

/// Up to three ids that look like what was given.
fn nearest_ids(text: &str, cases: &[&'static Case]) -> Vec<&'static str> {
    let plain: String = text.chars().filter(|letter| !"*?[]{}".contains(*letter)).collect();
    let mut scored: Vec<(f64, &'static str)> = cases
        .iter()
        .map(|case| (strsim::jaro_winkler(&plain, case.id), case.id))
        .filter(|(score, _)| 0.7 <= *score)
        .collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}
