//! A root key in a file.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Random, RootError, RootKeys};
use crate::{Key, KeyDomain, cipher};

/// A root key made of a key file. The file's bytes serve other purposes too, so that keys are derived from them here, one for
/// wrapping and one for the id.
pub struct FileRoot {
    wrapping: Key,
    id: String,
    told: String,
    random: Random,
}

impl FileRoot {
    /// Of `domain`; `told` names setting and file for operators.
    pub fn new(domain: KeyDomain, told: impl Into<String>, file: &[u8; 32], random: Random) -> Self {
        let file = Key::copied(file);
        let purpose = |what: &str| format!("portal-envelope {domain} {what}").into_bytes();
        Self {
            wrapping: file.derive(&purpose("root key")),
            id: format!("file:{}", file.print(&purpose("root id"))),
            told: told.into(),
            random,
        }
    }
}

#[async_trait]
impl RootKeys for FileRoot {
    fn id(&self) -> &str {
        &self.id
    }

    fn told(&self) -> &str {
        &self.told
    }

    async fn wrap_key(&self, aad: &[u8], key: &Key) -> Result<String, RootError> {
        let wrapped = cipher::seal(&self.wrapping, aad, key.as_bytes(), self.random)?;
        Ok(URL_SAFE_NO_PAD.encode(wrapped))
    }

    async fn unwrap_key(&self, aad: &[u8], wrapped: &str) -> Result<Key, RootError> {
        let wrapped = URL_SAFE_NO_PAD.decode(wrapped).map_err(|_| RootError::Foreign)?;
        let opened = cipher::open(&self.wrapping, aad, &wrapped).ok_or(RootError::Foreign)?;
        Key::from_slice(&opened).ok_or(RootError::Foreign)
    }
}
