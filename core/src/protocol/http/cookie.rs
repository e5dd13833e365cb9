//! Cookies that a response sets.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::head::is_token;

/// A cookie to be set (HTTP-34; RFC 6265 4.1). The value is percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    name: Cow<'static, str>,
    value: String,
    domain: Option<String>,
    max_age: Option<Duration>,
    path: Option<String>,
    secure: bool,
    http_only: bool,
    same_site: Option<SameSite>,
}

/// Whether a cookie goes with requests that another site made a browser send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With links that were followed.
    Lax,
    /// Always; browsers want `Secure` with it.
    None,
}

impl Cookie {
    /// A cookie for this session of the browser.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            domain: None,
            max_age: None,
            path: None,
            secure: false,
            http_only: false,
            same_site: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// With another value.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// The domain whose hosts get it. Default: this host alone.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// How long it lasts, in whole seconds; zero takes it away.
    #[must_use]
    pub fn max_age(mut self, lifetime: Duration) -> Self {
        self.max_age = Some(lifetime);
        self
    }

    /// The path below which it is sent.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Over TLS only.
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Not for scripts.
    #[must_use]
    pub fn http_only(mut self) -> Self {
        self.http_only = true;
        self
    }

    /// For requests of other sites.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// The value of its `Set-Cookie`; `None` where the name is no token, or a domain or a path would end
    /// its attribute.
    pub(super) fn line(&self) -> Option<String> {
        let fits = |text: &Option<String>| {
            text.iter().all(|text| text.bytes().all(|octet| matches!(octet, b' '..=b'~') && octet != b';'))
        };
        let named = !self.name.is_empty() && self.name.bytes().all(is_token);
        if !named || !fits(&self.domain) || !fits(&self.path) {
            return None;
        }
        let mut line = format!("{}={}", self.name, utf8_percent_encode(&self.value, RESERVED));
        if let Some(domain) = &self.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        if let Some(lifetime) = self.max_age {
            line.push_str(&format!("; Max-Age={}", lifetime.as_secs()));
        }
        if let Some(path) = &self.path {
            line.push_str("; Path=");
            line.push_str(path);
        }
        if self.secure {
            line.push_str("; Secure");
        }
        if self.http_only {
            line.push_str("; HttpOnly");
        }
        match self.same_site {
            Some(SameSite::Strict) => line.push_str("; SameSite=Strict"),
            Some(SameSite::Lax) => line.push_str("; SameSite=Lax"),
            Some(SameSite::None) => line.push_str("; SameSite=None"),
            None => {}
        }
        Some(line)
    }
}

/// All but the unreserved characters (RFC 3986 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_in_the_models_order() {
        // HTTP-34
        let cookie = Cookie::new("a", "b c;é")
            .same_site(SameSite::Lax)
            .http_only()
            .secure()
            .path("/p")
            .max_age(Duration::from_secs(60))
            .domain("example.org");
        let line =
            "a=b%20c%3B%C3%A9; Domain=example.org; Max-Age=60; Path=/p; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(cookie.line().as_deref(), Some(line));
        assert_eq!(Cookie::new("a", "").line().as_deref(), Some("a="));
    }

    #[test]
    fn what_would_break_out_is_not_set() {
        assert_eq!(Cookie::new("a b", "c").line(), None);
        assert_eq!(Cookie::new("", "c").line(), None);
        assert_eq!(Cookie::new("a", "c").path("/; Domain=x").line(), None);
        assert_eq!(Cookie::new("a", "c").domain("x\r\nY: z").line(), None);
    }
}
