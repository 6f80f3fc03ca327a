//! What clinicians say of results in the portal itself: seen, with a note to the patient; a critical value acknowledged.
//!
//! Start at [`Reviews`]. A mark names the originals it is about and their versions, so that what a hospital corrects later
//! is not covered by it. Marks are only ever added; one may be withdrawn by whoever made it, and stays. Whether the result
//! exists, is this person's and may be seen is decided by whoever reads the record: this crate knows no hospital.

mod entity;
mod error;
mod mark;
mod note;

pub use error::ReviewError;
pub use mark::{NewReview, Original, Review, ReviewKind, Reviews};
pub use note::{ReviewNote, TooLong};
