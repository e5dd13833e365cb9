use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What the release file says: the name that workers report, and how they come up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// What a worker of this release does when it starts.
    pub mode: Mode,
}

/// What a worker does when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Comes up.
    Up,
    /// Exits with status 3.
    Exit,
    /// Never becomes ready and does not exit.
    Hang,
    /// Becomes ready after this time, accepting nothing before.
    Slow(Duration),
}

impl Release {
    /// A release that comes up.
    #[must_use]
    pub fn up(name: impl Into<String>) -> Self {
        Self { name: name.into(), mode: Mode::Up }
    }

    /// A release in a mode of its own.
    #[must_use]
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        Self { name: name.into(), mode }
    }

    /// Replaces the release file in one step, so that no worker reads half a line.
    ///
    /// # Errors
    /// When the file beside it cannot be written or renamed.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("new");
        fs::write(&beside, format!("{self}\n"))?;
        fs::rename(&beside, path)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::Up => write!(out, "{} up", self.name),
            Mode::Exit => write!(out, "{} exit", self.name),
            Mode::Hang => write!(out, "{} hang", self.name),
            Mode::Slow(after) => write!(out, "{} slow {}", self.name, after.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_line_of_the_contract() {
        assert_eq!(Release::up("r7").to_string(), "r7 up");
        assert_eq!(Release::new("r7", Mode::Slow(Duration::from_secs(2))).to_string(), "r7 slow 2000");
    }
}
