//! What people do with a record in the portal itself: clinicians mark results (seen, with a note to the patient; a critical
//! value acknowledged), every reader's own looks are remembered ([`Looks`]), and the words they search a record for are kept
//! for a while ([`RecordSearches`]).
//!
//! Start at [`Reviews`]. A mark names the originals it is about and their versions, so that what a hospital corrects later
//! is not covered by it. Marks are only ever added; one may be withdrawn by whoever made it, and stays. Whether the result
//! exists, is this person's and may be seen is decided by whoever reads the record: this crate knows no hospital.

mod entity;
mod error;
mod look;
mod mark;
mod note;
mod searches;

pub use error::ReviewError;
pub use look::{Look, Looks, MOST_SEEN, NewLook, News, Print, Seen, Waiting};
pub use mark::{NewReview, Original, Review, ReviewKind, Reviews};
pub use note::{ReviewNote, TooLong};
pub use searches::RecordSearches;
