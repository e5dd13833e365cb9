//! The session of one request.

use std::io;

use super::data::{Change, Data};
use super::id::Id;
use super::store::Sessions;
use crate::protocol::http::Response;

/// A visitor's names and values, as they were when the request came, with what the request changes. They are
/// stored by [`close`](Self::close) or [`save`](Self::save), and lost without either (SESS-3, SESS-4).
#[derive(Debug)]
pub struct Session {
    sessions: Sessions,
    id: Id,
    data: Data,
    changes: Vec<Change>,
    /// The client does not know the id yet.
    untold: bool,
}

impl Session {
    pub(super) fn new(sessions: Sessions, id: Id) -> Self {
        Self { sessions, id, data: Data::new(), changes: Vec::new(), untold: true }
    }

    pub(super) fn known(sessions: Sessions, id: Id, data: Data) -> Self {
        Self { sessions, id, data, changes: Vec::new(), untold: false }
    }

    /// The id: 32 hexadecimal digits. Who knows it is taken for the visitor.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.data.get(name).map(String::as_str)
    }

    /// All names and values, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.data.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.change(Change::Set(name.into(), value.into()));
    }

    /// Takes a name away.
    pub fn delete(&mut self, name: &str) {
        self.change(Change::Delete(name.to_owned()));
    }

    /// The value of that name, which is taken away.
    pub fn pull(&mut self, name: &str) -> Option<String> {
        let value = self.data.get(name).cloned();
        self.delete(name);
        value
    }

    /// Takes all names away.
    pub fn flush(&mut self) {
        self.change(Change::Flush);
    }

    fn change(&mut self, change: Change) {
        change.make(&mut self.data);
        self.changes.push(change);
    }

    /// Changes what is stored at this moment, alone among all requests: a counter misses nothing. What was set
    /// before is stored with it. Of a session that another request has ended meanwhile, nothing is stored.
    ///
    /// # Errors
    /// Where it cannot be stored.
    pub fn update<R>(
        &mut self,
        change: impl FnOnce(&mut std::collections::BTreeMap<String, String>) -> R,
    ) -> io::Result<R> {
        let changes = std::mem::take(&mut self.changes);
        let (data, result) = self.sessions.place.change(&self.id, !self.untold, |data| {
            changes.iter().for_each(|earlier| earlier.make(data));
            change(data)
        })?;
        self.data = data;
        Ok(result)
    }

    /// Stores what was changed, if anything was (SESS-4).
    ///
    /// # Errors
    /// Where it cannot be stored.
    pub fn save(&mut self) -> io::Result<()> {
        if self.changes.is_empty() { Ok(()) } else { self.update(|_| ()) }
    }

    /// Starts the lifetime anew without a change.
    ///
    /// # Errors
    /// Where the file cannot be touched.
    pub fn refresh(&self) -> io::Result<()> {
        self.sessions.place.touch(&self.id)
    }

    /// Goes on under a new id, with all data; the old one is worth nothing any more. For the moment when a
    /// visitor logs in.
    ///
    /// # Errors
    /// Where it cannot be stored.
    pub fn regenerate(&mut self) -> io::Result<()> {
        self.save()?;
        let old = std::mem::replace(&mut self.id, Id::random()?);
        self.untold = true;
        self.changes =
            self.data.iter().map(|(name, value)| Change::Set(name.clone(), value.clone())).collect();
        self.save()?;
        self.sessions.place.remove(&old)
    }

    /// Stores what was changed and has the response tell the id, if the client does not know it and there is
    /// anything to remember.
    ///
    /// # Errors
    /// Where it cannot be stored.
    pub fn close(mut self, response: Response) -> io::Result<Response> {
        self.save()?;
        if !self.untold || self.data.is_empty() {
            return Ok(response);
        }
        Ok(response.cookie(&self.sessions.place.cookie(&self.id)))
    }
}
