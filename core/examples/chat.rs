//! A chat over websocket: everybody is in one room at a time, and what one says goes to the others of the room.
//!
//! `cargo run -p workerspec-core --example chat -- start`, then `wscat -c 'ws://127.0.0.1:2346/?name=ann'` in two
//! terminals. `/join garden` goes to another room, `/all text` speaks to every room; all else is said where one is.
//!
//! `LISTEN`: the address, 127.0.0.1:2346 by default. `ADMIN`: if set, an address inside the same worker whose lines go
//! to everybody: `echo 'closing at noon' | nc 127.0.0.1 5678`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;

use workerspec_core::protocol::WebSocket;
use workerspec_core::protocol::http::Request;
use workerspec_core::{AnyService, Connection, Error, Group, Server, Service};

type Guest = Connection<WebSocket>;

/// The rooms that have somebody in them. One worker holds them all.
#[derive(Clone, Default)]
struct Rooms(Rc<RefCell<HashMap<String, Group<WebSocket>>>>);

/// What is kept with a connection.
#[derive(Clone)]
struct Seat {
    name: String,
    room: String,
}

impl Rooms {
    fn say(&self, room: &str, text: &str) {
        let group = self.0.borrow().get(room).cloned();
        group.into_iter().for_each(|group| {
            group.broadcast(text.to_owned());
        });
    }

    fn join(&self, guest: &Guest, seat: Seat) {
        self.0.borrow_mut().entry(seat.room.clone()).or_default().join(guest);
        self.say(&seat.room, &format!("{} has come to {}", seat.name, seat.room));
        guest.set_context(seat);
    }

    /// The room goes with the last who leaves it.
    fn leave(&self, guest: &Guest) -> Option<Seat> {
        let seat = guest.context(|seat: &mut Seat| seat.clone())?;
        let mut rooms = self.0.borrow_mut();
        let group = rooms.get(&seat.room)?.clone();
        group.leave(guest);
        if group.members().is_empty() {
            rooms.remove(&seat.room);
        }
        drop(rooms);
        self.say(&seat.room, &format!("{} has left {}", seat.name, seat.room));
        Some(seat)
    }
}

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:2346".to_owned());
    let rooms = Rooms::default();
    let (coming, speaking, going) = (rooms.clone(), rooms.clone(), rooms);
    let chat = Service::websocket(listen).name("chat").max_package(64 * 1024);
    let (everybody, told) = (chat.connections(), chat.connections());
    let chat = chat
        .on_websocket_connected(move |guest, request| coming.join(guest, seat(guest, request)))
        .on_message(move |guest, message| {
            let Some(text) = message.as_text() else { return };
            let Some(seat) = guest.context(|seat: &mut Seat| seat.clone()) else { return };
            match text.split_once(' ').unwrap_or((text, "")) {
                ("/join", room) if !room.is_empty() => {
                    let left = speaking.leave(guest);
                    let name = left.map_or(seat.name, |seat| seat.name);
                    speaking.join(guest, Seat { name, room: room.to_owned() });
                }
                ("/all", text) => {
                    everybody.broadcast(format!("{} to all: {text}", seat.name));
                }
                _ => speaking.say(&seat.room, &format!("{}: {text}", seat.name)),
            }
        })
        .on_close(move |guest| {
            going.leave(guest);
        })
        .on_worker_start(move |_| -> Result<(), Error> {
            let Ok(address) = env::var("ADMIN") else { return Ok(()) };
            let told = told.clone();
            let admin = Service::text(address).name("admin").on_message(move |operator, line| {
                let reached = told.broadcast(String::from_utf8_lossy(line).into_owned());
                operator.send(format!("told {reached}"));
            });
            let address = AnyService::from(admin).listen_here()?;
            tracing::info!(service = "admin", %address, "listening");
            Ok(())
        });
    Server::new().service(chat).main()
}

fn seat(guest: &Guest, request: &Request<'_>) -> Seat {
    let name =
        request.query_form().get("name").map_or_else(|| format!("guest {}", guest.id()), str::to_owned);
    Seat { name, room: "hall".to_owned() }
}
