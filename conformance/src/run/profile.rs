use crate::case::Source;

/// Whose rules make a failure. What breaks another rule is a warning, and is reported all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Only the RFCs: for a server that is not of this model.
    Rfc,
    /// The RFCs, the model and the contract, but not what the model itself gets wrong (`SF-` and `RL-`).
    Model,
    /// Everything, hardening included. The default.
    #[default]
    All,
}

impl Profile {
    /// The word on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc => "rfc",
            Self::Model => "model",
            Self::All => "all",
        }
    }

    /// Whether breaking that source's rules is a failure.
    #[must_use]
    pub fn binds(self, source: Source) -> bool {
        match (self, source) {
            (Self::All, _) | (_, Source::Rfc(..)) => true,
            (Self::Rfc, _) | (_, Source::Reload(_)) => false,
            (Self::Model, Source::Model(id)) => !id.starts_with("SF-"),
            (Self::Model, Source::Contract(_)) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_binds_more_than_the_one_before() {
        let sources =
            [Source::Rfc(9112, "2"), Source::Model("BUF-1"), Source::Model("SF-3"), Source::Reload("RL-4")];
        let bound = |profile: Profile| sources.map(|source| profile.binds(source));
        assert_eq!(bound(Profile::Rfc), [true, false, false, false]);
        assert_eq!(bound(Profile::Model), [true, true, false, false]);
        assert_eq!(bound(Profile::All), [true; 4]);
    }
}
