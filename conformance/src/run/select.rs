use super::filter::{Filter, FilterError};
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
    /// A filter that can't be read.
    #[error("`{filter}` is no filter: {reason}")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong.
        reason: FilterError,
    },
    /// A filter that matches nothing.
    #[error("no case matches `{filter}`{}", meant(.nearest))]
    NoMatch {
        /// As given.
        filter: String,
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

/// The cases that one of the filters chooses, in the order of the registry. No filter means all.
///
/// A filter is an id, a pattern over whole ids, or an expression of [`Filter`]. A case of a level below `level` is left
/// out, also if it is named.
///
/// # Errors
/// A filter that chooses nothing.
pub fn select(
    cases: &[&'static Case],
    filters: &[String],
    level: Option<Level>,
) -> Result<Vec<&'static Case>, SelectError> {
    let mut chosen = vec![filters.is_empty(); cases.len()];
    for text in filters {
        let filter =
            Filter::parse(text).map_err(|reason| SelectError::Filter { filter: text.clone(), reason })?;
        let mut found = false;
        for (chosen, case) in chosen.iter_mut().zip(cases) {
            if filter.chooses(case) {
                *chosen = true;
                found = true;
            }
        }
        if !found {
            let nearest = nearest_ids(text, cases);
            return Err(match text.contains(|letter: char| "*?[{(&|! ".contains(letter)) {
                true => SelectError::NoMatch { filter: text.clone(), nearest },
                false => SelectError::Unknown { id: text.clone(), nearest },
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
