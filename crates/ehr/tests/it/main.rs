//! Charts and merging, as their callers see them.

#![allow(missing_docs)]

mod charts;
mod foreign;
mod merge;
mod region;
mod server;
