//! `auth` of a source.

use poem_openapi::Object;
use sources::{Auth, AuthKind, AuthorizeBy, ClientProof, FieldProblem, ResponseMode, SourceError};

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
    /// How people bring an answer back, with `smart-patient`: `query` (without), `form-post` or `fragment`.
    response_mode: Option<String>,
    /// How people bring the request there, with `smart-patient`: `get` (without) or `post`.
    authorize_by: Option<String>,
    /// Where people are sent back to, as registered there, where that is not the portal's own address; its path is
    /// `/connections/callback/` and the id of the source, or `/connections/callback`.
    redirect_url: Option<String>,
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
            response_mode: match &self.response_mode {
                Some(mode) => ResponseMode::parse(mode).ok_or_else(|| unknown("response_mode"))?,
                None => ResponseMode::default(),
            },
            authorize_by: match &self.authorize_by {
                Some(by) => AuthorizeBy::parse(by).ok_or_else(|| unknown("authorize_by"))?,
                None => AuthorizeBy::default(),
            },
            redirect_url: self.redirect_url,
            scopes: if self.scopes.trim().is_empty() { usual_scopes(kind).to_owned() } else { self.scopes },
            audience: self.audience,
        };
        Ok((auth, self.secret))
    }

    pub(super) fn of(auth: Auth) -> Self {
        let is_person = auth.kind == AuthKind::SmartPatient;
        Self {
            kind: auth.kind.as_str().to_owned(),
            proof: matches!(auth.kind, AuthKind::SmartBackend | AuthKind::SmartPatient)
                .then(|| auth.proof.as_str().to_owned()),
            client_id: auth.client_id,
            token_url: auth.token_url,
            authorize_url: auth.authorize_url,
            response_mode: is_person.then(|| auth.response_mode.as_str().to_owned()),
            authorize_by: is_person.then(|| auth.authorize_by.as_str().to_owned()),
            redirect_url: auth.redirect_url,
            scopes: auth.scopes,
            audience: auth.audience,
            secret: None,
        }
    }
}
