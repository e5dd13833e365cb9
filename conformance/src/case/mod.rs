//! A case: one claim, where it comes from, what it needs, and how it is tried.

mod accept;
mod definition;
mod exchange;
mod knock;
mod need;
mod part;
mod talk;

pub use accept::{
    Accept, Answer, Grade, answered, closed, echoes, observe, prefer, refused, status, tolerate, waits,
};
pub use definition::{Case, Check, Level, Sharing, Source};
pub use exchange::{Exchange, Payload, Plan};
pub use knock::{Answers, Knock, Welcome};
pub use need::Need;
pub use part::{Content, Part, Step, binary, close, close_with, ping, pong, rest, text};
pub use talk::{Cut, Ending, Fence, Heard, NO_CLOSE, NOT_UTF8, PROTOCOL_ERROR, Reply, TOO_LARGE, Talk};
