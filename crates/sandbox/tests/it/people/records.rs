//! What a person's token opens, and what it doesn't.

use serde_json::Value;

use crate::{
    base,
    http::get,
    people::browser::{Client, Place},
    shared,
};

async fn with_scopes(client: &Place, scopes: &str) -> Value {
    let mut dance = client.dance();
    dance.set("scope", scopes);
    let back = dance.allow(client, &client.own).await;
    client.exchange(&dance, &back["code"]).await.json()
}

/// Somebody else whom the hospital behind knows.
fn stranger(client: &Client) -> String {
    let region = shared();
    let ids = region.patients.iter().filter_map(|one| one.hospitals.iter().find(|(at, _)| at == "city-first"));
    ids.map(|(_, id)| id.clone()).find(|id| *id != client.own).unwrap()
}

/// Id of the first resource of this type about a patient, asked of the hospital itself.
async fn first(kind: &str, patient: &str) -> String {
    let url = format!("{}/{kind}?patient={patient}&_count=1", base(shared(), "city-first"));
    get(&url).await.json()["entry"][0]["resource"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_opens_its_persons_compartment_alone() {
    let client = Client::public().await;
    let told = client.signed_in().await;
    let (own, other) = (client.own.clone(), stranger(&client));
    let (mine, theirs) = (first("Encounter", &own).await, first("Encounter", &other).await);
    for (path, status) in [
        (format!("/Patient/{own}"), 200),
        (format!("/Patient?_id={own}"), 200),
        (format!("/Patient/{own}/$everything"), 200),
        (format!("/Observation?patient={own}&_count=1"), 200),
        (format!("/Observation?subject=Patient/{own}&_count=1"), 200),
        (format!("/Encounter/{mine}"), 200),
        ("/Practitioner?identifier=https://city-first.example/staff-numbers%7CC0".to_owned(), 200),
        ("/metadata".to_owned(), 200),
        (format!("/Patient/{other}"), 403),
        (format!("/Patient/{other}/$everything"), 403),
        (format!("/Patient?_id={other}"), 403),
        (format!("/Patient?_id={own},{other}"), 403),
        ("/Patient?name=a".to_owned(), 403),
        (format!("/Observation?patient={other}"), 403),
        (format!("/Observation?patient={own}&subject={other}"), 403),
        (format!("/Observation?patient={own},{other}"), 403),
        ("/Observation?code=718-7".to_owned(), 403),
        (format!("/Encounter/{theirs}"), 403),
        ("?_getpages=guessed".to_owned(), 403),
        ("/".to_owned(), 403),
    ] {
        assert_eq!(client.reads(&told, &path).await, status, "{path}");
    }
    assert_eq!(get(&format!("{}/Patient/{own}", client.base_url)).await.status, 401, "without a token");
    let made_up = serde_json::json!({ "access_token": "made-up" });
    let answer = client.read(&made_up, &format!("/Patient/{own}")).await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer error=\"invalid_token\"")));
    assert!(client.door.refused() > 10);
}

#[tokio::test]
async fn further_pages_open_to_whom_they_were_told() {
    let client = Client::public().await;
    let (told, other) = (client.signed_in().await, client.dance());
    let page = client.read(&told, &format!("/Observation?patient={}&_count=2", client.own)).await.json();
    let links = page["link"].as_array().unwrap();
    let next = links.iter().find(|link| link["relation"] == "next").unwrap()["url"].as_str().unwrap();
    let next = next.strip_prefix(&*client.base_url).unwrap();
    assert_eq!(client.reads(&told, next).await, 200);
    let back = other.allow(&client, &stranger(&client)).await;
    let theirs = client.exchange(&other, &back["code"]).await.json();
    assert_eq!(client.reads(&theirs, next).await, 403);
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_cover() {
    let client = Client::public().await;
    let own = client.own.clone();
    let (patient, results) = (format!("/Patient/{own}"), format!("/Observation?patient={own}&_count=1"));
    let encounters = format!("/Encounter?patient={own}&_count=1");
    for (scopes, expected) in [
        ("patient/*.rs", [200, 200, 200]),
        ("patient/*.*", [200, 200, 200]),
        ("patient/Patient.read patient/Observation.read", [200, 200, 403]),
        ("patient/Patient.r patient/Observation.r", [200, 403, 403]),
        ("patient/Observation.rs?category=laboratory", [403, 200, 403]),
        ("patient/*.write", [403, 403, 403]),
        ("openid fhirUser", [403, 403, 403]),
    ] {
        let told = with_scopes(&client, scopes).await;
        assert_eq!(told["scope"], scopes);
        for (path, status) in [&patient, &results, &encounters].into_iter().zip(expected) {
            assert_eq!(client.reads(&told, path).await, status, "{scopes} {path}");
        }
        assert!(told["refresh_token"].is_null(), "not asked for");
        assert_eq!(told["id_token"].is_null(), !scopes.contains("openid"));
    }
}
