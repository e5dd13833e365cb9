//! Services that live in one worker only: opened by its application, gone with it (MASTER-13).

use std::rc::Rc;
use std::time::Duration;

use super::AnyService;
use crate::connection::Outgoing;
use crate::error::Error;
use crate::listen::Listeners;
use crate::reactor::Reactor;
use crate::transport::Address;
use crate::worker::{ConnectionRow, Door, Drain, Serving};

impl AnyService {
    /// Serves it in this worker, from now until the worker leaves: nothing is forked, its count, users and worker callbacks
    /// do not apply, and it is not listed among the services of the server. Meant for `on_worker_start`; where several
    /// workers do it, each needs an address of its own. The address is that of the listener, with the real port where 0
    /// was asked for (MASTER-13).
    ///
    /// ```no_run
    /// use workerspec_core::{AnyService, Server, Service};
    ///
    /// let chat = Service::websocket("127.0.0.1:2346");
    /// let everybody = chat.connections();
    /// let chat = chat.on_worker_start(move |_| {
    ///     let everybody = everybody.clone();
    ///     let push = Service::text("127.0.0.1:5678").on_message(move |_, line| {
    ///         everybody.broadcast(String::from_utf8_lossy(line).into_owned());
    ///     });
    ///     AnyService::from(push).listen_here().map(|_| ())
    /// });
    /// Server::new().service(chat).main();
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`] where the address is taken or not ours, and what the service's declaration lacks.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn listen_here(self) -> Result<Address, Error> {
        let reactor = Reactor::current();
        self.0.check()?;
        let mut settings = self.0.settings().clone();
        settings.count = 1;
        let listeners = Listeners::open(&settings)?;
        let system = |attempt: &str| Error::system(format!("{attempt} {}", settings.address));
        let socket = listeners.of_slot(0).try_clone_to_owned().map_err(system("listen at"))?;
        let address = listeners.address().map_err(system("read the address of"))?;
        let Serving { open, drain, connections, .. } = self.0.into_serving(&reactor)?;
        let door = open(socket).map_err(system("watch the listener at"))?;
        let inner = Inner { door, drain, connections, _listeners: listeners };
        reactor.hold_client(reactor.next_client(), Rc::new(inner));
        Ok(address)
    }
}

/// A service within a worker.
struct Inner {
    door: Rc<dyn Door>,
    drain: Drain,
    connections: Box<dyn Fn() -> Vec<ConnectionRow>>,
    /// The name of a Unix socket goes with it.
    _listeners: Listeners,
}

impl Outgoing for Inner {
    fn leave(&self, within: Duration, done: Box<dyn FnOnce()>) {
        self.door.leave();
        (self.drain)(Duration::ZERO, within, None, done);
    }

    fn rows(&self) -> Vec<ConnectionRow> {
        (self.connections)()
    }
}
