//! The control listener and the ways a hospital fails.

use std::time::{Duration, Instant};

use sandbox::Running;

use crate::{
    base,
    http::{get, send},
    region,
};

async fn switch(region: &Running, mode: &str) -> u16 {
    switch_at(region, "city-first", mode).await
}

async fn switch_at(region: &Running, hospital: &str, mode: &str) -> u16 {
    let url = format!("{}/hospitals/{hospital}", region.control_url);
    send("PUT", &url, "", &format!("{{\"mode\":\"{mode}\"}}")).await.unwrap().status
}

fn patient(region: &Running) -> String {
    let (_, id) = &region.patients[region.show_patient].hospitals[0];
    format!("{}/Patient/{id}", region.hospitals[0].base_url)
}

#[tokio::test]
async fn each_mode_fails_in_its_own_way_at_every_hospital_and_ok_ends_it() {
    let region = region().await;
    let show = &region.patients[region.show_patient];
    assert_eq!(show.hospitals.len(), 4);
    for (hospital, id) in &show.hospitals {
        let url = format!("{}/Patient/{id}", base(&region, hospital));
        let old = hospital == "city-tcm";
        assert_eq!(get(&url).await.status, 200, "{hospital}");

        assert_eq!(switch_at(&region, hospital, "refusing").await, 200);
        let refused = get(&url).await;
        let said = String::from_utf8(refused.body.clone()).unwrap();
        assert!(refused.status == 403 && said.contains("forbidden"), "{hospital}: {said}");
        assert_eq!(said.starts_with("<?xml"), old, "{hospital}");

        assert_eq!(switch_at(&region, hospital, "garbage").await, 200);
        let garbage = get(&url).await;
        assert_eq!(garbage.status, 200);
        assert!(serde_json::from_slice::<serde_json::Value>(&garbage.body).is_err(), "{hospital}");

        assert_eq!(switch_at(&region, hospital, "dropping").await, 200);
        let dropped = get(&url).await;
        assert_eq!(dropped.status, 200);
        assert!(!dropped.is_whole() && !dropped.body.is_empty(), "{hospital}");

        assert_eq!(switch_at(&region, hospital, "down").await, 200);
        assert!(send("GET", &url, "", "").await.is_err(), "{hospital}");

        assert_eq!(switch_at(&region, hospital, "slow").await, 200);
        let before = Instant::now();
        assert_eq!(get(&url).await.status, 200);
        assert!(before.elapsed() >= Duration::from_millis(300), "{hospital}");

        assert_eq!(switch_at(&region, hospital, "ok").await, 200);
        assert_eq!(get(&url).await.json()["id"], **id, "{hospital}");
    }
    region.stop().await;
}

#[tokio::test]
async fn the_control_listener_counts_and_describes() {
    let region = region().await;
    get(&patient(&region)).await;
    get(&patient(&region)).await;
    let state = get(&format!("{}/hospitals/city-first", region.control_url)).await.json();
    assert_eq!((state["mode"].as_str(), state["requests"].as_u64()), (Some("ok"), Some(2)));
    let all = get(&format!("{}/hospitals", region.control_url)).await.json();
    assert_eq!(all.as_array().unwrap().len(), 5);
    let summary = get(&region.control_url).await.json();
    assert_eq!(summary["directory_url"], region.directory_url);
    region.stop().await;
}

#[tokio::test]
async fn the_control_listener_refuses_what_it_does_not_know() {
    let region = region().await;
    assert_eq!(switch(&region, "exploding").await, 400);
    let url = format!("{}/hospitals/nowhere", region.control_url);
    assert_eq!(send("PUT", &url, "", "{\"mode\":\"ok\"}").await.unwrap().status, 404);
    assert_eq!(send("DELETE", &url, "", "").await.unwrap().status, 405);
    assert_eq!(get(&format!("{}/elsewhere", region.control_url)).await.status, 404);
    region.stop().await;
}

#[tokio::test]
async fn the_service_that_wraps_keys_wants_its_token_and_is_switched_too() {
    let region = region().await;
    let (control, url) = (format!("{}/transit", region.control_url), region.transit_url.clone());
    let encrypt = format!("{url}/v1/transit/encrypt/portal-staff");
    assert_eq!(send("POST", &encrypt, "", "{\"plaintext\":\"a2V5\"}").await.unwrap().status, 403, "no token");
    let switch =
        async |mode: &str| send("PUT", &control, "", &format!("{{\"mode\":\"{mode}\"}}")).await.unwrap().status;
    assert_eq!(switch("sealed").await, 200);
    assert_eq!(send("POST", &encrypt, "", "{}").await.unwrap().status, 503);
    assert_eq!(switch("down").await, 200);
    assert!(send("POST", &encrypt, "", "{}").await.is_err());
    assert_eq!(switch("exploding").await, 400);
    assert_eq!(get(&control).await.json()["mode"], "down");
    region.stop().await;
}

#[tokio::test]
async fn a_stopped_region_listens_no_more() {
    let region = region().await;
    let url = patient(&region);
    region.stop().await;
    assert!(send("GET", &url, "", "").await.is_err());
}
