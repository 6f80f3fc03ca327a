//! The regional patient index: who is whom across hospitals, and why we believe it.
//!
//! Start reading at [`Index::observe`]: identities that hospitals showed us come in, each leaves with its person.
//! Two identities become one person only by the strong key (a valid resident ID whose birth date and sex agree with
//! the record, and the same name), by the hospital's own merge, or by a steward; everything else stays apart.
//! A resident ID is never kept: its HMAC is, under a key derived from the region's. What is searched for is in
//! `particulars` (names, all readings of their pinyin, initials, numbers); what is only weak evidence makes pairs for
//! stewards (`weights`, [`Stewardship`]), whose decisions can be taken back without a trace in any view.
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
mod particulars;
mod readings;
mod resident_id;
mod script;
mod searches;
mod weights;

pub use error::{IndexError, PairConflict};
pub use identity::{Identifier, SourcePatient};
pub use index::{
    Decided, Decision, Explained, Found, Index, Link, LinkedBy, Lookup, Pair, PairRow, Person, Queue, Recognised, Side,
    Stewardship, SweepEnd, SweepState, Unrecognised,
};
pub use index_key::IndexKey;
pub use index_number::IndexNumber;
pub use mask::{mask_identifier, mask_phone};
pub use name::{names_agree, search_form, whole_name};
pub use particulars::phone_digits as bare_phone;
pub use readings::{pinyin, sounds_like};
pub use resident_id::{DocumentKind, ResidentId, ResidentIdProblem, looks_like_resident_id};
pub use searches::KeptSearch;
pub use weights::{Evidence, FIRST, Field, LISTED, Seen};

/// The shortest reason of a decision, in characters.
pub const SHORTEST_REASON: usize = 4;
/// The longest reason of a decision, in characters.
pub const LONGEST_REASON: usize = 500;
