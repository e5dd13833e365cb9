//! The report for people, on standard output.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use comfy_table::{CellAlignment, Table, presets};

use crate::load::fate::Fate;
use crate::load::parked::MatrixReport;
use crate::load::population::Method;
use crate::load::report::Report;

/// Draws a report. Without colour, so it reads the same everywhere.
#[derive(Debug)]
pub struct Console<'a>(pub &'a Report);

impl Display for Console<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let testee = &report.testee;
        writeln!(
            out,
            "{}{}, {} workers, {}",
            testee.name,
            testee.version.as_ref().map(|version| format!(" ({version})")).unwrap_or_default(),
            testee.workers,
            if testee.reuse_port { "one listener per worker" } else { "one shared listener" }
        )?;
        let (load, requests) = (&report.load, &report.requests);
        writeln!(
            out,
            "{} requests planned = {} not sent + {} sent in {:.1} s ({:.0}/s), {} connections, seed {}\n",
            requests.planned,
            requests.not_sent,
            requests.sent,
            load.seconds,
            load.requests_per_second,
            report.connections.opened,
            load.seed
        )?;
        writeln!(out, "Requests\n{}\n", fates(report))?;
        let retries = &requests.retries;
        if 0 < retries.made {
            writeln!(
                out,
                "{} requests that met a race were sent once more on a new connection: {} were answered, the slowest after {:.1} ms\n",
                retries.made, retries.answered, retries.slowest_ms
            )?;
        }
        writeln!(out, "Connections\n{}\n", ends(report))?;
        if !report.reloads.is_empty() {
            writeln!(out, "Reloads (milliseconds after the trigger)\n{}\n", reloads(report))?;
        }
        writeln!(out, "Latency (milliseconds)\n{}\n", latency(report))?;
        writeln!(
            out,
            "longest time without an answer: {:.1} ms (from {:.2} s)",
            report.longest_gap.longest.as_secs_f64() * 1000.0,
            report.longest_gap.from.as_secs_f64()
        )?;
        if let Some(gap) = &report.longest_connect_gap {
            writeln!(
                out,
                "longest time without a new connection: {:.1} ms (from {:.2} s); slowest handshake {:.1} ms",
                gap.longest.as_secs_f64() * 1000.0,
                gap.from.as_secs_f64(),
                report.slowest_connect_ms
            )?;
        }
        if let Some(matrix) = &report.matrix {
            let head = format!(
                "Fate matrix ({} connections in each state, continued {:.0} ms after the trigger)",
                matrix.connections, matrix.continued_after_ms
            );
            writeln!(out, "\n{head}\n{}", cells(matrix))?;
        }
        if let Some(freeze) = &report.freeze {
            writeln!(
                out,
                "\nFreeze-frame: {} connections queued while {} workers stood still for {:.0} ms: {}",
                freeze.connections,
                freeze.workers,
                freeze.frozen_ms,
                counted(&freeze.outcomes)
            )?;
        }
        if !report.losses.is_empty() {
            writeln!(out, "\nFirst losses\n{}", losses(report))?;
        }
        self.verdict(out)
    }
}

impl Console<'_> {
    fn verdict(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (report, verdict) = (self.0, &self.0.verdict);
        writeln!(out)?;
        for check in verdict.checks.iter().filter(|check| !check.holds) {
            writeln!(out, "doubt: {}: {}", check.name, check.found)?;
        }
        for failure in &verdict.failures {
            writeln!(out, "broken: {failure}")?;
        }
        if let Some(gone) = &report.testee_gone {
            writeln!(out, "the testee ended during the run: {gone}")?;
        }
        if report.interrupted {
            writeln!(out, "interrupted: the numbers are those until then")?;
        }
        for one in &report.diagnosis {
            writeln!(out, "looks like {}: {}", one.rule, one.text)?;
        }
        for budget in &report.budgets {
            let holds = match budget.holds {
                Some(true) => "kept",
                Some(false) => "exceeded",
                None => "not to be told",
            };
            writeln!(out, "budget {holds}: {}: {}, limit {}", budget.name, budget.found, budget.limit)?;
        }
        if 0 < verdict.taken_along {
            writeln!(out, "{} requests went with a worker that was killed on purpose", verdict.taken_along)?;
        }
        writeln!(out, "grade: {}", verdict.grade)?;
        writeln!(out, "{}", verdict.sentence)
    }
}

