//! A client, and the browser of a person who uses it.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sandbox::{DoorPatient, Known, PeopleClient, RunningSmart, SmartConfig};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::{
    base,
    http::{Answer, get, send},
    shared,
};

const CALLBACK: &str = "http://localhost:8081/connections/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rule-of-43-characters";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// Where a client talks to a door.
pub struct Place {
    pub base_url: String,
    pub origin: String,
    /// Who signs in: `Patient` id and resident ID.
    pub own: String,
    pub number: String,
    secret: Option<String>,
}

/// A client at a door of its own.
pub struct Client {
    place: Place,
    pub door: RunningSmart,
}

impl std::ops::Deref for Client {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Client {
    pub const ID: &str = "regional-portal-patients";

    pub async fn public() -> Self {
        Self::start(None).await
    }

    pub async fn with_secret(secret: &str) -> Self {
        Self::start(Some(secret.to_owned())).await
    }

    async fn start(secret: Option<String>) -> Self {
        let region = shared();
        let known = region.patients.iter().filter_map(|person| {
            let (_, id) = person.hospitals.iter().find(|(at, _)| at == "city-first")?;
            let resident_id = Some(person.resident_id.clone());
            Some(DoorPatient { id: id.clone(), name: person.name.clone(), resident_id })
        });
        let patients: Vec<DoorPatient> = known.collect();
        let show = &region.patients[region.show_patient];
        let own = crate::known_as(region, &show.name, "city-first");
        let config = SmartConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            upstream: base(region, "city-first").parse().unwrap(),
            client_id: String::new(),
            client: Known::Nobody,
            scopes: Vec::new(),
            lives_s: 300,
            people: Some(PeopleClient {
                client_id: Self::ID.to_owned(),
                secret: secret.clone(),
                redirect_uris: vec![CALLBACK.to_owned()],
                patients,
            }),
        };
        let door = RunningSmart::start(config).await.unwrap();
        let base_url = door.base_url.clone();
        let origin = base_url.strip_suffix("/fhir").unwrap().to_owned();
        Self { place: Place { base_url, origin, own, number: show.resident_id.clone(), secret }, door }
    }

    /// At a door that is there already.
    pub fn at(base_url: &str, own: &str) -> Place {
        let origin = base_url.strip_suffix("/fhir").unwrap().to_owned();
        Place { base_url: base_url.to_owned(), origin, own: own.to_owned(), number: String::new(), secret: None }
    }
}

impl Place {
    pub fn dance(&self) -> Dance {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let fields = [
            ("response_type", "code"),
            ("client_id", Client::ID),
            ("redirect_uri", CALLBACK),
            ("scope", Dance::SCOPES),
            ("state", "of this flow"),
            ("aud", &self.base_url),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Dance { fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into() }
    }

    pub async fn described(&self) -> Value {
        get(&format!("{}/.well-known/smart-configuration", self.base_url)).await.json()
    }

    /// Signs in, agrees, and exchanges the code.
    pub async fn signed_in_there(&self) -> Value {
        let dance = self.dance();
        let back = dance.allow(self, &self.own).await;
        self.exchange(&dance, &back["code"]).await.json()
    }

    pub async fn signed_in(&self) -> Value {
        self.signed_in_there().await
    }

    pub async fn exchange(&self, dance: &Dance, code: &str) -> Answer {
        self.exchanged(dance, code, None).await
    }

    /// With one parameter of the form in another's place.
    pub async fn exchanged(&self, dance: &Dance, code: &str, instead: Option<(&str, &str)>) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", dance.fields["redirect_uri"].as_str()),
            ("client_id", Client::ID),
            ("code_verifier", VERIFIER),
        ];
        form.extend(self.secret.as_deref().map(|secret| ("client_secret", secret)));
        if let Some((name, value)) = instead {
            form.retain(|(key, _)| *key != name);
            form.push((name, value));
        }
        self.post("/auth/token", "", &form).await
    }

    pub async fn refresh(&self, told: &Value) -> Answer {
        let token = told["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", Client::ID)];
        self.post("/auth/token", "", &form).await
    }

    pub async fn refresh_by_basic(&self, told: &Value) -> Answer {
        let written = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", written(Client::ID), written(self.secret.as_deref().unwrap()));
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let token = told["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post("/auth/token", &format!("authorization: Basic {pair}\r\n"), &form).await
    }

    pub async fn give_back(&self, client: &str, token: &str) -> u16 {
        self.post("/auth/revoke", "", &[("token", token), ("client_id", client)]).await.status
    }

    async fn post(&self, path: &str, headers: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        send("POST", &format!("{}{path}", self.origin), &format!("{FORM}{headers}"), &body).await.unwrap()
    }

    pub async fn read(&self, told: &Value, path: &str) -> Answer {
        let header = format!("authorization: Bearer {}\r\n", told["access_token"].as_str().unwrap());
        send("GET", &format!("{}{path}", self.base_url), &header, "").await.unwrap()
    }

    pub async fn reads(&self, told: &Value, path: &str) -> u16 {
        self.read(told, path).await.status
    }
}

/// One sign-in.
pub struct Dance {
    fields: HashMap<String, String>,
}

impl Dance {
    pub const SCOPES: &str = "launch/patient openid fhirUser offline_access patient/*.read";

    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.insert(name.to_owned(), value.to_owned());
    }

    pub fn url(&self, place: &Place) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        format!("{}/auth/authorize?{query}", place.origin)
    }

    /// The page's form, filled in.
    pub async fn posted(&self, place: &Place, filled: &[(&str, &str)]) -> Answer {
        let hidden = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<(&str, &str)> = hidden.chain(filled.iter().copied()).collect();
        place.post("/auth/authorize", "", &form).await
    }

    /// What the client is told when this patient agrees.
    pub async fn allow(&self, place: &Place, patient: &str) -> HashMap<String, String> {
        of_browser(&self.posted(place, &[("patient", patient), ("decision", "allow")]).await)
    }
}

/// What a redirect brings to the client.
pub fn of_browser(answer: &Answer) -> HashMap<String, String> {
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    let url = Url::parse(answer.header("location").unwrap()).unwrap();
    assert!(url.as_str().starts_with(CALLBACK), "{url}");
    url.query_pairs().into_owned().collect()
}
