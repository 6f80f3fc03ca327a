//! `auth` of a source.

use poem_openapi::Object;
use sources::{Auth, AuthKind, ClientProof, FieldProblem, SourceError};

/// How the portal proves who it is.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct AuthValues {
    /// `none`, `basic`, `bearer` or `smart-backend`.
    kind: String,
    /// The portal's id as a client there; with `basic` its user name.
    #[oai(default)]
    client_id: String,
    /// `private-key-jwt`, `client-secret-basic` or `client-secret-post`.
    proof: Option<String>,
    /// Where tokens are given; without, where the server says, if that is at its own origin.
    token_url: Option<String>,
    /// With spaces between them.
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
        let auth = Auth {
            kind: AuthKind::parse(&self.kind).ok_or_else(|| unknown("auth"))?,
            client_id: self.client_id,
            proof: match &self.proof {
                Some(proof) => ClientProof::parse(proof).ok_or_else(|| unknown("proof"))?,
                None => ClientProof::default(),
            },
            token_url: self.token_url,
            authorize_url: None,
            scopes: self.scopes,
            audience: self.audience,
        };
        Ok((auth, self.secret))
    }

    pub(super) fn of(auth: Auth) -> Self {
        Self {
            kind: auth.kind.as_str().to_owned(),
            proof: (auth.kind == AuthKind::SmartBackend).then(|| auth.proof.as_str().to_owned()),
            client_id: auth.client_id,
            token_url: auth.token_url,
            scopes: auth.scopes,
            audience: auth.audience,
            secret: None,
        }
    }
}
