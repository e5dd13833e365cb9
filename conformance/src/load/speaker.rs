//! What each kind of client says: requests prepared beforehand, and messages.

use std::net::SocketAddr;

use workerspec_wire::websocket::Opening;

use crate::load::connection::Connection;
use crate::load::identity::IdText;
use crate::load::plan::LoadPlan;
use crate::load::population::{Method, Population};
use crate::load::receipt::{Expectation, Wanted};
use crate::load::request::{EMPTY_SUM, Sum, Template};

/// Everything that is said in one run.
#[derive(Debug)]
pub(crate) struct Speaker {
    /// GET and POST, each without and with the wish to close.
    templates: [[Template; 2]; 2],
    upload: Template,
    slow: Vec<u8>,
    download: Vec<u8>,
    events: Vec<u8>,
    opening: Vec<u8>,
    wanted_slow: Wanted,
    wanted_download: Wanted,
    plain: Option<Wanted>,
    run: u32,
}

impl Speaker {
    /// For a server at `target`; `run` makes its identities unmistakable.
    pub(crate) fn new(target: SocketAddr, plan: &LoadPlan, run: u32) -> Speaker {
        let template = |method, last| match &plan.plain {
            Some(plain) => Template::plain(plain, last),
            None => Template::new(method, target, plan.body_length, last),
        };
        let pair = |method| [template(method, false), template(method, true)];
        let host = plan.plain.as_ref().map_or_else(|| target.to_string(), |plain| plain.host.clone());
        let get = |target: &str, more: &str| {
            format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n").into_bytes()
        };
        let milliseconds = u32::try_from(plan.slow.as_millis()).unwrap_or(u32::MAX);
        Speaker {
            templates: [pair(Method::Get), pair(Method::Post)],
            upload: Template::new(Method::Post, target, UPLOAD, false),
            slow: get(&format!("/sleep/{milliseconds}"), ""),
            download: get(&format!("/bytes/{}", plan.download), ""),
            events: get(&plan.events, "Accept: text/event-stream\r\n"),
            opening: Opening::new().replace("Host", &format!("Host: {host}")).bytes(),
            wanted_slow: Wanted::Slept(milliseconds),
            wanted_download: Wanted::Digits(plan.download),
            plain: plan
                .plain
                .as_ref()
                .map(|plain| Wanted::Plain(*plain.statuses.start(), *plain.statuses.end())),
            run,
        }
    }

    /// Writes what `connection` says next to the end of `out`; gives what must come back.
    pub(crate) fn say(
        &mut self,
        connection: &Connection,
        method: Method,
        id: IdText,
        ordinal: u32,
        out: &mut Vec<u8>,
    ) -> Expectation {
        let nothing = Sum { length: 0, fnv: EMPTY_SUM };
        let (sum, wanted) = match connection.population {
            Population::Slow => {
                out.extend_from_slice(&self.slow);
                (nothing, self.wanted_slow)
            }
            Population::Download => {
                out.extend_from_slice(&self.download);
                (nothing, self.wanted_download)
            }
            Population::Events => {
                out.extend_from_slice(&self.events);
                (nothing, Wanted::Stream)
            }
            Population::Upload => {
                let sum = self.upload.address(&id);
                out.extend_from_slice(&self.upload.octets);
                (sum, Wanted::Line)
            }
            population if population.is_of_messages() => match connection.messages() {
                None => {
                    out.extend_from_slice(&self.opening);
                    (nothing, Wanted::Upgrade)
                }
                // Who serves the connection is asked again and again: it may be handed over.
                Some(messages) if ordinal % 8 == u32::from(population.is_websocket()) => {
                    messages.encode(b"!who", out);
                    (nothing, Wanted::Who)
                }
                Some(messages) => {
                    messages.encode(&id, out);
                    (nothing, Wanted::Echo)
                }
            },
            _ => {
                let row = usize::from(method == Method::Post);
                let template = &mut self.templates[row][usize::from(connection.asks_close())];
                let sum = template.address(&id);
                out.extend_from_slice(&template.octets);
                (sum, self.plain.unwrap_or(Wanted::Line))
            }
        };
        Expectation { id, run: self.run, sum, wanted }
    }
}

impl Speaker {
    /// Writes once more what was said, for somebody who wants to look at it.
    pub(crate) fn repeat(
        &self,
        connection: &Connection,
        method: Method,
        said: &Expectation,
        out: &mut Vec<u8>,
    ) {
        match (said.wanted, connection.messages()) {
            (Wanted::Slept(_), _) => out.extend_from_slice(&self.slow),
            (Wanted::Digits(_), _) => out.extend_from_slice(&self.download),
            (Wanted::Stream, _) => out.extend_from_slice(&self.events),
            (Wanted::Upgrade, _) => out.extend_from_slice(&self.opening),
            (Wanted::Who, Some(messages)) => messages.encode(b"!who", out),
            (Wanted::Echo, Some(messages)) => messages.encode(&said.id, out),
            _ if connection.population == Population::Upload => {
                out.extend_from_slice(&self.upload.with(&said.id))
            }
            _ => {
                let row = usize::from(method == Method::Post);
                let template = &self.templates[row][usize::from(connection.asks_close())];
                out.extend_from_slice(&template.with(&said.id));
            }
        }
    }
}

/// Octets in the body of an upload: under the limit of the contract.
const UPLOAD: usize = 48 * 1024;
