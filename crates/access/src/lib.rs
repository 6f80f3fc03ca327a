//! Who acts, what they may do, and what they did.
//!
//! - [`context`]: [`StaffContext`], [`PatientContext`], [`SystemContext`]; every call on people's data takes one.
//! - [`policy`]: roles on objects; [`Policy::require`] before every act.
//! - [`audit`]: a row for every act, in the act's own transaction; sealed, and verified by [`audit::verify`].
//! - [`fault`]: how an error of any crate is classified for the outside.
//!
//! This crate never knows what a record, a booking or a page holds: it decides and it remembers.

pub mod audit;
pub mod context;
mod entity;
mod error;
pub mod fault;
pub mod policy;

pub use audit::{AuditError, AuditKey, AuditLog, Event, EventId, Outcome, ReadIntent, ReadScope};
pub use context::{
    Actor, Context, Domain, PatientContext, PersonId, RequestId, StaffContext, SubjectId, SystemContext,
};
pub use error::AccessError;
pub use fault::{Classify, Fault};
pub use policy::{Act, Effect, Grant, Object, Policy, Role, Ruleset};
