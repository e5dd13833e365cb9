//! What the documents say that cases cite.

use crate::case::Source;

const MODEL: &str = include_str!("../../../docs/model.md");
const RELOAD: &str = include_str!("../../../docs/reload.md");

/// The text of a rule of docs/model.md or docs/reload.md; `None` for other sources, and for an id that
/// is not there.
#[must_use]
pub fn rule(source: Source) -> Option<&'static str> {
    let (document, id) = match source {
        Source::Model(id) => (MODEL, id),
        Source::Reload(id) => (RELOAD, id),
        Source::Rfc(..) | Source::Contract(_) => return None,
    };
    let start = format!("- {id} ");
    document.lines().find_map(|line| line.strip_prefix(&start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suites::registry;

    #[test]
    fn every_rule_that_a_case_cites_is_written_down() {
        let contract = include_str!("../../../docs/testee-contract.md");
        for case in registry() {
            match case.source {
                Source::Model(_) | Source::Reload(_) => {
                    assert!(rule(case.source).is_some(), "{}: {}", case.id, case.source);
                }
                Source::Contract(section) => {
                    assert!(contract.contains(&format!("## {section}")), "{}: {section}", case.id);
                }
                Source::Rfc(number, section) => {
                    assert!(
                        [768, 3629, 3986, 5246, 6455, 6585, 7692, 8446, 9110, 9112, 9113, 9293]
                            .contains(&number),
                        "{}: RFC {number}",
                        case.id
                    );
                    assert!(
                        section.starts_with(|first: char| first.is_ascii_digit()),
                        "{}: {section}",
                        case.id
                    );
                }
            }
        }
    }
}
