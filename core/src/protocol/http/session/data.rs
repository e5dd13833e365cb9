//! What a session holds, and what a request changes in it.

use std::collections::BTreeMap;

use crate::protocol::http::Form;

/// The names and values of a session.
pub(super) type Data = BTreeMap<String, String>;

/// Reads a stored session: pairs as in a query.
pub(super) fn read(octets: &[u8]) -> Data {
    Form::read(octets).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The form in which a session is stored.
pub(super) fn write(data: &Data) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(data).finish()
}

/// One change, to be made to whatever is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Set(String, String),
    Delete(String),
    Flush,
}

impl Change {
    pub(super) fn make(&self, data: &mut Data) {
        match self {
            Self::Set(name, value) => {
                data.insert(name.clone(), value.clone());
            }
            Self::Delete(name) => {
                data.remove(name);
            }
            Self::Flush => data.clear(),
        }
    }
}
