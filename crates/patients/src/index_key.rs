//! The key under which resident IDs are compared without being kept.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ResidentId;

/// Derived from the region's key, so that no other use of that key sees the same bytes.
#[derive(Clone)]
pub struct IndexKey(std::sync::Arc<Zeroizing<[u8; 32]>>);

impl IndexKey {
    /// `region` is the 32 bytes of `[keys] region_file`.
    pub fn derive(region: &[u8; 32]) -> Self {
        Self(std::sync::Arc::new(Zeroizing::new(hmac(region, b"patients/resident-id/1"))))
    }

    /// What the index keeps of a resident ID: HMAC-SHA256 of its 18 places, as 64 hexadecimal digits.
    pub fn hash(&self, id: &ResidentId) -> String {
        self.digest(id.expose())
    }

    /// HMAC-SHA256 of a text, as 64 hexadecimal digits.
    pub(crate) fn digest(&self, text: &str) -> String {
        use std::fmt::Write as _;
        hmac(&self.0[..], text.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // never fails: HMAC takes keys of every length. A made-up code would be everybody's.
        unreachable!("HMAC-SHA256 takes keys of every length")
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl std::fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IndexKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_number_same_hash_only_under_the_same_key() {
        let id = ResidentId::parse("999009196403180328").expect("valid");
        let old = ResidentId::parse("999009640318032").expect("valid");
        let other = ResidentId::parse("999009198507120177").expect("valid");
        let key = IndexKey::derive(&[7; 32]);
        assert_eq!(key.hash(&id), key.hash(&old));
        assert_ne!(key.hash(&id), key.hash(&other));
        assert_ne!(key.hash(&id), IndexKey::derive(&[8; 32]).hash(&id));
        assert_eq!(key.hash(&id).len(), 64);
        assert!(!key.hash(&id).contains("1964"));
    }
}
