//! WebSocket: RFC 6455, RFC 7692, and the rules WS-1 to WS-34.

mod close;
mod control;
mod crowd;
mod deflate;
mod deflate_volume;
mod fragment;
mod handshake;
mod length;
mod life;
mod limit;
mod mask;
mod payload;
mod reserved;
mod utf8_invalid;
mod utf8_late;
mod utf8_valid;
mod volume;

use crate::case::Case;

/// The cases, by section.
pub const SECTIONS: &[&[Case]] = &[
    handshake::CASES,
    payload::TEXT,
    payload::BINARY,
    payload::CUT,
    mask::CASES,
    length::CASES,
    control::CASES,
    reserved::TEXT,
    reserved::BINARY,
    reserved::CONTINUATION,
    reserved::PING,
    reserved::CLOSE,
    reserved::BEHIND,
    reserved::OPCODES_ALONE,
    reserved::OPCODES,
    reserved::OPCODES_WITHIN,
    fragment::CASES,
    utf8_valid::WHOLE,
    utf8_valid::PIECES,
    utf8_valid::NON_CHARACTERS,
    utf8_valid::CUT,
    utf8_invalid::WHOLE,
    utf8_invalid::PIECES,
    utf8_late::CASES,
    close::ORDER,
    close::CODES,
    close::BAD_CODES,
    close::REASONS,
    limit::CASES,
    deflate::CASES,
    deflate::OFFERS,
    deflate_volume::CORPORA,
    deflate_volume::AGREED,
    volume::TEXT_FRAGMENTS,
    volume::BINARY_FRAGMENTS,
    volume::TEXT_SEGMENTS,
    volume::BINARY_SEGMENTS,
    volume::TEXT_ROUND_TRIPS,
    volume::BINARY_ROUND_TRIPS,
    volume::PIPELINED,
    life::CASES,
    crowd::CASES,
];
