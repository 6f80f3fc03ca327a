//! Staff identity from LDAP: who may sign in, and which staff groups they are in.
//!
//! - [`DirectoryConfig`]: one `[[directory]]` section, and what is wrong with it ([`DirectoryConfig::check`]).
//! - [`Directory`]: sign-in (search by the service account, then bind as the person on a fresh connection), look-up,
//!   health and a step-by-step explanation. Start reading at `sign_in`.
//! - [`StaffIdentity`]: what the session keeps; the one place where an [`access::StaffContext`] is established.
//!
//! Every byte of a server passes `guard` before ldap3 sees it: ldap3 answers deep nesting by aborting the process and
//! malformed results by panicking. This crate never keeps a password, never follows a referral and never sends a
//! bind before TLS stands, unless the configuration says `insecure = true`.

mod config;
mod connection;
mod dn;
mod error;
mod explain;
mod filter;
mod groups;
mod guard;
mod identity;
mod message;
mod people;
mod server;
mod sign_in;
mod wire;

pub use config::{Attributes, DirectoryConfig, OrganisationName, PractitionerRule, Problem, RoleRule};
pub use dn::{Dn, DnError};
pub use error::{LinkError, Misconfiguration, Refusal, ServerFailure, SignInError};
pub use explain::{Step, Trial};
pub use filter::{Filter, FilterError, FilterTemplate};
pub use guard::{Guard, Violation};
pub use identity::{Reached, StaffIdentity};
pub use sign_in::{Directory, GroupError, Health, HealthState};
