//! Where people sign in, read what is asked of them, and agree or not (RFC 6749 section 4.1, RFC 7636, RFC 9207).

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use url::{Url, form_urlencoded};

use super::{
    Door, SmartMode, page,
    people::{Consent, DoorPatient, People},
};

/// What is said of a refused person in mode `denying-people`.
const HOSTILE: &str = "This person <script>alert(1)</script> is 'not' known & never was";
/// Who answers in mode `wrong-iss`.
const ANOTHER: &str = "https://another-server.example";

/// Parameters of a request.
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(super) fn of(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
}

pub(super) type Html = Response<Full<Bytes>>;

impl Door {
    /// `GET` and `POST /auth/authorize`; a decision comes by `POST` alone.
    pub(super) fn authorize(&self, people: &People, text: &[u8], is_decision: bool) -> Html {
        let asked = Asked::of(text);
        if !is_decision {
            people.authorizations.fetch_add(1, Ordering::Relaxed);
        }
        // Whoever is not registered is sent nobody: the answer stays here (RFC 6749 section 4.1.2.1).
        if asked.get("client_id") != people.client.client_id {
            return html(
                StatusCode::BAD_REQUEST,
                &page::fault("没有登记这个应用。", "This application is not registered."),
                "",
            );
        }
        let registered = people.client.redirect_uris.iter().find(|one| *one == asked.get("redirect_uri"));
        let Some(redirect) = registered.and_then(|one| Url::parse(one).ok()) else {
            let text = page::fault("返回地址没有登记。", "This redirect_uri is not registered.");
            return html(StatusCode::BAD_REQUEST, &text, "");
        };
        if self.state().mode == SmartMode::DenyingPeople {
            return self.back(&redirect, &asked, people, error("access_denied", HOSTILE));
        }
        let scopes = match self.wanted(&asked) {
            Ok(scopes) => scopes,
            Err((code, why)) => return self.back(&redirect, &asked, people, error(code, why)),
        };
        if let (Some(ehr), false) = (&self.ehr, asked.get("launch").is_empty()) {
            let answer = match self.launched(ehr, &asked, scopes) {
                Some(consent) => {
                    let (redirect, challenge) = (asked.get("redirect_uri"), asked.get("code_challenge"));
                    vec![("code", people.give_code(consent, redirect, challenge))]
                }
                None => error("invalid_request", "this launch is not known"),
            };
            return self.back(&redirect, &asked, people, answer);
        }
        let form = |complaint: bool| {
            let status = if complaint { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            html(status, &page::consent(&asked, &people.client, &scopes, complaint), "")
        };
        match (is_decision, asked.get("decision")) {
            (true, "deny") => self.back(&redirect, &asked, people, error("access_denied", "The person said no")),
            (true, "allow") => match who(&asked, &people.client.patients) {
                Some(person) => {
                    let (patient, nonce) = (person.id.clone(), asked.get("nonce").to_owned());
                    let consent = Consent { patient, practitioner: None, scopes, nonce };
                    let code = people.give_code(consent, asked.get("redirect_uri"), asked.get("code_challenge"));
                    self.back(&redirect, &asked, people, vec![("code", code)])
                }
                None => form(true),
            },
            _ => form(false),
        }
    }

    /// The scopes that will be granted, or which error a client is told.
    fn wanted(&self, asked: &Asked) -> Result<Vec<String>, (&'static str, &'static str)> {
        let invalid = |why: &'static str| Err(("invalid_request", why));
        let challenge = asked.get("code_challenge");
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if asked.get("response_type") != "code" {
            return Err(("unsupported_response_type", "response_type is code"));
        }
        if !matches!(asked.get("response_mode"), "" | "query" | "form_post" | "fragment") {
            return invalid("response_mode is query, form_post or fragment");
        }
        if asked.get("state").is_empty() {
            return invalid("state is missing");
        }
        if asked.get("aud").trim_end_matches('/') != self.base_url() {
            return invalid("aud is not this server's FHIR base");
        }
        if asked.get("code_challenge_method") != "S256" || challenge.len() != 43 || !challenge.chars().all(plain) {
            return invalid("code_challenge by S256 is needed");
        }
        let mut scopes: Vec<String> = asked.get("scope").split_ascii_whitespace().map(str::to_owned).collect();
        scopes.retain(|scope| is_known(scope));
        if self.state().mode == SmartMode::Narrow {
            scopes.retain(|scope| !scope.starts_with("patient/"));
            scopes.extend(["patient/Patient.read".to_owned(), "patient/Observation.read".to_owned()]);
        }
        if scopes.is_empty() { Err(("invalid_scope", "none of these scopes is known")) } else { Ok(scopes) }
    }

    /// Sends the browser back to the client with this answer.
    fn back(&self, redirect: &Url, asked: &Asked, people: &People, mut fields: Vec<(&'static str, String)>) -> Html {
        if !asked.get("state").is_empty() {
            fields.push(("state", asked.get("state").to_owned()));
        }
        let is_wrong = self.state().mode == SmartMode::WrongIss;
        fields.push(("iss", if is_wrong { ANOTHER.to_owned() } else { self.origin.clone() }));
        if asked.get("response_mode") == "form_post" {
            let nonce = people.fresh();
            return html(StatusCode::OK, &page::form_post(redirect.as_str(), &fields, &nonce), &nonce);
        }
        let mut url = redirect.clone();
        if asked.get("response_mode") == "fragment" {
            let behind = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            url.set_fragment(Some(&behind));
        } else {
            url.query_pairs_mut().extend_pairs(&fields);
        }
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SEE_OTHER;
        if let Ok(url) = HeaderValue::from_str(url.as_str()) {
            response.headers_mut().insert(header::LOCATION, url);
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn error(code: &str, description: &str) -> Vec<(&'static str, String)> {
    vec![("error", code.to_owned()), ("error_description", description.to_owned())]
}

fn is_known(scope: &str) -> bool {
    matches!(scope, "openid" | "fhirUser" | "launch" | "launch/patient" | "offline_access")
        || scope.strip_prefix("patient/").is_some_and(|rest| rest.contains('.'))
}

/// Who signs in: the number that was typed goes before the name that was chosen.
fn who<'p>(asked: &Asked, patients: &'p [DoorPatient]) -> Option<&'p DoorPatient> {
    match asked.get("resident_id").trim() {
        "" => patients.iter().find(|one| one.id == asked.get("patient")),
        typed => patients.iter().find(|one| one.resident_id.as_deref() == Some(typed)),
    }
}

/// A page that loads nothing and runs nothing but the script of this nonce, and that no other page frames.
pub(super) fn html(status: StatusCode, text: &str, nonce: &str) -> Html {
    let scripts = if nonce.is_empty() { "'none'".to_owned() } else { format!("'nonce-{nonce}'") };
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
