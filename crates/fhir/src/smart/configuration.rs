//! `.well-known/smart-configuration` (<https://hl7.org/fhir/smart-app-launch/conformance.html>), read without belief: what is
//! absent or of another form is simply not there.

use serde_json::Value;
use url::Url;

/// Longest document that is read, in bytes.
const LARGEST: usize = 256 << 10;
/// Entries of a list that are kept, and characters of each.
const MOST: usize = 64;

/// What a server says of its sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Where tokens are given. Whether anything may be sent there is the caller's to decide.
    pub token_endpoint: Option<Url>,
    /// Where people sign in.
    pub authorization_endpoint: Option<Url>,
    /// Where tokens are given back.
    pub revocation_endpoint: Option<Url>,
    /// Where its public keys stand.
    pub jwks_uri: Option<Url>,
    /// Who it says it is, as text: it is compared exactly (RFC 9207 section 2.4).
    pub issuer: Option<String>,
    /// Does it say who it is when it sends people back (RFC 9207 section 3)?
    pub names_itself: bool,
    /// `private_key_jwt`, `client_secret_basic`, …
    pub authentication: Vec<String>,
    /// Algorithms of assertions.
    pub algorithms: Vec<String>,
    /// `client_credentials`, `authorization_code`, …
    pub grants: Vec<String>,
    /// `S256`, …
    pub challenges: Vec<String>,
    /// Scopes that it knows; no list of all that it grants.
    pub scopes: Vec<String>,
}

impl Configuration {
    /// Of a body. Relative addresses are relative to `base`, the FHIR server's. `None`: no such document.
    pub fn read(body: &[u8], base: &Url) -> Option<Self> {
        if body.len() > LARGEST {
            return None;
        }
        let document: Value = serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()?;
        document.as_object()?;
        let list = |name: &str| {
            let all = document[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            all.filter(|text| text.len() <= 200).take(MOST).map(str::to_owned).collect()
        };
        let read = Self {
            token_endpoint: address(&document["token_endpoint"], base),
            authorization_endpoint: address(&document["authorization_endpoint"], base),
            revocation_endpoint: address(&document["revocation_endpoint"], base),
            jwks_uri: address(&document["jwks_uri"], base),
            issuer: document["issuer"].as_str().filter(|text| text.len() <= 2_000).map(str::to_owned),
            names_itself: document["authorization_response_iss_parameter_supported"].as_bool().unwrap_or(false),
            authentication: list("token_endpoint_auth_methods_supported"),
            algorithms: list("token_endpoint_auth_signing_alg_values_supported"),
            grants: list("grant_types_supported"),
            challenges: list("code_challenge_methods_supported"),
            scopes: list("scopes_supported"),
        };
        (read.token_endpoint.is_some() || read.authorization_endpoint.is_some()).then_some(read)
    }

    /// Does it take clients that prove themselves so? A server that lists nothing may.
    pub fn takes(&self, authentication: &str) -> bool {
        self.authentication.is_empty() || self.authentication.iter().any(|own| own == authentication)
    }
}

impl Configuration {
    /// Will it take a challenge (RFC 7636)? One that lists none may; one that lists others will not.
    pub fn takes_challenges(&self) -> bool {
        self.challenges.is_empty() || self.challenges.iter().any(|one| one == "S256")
    }
}

/// The same of a CapabilityStatement: the extension `oauth-uris`, which servers had before
/// (<https://www.hl7.org/fhir/smart-app-launch/1.0.0/conformance/index.html>).
pub fn of_capabilities(statement: &Value, base: &Url) -> Option<Configuration> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut read = Configuration::default();
    for rest in list(&statement["rest"]) {
        for extension in list(&rest["security"]["extension"]) {
            let is_oauth = extension["url"].as_str().is_some_and(|url| url.ends_with("/oauth-uris"));
            for uri in if is_oauth { list(&extension["extension"]) } else { Vec::new() } {
                match uri["url"].as_str() {
                    Some("token") => read.token_endpoint = address(&uri["valueUri"], base),
                    Some("authorize") => read.authorization_endpoint = address(&uri["valueUri"], base),
                    _ => {}
                }
            }
        }
    }
    (read.token_endpoint.is_some() || read.authorization_endpoint.is_some()).then_some(read)
}

fn address(value: &Value, base: &Url) -> Option<Url> {
    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty() && text.len() <= 2_000)?;
    // `base` names a folder: `auth/token` lies within it.
    let mut folder = base.clone();
    if let Ok(mut segments) = folder.path_segments_mut() {
        segments.pop_if_empty().push("");
    }
    let url = folder.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    (url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn base() -> Url {
        Url::parse("https://hospital.example/fhir/r4").expect("an address")
    }

    #[test]
    fn relative_addresses_lie_beside_the_server_and_nonsense_is_not_there() {
        let token = |text: &str| {
            let body = json!({ "token_endpoint": text, "grant_types_supported": ["client_credentials", 1] });
            Configuration::read(body.to_string().as_bytes(), &base())
                .map(|read| read.token_endpoint.expect("one").to_string())
        };
        assert_eq!(token("auth/token").as_deref(), Some("https://hospital.example/fhir/r4/auth/token"));
        assert_eq!(token("/auth/token").as_deref(), Some("https://hospital.example/auth/token"));
        assert_eq!(token("https://other.example/t").as_deref(), Some("https://other.example/t"));
        for bad in ["", "javascript:alert(1)", "https://user:pass@x.example/", "https://x.example/#a", "file:///etc"] {
            assert_eq!(token(bad), None, "{bad}");
        }
        for body in ["", "[]", "{}", "{\"token_endpoint\":1}", "<html>"] {
            assert_eq!(Configuration::read(body.as_bytes(), &base()), None);
        }
        let huge = format!("{{\"token_endpoint\":\"/t\",\"x\":\"{}\"}}", "a".repeat(LARGEST));
        assert_eq!(Configuration::read(huge.as_bytes(), &base()), None);
    }

    #[test]
    fn older_servers_say_it_in_their_capabilities() {
        let statement = json!({ "rest": [{ "security": { "extension": [{
            "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
            "extension": [{ "url": "token", "valueUri": "https://hospital.example/token" }],
        }] } }] });
        let read = of_capabilities(&statement, &base()).expect("read");
        assert_eq!(read.token_endpoint.map(|url| url.to_string()).as_deref(), Some("https://hospital.example/token"));
        assert!(of_capabilities(&json!({ "rest": 1 }), &base()).is_none());
    }
}
