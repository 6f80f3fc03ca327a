//! A sealed secret as text.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    EnvelopeError,
    cipher::{OVERHEAD, SEALED_KEY},
};

/// Form 1: base64url (RFC 4648, no padding) of the KEK's id, the sealed DEK, the sealed secret.
const FORM: &str = "s1:";
const ID: usize = 16;

/// A sealed secret: one printable text, for one column.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    pub(crate) fn new(kek: Uuid, dek: &[u8], secret: &[u8]) -> Self {
        Self([kek.as_bytes().as_slice(), dek, secret].concat())
    }

    /// The KEK it was sealed under.
    pub(crate) fn kek(&self) -> Uuid {
        let mut id = [0; ID];
        id.copy_from_slice(&self.0[..ID]);
        Uuid::from_bytes(id)
    }

    pub(crate) fn dek(&self) -> &[u8] {
        &self.0[ID..ID + SEALED_KEY]
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.0[ID + SEALED_KEY..]
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM}{}", URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(under {})", self.kek())
    }
}

impl FromStr for Sealed {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, EnvelopeError> {
        let bytes = text.strip_prefix(FORM).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        // Short of that there is no secret in it, not even an empty one.
        let whole = bytes.filter(|bytes| bytes.len() >= ID + SEALED_KEY + OVERHEAD);
        whole.map(Self).ok_or(EnvelopeError::Unreadable)
    }
}
