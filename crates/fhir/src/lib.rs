//! FHIR R4 as hospitals really send it: lean borrowed rows, streaming search with bounds, platforms as data.
//!
//! - [`rows`]: the few elements the portal shows, borrowed from the page's body. A messy leaf is dropped and counted
//!   ([`QualityNote`]), never an error of the entry; numbers keep their text.
//! - [`Client::search`] walks the pages of one search on one origin within [`Limits`], hands each entry to a callback
//!   as it is parsed, and says the truth about completeness in a [`SearchReport`].
//! - [`Platform`]: what is peculiar about a vendor, read from `config/platforms/*.toml`, each quirk with its reason.
//! - [`Reference`] and [`refers_to`]: whose resource is it?
//! - [`smart`]: what a server says of its sign-in, and how a token is asked for.
//!
//! There is no database here, no merging, no user-visible text, and no code that asks which vendor it talks to.
//! Start reading at [`Client::search`] and [`bundle`].

pub mod bundle;
mod client;
mod kind;
mod lean;
mod notes;
mod platform;
mod query;
mod raw;
mod reference;
mod report;
pub mod rows;
mod scan;
pub mod smart;
mod time;

pub use client::Client;
pub use kind::{Kind, Row, kinds};
pub use notes::{Fault, QualityNote};
pub use platform::{
    Audience, ClientAuthentication, DateForm, DateRule, DayPrefix, Fact, FilterTrust, Flow, HeaderRule, IssueMeaning,
    IssueRule, LostConnections, Pkce, Platform, PlatformError, QueryRule, RateLimit, Registration, ScopeSyntax, Smart,
};
pub use query::{Limits, Query};
pub use raw::{RawRow, find_raw};
pub use reference::{Reference, refers_to};
pub use report::{Cause, Entry, Issue, Mode, NotAsked, Outcome, SearchReport};
pub use time::{Precision, read_time};
