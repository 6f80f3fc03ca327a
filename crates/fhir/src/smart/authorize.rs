//! Sending a person to sign in (RFC 6749 section 4.1.1, RFC 7636,
//! <https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-authorization-code>).

use url::Url;

/// What a person's browser is sent with.
#[derive(Clone, Copy, Debug)]
pub struct Authorize<'a> {
    /// Where people sign in.
    pub endpoint: &'a Url,
    /// As registered there.
    pub client_id: &'a str,
    /// Exactly as registered there.
    pub redirect_uri: &'a str,
    /// With spaces between them.
    pub scopes: &'a str,
    /// Comes back as it is.
    pub state: &'a str,
    /// `aud`: whose data is asked for, the FHIR server's base.
    pub audience: &'a str,
    /// Of [`challenge`].
    pub challenge: &'a str,
    /// Comes back inside the `id_token`; absent where none is asked for.
    pub nonce: Option<&'a str>,
    /// Of a launch that began at the hospital, as it came.
    pub launch: Option<&'a str>,
}

impl Authorize<'_> {
    /// The address. What the endpoint itself has in its query stays (RFC 6749 section 3.1).
    pub fn url(&self) -> Url {
        let mut url = self.endpoint.clone();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("response_type", "code").append_pair("client_id", self.client_id);
            pairs.append_pair("redirect_uri", self.redirect_uri).append_pair("scope", self.scopes);
            pairs.append_pair("state", self.state).append_pair("aud", self.audience);
            pairs.append_pair("code_challenge", self.challenge).append_pair("code_challenge_method", "S256");
            for (name, value) in [("nonce", self.nonce), ("launch", self.launch)] {
                if let Some(value) = value {
                    pairs.append_pair(name, value);
                }
            }
        }
        url
    }
}

/// The challenge of a verifier (RFC 7636 section 4.2, `S256`).
pub fn challenge(verifier: &str) -> String {
    tokens::sha256_base64url(verifier.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_the_rfc() {
        // RFC 7636 appendix B.
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_query_of_the_endpoint_stays() {
        let endpoint = Url::parse("https://hospital.example/authorize?tenant=7").expect("an address");
        let url = Authorize {
            endpoint: &endpoint,
            client_id: "portal",
            redirect_uri: "https://portal.example/back?a=1&b=2",
            scopes: "openid patient/*.read",
            state: "s",
            audience: "https://hospital.example/fhir",
            challenge: "c",
            nonce: Some("n"),
            launch: None,
        }
        .url();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs[0], ("tenant".to_owned(), "7".to_owned()));
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(value("redirect_uri"), Some("https://portal.example/back?a=1&b=2"));
        assert_eq!(value("aud"), Some("https://hospital.example/fhir"));
        assert_eq!((value("launch"), value("code_challenge_method")), (None, Some("S256")));
    }
}
