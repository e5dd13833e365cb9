//! Pushing to browsers from another program, whichever worker holds them: each tells by its URL who it is; whoever
//! posts to the second port reaches all connections of one user, or all users. The workers hear of it by a channel.
//!
//! `cargo run -p workerspec-core --example push -- start`, then `wscat -c 'ws://127.0.0.1:2346/?user=ann'` and
//! `curl -d 'your order is on its way' 'http://127.0.0.1:2121/?to=ann'`; without `to` everybody gets it.
//!
//! `LISTEN`: where browsers connect, 127.0.0.1:2346 by default. `PUSH`: where the program posts, 127.0.0.1:2121; it has
//! no authentication. `CHANNEL`: between them, 127.0.0.1:2206.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;

use serde_json::json;
use workerspec_core::channel::{Channel, ChannelServer};
use workerspec_core::protocol::WebSocket;
use workerspec_core::protocol::http::Response;
use workerspec_core::{Group, Server, Service};

fn main() -> ExitCode {
    let address = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let channel = address("CHANNEL", "127.0.0.1:2206");
    let browsers = browsers(address("LISTEN", "127.0.0.1:2346"), channel.clone());
    let push = push(address("PUSH", "127.0.0.1:2121"), channel.clone());
    Server::new().service(ChannelServer::new(channel)).service(browsers).service(push).main()
}

fn browsers(listen: String, channel: String) -> Service<WebSocket> {
    let users: Rc<RefCell<HashMap<String, Group<WebSocket>>>> = Rc::default();
    let (coming, going) = (Rc::clone(&users), Rc::clone(&users));
    let service = Service::websocket(listen).name("browsers").count(2);
    let everybody = service.connections();
    service
        .on_worker_start(move |_| {
            let (users, everybody) = (Rc::clone(&users), everybody.clone());
            Channel::connect(&channel).map(|channel| {
                channel.on("push", move |push| {
                    let text = push["text"].as_str().unwrap_or_default().to_owned();
                    match push["to"].as_str() {
                        None => everybody.broadcast(text),
                        Some(user) => users.borrow().get(user).map_or(0, |group| group.broadcast(text)),
                    };
                });
            })
        })
        .on_websocket_connect(|_, handshake| {
            if handshake.request().query_form().get("user").is_none() {
                handshake.refuse(Response::text("who? connect to /?user=NAME").status(400));
            }
        })
        .on_websocket_connected(move |conn, request| {
            let Some(user) = request.query_form().get("user").map(str::to_owned) else { return };
            coming.borrow_mut().entry(user.clone()).or_default().join(conn);
            conn.send(format!("hello {user}"));
            conn.set_context(user);
        })
        .on_close(move |conn| {
            let Some(user) = conn.context(|user: &mut String| user.clone()) else { return };
            let mut users = going.borrow_mut();
            let Some(group) = users.get(&user) else { return };
            group.leave(conn);
            if group.members().is_empty() {
                users.remove(&user);
            }
        })
}

fn push(listen: String, channel: String) -> Service<workerspec_core::protocol::Http> {
    let slot: Rc<OnceCell<Channel>> = Rc::default();
    let speaking = Rc::clone(&slot);
    Service::http(listen)
        .name("push")
        .on_worker_start(move |_| {
            Channel::connect(&channel).map(|channel| {
                slot.set(channel).expect("a worker starts once");
            })
        })
        .on_message(move |conn, request| {
            let (Some(channel), Ok(text)) = (speaking.get(), std::str::from_utf8(request.body())) else {
                conn.send(Response::text("the body is no text\n").status(400));
                return;
            };
            let push = json!({ "to": request.query_form().get("to"), "text": text });
            conn.send(match channel.publish("push", &push) {
                // Delivered to whoever is there; nobody says how many that were (CHAN-4).
                Ok(()) => Response::text("published\n").status(202),
                Err(error) => Response::text(format!("{error}\n")).status(500),
            });
        })
}
