//! From where and how a hospital's own system sends staff here (EHR launch), as values: what is secret stands elsewhere.

use serde::{Deserialize, Serialize};

use crate::{Auth, AuthKind, ClientProof};

/// What is asked for where nobody says anything else.
pub const LAUNCH_SCOPES: &str = "openid fhirUser launch patient/Patient.read";
/// Without `openid` and `fhirUser` nobody says who signed in there, without `launch` nobody whom they are looking at
/// (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).
const NEEDED: [&str; 3] = ["openid", "fhirUser", "launch"];

/// The portal as a client of that system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Launching {
    /// The FHIR server that its launches name. Absent: the one that is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The portal's id as a client there.
    pub client_id: String,
    /// How it proves itself there.
    pub proof: ClientProof,
    /// With spaces between them.
    pub scopes: String,
    /// Where staff sign in. Absent: where the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// Where tokens are given. Absent: where the server says, if that is at its own origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
}

impl Launching {
    /// As somebody signs in there.
    pub fn auth(&self) -> Auth {
        Auth {
            kind: AuthKind::SmartPatient,
            client_id: self.client_id.clone(),
            proof: self.proof,
            scopes: self.scopes.clone(),
            authorize_url: self.authorize_url.clone(),
            token_url: self.token_url.clone(),
            ..Auth::default()
        }
    }

    /// The FHIR server that launches name, with that of the definition.
    pub fn base<'a>(&'a self, read: &'a str) -> &'a str {
        self.base_url.as_deref().unwrap_or(read)
    }

    /// Without blanks around; empty options are absent, empty scopes the usual ones.
    pub(crate) fn cleaned(self) -> Self {
        let auth = self.auth().cleaned();
        Self {
            base_url: self.base_url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()),
            client_id: auth.client_id,
            proof: auth.proof,
            scopes: if auth.scopes.is_empty() { LAUNCH_SCOPES.to_owned() } else { auth.scopes },
            authorize_url: auth.authorize_url,
            token_url: auth.token_url,
        }
    }

    /// Fields that have to be put right, but for those of addresses.
    pub(crate) fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let auth = self.auth();
        let mut problems: Vec<_> = auth.problems().into_iter().map(|(field, what)| (of_launch(field), what)).collect();
        if problems.is_empty() && !has_needed_scopes(&self.scopes) {
            problems.push(("launch_scopes", "launch-scopes"));
        }
        problems
    }
}

/// Does somebody say who signed in, and whom they are looking at?
pub(crate) fn has_needed_scopes(scopes: &str) -> bool {
    NEEDED.iter().all(|needed| scopes.split(' ').any(|scope| scope == *needed))
}

fn of_launch(field: &'static str) -> &'static str {
    match field {
        "client_id" => "launch_client_id",
        "scopes" => "launch_scopes",
        _ => "launch_proof",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_launched_has_to_be_named() {
        let launching = |scopes: &str| Launching {
            client_id: "portal".to_owned(),
            scopes: scopes.to_owned(),
            ..Launching::default()
        };
        assert!(launching(" ").cleaned().problems().is_empty());
        assert_eq!(launching("").cleaned().scopes, LAUNCH_SCOPES);
        for missing in ["openid fhirUser", "openid launch", "fhirUser launch", "openid fhirUser launch/patient"] {
            assert_eq!(launching(missing).cleaned().problems(), [("launch_scopes", "launch-scopes")], "{missing}");
        }
        let nobody = Launching { client_id: " ".to_owned(), ..launching("a\"b") };
        assert_eq!(nobody.cleaned().problems(), [("launch_client_id", "missing"), ("launch_scopes", "malformed")]);
    }
}
