//! `launch` of a source.

use poem_openapi::Object;
use sources::{ClientProof, FieldProblem, Launching, Source, SourceError};

/// From where the hospital's own system sends staff here (SMART App Launch, EHR launch), and as which client the portal goes back
/// there. What it tells of whom they look at opens that patient here; nothing is read with its token.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(super) struct LaunchValues {
    /// The FHIR server that its launches name as `iss`; without, the one that is read.
    base_url: Option<String>,
    /// The portal's id as a client there.
    client_id: String,
    /// `public` (without), `private-key-jwt`, `client-secret-basic` or `client-secret-post`.
    proof: Option<String>,
    /// With spaces between them; empty for `openid fhirUser launch patient/Patient.read`, of which the first three have to be among them.
    #[oai(default)]
    scopes: String,
    /// Where staff sign in; without, where the server says.
    authorize_url: Option<String>,
    /// Where tokens are given; without, where the server says, if that is at its own origin.
    token_url: Option<String>,
    /// Never told again. Without, the one that is kept stays, as long as it goes where it went.
    #[oai(write_only)]
    secret: Option<String>,
}

impl LaunchValues {
    /// As values, and the secret apart.
    pub(super) fn read(self) -> Result<(Launching, Option<String>), SourceError> {
        let unknown = || SourceError::Invalid(vec![FieldProblem { field: "launch_proof", what: "unknown" }]);
        let launching = Launching {
            base_url: self.base_url,
            client_id: self.client_id,
            proof: match &self.proof {
                Some(proof) => ClientProof::parse(proof).ok_or_else(unknown)?,
                None => ClientProof::Public,
            },
            scopes: self.scopes,
            authorize_url: self.authorize_url,
            token_url: self.token_url,
        };
        Ok((launching, self.secret))
    }

    pub(super) fn of(launching: Launching) -> Self {
        Self {
            base_url: launching.base_url,
            client_id: launching.client_id,
            proof: Some(launching.proof.as_str().to_owned()),
            scopes: launching.scopes,
            authorize_url: launching.authorize_url,
            token_url: launching.token_url,
            secret: None,
        }
    }

    /// What an entry of the configuration would be as a definition.
    pub(super) fn of_source(source: &Source) -> Option<Self> {
        let (base, client_id) = source.launched_from()?;
        Some(Self {
            base_url: Some(base.to_string()),
            client_id: client_id.to_owned(),
            proof: None,
            scopes: String::new(),
            authorize_url: None,
            token_url: None,
            secret: None,
        })
    }
}