fn fates(report: &Report) -> Table {
    let rows = &report.requests.fates;
    let used: Vec<Fate> = Fate::ALL
        .into_iter()
        .filter(|fate| rows.iter().any(|row| row.fates.contains_key(fate.name())))
        .collect();
    let mut table = numbers();
    let mut header = vec!["".to_owned()];
    header.extend(rows.iter().map(|row| format!("{} {}", row.population.short(), row.method.name())));
    header.push("all".to_owned());
    table.set_header(header);
    for fate in used {
        let counts: Vec<u64> =
            rows.iter().map(|row| row.fates.get(fate.name()).copied().unwrap_or(0)).collect();
        let mut line = vec![fate.name().to_owned()];
        line.extend(counts.iter().map(u64::to_string));
        line.push(counts.iter().sum::<u64>().to_string());
        table.add_row(line);
    }
    align(table)
}

fn ends(report: &Report) -> Table {
    let mut table = numbers();
    table.set_header(["", "end", "connections"]);
    for (population, ends) in &report.connections.ends {
        for (end, count) in ends {
            table.add_row([(*population).to_owned(), (*end).to_owned(), count.to_string()]);
        }
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn reloads(report: &Report) -> Table {
    let mut table = numbers();
    table.set_header([
        "release",
        "mode",
        "at",
        "asked",
        "first new",
        "last old, fresh",
        "last old",
        "old gone",
        "in flight",
        "lost",
    ]);
    for reload in &report.reloads {
        let since = |time: Option<f64>| match (time, reload.trigger_before) {
            (Some(time), Some(trigger)) if trigger <= time => format!("{:.1}", (time - trigger) * 1000.0),
            _ => "-".to_owned(),
        };
        let at = reload.trigger_before.unwrap_or(reload.planned);
        table.add_row([
            reload.release.clone(),
            reload.mode.clone(),
            format!("{at:.2} s"),
            since(reload.trigger_after),
            since(reload.first_new),
            since(reload.last_old_fresh),
            since(reload.last_old),
            since(reload.old_gone),
            reload.in_flight.to_string(),
            reload.lost.to_string(),
        ]);
    }
    align(table)
}

fn latency(report: &Report) -> Table {
    let mut table = numbers();
    table.set_header(["", "reload", "answers", "p50", "p99", "p99.9", "max"]);
    for row in &report.latency {
        let summary = &row.summary;
        table.add_row([
            row.population.name().to_owned(),
            if row.inside_reload { "inside" } else { "outside" }.to_owned(),
            summary.count.to_string(),
            format!("{:.2}", summary.p50_ms),
            format!("{:.2}", summary.p99_ms),
            format!("{:.2}", summary.p999_ms),
            format!("{:.2}", summary.max_ms),
        ]);
    }
    align(table)
}

fn cells(matrix: &MatrixReport) -> Table {
    let mut table = numbers();
    table.set_header(["", "state", "outcome"]);
    for cell in &matrix.cells {
        table.add_row([cell.protocol.clone(), cell.state.clone(), counted(&cell.outcomes)]);
    }
    table
}

/// `5 old, 1 RESET`.
fn counted(outcomes: &BTreeMap<&'static str, usize>) -> String {
    let told: Vec<String> = outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    told.join(", ")
}

fn losses(report: &Report) -> Table {
    let mut table = numbers();
    table.set_header([
        "at",
        "phase",
        "fate",
        "method",
        "connection",
        "request",
        "sent",
        "received",
        "after",
        "last pid",
        "",
    ]);
    for loss in report.losses.iter().take(SHOWN) {
        table.add_row([
            format!("{:.4} s", loss.at),
            loss.phase.clone(),
            loss.fate.name().to_owned(),
            method(loss.method),
            format!("{} ({})", loss.connection, loss.population.short()),
            loss.ordinal.to_string(),
            loss.sent.to_string(),
            loss.received.to_string(),
            loss.since_written_ms.map_or("-".to_owned(), |after| format!("{after:.2} ms")),
            loss.last_pid.map_or("-".to_owned(), |pid| pid.to_string()),
            loss.detail.clone(),
        ]);
    }
    table
}

/// Losses shown one by one; all that are listed are in the JSON.
const SHOWN: usize = 10;

fn method(method: Method) -> String {
    method.name().to_owned()
}

fn numbers() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// Numbers to the right, names to the left.
fn align(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
