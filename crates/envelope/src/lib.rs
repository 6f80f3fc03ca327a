//! Secrets in the database that neither the database nor a copy of it gives away.
//!
//! Each secret is sealed under a key of its own (DEK), which is sealed under the key of its kind of secret (KEK), which a
//! *root key* outside the database has wrapped: a file, or a transit service. Root keys stand apart by [`KeyDomain`], so
//! that whoever has the public portal's host opens no staff secret. What is sealed is bound to its [`Place`]: moved to
//! another row it can't be opened.
//!
//! Start at [`Envelope::seal`] and [`Envelope::open`]; [`Envelope::verify`] says at start-up whether the root keys are
//! those of this database. [`Envelope::rewrap`] follows a change of root keys, [`Envelope::reencrypt`] seals everything
//! anew; both can be broken off anywhere and go on, while others read and write. A new table of secrets implements
//! [`SealedRows`] and is named where the portals list theirs. A new kind of root (PKCS#11) implements [`RootKeys`].
//!
//! This crate knows no secret, no table but its own keys', and nobody who may read them.

mod cipher;
mod entity;
mod error;
mod kek;
mod place;
mod reencrypt;
mod rewrap;
mod root;
mod seal;
mod sealed;
mod verify;

pub use cipher::Key;
pub use error::EnvelopeError;
pub use place::{KeyDomain, Place};
pub use reencrypt::{Reencrypted, SealedRow, SealedRows};
pub use rewrap::{Rewrap, Rewrapped};
pub use root::{
    NoRandom, RootError, RootKeys, Roots,
    file::FileRoot,
    transit::{TransitRoot, TransitSettings},
};
pub use seal::{Ambient, Envelope};
pub use sealed::Sealed;
pub use verify::Verified;
