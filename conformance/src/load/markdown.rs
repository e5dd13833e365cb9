//! The report for a page of continuous integration: GitHub-flavoured Markdown, short.

use std::fmt::{self, Display, Formatter};

use crate::load::report::Report;

/// Draws a report as Markdown.
#[derive(Debug)]
pub struct Markdown<'a>(pub &'a Report);

impl Display for Markdown<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (report, verdict) = (self.0, &self.0.verdict);
        writeln!(out, "### Reload of {}: {}\n", cell(&report.testee.name), verdict.grade)?;
        writeln!(out, "{}\n", cell(&verdict.sentence))?;
        writeln!(
            out,
            "{} requests in {:.1} s, {} reloads, {} lost, {} races, seed {}.\n",
            report.requests.sent,
            report.load.seconds,
            report.reloads.len(),
            verdict.lost,
            verdict.races,
            report.load.seed
        )?;
        for check in verdict.checks.iter().filter(|check| !check.holds) {
            writeln!(out, "- doubt: {}: {}", cell(check.name), cell(&check.found))?;
        }
        for failure in &verdict.failures {
            writeln!(out, "- broken: {}", cell(failure))?;
        }
        for one in &report.diagnosis {
            writeln!(out, "- looks like {}: {}", cell(&one.rule), cell(&one.text))?;
        }
        writeln!(out, "\n| clients | method | fate | requests |\n| --- | --- | --- | ---: |")?;
        for row in &report.requests.fates {
            for (fate, count) in &row.fates {
                writeln!(out, "| {} | {} | {fate} | {count} |", row.population.name(), row.method.name())?;
            }
        }
        writeln!(out, "\n| reload | first new ms | old gone ms | lost |\n| --- | ---: | ---: | ---: |")?;
        for reload in report.reloads.iter().take(SHOWN) {
            let since = |time: Option<f64>| match (time, reload.trigger_before) {
                (Some(time), Some(before)) => format!("{:.1}", (time - before) * 1000.0),
                _ => "-".to_owned(),
            };
            let (first, gone) = (since(reload.first_new), since(reload.old_gone));
            writeln!(out, "| {} | {first} | {gone} | {} |", cell(&reload.release), reload.lost)?;
        }
        if !report.budgets.is_empty() {
            writeln!(out, "\n| limit | allowed | found | |\n| --- | --- | --- | --- |")?;
        }
        for budget in &report.budgets {
            let holds = match budget.holds {
                Some(true) => "kept",
                Some(false) => "**exceeded**",
                None => "not to be told",
            };
            writeln!(
                out,
                "| {} | {} | {} | {holds} |",
                cell(&budget.name),
                cell(&budget.limit),
                cell(&budget.found)
            )?;
        }
        if !report.losses.is_empty() {
            writeln!(
                out,
                "\n| at | phase | fate | clients | connection | last process |\n| ---: | --- | --- | --- | ---: | ---: |"
            )?;
        }
        for loss in report.losses.iter().take(SHOWN) {
            let pid = loss.last_pid.map_or("-".to_owned(), |pid| pid.to_string());
            writeln!(
                out,
                "| {:.4} s | {} | {} | {} | {} | {pid} |",
                loss.at,
                cell(&loss.phase),
                loss.fate.name(),
                loss.population.short(),
                loss.connection
            )?;
        }
        Ok(())
    }
}

/// Rows of a table that may be long; all of them are in the JSON.
const SHOWN: usize = 20;

/// Text that can't end its cell, or begin markup.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => safe.push(' '),
            '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' => {
                safe.push('\\');
                safe.push(letter);
            }
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_in_its_cell() {
        assert_eq!(cell("a|b\n<c>"), "a\\|b \\<c\\>");
    }
}
