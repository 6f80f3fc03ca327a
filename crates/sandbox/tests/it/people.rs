//! People sign in at the door of a hospital and let a client read their records.

mod browser;
mod misbehaviour;
mod records;

use fhir::smart::{Expected, Jwks, verify};
use jiff::Timestamp;
use sandbox::Running;
use serde_json::Value;

use crate::{
    config,
    http::{get, send},
    people::browser::{Client, Dance, Place, of_browser},
};

#[tokio::test]
async fn a_person_signs_in_agrees_and_their_record_is_read() {
    let client = Client::public().await;
    let mut dance = client.dance();
    dance.set("nonce", "n-0S6");
    let page = get(&dance.url(&client)).await;
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert_eq!(page.status, 200);
    for part in ["lang=\"zh-CN\"", "<h1>", "<label for=\"patient\">", "patient/*.read", "同意", "Deny", &client.own] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("http-equiv") && !text.contains("src="), "it loads nothing");

    let back = dance.allow(&client, &client.own).await;
    assert_eq!(back["state"], "of this flow");
    assert_eq!(back["iss"], client.origin);
    let answer = client.exchange(&dance, &back["code"]).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told = answer.json();
    assert_eq!((told["token_type"].as_str(), told["expires_in"].as_u64()), (Some("Bearer"), Some(300)));
    assert_eq!((told["patient"].as_str(), told["need_patient_banner"].as_bool()), (Some(&*client.own), Some(true)));
    assert_eq!(told["scope"], Dance::SCOPES);
    assert_eq!(client.reads(&told, &format!("/Patient/{}", client.own)).await, 200);
    let counts = (client.door.authorizations(), client.door.codes(), client.door.granted());
    assert_eq!(counts, (1, 1, 1));

    let claims = signed(&client, &told).await.unwrap();
    assert_eq!(claims["nonce"], "n-0S6");
    assert_eq!(claims["fhirUser"], format!("{}/Patient/{}", client.door.base_url, client.own));
}

/// The claims of the `id_token`, once its signature, issuer, audience and time are checked.
async fn signed(client: &Place, told: &Value) -> Option<Value> {
    let described = client.described().await;
    let keys = Jwks::read(&get(described["jwks_uri"].as_str().unwrap()).await.body).unwrap();
    let expected = Expected {
        issuer: described["issuer"].as_str().unwrap(),
        audience: &[Client::ID],
        algorithms: &["ES384"],
        leeway_s: 0,
        now: Timestamp::now(),
    };
    verify(told["id_token"].as_str().unwrap(), &keys, &expected).ok()
}

