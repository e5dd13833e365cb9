//! Names and values: queries and urlencoded bodies (HTTP-22, HTTP-24).

/// Pairs of name and value in the order they came. `+` and `%20` are blanks; what is not UTF-8 is replaced.
///
/// A name is what it is: `a[]` is a name like another, and all its values are there to be [asked
/// for](Self::all), where PHP would make an array of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` (WHATWG URL 5.1).
    pub fn read(octets: &[u8]) -> Self {
        Self { pairs: form_urlencoded::parse(octets).into_owned().collect() }
    }

    /// The value of that name; of several the last (HTTP-22).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
