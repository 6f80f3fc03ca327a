//! Hospitals as data: which FHIR servers there are, how they are asked, and how they are doing.
//!
//! Start reading at [`Catalogue::load`]: `sources.toml` and the platform files in, every mistake at once out.
//! A [`Source`] asks its server through `fhir` and remembers whether it answered; nothing here knows what a record is.

mod catalogue;
mod codes;
mod health;
mod problem;
mod quality;
mod source;
mod table;

pub use catalogue::Catalogue;
pub use codes::LocalCodes;
pub use health::Health;
pub use problem::Problem;
pub use quality::{Quality, QualityNotes};
pub use source::{Environment, Name, Source};
