//! The only HTTP client of the house.
//!
//! Every request goes to a [`Target`]: one origin (scheme, host, port) with its own address check, deadline, size
//! limit and, where configured, proxy and extra certificate authority. Redirects are never followed, proxy variables
//! of the environment are never read, a target's headers and what an [`Authorizer`] signs it in with never leave its origin, and no error text holds a URL. Its
//! connections live on a thread of its own, so that a server that keeps them busy stops nobody else.
//! It knows nothing of FHIR, of patients or of retries.
//!
//! Start reading at [`Outbound::target`], [`Target::get`] and [`Target::post_json`].

mod address;
mod authorize;
mod body;
mod error;
mod resolve;
mod target;
mod thread;
mod tls;

pub use address::{is_loopback, is_refused};
pub use authorize::Authorizer;
pub use error::OutboundError;
pub use target::{Answer, Outbound, Target, TargetSettings, is_this_machine};
