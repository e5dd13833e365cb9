//! A case: one claim, where it comes from, what it needs, and how it is tried.

mod accept;
mod definition;
mod exchange;
mod need;

pub use accept::{Accept, Answer, Grade, answered, closed, echoes, observe, prefer, status, tolerate, waits};
pub use definition::{Case, Check, Level, Sharing, Source};
pub use exchange::{Exchange, Payload, Plan};
pub use need::Need;
