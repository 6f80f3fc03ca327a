//! What tests stand on: fresh databases, real servers, the real programs, and people who use them.
//!
//! A test says `for db in testbed::databases().await { … }` for code below the portals, and starts the portals
//! themselves with [`TestPortal`], to which it speaks through their public face only, as a [`Visitor`].
//! Everything is private to the test run (temporary folders, ephemeral ports) and gone with the process.
//! With `TESTBED_QUICK=1` no server is started that is not built into a test program: SQLite alone. With `TESTBED_FULL=1`
//! there are those too that take long to build.
//!
//! This crate never depends on the crates that it tests, but for `migrations` and `sandbox`.

pub mod canned_fhir;
mod database;
pub mod fault_proxy;
pub mod hostile_fhir;
pub mod hostile_ldap;
pub mod openapi;
pub mod openldap;
pub mod peers;
mod portal;
pub mod postgres;
pub mod process;
mod region;
mod roles;
mod visitor;

pub use database::{Database, Kind, databases};
pub use portal::{TestPortal, credentials, know_staff};
pub use region::{Directory, Hospital, Patient, Region, Staff, region};
pub use roles::SplitDatabase;
pub use visitor::{Answer, Visitor};

/// Whether the run was asked to start no servers (`TESTBED_QUICK=1`).
pub fn quick() -> bool {
    std::env::var_os("TESTBED_QUICK").is_some_and(|value| value == "1")
}

/// Whether the run was asked for everything (`TESTBED_FULL=1`), servers that take long to build too.
pub fn full() -> bool {
    std::env::var_os("TESTBED_FULL").is_some_and(|value| value == "1")
}
