//! Who acts, what they may do, and what they did.
//!
//! - [`context`]: [`StaffContext`], [`PatientContext`], [`SystemContext`]; every call on people's data takes one.
//! - [`entrusted`]: what a patient may do for another.
//! - [`policy`]: roles on objects; [`Policy::require`] before every act.
//! - [`audit`]: a row for every act, in the act's own transaction; sealed, and verified by [`audit::verify`].
//! - [`relations`]: whose record they may open, and until when; breaking the glass.
//! - [`encounters`]: relations that a hospital's encounters give; [`practitioners`]: who of the staff is who there.
//! - [`guard_switch`]: every guard by name, for the test that takes each away.
//! - [`fault`]: how an error of any crate is classified for the outside.
//!
//! This crate never knows what a record, a booking or a page holds: it decides and it remembers.

pub mod audit;
pub mod context;
pub mod encounters;
mod entity;
pub mod entrusted;
mod error;
pub mod fault;
pub mod guard_switch;
pub mod policy;
pub mod practitioners;
pub mod relations;

pub use audit::{AuditError, AuditKey, AuditKeys, AuditLog, Event, EventId, Outcome, ReadIntent, ReadScope};
pub use context::{
    Actor, Context, Domain, PatientContext, PersonId, RequestId, StaffContext, SubjectId, SystemContext,
};
pub use encounters::{EncounterRelation, EncounterSeen, Kept};
pub use entrusted::{Deed, Entrusted, Sections, Trust};
pub use error::AccessError;
pub use fault::{Classify, Fault};
pub use guard_switch::Safeguard;
pub use policy::{Act, Change, Effect, Grant, Membership, Object, Policy, Role, Ruleset, Step};
pub use practitioners::{KnownAs, PractitionerIdentity, Practitioners, Reading, Recognition};
pub use relations::{Care, GLASS_TOPIC, GlassEvent, GlassReason, Grounds, Relation, RelationKind, Relations};
