//! Two runs of one testee: what is better, what is worse.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::document::Document;
use crate::verdict::Verdict;

/// What differs between two reports.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Every case whose verdict is another one, in the order of the newer report.
    pub changes: Vec<Change>,
    /// Cases that are in both with the same verdict.
    pub same: usize,
}

/// A case whose verdict is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The case.
    pub id: String,
    /// Better or worse.
    pub kind: ChangeKind,
    /// The verdict in the older report.
    pub old: Option<Verdict>,
    /// The verdict in the newer one.
    pub new: Option<Verdict>,
    /// What came in the newer one, or else in the older one.
    pub came: String,
}

/// Better or worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was good or did not run, and is bad.
    Broken,
    /// It was bad, and is good.
    Fixed,
    /// Neither: another verdict of the same worth, or no verdict any more.
    Changed,
    /// It is only in the newer report, and is not bad.
    New,
    /// It is only in the older report.
    Gone,
}

impl ChangeKind {
    const ALL: [Self; 5] = [Self::Broken, Self::Fixed, Self::Changed, Self::New, Self::Gone];

    const fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Fixed => "fixed",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

impl Comparison {
    /// Compares.
    #[must_use]
    pub fn new(old: &Document, new: &Document) -> Self {
        let before: BTreeMap<&str, Verdict> =
            old.cases.iter().map(|case| (case.id.as_str(), case.verdict)).collect();
        let mut changes = Vec::new();
        let mut same = 0;
        for case in &new.cases {
            let was = before.get(case.id.as_str()).copied();
            if was == Some(case.verdict) {
                same += 1;
                continue;
            }
            let kind = kind(was, case.verdict);
            let came = case.came.clone();
            changes.push(Change { id: case.id.clone(), kind, old: was, new: Some(case.verdict), came });
        }
        changes.extend(old.cases.iter().filter(|case| new.case(&case.id).is_none()).map(|case| Change {
            id: case.id.clone(),
            kind: ChangeKind::Gone,
            old: Some(case.verdict),
            new: None,
            came: case.came.clone(),
        }));
        Self { changes, same }
    }

    /// Whether something is worse.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.changes.iter().any(|change| change.kind == ChangeKind::Broken)
    }

    /// For people: what is worse first, then the counts.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let word = |verdict: Option<Verdict>| verdict.map_or("-", Verdict::name);
        let mut counts = vec![format!("{} the same", self.same)];
        for kind in ChangeKind::ALL {
            let of_kind = || self.changes.iter().filter(|change| change.kind == kind);
            for change in of_kind() {
                let Change { id, old, new, came, .. } = change;
                let came = if kind <= ChangeKind::Changed { format!(": {came}") } else { String::new() };
                writeln!(out, "{:<8} {id} ({} -> {}){came}", kind.name(), word(*old), word(*new))
                    .expect("writing to a string can't fail");
            }
            if of_kind().next().is_some() {
                counts.push(format!("{} {}", of_kind().count(), kind.name()));
            }
        }
        writeln!(out, "{}", counts.join(", ")).expect("writing to a string can't fail");
        out
    }
}

fn kind(was: Option<Verdict>, is: Verdict) -> ChangeKind {
    let was_bad = was.is_some_and(Verdict::is_bad);
    match (was_bad, is.is_bad()) {
        (false, true) => ChangeKind::Broken,
        // A case that is skipped now has not got better.
        (true, false) if is != Verdict::Skip => ChangeKind::Fixed,
        (false, false) if was.is_none() => ChangeKind::New,
        _ => ChangeKind::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_is_what_was_not_bad_and_is() {
        use Verdict::{Error, Fail, Flaky, Known, Pass, Skip, Warn};
        for (was, is, expected) in [
            (Some(Pass), Fail, ChangeKind::Broken),
            (Some(Warn), Flaky, ChangeKind::Broken),
            (Some(Known), Fail, ChangeKind::Broken),
            (None, Fail, ChangeKind::Broken),
            (Some(Skip), Error, ChangeKind::Broken),
            (Some(Fail), Pass, ChangeKind::Fixed),
            (Some(Fail), Known, ChangeKind::Fixed),
            (Some(Fail), Skip, ChangeKind::Changed),
            (Some(Fail), Flaky, ChangeKind::Changed),
            (Some(Pass), Warn, ChangeKind::Changed),
            (None, Pass, ChangeKind::New),
        ] {
            assert_eq!(kind(was, is), expected, "{was:?} {is:?}");
        }
    }
}
