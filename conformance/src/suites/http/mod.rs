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