#[tokio::test]
async fn the_door_describes_how_people_sign_in() {
    let client = Client::public().await;
    let told = client.described().await;
    let has = |member: &str, value: &str| told[member].as_array().unwrap().iter().any(|one| one == value);
    for (member, value) in [
        ("grant_types_supported", "authorization_code"),
        ("grant_types_supported", "refresh_token"),
        ("response_types_supported", "code"),
        ("response_modes_supported", "form_post"),
        ("code_challenge_methods_supported", "S256"),
        ("scopes_supported", "launch/patient"),
        ("token_endpoint_auth_methods_supported", "none"),
        ("capabilities", "launch-standalone"),
        ("capabilities", "client-public"),
        ("capabilities", "context-standalone-patient"),
        ("capabilities", "permission-offline"),
        ("capabilities", "sso-openid-connect"),
    ] {
        assert!(has(member, value), "{member} {value}: {told}");
    }
    assert!(!has("grant_types_supported", "client_credentials"), "nobody but people here: {told}");
    assert_eq!(told["authorization_response_iss_parameter_supported"], true);
    assert_eq!(told["authorization_endpoint"], client.door.authorize_url);
    assert_eq!(told["revocation_endpoint"], format!("{}/auth/revoke", client.origin));
    assert_eq!(get(&format!("{}/.well-known/openid-configuration", client.origin)).await.json(), told);
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let client = Client::public().await;
    for (name, value) in [
        ("redirect_uri", "http://localhost:8081/connections/callback/"),
        ("redirect_uri", "http://localhost:8081/connections/callback?x=1"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", ""),
        ("client_id", "somebody-else"),
    ] {
        let mut dance = client.dance();
        dance.set(name, value);
        let answer = get(&dance.url(&client)).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{name} {value}");
        assert!(String::from_utf8(answer.body.clone()).unwrap().contains("role=\"alert\""));
        let posted = dance.posted(&client, &[("patient", &client.own), ("decision", "allow")]).await;
        assert_eq!((posted.status, posted.header("location")), (400, None), "{name} {value}");
    }
}

#[tokio::test]
async fn a_request_that_lacks_something_goes_back_with_an_error() {
    let client = Client::public().await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("state", "", "invalid_request"),
        ("aud", "https://other.example/fhir", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("response_mode", "web_message", "invalid_request"),
        ("scope", "system/*.read", "invalid_scope"),
    ] {
        let mut dance = client.dance();
        dance.set(name, value);
        let back = of_browser(&get(&dance.url(&client)).await);
        assert_eq!(back["error"], error, "{name}");
        assert_eq!(back["iss"], client.origin);
    }
    let mut dance = client.dance();
    let back = of_browser(&dance.posted(&client, &[("decision", "deny")]).await);
    assert_eq!((&*back["error"], &*back["state"]), ("access_denied", "of this flow"));
    let unknown = dance.posted(&client, &[("resident_id", "1"), ("decision", "allow")]).await;
    assert_eq!((unknown.status, unknown.header("location")), (422, None));
    let answer = of_browser(&dance.posted(&client, &[("resident_id", &client.number), ("decision", "allow")]).await);
    assert_eq!(client.exchange(&dance, &answer["code"]).await.json()["patient"], *client.own, "by number");
    dance.set("response_mode", "form_post");
    let page = dance.posted(&client, &[("patient", &client.own), ("decision", "allow")]).await;
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert_eq!((page.status, page.header("location")), (200, None));
    for part in ["action=\"http://localhost:8081/connections/callback\"", "name=\"code\"", "name=\"iss\"", "<button>"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let nonce = text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(page.header("content-security-policy").unwrap().contains(&format!("'nonce-{nonce}'")));
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_its_address_and_its_verifier() {
    let client = Client::public().await;
    for (name, value) in [
        ("code_verifier", "wrong"),
        ("redirect_uri", "http://localhost:8081/other"),
        ("code", "made-up"),
        ("grant_type", "password"),
        ("client_id", "somebody-else"),
    ] {
        let dance = client.dance();
        let back = dance.allow(&client, &client.own).await;
        let answer = client.exchanged(&dance, &back["code"], Some((name, value))).await;
        let expected = match name {
            "client_id" => (401, "invalid_client"),
            "grant_type" => (400, "unsupported_grant_type"),
            _ => (400, "invalid_grant"),
        };
        assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), expected, "{name}");
    }
    let dance = client.dance();
    let back = dance.allow(&client, &client.own).await;
    let told = client.exchange(&dance, &back["code"]).await.json();
    let path = format!("/Patient/{}", client.own);
    assert_eq!(client.reads(&told, &path).await, 200);
    assert_eq!(client.exchange(&dance, &back["code"]).await.json()["error"], "invalid_grant");
    assert_eq!(client.reads(&told, &path).await, 401, "what the code gave is taken back");
    assert_eq!(client.refresh(&told).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_them_all() {
    let client = Client::public().await;
    let path = format!("/Patient/{}", client.own);
    let first = client.signed_in().await;
    client.door.expire_tokens();
    assert_eq!(client.reads(&first, &path).await, 401);
    let second = client.refresh(&first).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["patient"], *client.own);
    assert_eq!(client.reads(&second, &path).await, 200);
    let third = client.refresh(&second).await.json();
    assert_eq!(client.door.refreshes(), 2);

    let other = client.signed_in().await;
    assert_eq!(client.refresh(&first).await.json()["error"], "invalid_grant", "used before");
    assert_eq!(client.refresh(&third).await.json()["error"], "invalid_grant", "of the same kin");
    assert_eq!(client.reads(&third, &path).await, 401);
    assert_eq!(client.reads(&other, &path).await, 200, "another sign-in");

    client.door.revoke_person("nobody");
    assert_eq!(client.reads(&other, &path).await, 200);
    client.door.revoke_person(&client.own);
    assert_eq!(client.reads(&other, &path).await, 401);
    assert_eq!(client.refresh(&other).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_client_gives_consent_back() {
    let client = Client::public().await;
    let path = format!("/Patient/{}", client.own);
    for which in ["refresh_token", "access_token"] {
        let told = client.signed_in().await;
        let token = told[which].as_str().unwrap();
        assert_eq!(client.give_back("somebody-else", token).await, 401);
        assert_eq!(client.reads(&told, &path).await, 200);
        assert_eq!(client.give_back(Client::ID, token).await, 200);
        assert_eq!(client.give_back(Client::ID, token).await, 200, "unknown tokens are no fault");
        assert_eq!(client.reads(&told, &path).await, 401, "{which}");
        assert_eq!(client.refresh(&told).await.json()["error"], "invalid_grant", "{which}");
    }
    assert_eq!(client.door.revocations(), 2);
}

#[tokio::test]
async fn a_client_with_a_secret_has_to_show_it() {
    let client = Client::with_secret("s3cret %/+").await;
    let dance = client.dance();
    let back = dance.allow(&client, &client.own).await;
    let refused = client.exchanged(&dance, &back["code"], Some(("client_secret", "wrong"))).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (401, Some("invalid_client")));
    let told = client.exchange(&dance, &back["code"]).await;
    assert_eq!(told.status, 200, "by post; and a refused client spends no code");
    let basic = client.refresh_by_basic(&told.json()).await;
    assert_eq!(basic.status, 200, "by basic");
}

/// The configured hospital outside the region: its own records, with and without a resident ID, and its switches.
#[tokio::test]
async fn the_hospital_outside_the_region_stands_behind_its_door() {
    let door = "listen = \"127.0.0.1:0\"\nclient_id = \"regional-portal-patients\"\n\
                redirect_uris = [\"http://localhost:8081/connections/callback\"]\n";
    let people_door = sandbox::Config::parse(&format!("[people_door]\n{door}")).unwrap().people_door;
    let region = sandbox::Region::start(sandbox::Config { people_door, ..config() }).await.unwrap();
    let base = region.people_door_url.clone().unwrap();
    assert_eq!(region.hospitals.len(), 5, "it is none of the region's");
    assert!(region.patients.iter().all(|one| one.hospitals.iter().all(|(at, _)| at != "lakeside")));
    assert_eq!(get(&format!("{base}/Patient?_count=1")).await.status, 401);
    let plain = sandbox::Region::generate(&config()).unwrap().fingerprint();
    let beside = sandbox::Config::parse(&format!("[people_door]\n{door}")).unwrap().people_door;
    let with = sandbox::Region::generate(&sandbox::Config { people_door: beside, ..config() }).unwrap();
    assert_eq!(plain, with.fingerprint(), "the others' books are the same");

    let (mut numbered, mut unnumbered) = (0, 0);
    for person in &region.people_door_patients {
        let client = Client::at(&base, &person.id);
        let told = client.signed_in_there().await;
        let patient = client.read(&told, &format!("/Patient/{}", person.id)).await.json();
        let number = patient["identifier"].as_array().unwrap().iter().find(|one| one["system"] == RESIDENT_ID);
        assert_eq!(number.map(|one| one["value"].as_str().unwrap()), person.resident_id.as_deref());
        if number.is_some() {
            numbered += 1
        } else {
            unnumbered += 1
        }
        assert!(is_of_the_region(&region, &patient), "{patient}");
        let results = client.read(&told, &format!("/Observation?patient={}&_count=5", person.id)).await.json();
        assert!(results["total"].as_u64().unwrap() > 0, "{}: {results}", person.name);
    }
    assert!(numbered >= 3 && unnumbered >= 1, "{numbered} {unnumbered}");

    let control = format!("{}/people-door", region.control_url);
    let switch = |mode: &str| format!("{{\"mode\":\"{mode}\"}}");
    assert_eq!(send("PUT", &control, "", &switch("exploding")).await.unwrap().status, 400);
    let told = send("PUT", &control, "", &switch("wrong-iss")).await.unwrap().json();
    assert_eq!((told["mode"].as_str(), told["codes"].as_u64()), (Some("wrong-iss"), Some(6)));
    assert_eq!(get(&format!("{}/hospitals/lakeside", region.control_url)).await.json()["mode"], "ok");
    region.stop().await;
}

/// A hospital's own system opens the application: for whom and whom about its handle says once, and its token opens little.
#[tokio::test]
async fn a_clinician_opens_an_application_at_a_hospitals_desk() {
    let door = "hospital = \"city-first\"\nlisten = \"127.0.0.1:0\"\nclient_id = \"regional-portal-patients\"\n\
                redirect_uris = [\"http://localhost:8081/connections/callback\"]\nlaunch_url = \"http://localhost:8080/launch\"\n";
    let ehr_door = sandbox::Config::parse(&format!("[ehr_door]\n{door}")).unwrap().ehr_door;
    let region = sandbox::Region::start(sandbox::Config { ehr_door, ..config() }).await.unwrap();
    let desk = region.ehr_url.clone().unwrap();
    let hospital = region.hospitals.iter().find(|one| one.id == "city-first").unwrap();
    let staff = hospital.practitioners.iter().find(|one| one.username == "li.wei").unwrap();
    let show = &region.patients[region.show_patient];
    let patient = crate::known_as(&region, &show.name, "city-first");
    let page = String::from_utf8(get(&desk).await.body).unwrap();
    assert!(page.contains(&staff.id) && page.contains(&patient) && page.contains(&show.name), "{page}");

    let place = Client::at(&desk.replace("/ehr", "/fhir"), &patient);
    let dance = async |practitioner: &str, patient: &str| {
        let form = format!("practitioner={practitioner}&patient={patient}");
        let opened = send("POST", &desk, "content-type: application/x-www-form-urlencoded\r\n", &form).await.unwrap();
        let url = url::Url::parse(opened.header("location").unwrap_or("none:")).unwrap();
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let mut dance = place.dance();
        dance.set("scope", "openid fhirUser launch");
        dance.set("launch", &value("launch").unwrap_or_default());
        (opened.status, value("iss"), dance)
    };
    assert_eq!(dance("nobody", &patient).await.0, 422);
    let (status, iss, one) = dance(&staff.id, &patient).await;
    assert_eq!((status, iss.as_deref()), (303, Some(place.base_url.as_str())));
    let back = of_browser(&get(&one.url(&place)).await);
    let again = of_browser(&get(&one.url(&place)).await);
    assert_eq!(again["error"], "invalid_request", "a handle is good once");
    let told = place.exchange(&one, &back["code"]).await.json();
    assert_eq!((told["patient"].as_str(), told["scope"].as_str()), (Some(&*patient), Some("openid fhirUser launch")));
    let claims = signed(&place, &told).await.unwrap();
    assert_eq!(claims["fhirUser"], format!("{}/Practitioner/{}", place.base_url, staff.id));
    assert_eq!(place.reads(&told, &format!("/Practitioner/{}", staff.id)).await, 200);
    for other in [format!("/Patient/{patient}"), format!("/Observation?patient={patient}"), "/Practitioner".to_owned()]
    {
        assert_eq!(place.reads(&told, &other).await, 403, "{other}");
    }
    let control = format!("{}/ehr-door", region.control_url);
    let switch = |mode: &str| format!("{{\"mode\":\"{mode}\"}}");
    for (mode, is_same) in [("other-practitioner", (true, false)), ("other-patient", (false, true))] {
        assert_eq!(send("PUT", &control, "", &switch(mode)).await.unwrap().status, 200);
        let (.., one) = dance(&staff.id, &patient).await;
        let back = of_browser(&get(&one.url(&place)).await);
        let told = place.exchange(&one, &back["code"]).await.json();
        let user = signed(&place, &told).await.unwrap()["fhirUser"].clone();
        let same = (told["patient"] == *patient, user.as_str().is_some_and(|user| user.ends_with(&staff.id)));
        assert_eq!(same, is_same, "{mode}");
    }
    region.stop().await;
}

const RESIDENT_ID: &str = "urn:oid:2.16.156.10011.1.3";

fn is_of_the_region(region: &Running, patient: &Value) -> bool {
    let (name, born) = (patient["name"][0]["text"].as_str(), patient["birthDate"].as_str());
    let is = |one: &sandbox::PersonKnown| Some(&*one.name) == name && Some(&*one.birth_date.to_string()) == born;
    region.patients.iter().any(is)
}
