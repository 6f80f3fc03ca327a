//! Are the root keys those of this database?

use std::{sync::Arc, time::Duration};

use futures_util::future::try_join_all;

use crate::{
    Envelope, EnvelopeError, KeyDomain, RootKeys,
    kek::{self, KekRow},
    root::{RootError, failed},
};

/// For everything that is asked of one root key: a start that hangs is worse than one that is refused.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What [`Envelope::verify`] has found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Keys of the database, all of which open.
    pub keys: usize,
}

impl Envelope {
    /// Opens every key of the database that this program may open, and lets every root key that wraps new ones wrap and
    /// unwrap something. Writes nothing.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongRoot`], [`EnvelopeError::Root`], [`EnvelopeError::CheckValue`], within two seconds; the
    /// database's.
    pub async fn verify(&self) -> Result<Verified, EnvelopeError> {
        let mut asked: Vec<(KeyDomain, Arc<dyn RootKeys>, Vec<KekRow>)> = Vec::new();
        for domain in self.roots().domains() {
            asked.push((domain, self.roots().first(domain)?.clone(), Vec::new()));
            for row in kek::all(self.store(), domain).await? {
                let root = self.roots().named(domain, &row.root)?;
                match asked.iter_mut().find(|(of, known, _)| *of == domain && known.id() == root.id()) {
                    Some((_, _, rows)) => rows.push(row),
                    None => asked.push((domain, root.clone(), vec![row])),
                }
            }
        }
        let keys = asked.iter().map(|(_, _, rows)| rows.len()).sum();
        try_join_all(asked.iter().map(|(domain, root, rows)| self.ask(*domain, root.as_ref(), rows))).await?;
        Ok(Verified { keys })
    }

    async fn ask(&self, domain: KeyDomain, root: &dyn RootKeys, rows: &[KekRow]) -> Result<(), EnvelopeError> {
        let all = async {
            if self.roots().first(domain)?.id() == root.id() {
                kek::probe(root, self.ambient()).await?;
            }
            for row in rows {
                kek::unwrapped(root, domain, row).await?;
            }
            Ok(())
        };
        let silent = || failed(root)(RootError::Unavailable("does not answer in time".to_owned()));
        tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| Err(silent()))
    }
}
