//! The small language in which cases are chosen: `suite(http) & level(must) & !tag(slow)`.

use std::time::Duration;

use globset::{Glob, GlobMatcher};

use crate::case::{Case, Check, Level, Need, Sharing};

/// Chooses cases.
///
/// ```text
/// either  = both { "|" both }
/// both    = one { "&" one }
/// one     = "!" one | "(" either ")" | name "(" value ")" | id
/// ```
/// An id, and the values of `suite`, `source`, `needs` and `alias`, are patterns with `*`, `?`, `[…]` and `{…,…}` over
/// the whole; `level` is must, should or may, and `tag` one of [`TAGS`].
#[derive(Clone, Debug)]
pub enum Filter {
    /// Cases with such an id.
    Id(GlobMatcher),
    /// Cases of such suites: the first word of the id.
    Suite(GlobMatcher),
    /// Cases of that level.
    Level(Level),
    /// Cases whose source reads so: `RFC 9112*`, `*BUF-1`.
    Source(GlobMatcher),
    /// Cases that need what is called so.
    Needs(GlobMatcher),
    /// Cases with such an id elsewhere: `autobahn:5.*`.
    Alias(GlobMatcher),
    /// Cases of such a kind.
    Tag(&'static str),
    /// What another leaves out.
    Not(Box<Self>),
    /// What both choose.
    And(Box<Self>, Box<Self>),
    /// What either chooses.
    Or(Box<Self>, Box<Self>),
}

/// What `tag` knows, each with its meaning.
pub const TAGS: &[(&str, &str)] = &[
    ("bytes", "is octets and a list of answers, no function"),
    ("isolated", "gets a testee of its own"),
    ("last", "looks what the others have left behind"),
    ("reload", "reloads"),
    ("shared", "shares a testee with others"),
    ("slow", "may take ten seconds or more"),
];

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong, and at which octet.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut reader = Reader { text, at: 0 };
        let filter = reader.either()?;
        match reader.peek() {
            None => Ok(filter),
            Some(_) => Err(reader.wrong("an operator, `&` or `|`, is missing")),
        }
    }

    /// Whether it chooses that case.
    #[must_use]
    pub fn chooses(&self, case: &Case) -> bool {
        match self {
            Self::Id(glob) => glob.is_match(case.id),
            Self::Suite(glob) => glob.is_match(case.suite()),
            Self::Level(level) => case.level == *level,
            Self::Source(glob) => glob.is_match(case.source.to_string()),
            Self::Needs(glob) => case.needs.iter().any(|need| glob.is_match(need.to_string())),
            Self::Alias(glob) => case.aliases.iter().any(|alias| glob.is_match(alias)),
            Self::Tag(tag) => tagged(case, tag),
            Self::Not(filter) => !filter.chooses(case),
            Self::And(left, right) => left.chooses(case) && right.chooses(case),
            Self::Or(left, right) => left.chooses(case) || right.chooses(case),
        }
    }
}

fn tagged(case: &Case, tag: &str) -> bool {
    match tag {
        "bytes" => !matches!(case.check, Check::Act { .. }),
        "isolated" => case.sharing == Sharing::Isolated,
        "last" => case.sharing == Sharing::Last,
        "reload" => case.needs.iter().any(|need| matches!(need, Need::Reload | Need::ReloadThatWaits)),
        "shared" => case.sharing == Sharing::Shared,
        "slow" => SLOW <= case.budget,
        _ => false,
    }
}

/// Budget from which a case is slow.
const SLOW: Duration = Duration::from_secs(10);

/// Why a filter can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}, at octet {at}")]
pub struct FilterError {
    /// Where, from 0.
    pub at: usize,
    /// What is wrong.
    pub why: String,
}

/// A text and how far it is read.
struct Reader<'text> {
    text: &'text str,
    at: usize,
}

