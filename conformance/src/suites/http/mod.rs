//! HTTP/1.1 as RFC 9110 and RFC 9112 ask it of a server.

mod answer;
mod answer_form;
mod body;
mod chunk;
mod chunk_line;
mod coding;
mod expectation;
mod field;
mod field_name;
mod folding;
mod framing;
mod host;
mod interim;
mod length;
mod limit;
mod line_end;
mod method;
mod option;
mod overflow;
mod persistence;
mod pieces;
mod range;
mod request_line;
mod target;
mod trailer;
mod upgrade;

use crate::case::Case;

/// How a message is judged that does not match the grammar: RFC 9112 sections 2.2 and 3 say SHOULD, and a MUST stands
/// only where another rule has one, as for Host, Content-Length, a bare CR, or a blank before the colon.
pub(super) const GRAMMAR: &str = "No MUST of the RFC is for whoever receives this: what does not match the grammar SHOULD be answered 400 and the connection closed (RFC 9112 sections 2.2 and 3), and a target may be corrected by 301. One of the listed statuses, or a close without an answer.";

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[
    request_line::CASES,
    target::CASES,
    line_end::CASES,
    field::CASES,
    host::CASES,
    length::CASES,
    coding::CASES,
    chunk::CASES,
    framing::CASES,
    limit::CASES,
    persistence::CASES,
    pieces::CASES,
    answer::CASES,
    method::CASES,
    field_name::CASES,
    body::CASES,
    chunk_line::CASES,
    option::CASES,
    answer_form::CASES,
    range::GET,
    range::IGNORED,
    interim::CASES,
    expectation::CASES,
    folding::CASES,
    overflow::CASES,
    trailer::CASES,
    upgrade::CASES,
];
