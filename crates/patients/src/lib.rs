//! The regional patient index: who is whom across hospitals, and why we believe it.
//!
//! Start reading at [`Index::observe`]: identities that hospitals showed us come in, each leaves with its person.
//! Two identities become one person only by the strong key (a valid resident ID whose birth date and sex agree with
//! the record, and the same name), by the hospital's own merge, or by a steward; everything else stays apart.
//! A resident ID is never kept: its HMAC is, under a key derived from the region's.
//!
//! This crate never asks a hospital anything and knows nothing of records.

mod entity;
mod error;
mod identity;
mod index;
mod index_key;
mod index_number;
mod mask;
mod name;
mod resident_id;
mod searches;

pub use error::IndexError;
pub use identity::{Identifier, SourcePatient};
pub use index::{Index, Link, LinkedBy, Person};
pub use index_key::IndexKey;
pub use index_number::IndexNumber;
pub use mask::{mask_identifier, mask_phone};
pub use name::{names_agree, search_form};
pub use resident_id::{DocumentKind, ResidentId, ResidentIdProblem, looks_like_resident_id};
pub use searches::KeptSearch;
