//! Key files: 32 bytes as base64 on one line, readable by the portal alone.

use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// A secret of 32 bytes, wiped when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It can't be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// It holds something else.
    #[error("is not 32 bytes as base64 on one line")]
    Format,
    /// The system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Reads a key file.
///
/// # Errors
/// [`KeyError::File`] or [`KeyError::Format`].
pub fn read(file: &Path) -> Result<Key, KeyError> {
    let text = Zeroizing::new(std::fs::read_to_string(file)?);
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| KeyError::Format)?);
    Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| KeyError::Format)?))
}

/// Makes a new key file (mode 0600). An existing one is never overwritten.
///
/// # Errors
/// [`KeyError::File`], also when the file is there already.
pub fn create(file: &Path) -> Result<(), KeyError> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let key = random()?;
    let text = Zeroizing::new(STANDARD.encode(*key));
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(out, "{}", *text)?;
    Ok(out.sync_all()?)
}

/// 32 random bytes from the operating system.
///
/// # Errors
/// [`KeyError::Random`].
pub fn random() -> Result<Key, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(KeyError::Random)?;
    Ok(bytes)
}

/// A key for one purpose, derived from a root key (HMAC-SHA256 of the purpose: RFC 5869's expand step for one block).
pub fn derive(root: &Key, purpose: &str) -> Key {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = match Hmac::<sha2::Sha256>::new_from_slice(root.as_slice()) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => unreachable!("HMAC-SHA256 takes 32 bytes"),
    };
    mac.update(purpose.as_bytes());
    mac.update(&[1]);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("secrets/region.key");
        create(&file).expect("created");
        let key = read(&file).expect("read");
        assert!(matches!(create(&file), Err(KeyError::File(_))), "overwritten");
        assert_eq!(*read(&file).expect("read"), *key);
        std::fs::write(&file, "c2hvcnQ=\n").expect("written");
        assert!(matches!(read(&file), Err(KeyError::Format)));
    }

    #[test]
    fn derived_keys_differ_by_purpose() {
        let root = random().expect("random");
        assert_eq!(*derive(&root, "a"), *derive(&root, "a"));
        assert_ne!(*derive(&root, "a"), *derive(&root, "b"));
        assert_ne!(*derive(&root, "a"), *root);
    }
}
