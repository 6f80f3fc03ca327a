//! How the portal proves to a hospital who it is, as values: what is secret stands elsewhere.

use outbound::is_this_machine;
use serde::{Deserialize, Serialize};
use url::Url;

/// The kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthKind {
    /// An open server.
    #[default]
    None,
    /// A name and a password with every request (RFC 7617).
    Basic,
    /// A token that does not change, with every request (RFC 6750).
    Bearer,
    /// Tokens for the portal itself (<https://hl7.org/fhir/smart-app-launch/backend-services.html>).
    SmartBackend,
    /// Tokens for one patient each, who signs in there themselves (<https://hl7.org/fhir/smart-app-launch/app-launch.html>,
    /// standalone launch): the portal by itself asks nothing.
    SmartPatient,
}

impl AuthKind {
    /// All, in the order of forms.
    pub const ALL: [Self; 5] = [Self::None, Self::SmartBackend, Self::SmartPatient, Self::Basic, Self::Bearer];

    /// As in files, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::SmartBackend => "smart-backend",
            Self::SmartPatient => "smart-patient",
        }
    }

    /// From a file or a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// Does it ask for tokens?
    pub(crate) const fn is_smart(self) -> bool {
        matches!(self, Self::SmartBackend | Self::SmartPatient)
    }
}

/// How the portal proves itself where tokens are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientProof {
    /// With one of the portal's keys.
    #[default]
    PrivateKeyJwt,
    /// With a password in the header.
    ClientSecretBasic,
    /// With a password in the form.
    ClientSecretPost,
    /// Not at all, where people sign in: PKCE keeps what they bring back from being used by others.
    Public,
}

impl ClientProof {
    /// All, in the order of forms.
    pub const ALL: [Self; 4] = [Self::PrivateKeyJwt, Self::ClientSecretBasic, Self::ClientSecretPost, Self::Public];

    /// As in files, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private-key-jwt",
            Self::ClientSecretBasic => "client-secret-basic",
            Self::ClientSecretPost => "client-secret-post",
            Self::Public => "public",
        }
    }

    /// From a file or a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// As servers name it in `token_endpoint_auth_methods_supported`.
    pub(crate) const fn registered(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::Public => "none",
        }
    }
}

/// How a hospital's sign-in sends what it answers back to the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseMode {
    /// In the address (RFC 6749 section 4.1.2).
    #[default]
    Query,
    /// As a form of its page (<https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html>): the address holds nothing.
    FormPost,
    /// Behind the address (OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1): a script of the portal reads it.
    Fragment,
}

impl ResponseMode {
    /// All, in the order of forms.
    pub const ALL: [Self; 3] = [Self::Query, Self::FormPost, Self::Fragment];

    /// As in files, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form-post",
            Self::Fragment => "fragment",
        }
    }

    /// From a file or a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// As servers name it; absent: what a server does unasked.
    pub(crate) const fn registered(self) -> Option<&'static str> {
        match self {
            Self::Query => None,
            Self::FormPost => Some("form_post"),
            Self::Fragment => Some("fragment"),
        }
    }
}

/// How a person's browser brings the portal's request to a hospital's sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizeBy {
    /// In the address.
    #[default]
    Get,
    /// As a form (SMART's `authorize-post`): for requests that are too long for an address, or must not be in one.
    Post,
}

impl AuthorizeBy {
    /// Both, in the order of forms.
    pub const ALL: [Self; 2] = [Self::Get, Self::Post];

    /// As in files, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }

    /// From a file or a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Everything about a sign-in but its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Auth {
    /// Which.
    pub kind: AuthKind,
    /// The portal's id as a client there; with `basic` its user name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// Of `smart-backend` and `smart-patient`.
    pub proof: ClientProof,
    /// Where tokens are given. Absent: where the server says, if that is at its own origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Where people sign in, with `smart-patient`. Absent: where the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// How people bring an answer back, with `smart-patient`.
    pub response_mode: ResponseMode,
    /// How people bring the request there, with `smart-patient`.
    pub authorize_by: AuthorizeBy,
    /// Where people are sent back to, as it is registered there, where that is not the portal's own address: with
    /// `smart-patient`. It has to lead to the same path of this portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Of `smart-backend` and `smart-patient`, with spaces between them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scopes: String,
    /// What the server wants assertions to be addressed to, where that is not its token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// Of a name, in bytes.
const LONGEST_CLIENT: usize = 200;
/// Of scopes and audiences, in bytes.
const LONGEST_TEXT: usize = 1_000;

impl Auth {
    /// Is there a secret of its own to it? Keys are the portal's.
    pub fn needs_secret(&self) -> bool {
        match self.kind {
            AuthKind::None => false,
            AuthKind::Basic | AuthKind::Bearer => true,
            AuthKind::SmartBackend | AuthKind::SmartPatient => {
                !matches!(self.proof, ClientProof::PrivateKeyJwt | ClientProof::Public)
            }
        }
    }

