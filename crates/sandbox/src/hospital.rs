//! A hospital: its books ([`records`]), how it writes them ([`write`]), its vendor's ways ([`platform`]) and its FHIR server.

mod body;
pub(crate) mod capability;
pub(crate) mod mode;
pub(crate) mod outcome;
pub(crate) mod page;
pub(crate) mod platform;
pub(crate) mod records;
pub(crate) mod search;
pub(crate) mod server;
pub(crate) mod temper;
pub(crate) mod write;
