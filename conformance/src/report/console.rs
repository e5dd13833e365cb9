use std::fmt::Write;

use crate::run::{CaseResult, Ending, RunReport};
use crate::verdict::Verdict;

/// Whether verdicts are coloured. Meaning never rests on colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// ANSI colours.
    Colour,
}

impl Style {
    /// Colours on a terminal, unless NO_COLOR is set to something.
    #[must_use]
    pub fn for_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match !refused && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            true => Self::Colour,
            false => Self::Plain,
        }
    }

    fn paint(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Pass => "32",
            Verdict::Warn | Verdict::Inconclusive => "33",
            Verdict::Fail | Verdict::Flaky | Verdict::Error => "31",
            Verdict::Skip | Verdict::Known => "36",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// One line per case that did not pass, the details of those that need a look, and a summary.
#[must_use]
pub fn console(report: &RunReport, style: Style) -> String {
    let mut out = String::new();
    let version = report.version.as_deref().map(|version| format!(" ({version})")).unwrap_or_default();
    line(&mut out, format_args!("testee {}{version}", report.testee));
    let told = |result: &&CaseResult| !matches!(result.verdict, Verdict::Pass | Verdict::Skip);
    for result in report.results.iter().filter(told) {
        details(&mut out, result, style);
    }
    skips(&mut out, report);
    for problem in &report.dishonest {
        line(&mut out, format_args!("not as testee.toml says: {problem}"));
    }
    for stale in &report.stale {
        line(&mut out, format_args!("stale expectation: {stale}"));
    }
    match &report.ending {
        Ending::Complete => {}
        Ending::Interrupted => line(&mut out, format_args!("interrupted: this report is partial")),
        Ending::Died { exit, log } => {
            line(&mut out, format_args!("the testee died: {exit}; the end of its output:"));
            for text in log.lines() {
                line(&mut out, format_args!("    {text}"));
            }
        }
    }
    let kinds = [
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Known,
        Verdict::Fail,
        Verdict::Flaky,
        Verdict::Inconclusive,
        Verdict::Error,
        Verdict::Skip,
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .map(|verdict| (verdict, report.count(verdict)))
        .filter(|(verdict, count)| *count != 0 || *verdict == Verdict::Pass)
        .map(|(verdict, count)| style.paint(verdict, &format!("{count} {verdict}")))
        .collect();
    line(
        &mut out,
        format_args!(
            "{} cases in {:.1} s: {}",
            report.results.len(),
            report.took.as_secs_f64(),
            counts.join(", ")
        ),
    );
    out
}

fn details(out: &mut String, result: &CaseResult, style: Style) {
    let case = result.case;
    let verdict = style.paint(result.verdict, &format!("{:<5}", result.verdict));
    line(out, format_args!("{verdict} {} ({}, {})", case.id, case.level.name(), case.source));
    if let Some(reason) = &result.reason {
        line(out, format_args!("      known: {reason}"));
        return;
    }
    line(out, format_args!("      claim: {}", case.claim));
    if result.verdict != Verdict::Error {
        for (index, acceptable) in case.acceptable().iter().enumerate() {
            let label = if index == 0 { "acceptable:" } else { "        or:" };
            line(out, format_args!("      {label} {acceptable}"));
        }
    }
    line(out, format_args!("      came: {}", result.message));
    if !result.tries.is_empty() {
        let tries: Vec<&str> = result.tries.iter().map(|verdict| verdict.name()).collect();
        line(out, format_args!("      tries: {}", tries.join(", ")));
    }
    // A warning is a remark; what needs a look has everything that was seen.
    if result.verdict == Verdict::Warn {
        return;
    }
    for transcript in result.evidence.iter().take(SHOWN) {
        for text in transcript.render().lines() {
            line(out, format_args!("      | {text}"));
        }
    }
    if SHOWN < result.evidence.len() {
        line(
            out,
            format_args!(
                "      | … and {} more connections (all of them with --json)",
                result.evidence.len() - SHOWN
            ),
        );
    }
}

/// Transcripts that are printed for one case.
const SHOWN: usize = 3;

/// Skips by what is missing: one line each.
fn skips(out: &mut String, report: &RunReport) {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for result in report.results.iter().filter(|result| result.verdict == Verdict::Skip) {
        match reasons.iter_mut().find(|(reason, _)| *reason == result.message) {
            Some((_, count)) => *count += 1,
            None => reasons.push((&result.message, 1)),
        }
    }
    for (reason, count) in reasons {
        line(out, format_args!("skip  {count} cases: testee {reason}"));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a string can't fail");
}
