//! Status and connections as tables for people (STATUS-2 to STATUS-4, CONNS-1, CONNS-2).

use std::fmt::Write;

use super::snapshot::{Connections, Snapshot, WorkerRow};

/// The report of `status`.
pub(crate) fn status(it: &Snapshot) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&rule("GLOBAL STATUS"));
    line(&format!("{}   {} mode   pid {}   {}", it.program, it.mode, it.pid, it.state));
    line(&format!("workerspec-core/{}   generation {}", it.core, it.generation));
    let (days, hours) = (it.uptime_seconds / 86_400, it.uptime_seconds / 3_600 % 24);
    let [one, five, fifteen] = it.load;
    line(&format!(
        "start time:{}   run {days} days {hours} hours   load average: {one:.2}, {five:.2}, {fifteen:.2}",
        it.started_at
    ));
    line(&format!("{} workers    {} processes", it.services.len(), it.workers.len()));
    line(&format!("{:<20} {:<12} {:<12} {}", "worker_name", "protocol", "exit_status", "exit_count"));
    for service in &it.services {
        let mut exits: Vec<_> = service.exits.iter().map(|exits| (exits.status, exits.count)).collect();
        if exits.is_empty() {
            exits.push((0, 0));
        }
        for (status, count) in exits {
            line(&format!("{:<20} {:<12} {status:<12} {count}", service.name, service.protocol));
        }
    }
    for slot in it.slots.iter().filter(|slot| slot.state != "serving") {
        let retry = slot.retry_in_ms.map(|ms| format!(", starting another in {ms} ms")).unwrap_or_default();
        line(&format!(
            "slot {} of {}: {}, {} deaths in a row{retry}",
            slot.slot, slot.service, slot.state, slot.failures
        ));
    }
    line(&rule("PROCESS STATUS"));
    let name = width(it.workers.iter().map(|worker| worker.service.as_str()), 11);
    let listening = width(it.workers.iter().map(|worker| worker.listening.as_str()), 9);
    line(&format!(
        "{:<8} {:<9} {:<listening$} {:<name$} {:>4} {:>3} {:>11} {:>9} {:>7} {:>13} {:>7}  {}",
        "pid",
        "memory",
        "listening",
        "worker_name",
        "slot",
        "gen",
        "connections",
        "send_fail",
        "timers",
        "total_request",
        "qps",
        "status"
    ));
    for worker in &it.workers {
        line(&format!(
            "{:<8} {:<9} {:<listening$} {:<name$} {:>4} {:>3} {:>11} {:>9} {:>7} {:>13} {:>7}  {}",
            worker.pid,
            mebibytes(worker.memory_kib),
            worker.listening,
            worker.service,
            worker.slot,
            worker.generation,
            worker.connections,
            worker.send_fail,
            worker.timers,
            worker.total_request,
            worker.qps,
            condition(worker)
        ));
    }
    let sum = &it.summary;
    line(&format!(
        "{:<8} {:<9} {:<listening$} {:<name$} {:>4} {:>3} {:>11} {:>9} {:>7} {:>13} {:>7}  [Summary]",
        "Summary",
        mebibytes(sum.memory_kib),
        "-",
        "-",
        "-",
        "-",
        sum.connections,
        sum.send_fail,
        sum.timers,
        sum.total_request,
        sum.qps
    ));
    out
}

/// The report of `connections`.
pub(crate) fn connections(it: &Connections) -> String {
    let mut out = rule("CONNECTION STATUS");
    out.push('\n');
    let columns = [
        ("PID", 9),
        ("Worker", 16),
        ("CID", 10),
        ("Trans", 8),
        ("Protocol", 16),
        ("ipv4", 7),
        ("ipv6", 7),
        ("Recv-Q", 13),
        ("Send-Q", 13),
        ("Bytes-R", 13),
        ("Bytes-W", 13),
        (" Status", 15),
        ("Local Address", 22),
        ("Foreign Address", 22),
    ];
    let mut line = |cells: [String; 14]| {
        let mut text = String::new();
        for (cell, (_, width)) in cells.iter().zip(columns) {
            let _ = write!(text, "{cell:<width$}");
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(columns.map(|(title, _)| title.to_owned()));
    for row in &it.connections {
        line([
            row.pid.to_string(),
            shortened(&row.worker, 14),
            row.cid.to_string(),
            row.transport.clone(),
            shortened(&row.protocol, 15),
            format!(" {}", u8::from(row.ipv4)),
            format!(" {}", u8::from(row.ipv6)),
            size(row.recv_q),
            size(row.send_q),
            size(row.bytes_read),
            size(row.bytes_written),
            format!(" {}", row.status),
            format!("{} ", row.local),
            row.remote.clone(),
        ]);
    }
    for worker in &it.missing {
        let _ = writeln!(
            out,
            "missing: process {} of {} did not answer in time: {}",
            worker.pid,
            worker.service,
            condition(worker)
        );
    }
    out
}

fn condition(worker: &WorkerRow) -> String {
    match &worker.busy {
        Some(busy) => format!("[busy] {} for {:.1} s", busy.calling, busy.since_ms as f64 / 1000.0),
        None if worker.state == "serving" => "[idle]".to_owned(),
        None => format!("[{}]", worker.state),
    }
}

fn rule(title: &str) -> String {
    format!("{title:-^120}")
}

fn width<'a>(texts: impl Iterator<Item = &'a str>, least: usize) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0).max(least)
}

fn mebibytes(kib: u64) -> String {
    format!("{:.2}M", kib as f64 / 1024.0)
}

/// Longer than `most`: two fewer, and two dots.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 2).collect();
    format!("{kept}..")
}

/// CONNS-2: octets up to 1024, then units of 1024 with one decimal.
fn size(octets: u64) -> String {
    let mut amount = octets as f64;
    if octets <= 1024 {
        return format!("{octets}B");
    }
    let mut unit = "KB";
    amount /= 1024.0;
    for larger in ["MB", "GB", "TB"] {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    format!("{amount:.1}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_names_fit_their_columns() {
        // CONNS-1, CONNS-2.
        for (octets, text) in
            [(0, "0B"), (1024, "1024B"), (1536, "1.5KB"), (10 << 20, "10.0MB"), (3 << 40, "3.0TB")]
        {
            assert_eq!(size(octets), text);
        }
        assert_eq!(shortened("fourteen-chars", 14), "fourteen-chars");
        assert_eq!(shortened("fifteen-chars-x", 14), "fifteen-char..");
    }
}
