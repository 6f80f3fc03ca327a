//! Charts and merging, as their callers see them.

#![allow(missing_docs, reason = "a test program: nobody imports it, and a panic is a failed test")]

mod charts;
mod foreign;
mod hostile;
mod merge;
mod outpatient;
mod region;
mod server;
mod summary;
mod world;
