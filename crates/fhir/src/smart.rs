//! SMART App Launch as a client (<https://hl7.org/fhir/smart-app-launch/>): what a server says of its sign-in, and how a
//! token is asked for. Whose secrets and tokens they are, and where they are kept, is the caller's.

mod authorize;
mod configuration;
mod token;

pub use authorize::{Authorize, challenge};
pub use configuration::{Configuration, of_capabilities};
pub use token::{Ask, Grant, Granted, Launch, Proof, TokenFault, code, revoke, token, words};
pub use tokens::{Algorithm, ClientAssertion, Expected, Jwk, Jwks, SigningKey, TokenError, sha256_base64url, verify};
