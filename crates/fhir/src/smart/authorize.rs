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
    /// How the answer is sent back; absent: in the address.
    pub response_mode: Option<&'a str>,
}

impl<'a> Authorize<'a> {
    /// The parameters, each once, without those of the endpoint itself.
    pub fn fields(&self) -> Vec<(&'static str, &'a str)> {
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("scope", self.scopes),
            ("state", self.state),
            ("aud", self.audience),
            ("code_challenge", self.challenge),
            ("code_challenge_method", "S256"),
        ];
        let others = [
            ("nonce", self.nonce),
            ("launch", self.launch),
            ("response_mode", self.response_mode),
            ("prompt", self.prompt()),
        ];
        fields.extend(others.into_iter().filter_map(|(name, value)| Some((name, value?))));
        fields
    }

    /// OpenID Connect Core section 11: a server of OpenID Connect leaves `offline_access` out, and gives no refresh token, unless the
    /// person is asked for it. Absent where the endpoint's own query says it: no parameter comes twice (RFC 6749 section 3.1).
    fn prompt(&self) -> Option<&'static str> {
        let asks = |wanted: &str| self.scopes.split(' ').any(|scope| scope == wanted);
        let is_said = || self.endpoint.query_pairs().any(|(name, _)| name == "prompt");
        (asks("openid") && asks("offline_access") && !is_said()).then_some("consent")
    }

    /// The address. What the endpoint itself has in its query stays (RFC 6749 section 3.1).
    pub fn url(&self) -> Url {
        let mut url = self.endpoint.clone();
        url.query_pairs_mut().extend_pairs(self.fields());
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
            response_mode: None,
        }
        .url();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs[0], ("tenant".to_owned(), "7".to_owned()));
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(value("redirect_uri"), Some("https://portal.example/back?a=1&b=2"));
        assert_eq!(value("aud"), Some("https://hospital.example/fhir"));
        assert_eq!(
            (value("launch"), value("response_mode"), value("code_challenge_method")),
            (None, None, Some("S256"))
        );
    }

    #[test]
    fn what_outlasts_the_sign_in_is_asked_for_once() {
        let prompts = |endpoint: &str, scopes: &str| {
            let endpoint = Url::parse(endpoint).expect("an address");
            let request = Authorize {
                endpoint: &endpoint,
                client_id: "portal",
                redirect_uri: "https://portal.example/back",
                scopes,
                state: "s",
                audience: "https://hospital.example/fhir",
                challenge: "c",
                nonce: None,
                launch: None,
                response_mode: None,
            };
            let pairs: Vec<(String, String)> = request.url().query_pairs().into_owned().collect();
            pairs.into_iter().filter(|(name, _)| name == "prompt").map(|(_, value)| value).collect::<Vec<_>>()
        };
        let plain = "https://hospital.example/authorize";
        assert_eq!(prompts(plain, "openid offline_access patient/*.read"), ["consent"]);
        for scopes in ["openid fhirUser", "offline_access patient/*.read", "openid offline_accessory"] {
            assert!(prompts(plain, scopes).is_empty(), "{scopes}");
        }
        assert_eq!(prompts(&format!("{plain}?prompt=login%20consent"), "openid offline_access"), ["login consent"]);
    }
}
