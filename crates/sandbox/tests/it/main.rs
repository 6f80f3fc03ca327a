//! The region as its peers see it: over HTTP and LDAP, on ephemeral ports of loopback.

mod behaviour;
mod directory;
mod generation;
mod http;
mod searching;

use sandbox::{Config, Region, Running};

/// A region of a fixed date with short waits.
async fn region() -> Running {
    Region::start(config()).await.unwrap()
}

fn config() -> Config {
    Config { today: Some("2026-11-21".parse().unwrap()), slow_ms: 300, page_link_ms: 60_000, ..Config::default() }
}
