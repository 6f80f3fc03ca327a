//! The one cipher, XChaCha20-Poly1305: its nonce of 24 bytes may be drawn at random for every message.

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::root::{NoRandom, Random};

const KEY: usize = 32;
const NONCE: usize = 24;
const TAG: usize = 16;
/// What sealing adds to a text.
pub(crate) const OVERHEAD: usize = NONCE + TAG;
/// A sealed key.
pub(crate) const SEALED_KEY: usize = KEY + OVERHEAD;

/// A key of 32 bytes, wiped when dropped and never printed.
pub struct Key(Zeroizing<[u8; KEY]>);

impl Key {
    /// From its bytes; `None` unless there are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY]);
        (bytes.len() == KEY).then(|| key.copy_from_slice(bytes))?;
        Some(Self(key))
    }

    /// A copy of key bytes that somebody else wipes.
    pub(crate) fn copied(bytes: &[u8; KEY]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// A new one.
    pub(crate) fn random(random: Random) -> Result<Self, NoRandom> {
        let mut key = Zeroizing::new([0; KEY]);
        random(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// Its bytes, for wrapping.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// A key for one purpose (HMAC-SHA256, RFC 5869's expand step for one block).
    pub(crate) fn derive(&self, purpose: &[u8]) -> Self {
        use hmac::KeyInit as _;
        let mut mac = match Hmac::<Sha256>::new_from_slice(self.as_bytes()) {
            Ok(mac) => mac,
            // HMAC takes keys of any length.
            Err(_) => unreachable!("HMAC-SHA256 takes 32 bytes"),
        };
        mac.update(purpose);
        mac.update(&[1]);
        Self(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    /// Sixteen hex digits by which a key is known again; they say nothing of it.
    pub(crate) fn print(&self, purpose: &[u8]) -> String {
        self.derive(purpose).as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Nonce, ciphertext and tag of `text`, which opens with the same `aad` alone.
pub(crate) fn seal(key: &Key, aad: &[u8], text: &[u8], random: Random) -> Result<Vec<u8>, NoRandom> {
    let mut nonce = [0; NONCE];
    random(&mut nonce)?;
    let payload = Payload { msg: text, aad };
    let sealed = match cipher(key).encrypt(&XNonce::from(nonce), payload) {
        Ok(sealed) => sealed,
        // The cipher refuses nothing but texts of 256 GiB, which no memory here holds.
        Err(_) => unreachable!("XChaCha20-Poly1305 takes any text that fits into memory"),
    };
    Ok([nonce.as_slice(), &sealed].concat())
}

/// What [`seal`] was given; `None` when a bit of it, the key or `aad` is another.
pub(crate) fn open(key: &Key, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
    let opened = cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok()?;
    Some(Zeroizing::new(opened))
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.0).into())
}

/// Fields one after the other, each behind its length, so that no two lists of fields are alike.
pub(crate) fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::with_capacity(fields.iter().map(|field| field.len() + 8).sum());
    for field in fields {
        all.extend_from_slice(&(field.len() as u64).to_be_bytes());
        all.extend_from_slice(field);
    }
    all
}
