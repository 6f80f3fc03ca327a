//! `auth` of a source.

use poem_openapi::Object;
use sources::{Auth, AuthKind, ClientProof, FieldProblem, SourceError};

use crate::pages::sources::{usual_proof, usual_scopes};

/// How the portal proves who it is.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct AuthValues {
    /// `none`, `basic`, `bearer`, `smart-backend`, or `smart-patient`: patients connect it themselves, and it is asked in their
    /// name alone.
    kind: String,
    /// The portal's id as a client there; with `basic` its user name.
    #[oai(default)]
    client_id: String,
    /// `private-key-jwt` (without, with `smart-backend`), `client-secret-basic` or `client-secret-post`; with `smart-patient`
    /// also `public` (without).
    proof: Option<String>,
    /// Where tokens are given; without, where the server says, if that is at its own origin.
    token_url: Option<String>,
    /// Where people sign in, with `smart-patient`; without, where the server says.
    authorize_url: Option<String>,
    /// With spaces between them. With `smart-patient`, empty for `openid fhirUser launch/patient offline_access patient/*.read`.
    #[oai(default)]
    scopes: String,
    /// What assertions are addressed to, where that is not the token endpoint.
    audience: Option<String>,
    /// Never told again. Without, the one that is kept stays, as long as it goes where it went.
    #[oai(write_only)]
    secret: Option<String>,
}

impl AuthValues {
    /// As values, and the secret apart.
    pub(super) fn read(self) -> Result<(Auth, Option<String>), SourceError> {
        let unknown = |field| SourceError::Invalid(vec![FieldProblem { field, what: "unknown" }]);
        let kind = AuthKind::parse(&self.kind).ok_or_else(|| unknown("auth"))?;
        let auth = Auth {
            kind,
            client_id: self.client_id,
            proof: match &self.proof {
                Some(proof) => ClientProof::parse(proof).ok_or_else(|| unknown("proof"))?,
                None => usual_proof(kind),
            },
            token_url: self.token_url,
            authorize_url: self.authorize_url,
            scopes: if self.scopes.trim().is_empty() { usual_scopes(kind).to_owned() } else { self.scopes },
            audience: self.audience,
        };
        Ok((auth, self.secret))
    }

    pub(super) fn of(auth: Auth) -> Self {
        Self {
            kind: auth.kind.as_str().to_owned(),
            proof: matches!(auth.kind, AuthKind::SmartBackend | AuthKind::SmartPatient)
                .then(|| auth.proof.as_str().to_owned()),
            client_id: auth.client_id,
            token_url: auth.token_url,
            authorize_url: auth.authorize_url,
            scopes: auth.scopes,
            audience: auth.audience,
            secret: None,
        }
    }
}
