//! Who acts, what they may do, and what they did.
//!
//! - [`context`]: [`StaffContext`], [`PatientContext`], [`SystemContext`]; every call on people's data takes one.
//! - [`fault`]: how an error of any crate is classified for the outside.
//!
//! This crate never knows what a record, a booking or a page holds: it decides and it remembers.

pub mod context;
pub mod fault;

pub use context::{Actor, Context, Domain, PatientContext, PersonId, RequestId, StaffContext, SubjectId, SystemContext};
pub use fault::{Classify, Fault};
