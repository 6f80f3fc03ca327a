//! The secrets of a definition: given when they are needed, kept while they go where they went, forgotten when nobody needs them.

use store::Tx;

use super::Definitions;
use crate::{
    Auth, Definition, FieldProblem, SourceError,
    entity::secret::Model,
    secrets::{self, launch_key},
};

/// Longest secret, in bytes: tokens that do not change may be long.
const LONGEST: usize = 8_000;

/// Secrets as somebody gave them; of what is absent, the one that is kept stays.
#[derive(Clone, Copy, Default)]
pub struct GivenSecrets<'s> {
    /// What the portal proves itself with when it reads there.
    pub own: Option<&'s str>,
    /// What it proves itself with to the system that sends staff here.
    pub launch: Option<&'s str>,
}

/// What becomes of a secret with a change.
enum Step {
    /// Nothing.
    Keep,
    /// A new one.
    Put(Model),
    /// It is not needed any more; its key.
    Forget(String),
}

/// What becomes of both with a change.
pub(super) struct SecretSteps {
    own: Step,
    launch: Step,
}

impl SecretSteps {
    /// Nothing.
    pub(super) const KEEP: Self = Self { own: Step::Keep, launch: Step::Keep };

    /// In the audit log.
    pub(super) fn as_strs(&self) -> (&'static str, &'static str) {
        (self.own.as_str(), self.launch.as_str())
    }

    pub(super) async fn write(self, tx: &Tx) -> Result<(), SourceError> {
        self.own.write(tx).await?;
        self.launch.write(tx).await
    }
}

impl Step {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Keep => "kept",
            Self::Put(_) => "set",
            Self::Forget(_) => "none",
        }
    }

    async fn write(self, tx: &Tx) -> Result<(), SourceError> {
        match self {
            Self::Keep => Ok(()),
            Self::Put(row) => secrets::put(tx, row).await,
            Self::Forget(key) => secrets::forget(tx, &key).await,
        }
    }
}

/// One of the secrets of a definition.
struct Wanted<'d> {
    field: &'static str,
    key: String,
    /// Whom it proves the portal to; absent: to nobody.
    whom: Option<(Auth, &'d str)>,
    given: Option<&'d str>,
}

impl Wanted<'_> {
    /// Where it goes; absent where none is needed.
    fn binding(&self) -> Option<String> {
        let (auth, base_url) = self.whom.as_ref()?;
        auth.needs_secret().then(|| auth.binding(base_url))
    }
}

/// The secrets of a definition, in the order of forms.
fn wanted<'d>(id: &str, definition: &'d Definition, given: GivenSecrets<'d>) -> [Wanted<'d>; 2] {
    // Nothing was said: a secret of blanks is none.
    let said = |secret: Option<&'d str>| secret.filter(|secret| !secret.trim().is_empty());
    let launch = definition.launch.as_ref();
    let own = Wanted {
        field: "secret",
        key: id.to_owned(),
        whom: Some((definition.auth.clone(), &definition.base_url)),
        given: said(given.own),
    };
    let launch = Wanted {
        field: "launch_secret",
        key: launch_key(id),
        whom: launch.map(|launch| (launch.auth(), launch.base(&definition.base_url))),
        given: said(given.launch),
    };
    [own, launch]
}

impl Definitions {
    /// What is to be written, with what becomes of its secrets; otherwise every field that has to be put right, theirs too.
    /// `written` is the definition as somebody wrote it.
    pub(super) async fn with_secrets(
        &self,
        id: &str,
        checked: Result<Definition, SourceError>,
        written: &Definition,
        given: GivenSecrets<'_>,
    ) -> Result<(Definition, SecretSteps), SourceError> {
        let written = written.clone().cleaned();
        let mut problems = Vec::new();
        for one in wanted(id, &written, given) {
            problems.extend(self.problem_of(&one).await?.map(|what| FieldProblem { field: one.field, what }));
        }
        let definition = match checked {
            Ok(definition) if problems.is_empty() => definition,
            Ok(_) => return Err(SourceError::Invalid(problems)),
            Err(SourceError::Invalid(all)) => {
                return Err(SourceError::Invalid(all.into_iter().chain(problems).collect()));
            }
            Err(error) => return Err(error),
        };
        let [own, launch] = wanted(id, &definition, given);
        let steps = SecretSteps { own: self.step_of(own).await?, launch: self.step_of(launch).await? };
        Ok((definition, steps))
    }

    async fn step_of(&self, one: Wanted<'_>) -> Result<Step, SourceError> {
        Ok(match (one.binding(), one.given) {
            (None, _) => Step::Forget(one.key),
            (Some(_), None) => Step::Keep,
            (Some(binding), Some(secret)) => Step::Put(self.secrets.sealed(&one.key, binding, secret).await?),
        })
    }

    async fn problem_of(&self, one: &Wanted<'_>) -> Result<Option<&'static str>, SourceError> {
        let Some(binding) = one.binding() else { return Ok(None) };
        match one.given {
            Some(text) if text.len() > LONGEST => Ok(Some("too-long")),
            // It becomes a header.
            Some(text) => Ok(text.chars().any(char::is_control).then_some("malformed")),
            None => Ok(match self.secrets.state(&one.key, &binding).await? {
                Some(true) => None,
                // It was given for another address or client: whoever changes that has to know it.
                Some(false) => Some("again"),
                None => Some("missing"),
            }),
        }
    }

    /// Which of its secrets are there, for where they go now? That of reading, and that of launches.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_secrets(&self, id: &str, definition: &Definition) -> Result<(bool, bool), SourceError> {
        let [own, launch] = wanted(id, definition, GivenSecrets::default());
        Ok((self.has(&own).await?, self.has(&launch).await?))
    }

    async fn has(&self, one: &Wanted<'_>) -> Result<bool, SourceError> {
        match one.binding() {
            Some(binding) => Ok(self.secrets.state(&one.key, &binding).await? == Some(true)),
            None => Ok(false),
        }
    }
}
