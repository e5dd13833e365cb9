use std::collections::BTreeMap;
use std::fs;

use nix::unistd::Pid;

/// One process as /proc shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// The number of its parent.
    pub parent: Pid,
    /// Whether it runs, sleeps, is stopped or is dead.
    pub state: ProcessState,
    /// Start time in clock ticks since boot: with the pid, a name that is never used again.
    pub started: u64,
    /// Open descriptors; `None` where they can't be counted.
    pub descriptors: Option<usize>,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
}

/// The state letter of /proc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// Running or waiting.
    Alive,
    /// Stopped by a signal.
    Stopped,
    /// Dead and not yet reaped.
    Zombie,
}

impl Process {
    /// Reads one process; `None` if it is gone.
    #[must_use]
    pub fn read(pid: Pid) -> Option<Self> {
        let mut process = Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        process.descriptors =
            fs::read_dir(format!("/proc/{pid}/fd")).ok().map(|entries| entries.flatten().count());
        Some(process)
    }

    /// Parses a line of `/proc/PID/stat`, all but the descriptors.
    fn parse(stat: &str) -> Option<Self> {
        // The second field is the command in brackets and may itself hold brackets and blanks.
        let (pid, rest) = stat.split_once(' ')?;
        let fields: Vec<&str> = rest.rsplit_once(") ")?.1.split_whitespace().collect();
        let state = match *fields.first()? {
            "Z" | "X" | "x" => ProcessState::Zombie,
            "T" | "t" => ProcessState::Stopped,
            _ => ProcessState::Alive,
        };
        Some(Self {
            pid: Pid::from_raw(pid.parse().ok()?),
            parent: Pid::from_raw(fields.get(1)?.parse().ok()?),
            state,
            started: fields.get(19)?.parse().ok()?,
            descriptors: None,
            resident_bytes: fields.get(21)?.parse::<u64>().ok()?.saturating_mul(PAGE_BYTES),
        })
    }
}

/// Bytes of a page on every platform this is built for.
const PAGE_BYTES: u64 = 4_096;

/// Every process below `root`, `root` not included, parents before children.
///
/// One pass over /proc: a process that forks meanwhile may be missed, so whoever wants to end them all
/// has to look again until none is left.
#[must_use]
pub fn descendants(root: Pid) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut by_parent: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some(process) = Process::parse(&stat) {
            by_parent.entry(process.parent.as_raw()).or_default().push(process);
        }
    }
    let mut found = by_parent.remove(&root.as_raw()).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        let children = by_parent.remove(&process.pid.as_raw()).unwrap_or_default();
        found.extend(children);
        next += 1;
    }
    for process in &mut found {
        process.descriptors =
            fs::read_dir(format!("/proc/{}/fd", process.pid)).ok().map(|entries| entries.flatten().count());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_command_with_brackets_and_blanks() {
        let stat = "42 (a) b (c) T 7 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000000 250 18446744073709551615";
        let process = Process::parse(stat).unwrap();
        assert_eq!(process.pid, Pid::from_raw(42));
        assert_eq!(process.parent, Pid::from_raw(7));
        assert_eq!(process.state, ProcessState::Stopped);
        assert_eq!(process.started, 987_654);
        assert_eq!(process.resident_bytes, 250 * 4096);
    }

    #[test]
    fn half_a_line_is_no_process() {
        for stat in ["", "42", "42 (a", "42 (a) S", "x (a) S 1 2"] {
            assert_eq!(Process::parse(stat), None, "{stat}");
        }
    }

    #[test]
    fn finds_a_child_of_ours() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let found = descendants(Pid::this());
        assert!(found.iter().any(|process| process.pid.as_raw() == child.id() as i32));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
