//! What a request for a token proves who asks with.

use fhir::smart::{Algorithm, Ask, Configuration, Proof, SigningKey};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Failed, SignIn};
use crate::{ClientProof, Secrets};

/// What is preferred where a server takes both: its signatures are short, and the portal makes such keys itself.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Es384, Algorithm::Rs384];

/// For one request.
pub(crate) enum Proven {
    Public,
    Basic(Zeroizing<String>),
    Post(Zeroizing<String>),
    Assertion { key: Box<SigningKey>, audience: String, id: String },
}

impl Proven {
    fn as_proof(&self) -> Proof<'_> {
        match self {
            Self::Public => Proof::Public,
            Self::Basic(secret) => Proof::SecretBasic(secret),
            Self::Post(secret) => Proof::SecretPost(secret),
            Self::Assertion { key, audience, id } => Proof::Assertion { key, audience, id: id.clone() },
        }
    }
}

impl SignIn {
    /// Of the next request to `endpoint`, a server that says this of itself.
    pub(crate) async fn proof(&self, endpoint: &Url, said: &Configuration) -> Result<Proven, Failed> {
        // Those who know public clients may not list that they do: it is no authentication.
        if self.auth.proof != ClientProof::Public && !said.takes(self.auth.proof.registered()) {
            return Err(Failed::lasting("proof-not-taken"));
        }
        match self.auth.proof {
            ClientProof::Public => Ok(Proven::Public),
            ClientProof::ClientSecretBasic => Ok(Proven::Basic(self.secret().await?)),
            ClientProof::ClientSecretPost => Ok(Proven::Post(self.secret().await?)),
            ClientProof::PrivateKeyJwt => {
                let secrets = self.secrets()?;
                let key = secrets.signer(&fitting(said), (secrets.ambient.now)()).await.map_err(|error| {
                    tracing::error!(source = self.id, %error, "no key to sign in at a hospital with");
                    Failed::passing("no-key")
                })?;
                let audience = self.auth.audience.as_deref().unwrap_or(endpoint.as_str()).to_owned();
                Ok(Proven::Assertion { key: Box::new(key), audience, id: id(secrets)? })
            }
        }
    }

    /// What is asked at `endpoint`.
    pub(crate) fn asking<'a>(&'a self, endpoint: &'a Url, proof: &'a Proven) -> Result<Ask<'a>, Failed> {
        let now = (self.secrets()?.ambient.now)();
        let (client_id, scopes) = (self.auth.client_id.as_str(), self.auth.scopes.as_str());
        Ok(Ask { endpoint, client_id, proof: proof.as_proof(), scopes, now })
    }

    fn secrets(&self) -> Result<&Secrets, Failed> {
        self.secrets.get().ok_or(Failed::passing("no-secret"))
    }
}

/// What the server takes of what the portal signs with.
fn fitting(said: &Configuration) -> Vec<Algorithm> {
    let taken = |one: &Algorithm| said.algorithms.is_empty() || said.algorithms.iter().any(|own| own == one.as_str());
    ALGORITHMS.into_iter().filter(taken).collect()
}

/// `jti`: 128 random bits.
fn id(secrets: &Secrets) -> Result<String, Failed> {
    let mut bytes = [0; 16];
    (secrets.ambient.random)(&mut bytes).map_err(|_| Failed::passing("no-key"))?;
    Ok(Uuid::from_bytes(bytes).simple().to_string())
}
