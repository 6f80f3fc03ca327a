//! Charts and merging, as their callers see them.

// One made-up resource has more members than a macro may nest by default.
#![recursion_limit = "256"]
#![allow(missing_docs, reason = "a test program: nobody imports it, and a panic is a failed test")]

mod charges;
mod charts;
mod connections;
mod discharge;
mod documents;
mod every_section;
mod exam_reports;
mod examples;
mod faults;
mod foreign;
mod front_page;
mod fuzz;
mod growth;
mod hostile;
mod inpatient;
mod medications;
mod merge;
mod mine;
mod nursing;
mod order;
mod orders;
mod origins;
mod outpatient;
mod personal_record;
mod platforms;
mod prescriptions;
mod record_search;
mod region;
mod registered;
mod reviews;
mod server;
mod succession;
mod summary;
mod surgery;
mod sweeping;
mod timeline;
mod unfinished;
mod waiting;
mod world;
