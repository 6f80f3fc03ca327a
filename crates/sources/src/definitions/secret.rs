//! The secret of a definition: given when it is needed, kept while it goes where it went, forgotten when nobody needs it.

use store::Tx;

use super::Definitions;
use crate::{Definition, FieldProblem, SourceError, entity::secret::Model, secrets};

/// Longest secret, in bytes: tokens that do not change may be long.
const LONGEST: usize = 8_000;

/// What becomes of a secret with a change.
pub(super) enum SecretStep {
    /// Nothing.
    Keep,
    /// A new one.
    Put(Model),
    /// It is not needed any more.
    Forget,
}

impl SecretStep {
    /// In the audit log.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Keep => "kept",
            Self::Put(_) => "set",
            Self::Forget => "none",
        }
    }

    pub(super) async fn write(self, tx: &Tx, source: &str) -> Result<(), SourceError> {
        match self {
            Self::Keep => Ok(()),
            Self::Put(row) => secrets::put(tx, row).await,
            Self::Forget => secrets::forget(tx, source).await,
        }
    }
}

impl Definitions {
    /// What is to be written, with what becomes of the secret; otherwise every field that has to be put right, the secret's
    /// too. `given` is the definition as somebody wrote it.
    pub(super) async fn with_secret(
        &self,
        id: &str,
        checked: Result<Definition, SourceError>,
        given: &Definition,
        secret: Option<&str>,
    ) -> Result<(Definition, SecretStep), SourceError> {
        let given = given.clone().cleaned();
        // Nothing was said: a secret of blanks is none.
        let secret = secret.filter(|secret| !secret.trim().is_empty());
        let problem = self.problem_of(id, &given, secret).await?;
        let problem = problem.map(|what| FieldProblem { field: "secret", what });
        let definition = match (checked, problem) {
            (Ok(definition), None) => definition,
            (Ok(_), Some(problem)) => return Err(SourceError::Invalid(vec![problem])),
            (Err(SourceError::Invalid(all)), Some(problem)) => {
                return Err(SourceError::Invalid(all.into_iter().chain([problem]).collect()));
            }
            (Err(error), _) => return Err(error),
        };
        let step = match secret {
            _ if !definition.auth.needs_secret() => SecretStep::Forget,
            None => SecretStep::Keep,
            Some(secret) => {
                let binding = definition.auth.binding(&definition.base_url);
                SecretStep::Put(self.secrets.sealed(id, binding, secret).await?)
            }
        };
        Ok((definition, step))
    }

    async fn problem_of(
        &self,
        id: &str,
        definition: &Definition,
        secret: Option<&str>,
    ) -> Result<Option<&'static str>, SourceError> {
        if !definition.auth.needs_secret() {
            return Ok(None);
        }
        match secret {
            Some(text) if text.len() > LONGEST => Ok(Some("too-long")),
            // It becomes a header.
            Some(text) => Ok(text.chars().any(char::is_control).then_some("malformed")),
            None => {
                let kept = self.secrets.state(id, &definition.auth.binding(&definition.base_url)).await?;
                Ok(match kept {
                    Some(true) => None,
                    // It was given for another address or client: whoever changes that has to know it.
                    Some(false) => Some("again"),
                    None => Some("missing"),
                })
            }
        }
    }

    /// Is the secret of a definition there, for where it goes now?
    ///
    /// # Errors
    /// The database's.
    pub async fn has_secret(&self, id: &str, definition: &Definition) -> Result<bool, SourceError> {
        let binding = definition.auth.binding(&definition.base_url);
        Ok(definition.auth.needs_secret() && self.secrets.state(id, &binding).await? == Some(true))
    }
}