impl<'text> Reader<'text> {
    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.both()?;
        while self.take('|') {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.one()?;
        while self.take('&') {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        // A chain of `!` and `(` is as deep as it is long: no more than people write.
        if self.text.len() > LONGEST {
            return Err(self.wrong("the filter is too long"));
        }
        if self.take('!') {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.take('(') {
            let inner = self.either()?;
            self.close()?;
            return Ok(inner);
        }
        let start = self.at;
        let word = self.word()?;
        if !self.take('(') {
            return Ok(Filter::Id(self.glob(word, start)?));
        }
        let start = self.at;
        let value = self.value()?;
        let filter = match word {
            "id" => Filter::Id(self.glob(value, start)?),
            "suite" => Filter::Suite(self.glob(value, start)?),
            "source" => Filter::Source(self.glob(value, start)?),
            "needs" => Filter::Needs(self.glob(value, start)?),
            "alias" => Filter::Alias(self.glob(value, start)?),
            "level" => Filter::Level(match value.to_ascii_lowercase().as_str() {
                "must" => Level::Must,
                "should" => Level::Should,
                "may" => Level::May,
                _ => return Err(wrong(start, format!("`{value}` is no level: must, should or may"))),
            }),
            "tag" => match TAGS.iter().find(|(tag, _)| *tag == value) {
                Some((tag, _)) => Filter::Tag(tag),
                None => {
                    let known: Vec<&str> = TAGS.iter().map(|(tag, _)| *tag).collect();
                    return Err(wrong(start, format!("`{value}` is no tag: {}", known.join(", "))));
                }
            },
            other => {
                let why =
                    format!("`{other}` is unknown: there are id, suite, level, source, needs, alias and tag");
                return Err(wrong(start, why));
            }
        };
        self.close()?;
        Ok(filter)
    }

    fn close(&mut self) -> Result<(), FilterError> {
        if self.take(')') { Ok(()) } else { Err(self.wrong("a `)` is missing")) }
    }

    /// Up to a blank or an operator.
    fn word(&mut self) -> Result<&'text str, FilterError> {
        self.until(|letter| letter.is_whitespace() || "()&|!".contains(letter))
    }

    /// Up to the bracket that closes it.
    fn value(&mut self) -> Result<&'text str, FilterError> {
        self.until(|letter| letter == ')').map(str::trim)
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> Result<&'text str, FilterError> {
        self.peek();
        let rest = &self.text[self.at..];
        let word = &rest[..rest.find(end).unwrap_or(rest.len())];
        if word.is_empty() {
            return Err(self.wrong("an id or a condition is missing"));
        }
        self.at += word.len();
        Ok(word)
    }

    fn glob(&self, pattern: &str, start: usize) -> Result<GlobMatcher, FilterError> {
        Glob::new(pattern)
            .map(|glob| glob.compile_matcher())
            .map_err(|error| wrong(start, format!("`{pattern}` is no pattern: {}", error.kind())))
    }

    fn take(&mut self, letter: char) -> bool {
        let is = self.peek() == Some(letter);
        if is {
            self.at += letter.len_utf8();
        }
        is
    }

    /// The next letter that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn wrong(&self, why: &str) -> FilterError {
        wrong(self.at, why.to_owned())
    }
}

/// Octets of the longest filter.
const LONGEST: usize = 4_096;

fn wrong(at: usize, why: String) -> FilterError {
    FilterError { at, why }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::suites::registry;

    fn chosen(text: &str) -> Vec<&'static str> {
        let filter = Filter::parse(text).unwrap();
        registry().into_iter().filter(|case| filter.chooses(case)).map(|case| case.id).collect()
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closest() {
        let all = registry().len();
        let http = chosen("suite(http)").len();
        let must = chosen("suite(http) & level(must)").len();
        let other = chosen("!suite(http)").len();
        assert!(0 < must && must < http);
        assert_eq!(http + other, all);
        assert_eq!(chosen("!suite(http) | suite(http) & level(MUST)").len(), other + must);
        assert_eq!(chosen("(!suite(http) | suite(http)) & level(must)").len(), chosen("level(must)").len());
        assert_eq!(chosen("text.line.echo | http.chunk.size-wraps").len(), 2);
        assert_eq!(
            chosen("source( RFC 9112* )&tag(bytes)&http.chunk.*"),
            chosen("http.chunk.* & source(RFC 9112*)")
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let wrong = |text: &str| Filter::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(
            ["suite(http) level(must)", "level(maybe)", "tag(fast)", "suit(http)", "suite(http", "a & ", "!", "a)", "[", ""]
                .map(|text| format!("{text:<24} {}", wrong(text)))
                .join("\n"),
            @r#"
            suite(http) level(must)  an operator, `&` or `|`, is missing, at octet 12
            level(maybe)             `maybe` is no level: must, should or may, at octet 6
            tag(fast)                `fast` is no tag: bytes, isolated, last, reload, shared, slow, at octet 4
            suit(http)               `suit` is unknown: there are id, suite, level, source, needs, alias and tag, at octet 5
            suite(http               a `)` is missing, at octet 10
            a &                      an id or a condition is missing, at octet 4
            !                        an id or a condition is missing, at octet 1
            a)                       an operator, `&` or `|`, is missing, at octet 1
            [                        `[` is no pattern: unclosed character class; missing ']', at octet 0
                                     an id or a condition is missing, at octet 0
            "#
        );
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,40}|[a-z()&|! *{\\[]{0,40}") {
            let _ = Filter::parse(&text);
        }
    }
}
