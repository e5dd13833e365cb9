use std::fs;

use nix::unistd::Pid;

/// Whose rights a process has, as /proc shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Real, effective, saved and file system user.
    pub users: Vec<u32>,
    /// Real, effective, saved and file system group.
    pub groups: Vec<u32>,
    /// Supplementary groups.
    pub supplementary: Vec<u32>,
}

impl Credentials {
    /// Reads those of one process; `None` if it is gone.
    #[must_use]
    pub fn read(pid: Pid) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
    }

    /// Parses `/proc/PID/status`.
    fn parse(status: &str) -> Option<Self> {
        let numbers = |name: &str| -> Option<Vec<u32>> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().map(|word| word.parse().ok()).collect()
        };
        Some(Self { users: numbers("Uid:")?, groups: numbers("Gid:")?, supplementary: numbers("Groups:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lines_of_status() {
        let found = Credentials::parse("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n");
        let wanted =
            Credentials { users: vec![1, 2, 3, 4], groups: vec![5, 6, 7, 8], supplementary: vec![9, 10] };
        assert_eq!(found, Some(wanted));
        assert_eq!(Credentials::parse("Uid:\tx\n"), None);
    }

    #[test]
    fn reads_its_own() {
        let own = Credentials::read(Pid::this()).expect("this process is there");
        assert_eq!(own.users[1], nix::unistd::Uid::effective().as_raw());
    }
}
