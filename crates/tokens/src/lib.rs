//! JSON Web Tokens and the keys they are signed with: what is signed here ([`SigningKey`]), what others sign
//! ([`verify`]), and the sets of public keys that both are known by ([`Jwks`], RFC 7517).
//!
//! The form of tokens is `jsonwebtoken`'s, the cryptography is ring's, and the time is the caller's. This crate knows no
//! database, no network and nobody whom a token is about.

mod assertion;
mod digest;
mod error;
mod jwks;
mod provider;
mod signing;
mod verify;

pub use assertion::{ASSERTION_LIFETIME, ASSERTION_TYPE, ClientAssertion};
pub use digest::sha256_base64url;
pub use error::TokenError;
pub use jwks::{Jwk, Jwks};
pub use signing::{Algorithm, SigningKey};
pub use verify::{Expected, verify};
