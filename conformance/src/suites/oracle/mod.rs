//! What cases send, read by parsers that are not ours: what a case calls valid they accept, and what it calls invalid one of
//! them refuses, or it is listed here with the reason. An entry that is no longer true fails as well.

mod frames;
mod hyper_server;
mod requests;
