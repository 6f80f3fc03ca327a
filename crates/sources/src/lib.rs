//! Hospitals as data: which FHIR servers there are, how they are asked, and how they are doing.
//!
//! Start reading at [`Catalogue`]: `sources.toml`, the platform files and what administrators defined in, every mistake at
//! once out. A [`Source`] asks its server through `fhir` and remembers whether it answered; nothing here knows what a record is.
//! [`Definitions`] is where administrators define them; [`Secrets`] holds what proves to them who asks;
//! [`Connections`] are hospitals that patients bring along themselves, and [`Launches`] staff whom a hospital's own system sends
//! here; [`Bundle`] is what a vendor publishes of its hospitals.

mod auth;
mod brands;
mod breaker;
mod catalogue;
mod client_keys;
mod codes;
mod connections;
mod definition;
mod definitions;
mod entity;
mod error;
mod file;
mod health;
mod launching;
mod maker;
mod platforms;
mod probe;
mod problem;
mod quality;
mod rows;
mod secrets;
mod sign_in;
mod source;
mod table;
mod trend;

pub use auth::{Auth, AuthKind, AuthorizeBy, ClientProof, ResponseMode};
pub use brands::{Brand, Bundle, BundleError, Left, MOST_BYTES, MOST_ENDPOINTS};
pub use breaker::BreakerState;
pub use catalogue::Catalogue;
pub use client_keys::{ClientKey, PUBLISHED_AROUND};
pub use codes::LocalCodes;
pub use connections::{
    Arrival, Arrived, Callback, Called, ConnectError, Connected, Connection, ConnectionState, Connections, Copied,
    CopiedFiles, Copier, CopyState, CopyStep, Departure, Disconnected, FlowCourse, FlowFault, FlowFigures, FlowFilter,
    FlowKind, FlowOutcome, FlowReach, FlowSpan, FlowStep, FlowTrace, Flows, Lasts, Launches, Matched, Pending, Receipt,
};
pub use definition::{Definition, FieldProblem, HEADERS, Header, LONGEST_NAME, LONGEST_SHORT_NAME};
pub use definitions::{Defined, Definitions, GivenSecrets};
pub use error::SourceError;
pub use health::Health;
pub use launching::{LAUNCH_SCOPES, Launching};
pub use platforms::Platforms;
pub use probe::{Discovered, End, Look, Step};
pub use problem::Problem;
pub use quality::{Quality, QualityNotes};
pub use secrets::Secrets;
pub use sign_in::SignedIn;
pub use source::{Environment, Name, Source, Standing};
pub use trend::HealthSpan;
