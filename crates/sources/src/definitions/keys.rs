//! The portal's own keys, as administrators see and change them.

use access::{AuditLog, Event, Outcome, StaffContext};
use envelope::{EnvelopeError, NoRandom};
use fhir::smart::SigningKey;
use jiff::Timestamp;
use serde_json::json;

use super::Definitions;
use crate::{
    ClientKey, FieldProblem, PUBLISHED_AROUND, SourceError,
    client_keys::{next_generation, succeed},
};

impl Definitions {
    /// Keys that are published, the newest first.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn client_keys(&self, ctx: &StaffContext, now: Timestamp) -> Result<Vec<ClientKey>, SourceError> {
        self.require(ctx)?;
        self.secrets.keys(now).await
    }

    /// Makes a new key. It is published at once and signs after [`PUBLISHED_AROUND`], when every hospital has it; the old one
    /// leaves the set as long after that. `at_once`, when the old one may be known to others: it signs nothing more and leaves
    /// the set now, and a hospital that keeps copies refuses the portal until it has looked again.
    ///
    /// # Errors
    /// [`SourceError::KeyChanged`] when somebody was first; the policy's, the database's.
    pub async fn rotate_client_key(
        &self,
        ctx: &StaffContext,
        at_once: bool,
        now: Timestamp,
    ) -> Result<ClientKey, SourceError> {
        self.require(ctx)?;
        let key = SigningKey::generate().map_err(|_| EnvelopeError::Random(NoRandom))?;
        self.succeed(ctx, "source.rotate-key", &key, at_once, now).await
    }

    /// Takes in a key that was made elsewhere: PKCS#8 in PEM, RSA for hospitals that take RS384 alone. It follows on the one of
    /// its kind as a new one does, and signs at once where there is none.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] for what is no key; as [`Definitions::rotate_client_key`].
    pub async fn import_client_key(
        &self,
        ctx: &StaffContext,
        pem: &[u8],
        now: Timestamp,
    ) -> Result<ClientKey, SourceError> {
        self.require(ctx)?;
        let wrong = |_| SourceError::Invalid(vec![FieldProblem { field: "key", what: "malformed" }]);
        let key = SigningKey::from_pem(pem).map_err(wrong)?;
        let known = self.secrets.keys(now).await?;
        if known.iter().any(|one| one.kid == key.kid()) {
            return Err(SourceError::Invalid(vec![FieldProblem { field: "key", what: "taken" }]));
        }
        let first = !known.iter().any(|one| one.algorithm == key.algorithm().as_str());
        self.succeed(ctx, "source.import-key", &key, first, now).await
    }

    async fn succeed(
        &self,
        ctx: &StaffContext,
        action: &'static str,
        key: &SigningKey,
        at_once: bool,
        now: Timestamp,
    ) -> Result<ClientKey, SourceError> {
        let signs_from = if at_once { now } else { now + PUBLISHED_AROUND };
        let leave = if at_once { now } else { signs_from + PUBLISHED_AROUND };
        let generation = next_generation(&self.secrets).await?;
        let row = self.secrets.row_of(key, generation, now, signs_from).await?;
        let made = ClientKey::of(&row);
        let event = Event::new(action, "source-client-key", Outcome::Ok).on(key.kid());
        let event = event.with(json!({ "algorithm": key.algorithm().as_str(), "at_once": at_once }));
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let written = self.store.write::<_, SourceError, _>(move |tx| {
            Box::pin(async move {
                succeed(tx, row, leave).await?;
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        written.await?;
        Ok(made)
    }
}
