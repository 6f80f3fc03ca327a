//! What the door does to people's clients when it is told to misbehave.

use std::time::{Duration, Instant};

use sandbox::SmartMode;
use serde_json::json;

use crate::{
    http::get,
    people::{
        browser::{Client, of_browser},
        signed,
    },
};

#[tokio::test]
async fn a_person_who_is_refused_comes_back_with_hostile_words() {
    let client = Client::public().await;
    client.door.set_mode(SmartMode::DenyingPeople);
    let back = of_browser(&get(&client.dance().url(&client)).await);
    assert_eq!((&*back["error"], &*back["state"]), ("access_denied", "of this flow"));
    assert!(back["error_description"].contains("<script>"), "{back:?}");
}

#[tokio::test]
async fn answers_come_in_another_name_or_without_the_person() {
    let client = Client::public().await;
    client.door.set_mode(SmartMode::WrongIss);
    let dance = client.dance();
    let back = dance.allow(&client, &client.own).await;
    assert_ne!(back["iss"], client.origin);
    client.door.set_mode(SmartMode::NoPatient);
    let told = client.exchange(&dance, &back["code"]).await.json();
    assert!(told["patient"].is_null() && told["access_token"].is_string());
}

#[tokio::test]
async fn refresh_tokens_are_withheld_or_forgotten() {
    let client = Client::public().await;
    let told = client.signed_in().await;
    client.door.set_mode(SmartMode::Forgetful);
    let forgotten = client.refresh(&told).await;
    assert_eq!((forgotten.status, forgotten.json()["error"].as_str()), (400, Some("invalid_grant")));
    client.door.set_mode(SmartMode::NoRefresh);
    assert!(client.signed_in().await["refresh_token"].is_null());
    for _ in 0..2 {
        let again = client.refresh(&told).await;
        assert_eq!(again.status, 200, "the old one stays good");
        assert!(again.json()["refresh_token"].is_null());
    }
    client.door.set_mode(SmartMode::Ok);
    assert!(client.refresh(&told).await.json()["refresh_token"].is_string());
}

#[tokio::test]
async fn tokens_come_late_and_die_early() {
    let client = Client::public().await;
    client.door.set_mode(SmartMode::Slow);
    let before = Instant::now();
    assert!(client.signed_in().await["access_token"].is_string());
    assert!(before.elapsed() >= Duration::from_secs(3));
    client.door.set_mode(SmartMode::ShortLived);
    let told = client.signed_in().await;
    assert_eq!(told["expires_in"], 2);
    let path = format!("/Patient/{}", client.own);
    let given = Instant::now();
    let mut status = client.reads(&told, &path).await;
    assert_eq!(status, 200);
    while status == 200 && given.elapsed() < Duration::from_secs(20) {
        status = client.reads(&told, &path).await;
    }
    assert_eq!(status, 401);
    assert!(given.elapsed() >= Duration::from_millis(1500), "{:?}", given.elapsed());
    assert_eq!(client.refresh(&told).await.status, 200);
}

#[tokio::test]
async fn less_is_granted_than_was_asked_for() {
    let client = Client::public().await;
    client.door.set_mode(SmartMode::Narrow);
    let told = client.signed_in().await;
    let granted = "launch/patient openid fhirUser offline_access patient/Patient.read patient/Observation.read";
    assert_eq!(told["scope"], granted);
    assert_eq!(client.reads(&told, &format!("/Patient/{}", client.own)).await, 200);
    assert_eq!(client.reads(&told, &format!("/Condition?patient={}", client.own)).await, 403);
}

#[tokio::test]
async fn who_the_person_is_can_be_forged() {
    let client = Client::public().await;
    let mut dance = client.dance();
    dance.set("nonce", "mine");
    for (mode, nonce) in
        [(SmartMode::Ok, Some("mine")), (SmartMode::BadIdToken, None), (SmartMode::WrongNonce, Some("another-request"))]
    {
        client.door.set_mode(mode);
        let back = dance.allow(&client, &client.own).await;
        let told = client.exchange(&dance, &back["code"]).await.json();
        let claims = signed(&client, &told).await;
        assert_eq!(claims.as_ref().map(|claims| claims["nonce"].as_str().unwrap()), nonce, "{mode:?}");
    }
}

#[tokio::test]
async fn the_description_is_wrong_or_missing() {
    let client = Client::public().await;
    client.door.set_mode(SmartMode::UnadvertisedPkce);
    assert!(client.described().await["code_challenge_methods_supported"].is_null());
    let mut dance = client.dance();
    dance.set("code_challenge", "");
    assert_eq!(of_browser(&get(&dance.url(&client)).await)["error"], "invalid_request", "and checks it");
    client.door.set_mode(SmartMode::Old);
    let missing = get(&format!("{}/.well-known/smart-configuration", client.base_url)).await;
    assert_eq!(missing.status, 404);
    let capability = get(&format!("{}/metadata", client.base_url)).await.json();
    let places = &capability["rest"][0]["security"]["extension"][0]["extension"];
    let expected = json!({ "url": "authorize", "valueUri": client.door.authorize_url });
    assert!(places.as_array().unwrap().contains(&expected), "{places}");
    client.door.send_elsewhere("https://elsewhere.example/token");
    assert_eq!(client.described().await["token_endpoint"], "https://elsewhere.example/token");
}

#[tokio::test]
async fn the_token_endpoint_fails_for_people_as_it_does_for_others() {
    let client = Client::public().await;
    let told = client.signed_in().await;
    for (mode, status) in [(SmartMode::Denying, 401), (SmartMode::Busy, 429), (SmartMode::NoToken, 200)] {
        client.door.set_mode(mode);
        let answer = client.refresh(&told).await;
        assert_eq!(answer.status, status, "{mode:?}");
        assert_ne!(answer.json()["token_type"], "Bearer");
    }
    client.door.set_mode(SmartMode::Ok);
    assert_eq!(client.refresh(&told).await.status, 200, "nothing of it spent the token");
}
