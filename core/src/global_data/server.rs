//! The server: a service of one process.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::request::{Answer, Request};
use super::store::Store;
use crate::protocol::Frame;
use crate::reactor::{Timer, now};
use crate::service::{AnyService, Service};

/// The server of a [`GlobalData`](super::GlobalData) (GDATA-1).
///
/// One process, not replaced by a reload; values are in its memory alone. It has no authentication: listen on the loopback, on
/// a Unix socket with a [`socket_mode`](Service::socket_mode), or behind TLS that
/// [verifies its clients](crate::Tls::verify_clients).
#[derive(Debug)]
pub struct GlobalDataServer {
    service: Service<Frame>,
}

impl GlobalDataServer {
    /// A server at `address`; Workerman's port for it is 2207.
    pub fn new(address: impl Into<String>) -> Self {
        Self { service: Service::frame(address).name("global-data").reloadable(false) }
    }

    /// Changes the service below it: name, user, TLS, limits. The count stays one, the callbacks its own.
    #[must_use]
    pub fn with(self, change: impl FnOnce(Service<Frame>) -> Service<Frame>) -> Self {
        Self { service: change(self.service) }
    }
}

impl From<GlobalDataServer> for AnyService {
    fn from(server: GlobalDataServer) -> Self {
        let values = Rc::new(Values::default());
        let service = server.service.count(1).on_message(move |conn, payload| {
            // GDATA-9
            if payload == b"ping" {
                return;
            }
            match serde_json::from_slice::<Request>(payload) {
                Ok(request) => drop(conn.send(encode(&Answer::Ok(values.serve(request))))),
                // GDATA-10, SF-71: said, then closed; nothing else is concerned.
                Err(error) => drop(conn.close_with(encode(&Answer::Error(format!("bad request: {error}"))))),
            }
        });
        service.into()
    }
}

fn encode(answer: &Answer) -> Vec<u8> {
    serde_json::to_vec(answer).expect("JSON values have a JSON form")
}

/// The store, and what wakes it when something expires.
#[derive(Default)]
struct Values {
    store: RefCell<Store>,
    timer: Cell<Option<Timer>>,
}

impl Values {
    fn serve(self: &Rc<Self>, request: Request) -> serde_json::Value {
        let expires = matches!(request, Request::Expire { .. });
        let answer = self.store.borrow_mut().serve(request, now());
        if expires {
            self.sweep();
        }
        answer
    }

    /// Memory of what has expired is given back when it expires, not when somebody asks.
    fn sweep(self: &Rc<Self>) {
        let next = self.store.borrow_mut().sweep(now());
        self.timer.take().into_iter().for_each(|timer| {
            timer.cancel();
        });
        if let Some(next) = next {
            let values = Rc::clone(self);
            let timer = Timer::own_after(next.saturating_duration_since(now()), move || values.sweep());
            self.timer.set(Some(timer));
        }
    }
}
