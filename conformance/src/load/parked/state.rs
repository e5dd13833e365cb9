//! The states in which a connection can be when a reload comes.

use workerspec_wire::frame::frame;
use workerspec_wire::websocket::{Frame, Opening, opcode};

/// A state of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The testee's port.
    pub(super) port: &'static str,
    /// Name for people.
    pub(super) name: &'static str,
    /// What is said before the reload.
    pub(super) before: Vec<u8>,
    /// What comes back before the reload, and says who serves it: nothing, an answer, or more.
    pub(super) answers_before: Answers,
    /// What is said after it.
    pub(super) after: Vec<u8>,
    /// Whether nothing is under way in between.
    pub(super) idle: bool,
}

/// How an answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// There is none.
    None,
    /// HTTP.
    Http,
    /// The handshake of a WebSocket.
    Upgrade,
    /// A line.
    Line,
    /// A length-prefixed frame.
    Frame,
    /// A message of a WebSocket.
    Message,
}

impl State {
    /// What comes back after the reload.
    pub(super) fn answers_after(&self) -> Answers {
        match self.port {
            "text" => Answers::Line,
            "frame" => Answers::Frame,
            "websocket" => Answers::Message,
            _ => Answers::Http,
        }
    }
}

/// The identity in every request here: answers must carry it.
pub(super) const ID: &str = "parked-0123456789";

/// Every state of a port of this name; `full` if the testee answers everything of the contract.
pub(super) fn states(port: &'static str, full: bool) -> Vec<State> {
    let state = |name, idle, before: &[u8], answers_before, after: &[u8]| State {
        port,
        name,
        before: before.to_vec(),
        answers_before,
        after: after.to_vec(),
        idle,
    };
    match port {
        "http" => {
            let get = format!("GET /load/{ID} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
            let post = format!("POST /load/{ID} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")
                .into_bytes();
            let slow = format!("GET /sleep/1500?{ID} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
            let (half_head, half_body) = (20, post.len() - 5);
            let mut states = vec![
                state("accepted, silent", false, b"", Answers::None, &get),
                state("half a head", false, &get[..half_head], Answers::None, &get[half_head..]),
                state(
                    "head, no body",
                    false,
                    &post[..post.len() - 10],
                    Answers::None,
                    &post[post.len() - 10..],
                ),
                state("half a body", false, &post[..half_body], Answers::None, &post[half_body..]),
                state("idle, kept", true, &get, Answers::Http, &get),
                state(
                    "idle, half the next",
                    false,
                    &[&get[..], &get[..half_head]].concat(),
                    Answers::Http,
                    &get[half_head..],
                ),
            ];
            if full {
                states.push(state("being worked on", false, &slow, Answers::None, b""));
                states.push(state(
                    "a request behind it",
                    false,
                    &[&slow[..], &get[..]].concat(),
                    Answers::None,
                    b"",
                ));
            }
            states
        }
        "text" => vec![
            state("silent", true, b"", Answers::None, b"!who\n"),
            state("half a message", false, b"!wh", Answers::None, b"o\n"),
            state("idle", true, b"!who\n", Answers::Line, b"!who\n"),
        ],
        "frame" => {
            let who = frame(b"!who");
            vec![
                state("silent", true, b"", Answers::None, &who),
                state("half a length", false, &who[..2], Answers::None, &who[2..]),
                state("half a message", false, &who[..6], Answers::None, &who[6..]),
                state("idle", true, &who, Answers::Frame, &who),
            ]
        }
        "websocket" => {
            let opening = Opening::new().bytes();
            let who = Frame::new(opcode::TEXT, *b"!who").bytes();
            let half = who.len() - 2;
            vec![
                state(
                    "half a handshake",
                    false,
                    &opening[..40],
                    Answers::None,
                    &[&opening[40..], &who[..]].concat(),
                ),
                state("idle", true, &opening, Answers::Upgrade, &who),
                state(
                    "half a message",
                    false,
                    &[&opening[..], &who[..half]].concat(),
                    Answers::Upgrade,
                    &who[half..],
                ),
            ]
        }
        _ => Vec::new(),
    }
}
