//! What is wrong with a key or a token.

/// Why a key or a token is not taken. Nothing of either is in here.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Not a private key in PKCS#8 of a kind that is signed with.
    #[error("not a private key: PKCS#8, of the curve P-384 or RSA with 2048 bits and more")]
    Key,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandom,
    /// What is to be said can't be written as JSON.
    #[error("the claims can't be written")]
    Claims,
    /// Not a token, or its claims are not those that are read.
    #[error("not a token")]
    Malformed,
    /// Signed in a way that is not accepted of this issuer.
    #[error("signed with an algorithm that is not accepted")]
    Algorithm,
    /// The set has no such key.
    #[error("signed with a key that is not known")]
    UnknownKey,
    /// The key did not sign this.
    #[error("the signature is not of this key")]
    Signature,
    /// `iss` is somebody else.
    #[error("issued by somebody else")]
    Issuer,
    /// `aud` is somebody else.
    #[error("meant for somebody else")]
    Audience,
    /// `exp` has passed, or is not said.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` is yet to come.
    #[error("not valid yet")]
    Early,
}
