//! The region as its peers see it: over HTTP and LDAP, on ephemeral ports of loopback.

#![allow(clippy::unwrap_used, reason = "what a test can't do, it fails on")]

mod behaviour;
mod content;
mod directory;
mod generation;
mod http;
mod people;
mod searching;
mod vendors;

use std::sync::LazyLock;

use sandbox::{Config, Region, Running};
use tokio::runtime::Runtime;

/// A region of a fixed date with short waits, for tests that change its behaviour.
async fn region() -> Running {
    Region::start(config()).await.unwrap()
}

/// A region shared by the tests that only look. It lives on a runtime of its own: each test's runtime ends with the test.
fn shared() -> &'static Running {
    static SHARED: LazyLock<(Runtime, Running)> = LazyLock::new(|| {
        let start = || {
            let runtime = Runtime::new().unwrap();
            let running = runtime.block_on(region());
            (runtime, running)
        };
        std::thread::spawn(start).join().unwrap()
    });
    &SHARED.1
}

fn config() -> Config {
    Config {
        today: Some("2026-11-21".parse().unwrap()),
        slow_ms: 300,
        page_link_ms: 60_000,
        legacy_delay_ms: 0,
        ..Config::default()
    }
}

/// Base URL of a hospital's FHIR server.
fn base(region: &Running, id: &str) -> String {
    region.hospitals.iter().find(|hospital| hospital.id == id).unwrap().base_url.clone()
}

/// A person's id at a hospital, by the person's name.
fn known_as(region: &Running, name: &str, hospital: &str) -> String {
    let person = region.patients.iter().find(|person| person.name == name).unwrap();
    person.hospitals.iter().find(|(id, _)| id == hospital).unwrap().1.clone()
}