    /// Without blanks around and with what its kind does not have left out.
    pub(crate) fn cleaned(mut self) -> Self {
        let is = |kind| self.kind == kind;
        let smart = self.kind.is_smart();
        let trimmed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.client_id = if smart || is(AuthKind::Basic) { self.client_id.trim().to_owned() } else { String::new() };
        self.scopes = if smart { trimmed(&self.scopes) } else { String::new() };
        let option = |text: Option<String>| text.map(|text| trimmed(&text)).filter(|text| smart && !text.is_empty());
        (self.token_url, self.audience) = (option(self.token_url), option(self.audience));
        let is_person = self.kind == AuthKind::SmartPatient;
        self.authorize_url = option(self.authorize_url).filter(|_| is_person);
        self.redirect_url = option(self.redirect_url).filter(|_| is_person);
        if !is_person {
            (self.response_mode, self.authorize_by) = (ResponseMode::default(), AuthorizeBy::default());
        }
        if !smart {
            self.proof = ClientProof::default();
        }
        self
    }

    /// What a secret belongs to: of this sign-in, at these origins. Whoever changes where it goes has to know it, so it is
    /// sealed for this text and opens for no other.
    pub(crate) fn binding(&self, base_url: &str) -> String {
        let origin = |text: &str| Url::parse(text).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let token = self.token_url.as_deref().map(origin).unwrap_or_default();
        [self.kind.as_str(), self.proof.as_str(), &self.client_id, &origin(base_url), &token].join("\n")
    }

    /// Fields that have to be put right, but for those of addresses.
    pub(crate) fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut problems = Vec::new();
        let named = self.kind == AuthKind::Basic || self.kind.is_smart();
        let client = self.client_id.as_str();
        let what = match client {
            "" if named => Some("missing"),
            _ if client.len() > LONGEST_CLIENT => Some("too-long"),
            // RFC 7617 section 2: a name ends at the first colon.
            _ if self.kind == AuthKind::Basic && client.contains(':') => Some("malformed"),
            _ => client.chars().any(char::is_control).then_some("malformed"),
        };
        problems.extend(what.map(|what| ("client_id", what)));
        // RFC 6749 section 3.3.
        let scope = |b: u8| matches!(b, b' ' | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let what = match self.scopes.as_str() {
            "" if self.kind.is_smart() => Some("missing"),
            text if text.len() > LONGEST_TEXT => Some("too-long"),
            text => (!text.bytes().all(scope)).then_some("malformed"),
        };
        problems.extend(what.map(|what| ("scopes", what)));
        // Whoever asks in its own name has to prove that it is who it says.
        let unproven = self.proof == ClientProof::Public && self.kind == AuthKind::SmartBackend;
        problems.extend(unproven.then_some(("proof", "unknown")));
        let what = self.redirect_url.as_deref().and_then(redirect_problem);
        problems.extend(what.map(|what| ("redirect_url", what)));
        let audience = self.audience.as_deref().unwrap_or_default();
        let bad = audience.len() > LONGEST_TEXT || !audience.bytes().all(|byte| byte.is_ascii_graphic());
        problems.extend(bad.then_some(("audience", "malformed")));
        problems
    }
}

/// An absolute address without a fragment (RFC 6749 section 3.1.2), and not one that others read along.
fn redirect_problem(text: &str) -> Option<&'static str> {
    match Url::parse(text) {
        Ok(url) if url.fragment().is_some() || !url.has_host() => Some("malformed"),
        Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url)) => None,
        Ok(url) if url.scheme() == "http" => Some("plain"),
        _ => Some("malformed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smart() -> Auth {
        Auth {
            kind: AuthKind::SmartBackend,
            client_id: "portal".to_owned(),
            scopes: "system/*.read".to_owned(),
            ..Auth::default()
        }
    }

    #[test]
    fn a_secret_is_bound_to_where_it_goes() {
        let bound = |auth: &Auth, base: &str| auth.binding(base);
        let (one, base) = (smart(), "https://hospital.example/fhir");
        assert_eq!(bound(&one, base), bound(&one, "https://hospital.example:443/other"));
        assert_ne!(bound(&one, base), bound(&one, "http://hospital.example/fhir"));
        assert_ne!(bound(&one, base), bound(&one, "https://evil.example/fhir"));
        for changed in [
            Auth { token_url: Some("https://evil.example/t".to_owned()), ..smart() },
            Auth { client_id: "other".to_owned(), ..smart() },
            Auth { proof: ClientProof::ClientSecretPost, ..smart() },
            Auth { kind: AuthKind::Basic, ..smart() },
        ] {
            assert_ne!(bound(&one, base), bound(&changed, base));
        }
    }

    #[test]
    fn what_has_to_be_put_right_is_named() {
        assert!(smart().problems().is_empty() && Auth::default().problems().is_empty());
        let fields = |auth: Auth| auth.problems();
        assert_eq!(fields(Auth { client_id: String::new(), ..smart() }), [("client_id", "missing")]);
        assert_eq!(fields(Auth { scopes: String::new(), ..smart() }), [("scopes", "missing")]);
        assert_eq!(fields(Auth { scopes: "a\"b".to_owned(), ..smart() }), [("scopes", "malformed")]);
        let basic = Auth { kind: AuthKind::Basic, client_id: "a:b".to_owned(), ..Auth::default() };
        assert_eq!(fields(basic), [("client_id", "malformed")]);
        let cleaned = Auth { kind: AuthKind::Bearer, token_url: Some("x".to_owned()), ..smart() }.cleaned();
        assert_eq!(cleaned, Auth { kind: AuthKind::Bearer, ..Auth::default() });
    }
}
