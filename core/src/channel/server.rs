//! The server: a service of one process.

use std::cell::RefCell;
use std::rc::Rc;

use super::hub::{Deliveries, Hub};
use super::message::{Request, encode};
use crate::connection::{Connections, Sent};
use crate::protocol::Frame;
use crate::service::{AnyService, Service};

/// The server of a [`Channel`](super::Channel) (CHAN-1).
///
/// One process, not replaced by a reload, so that subscriptions and queues outlive it. It has no authentication: listen on
/// the loopback, on a Unix socket with a [`socket_mode`](Service::socket_mode), or behind TLS that
/// [verifies its clients](crate::Tls::verify_clients).
#[derive(Debug)]
pub struct ChannelServer {
    service: Service<Frame>,
}

impl ChannelServer {
    /// A server at `address`; Workerman's port for it is 2206.
    pub fn new(address: impl Into<String>) -> Self {
        Self { service: Service::frame(address).name("channel").reloadable(false) }
    }

    /// Changes the service below it: name, user, TLS, limits. The count stays one, the callbacks its own.
    #[must_use]
    pub fn with(self, change: impl FnOnce(Service<Frame>) -> Service<Frame>) -> Self {
        Self { service: change(self.service) }
    }
}

impl From<ChannelServer> for AnyService {
    fn from(server: ChannelServer) -> Self {
        let (hub, service) = (Rc::new(RefCell::new(Hub::default())), server.service.count(1));
        let (everybody, leaving, clients) = (service.connections(), Rc::clone(&hub), service.connections());
        let service = service.on_message(move |conn, payload| {
            // CHAN-3: an empty frame keeps the connection alive, and nonsense is ignored.
            let Ok(request) = serde_json::from_slice::<Request>(payload) else { return };
            let deliveries = hub.borrow_mut().serve(conn.id(), request, payload.len());
            deliver(&everybody, deliveries);
        });
        let service = service.on_close(move |conn| {
            let deliveries = leaving.borrow_mut().leave(conn.id());
            deliver(&clients, deliveries);
        });
        service.into()
    }
}

/// Sends; what a slow client's buffer has no room for is dropped (CHAN-10).
fn deliver(clients: &Connections<Frame>, deliveries: Deliveries) {
    for (client, delivery) in deliveries {
        let sent = clients.find(client).map_or(Sent::Refused, |conn| conn.send(encode(&delivery)));
        if sent == Sent::Refused {
            tracing::warn!(conn = client, "a delivery was dropped: the client does not read, or is gone");
        }
    }
}
