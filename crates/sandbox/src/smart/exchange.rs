//! What a person's code and refresh tokens are exchanged for.

use std::sync::atomic::Ordering;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fhir::smart::SigningKey;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::{
    AUTHORIZE_PATH, Door, KEYS_PATH, Known, REVOKE_PATH, Reply, SmartMode,
    grant::{has_secret, refusal},
    people::{Consent, People},
};

/// How long an `id_token` is good for, in seconds.
const ID_TOKEN_LIVES: i64 = 300;
/// What a renewed token may do still.
const NARROW: &str = "openid fhirUser launch/patient offline_access patient/Patient.read patient/Observation.read";

impl Door {
    /// `POST /auth/token` for people's client.
    pub(super) fn person_token<'f>(
        &self,
        people: &People,
        authorization: Option<&HeaderValue>,
        value: &impl Fn(&str) -> &'f str,
    ) -> Reply {
        if let Err(why) = is_client(people, authorization, (value("client_id"), value("client_secret"))) {
            return refusal("invalid_client", why);
        }
        let mode = self.state().mode;
        let is_first = value("grant_type") == "authorization_code";
        let family = match (is_first, mode) {
            (true, _) => people.take_code(value("code"), value("redirect_uri"), value("code_verifier")),
            (false, SmartMode::Forgetful) => Err("this refresh token is not known"),
            (false, _) => people.take_refresh(value("refresh_token"), mode != SmartMode::NoRefresh),
        };
        let found = family.and_then(|family| Ok((family, people.consent(family).ok_or("this is over")?)));
        let (family, consent) = match found {
            Ok(found) => found,
            Err(why) => return refusal("invalid_grant", why),
        };
        self.granted.fetch_add(1, Ordering::Relaxed);
        let (lives, until) = self.lives();
        let is_less = mode == SmartMode::Narrow && !is_first;
        let scopes = if is_less { NARROW.to_owned() } else { consent.scopes.join(" ") };
        let mut told = json!({
            "access_token": people.give_access(family, until),
            "token_type": "Bearer",
            "expires_in": lives,
            "scope": scopes,
            "need_patient_banner": true,
        });
        if mode != SmartMode::NoPatient {
            told["patient"] = json!(self.patient_of(people, &consent, (mode, is_first)));
        }
        if consent.has("offline_access") && mode != SmartMode::NoRefresh {
            told["refresh_token"] = json!(people.give_refresh(family));
        }
        if is_first && consent.has("openid") && mode != SmartMode::NoIdToken {
            match self.id_token(people, &consent, mode) {
                Some(token) => told["id_token"] = json!(token),
                None => return refusal("server_error", "the id_token can't be signed"),
            }
        }
        (StatusCode::OK, told)
    }

    /// Whose record it is, as it is said.
    fn patient_of<'c>(&self, people: &'c People, consent: &'c Consent, (mode, is_first): (SmartMode, bool)) -> &'c str {
        let own = consent.patient.as_str();
        let other = || people.client.patients.iter().find(|one| one.id != own).map(|one| one.id.as_str());
        let is_other = mode == SmartMode::OtherPatient && (self.ehr.is_some() || !is_first);
        if is_other { other().unwrap_or(own) } else { own }
    }

    /// Who signed in, as the address of a resource.
    fn user_of(&self, consent: &Consent, mode: SmartMode) -> String {
        let Some(own) = &consent.practitioner else {
            return format!("{}/Patient/{}", self.base_url(), consent.patient);
        };
        let other = self.ehr.as_ref().filter(|_| mode == SmartMode::OtherPractitioner);
        let said = other.and_then(|ehr| ehr.other_than(own)).unwrap_or(own);
        match mode {
            SmartMode::ByRole => format!("{}/PractitionerRole/{said}-role", self.base_url()),
            _ => format!("{}/Practitioner/{said}", self.base_url()),
        }
    }

    /// Who the person is (OpenID Connect Core, section 2), and which `Patient`.
    fn id_token(&self, people: &People, consent: &Consent, mode: SmartMode) -> Option<String> {
        let now = Timestamp::now().as_second();
        let who = consent.practitioner.as_ref().unwrap_or(&consent.patient);
        let subject = Sha256::digest(format!("{} {who}", self.origin));
        let mut claims = json!({
            "iss": self.origin,
            "sub": URL_SAFE_NO_PAD.encode(subject),
            "aud": people.client.client_id,
            "iat": now,
            "exp": now + ID_TOKEN_LIVES,
        });
        if mode == SmartMode::WrongNonce {
            claims["nonce"] = json!("another-request");
        } else if !consent.nonce.is_empty() {
            claims["nonce"] = json!(consent.nonce);
        }
        if consent.has("fhirUser") {
            claims["fhirUser"] = json!(self.user_of(consent, mode));
        }
        match mode {
            SmartMode::BadIdToken => SigningKey::generate().ok()?.sign(&claims).ok(),
            _ => people.key.sign(&claims).ok(),
        }
    }

    /// `POST /auth/revoke` (RFC 7009)
    pub(super) fn given_back(&self, people: &People, authorization: Option<&HeaderValue>, body: &[u8]) -> Reply {
        let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let value = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        if let Err(why) = is_client(people, authorization, (value("client_id"), value("client_secret"))) {
            return refusal("invalid_client", why);
        }
        if value("token").is_empty() {
            return refusal("invalid_request", "which token?");
        }
        people.give_back(value("token"));
        (StatusCode::OK, json!({}))
    }

    /// What the door says of itself to people's clients, beside what it says to others.
    pub(super) fn with_people(&self, people: &People, mode: SmartMode, told: &mut Value) {
        let url = |path: &str| json!(format!("{}{path}", self.origin));
        let backend = self.config.client_name();
        let mut grants = vec!["authorization_code", "refresh_token"];
        grants.extend(backend.map(|_| "client_credentials"));
        let mine: &[&str] = match people.client.secret {
            Some(_) => &["client_secret_basic", "client_secret_post"],
            None => &["none"],
        };
        let mut methods = told["token_endpoint_auth_methods_supported"].as_array().cloned().unwrap_or_default();
        for method in mine.iter().map(|method| json!(method)) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        let mut scopes: Vec<&str> = self.config.scopes.iter().map(String::as_str).collect();
        scopes.extend(["openid", "fhirUser", "launch/patient", "offline_access", "patient/*.read", "patient/*.rs"]);
        let kind = if people.client.secret.is_some() { "client-confidential-symmetric" } else { "client-public" };
        let mut capabilities = vec![
            "launch-standalone",
            kind,
            "context-standalone-patient",
            "permission-offline",
            "permission-patient",
            "permission-v1",
            "permission-v2",
            "sso-openid-connect",
        ];
        capabilities.extend(backend);
        if self.ehr.is_some() {
            capabilities.extend(["launch-ehr", "context-ehr-patient"]);
            scopes.push("launch");
        }
        told["authorization_endpoint"] = url(AUTHORIZE_PATH);
        told["revocation_endpoint"] = url(REVOKE_PATH);
        told["jwks_uri"] = url(KEYS_PATH);
        told["grant_types_supported"] = json!(grants);
        told["response_types_supported"] = json!(["code"]);
        told["response_modes_supported"] = json!(["query", "form_post", "fragment"]);
        told["scopes_supported"] = json!(scopes);
        told["token_endpoint_auth_methods_supported"] = json!(methods);
        told["authorization_response_iss_parameter_supported"] = json!(true);
        told["id_token_signing_alg_values_supported"] = json!(["ES384"]);
        told["subject_types_supported"] = json!(["public"]);
        told["capabilities"] = json!(capabilities);
        if mode == SmartMode::UnadvertisedPkce
            && let Some(members) = told.as_object_mut()
        {
            members.remove("code_challenge_methods_supported");
        }
    }
}

impl super::SmartConfig {
    /// The capability by which the client that is no person's is known, if there is one.
    fn client_name(&self) -> Option<&'static str> {
        match self.client {
            Known::Keys(_) => Some("client-confidential-asymmetric"),
            Known::Secret(_) => Some("client-confidential-symmetric"),
            Known::Basic(..) | Known::Nobody => None,
        }
    }
}

/// Is this people's client? A public one says its name, another proves it.
fn is_client(people: &People, authorization: Option<&HeaderValue>, form: (&str, &str)) -> Result<(), &'static str> {
    let client_id = people.client.client_id.as_str();
    match &people.client.secret {
        Some(secret) => has_secret(authorization, form, (client_id, secret)),
        None if form.0 == client_id => Ok(()),
        None => Err("this client is not known"),
    }
}
