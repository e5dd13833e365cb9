use std::collections::BTreeMap;

/// The values that placeholders stand for in one run of one testee.
#[derive(Clone, Debug)]
pub(super) struct Placeholders {
    values: BTreeMap<String, String>,
}

impl Placeholders {
    /// From names without braces to values.
    pub(super) fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: values.into_iter().collect() }
    }

    /// Changes one value, as a new release does.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// Replaces each placeholder; every other brace stays as it is.
    pub(super) fn render(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let value = rest.find('}').and_then(|close| Some((self.values.get(&rest[1..close])?, close)));
            match value {
                Some((value, close)) => {
                    out.push_str(value);
                    rest = &rest[close + 1..];
                }
                None => {
                    out.push('{');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// The first `{port.NAME}` of `text` whose name is not among `ports`.
pub(super) fn unknown_port<'text>(text: &'text str, ports: &[&str]) -> Option<&'text str> {
    text.match_indices("{port.").find_map(|(at, open)| {
        let rest = &text[at + open.len()..];
        let name = &rest[..rest.find('}')?];
        (!ports.contains(&name)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_placeholders_and_leaves_other_braces_alone() {
        let values = Placeholders::new([
            ("dir".to_owned(), "/run/x".to_owned()),
            ("port.http".to_owned(), "80".to_owned()),
        ]);
        let text = "http { listen {port.http}; root {dir}{{dir}}; if ($x ~ {2}) {nope} } {";
        assert_eq!(values.render(text), "http { listen 80; root /run/x{/run/x}; if ($x ~ {2}) {nope} } {");
    }

    #[test]
    fn a_value_is_not_rendered_again() {
        let values = Placeholders::new([("dir".to_owned(), "{here}".to_owned())]);
        assert_eq!(values.render("{dir}"), "{here}");
    }

    #[test]
    fn finds_a_port_that_is_not_declared() {
        assert_eq!(unknown_port("a {port.http} {port.htpp}", &["http"]), Some("htpp"));
        assert_eq!(unknown_port("a {port.http}", &["http"]), None);
    }
}
