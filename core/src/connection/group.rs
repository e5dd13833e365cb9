//! Speaking to many: all connections of a service in this worker, or those that joined a group.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};

use super::runtime::Runtime;
use super::served::Served;
use super::{Connection, Sent};
use crate::protocol::{Encode, Protocol};

/// The connections of a service that this worker holds (Workerman: `$worker->connections`). Got from
/// [`Service::connections`](crate::Service::connections) before the service is given away. In the master, and before the
/// worker serves, there are none.
pub struct Connections<P: Protocol> {
    runtime: Rc<RefCell<Weak<Runtime<P>>>>,
}

impl<P: Protocol> Connections<P> {
    pub(crate) fn new() -> Self {
        Self { runtime: Rc::default() }
    }

    pub(crate) fn bind(&self, runtime: &Rc<Runtime<P>>) {
        *self.runtime.borrow_mut() = Rc::downgrade(runtime);
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<Connection<P>> {
        let runtime = self.runtime.borrow().upgrade();
        let held = runtime.map(|runtime| runtime.snapshot()).unwrap_or_default();
        held.into_iter().map(|served| Connection { served }).collect()
    }

    /// The one with that number.
    pub fn find(&self, id: u64) -> Option<Connection<P>> {
        let runtime = self.runtime.borrow().upgrade()?;
        runtime.find(id).map(|served| Connection { served })
    }

    /// Sends `message` to each of them; to how many it could be sent.
    pub fn broadcast<T: Clone>(&self, message: T) -> usize
    where
        P: Encode<T>,
    {
        send_to_all(self.all(), message)
    }
}

impl<P: Protocol> Clone for Connections<P> {
    fn clone(&self) -> Self {
        Self { runtime: Rc::clone(&self.runtime) }
    }
}

impl<P: Protocol> fmt::Debug for Connections<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// Connections that belong together: a room, a topic, the devices of a user. One that closes leaves by itself.
/// Workers only; each worker has groups of its own, and a [`Channel`](crate::channel) joins them.
pub struct Group<P: Protocol> {
    members: Rc<RefCell<BTreeMap<u64, Weak<Served<P>>>>>,
}

impl<P: Protocol> Group<P> {
    /// A group without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a connection in. One that is in already is not taken twice.
    pub fn join(&self, conn: &Connection<P>) {
        self.members.borrow_mut().insert(conn.id(), Rc::downgrade(&conn.served));
    }

    /// Lets a connection go.
    pub fn leave(&self, conn: &Connection<P>) {
        self.members.borrow_mut().remove(&conn.id());
    }

    /// The members that are open, in the order they came to this worker.
    pub fn members(&self) -> Vec<Connection<P>> {
        let mut members = self.members.borrow_mut();
        members.retain(|_, member| member.upgrade().is_some_and(|served| served.is_open()));
        members.values().filter_map(Weak::upgrade).map(|served| Connection { served }).collect()
    }

    /// Sends `message` to each member; to how many it could be sent.
    pub fn broadcast<T: Clone>(&self, message: T) -> usize
    where
        P: Encode<T>,
    {
        send_to_all(self.members(), message)
    }
}

impl<P: Protocol> Default for Group<P> {
    fn default() -> Self {
        Self { members: Rc::default() }
    }
}

impl<P: Protocol> Clone for Group<P> {
    fn clone(&self) -> Self {
        Self { members: Rc::clone(&self.members) }
    }
}

impl<P: Protocol> fmt::Debug for Group<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("members", &self.members.borrow().len()).finish()
    }
}

fn send_to_all<P, T: Clone>(connections: Vec<Connection<P>>, message: T) -> usize
where
    P: Protocol + Encode<T>,
{
    connections.into_iter().filter(|conn| conn.send(message.clone()) != Sent::Refused).count()
}
