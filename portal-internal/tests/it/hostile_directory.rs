//! Signing in over HTTP while the directory is another's machine (SECURITY: threats 3 and 4).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use testbed::hostile_ldap::{HostileLdap, Manner};
use testbed::{Database, TestPortal, process};
use toml::{Table, Value};

/// The longest that anybody waits for an answer.
const LONGEST: Duration = Duration::from_secs(5);
/// What a hostile directory may cost: 20 MB.
const MEMORY: u64 = 20 << 20;
const PASSWORD: &str = "secret-canary-Pa55";

/// What somebody who signs in sees while the directory is of a manner, and what it cost.
async fn sign_in(portal: &TestPortal, name: &str, username: &str) -> Result<u16> {
    let pid = portal.pid()?;
    let mut visitor = portal.visitor()?;
    visitor.get("/sign-in").await?;
    process::forget_peak(pid)?;
    let before = process::peak(pid)?;
    let start = Instant::now();
    let answer = visitor.post_form("/sign-in", &[("username", username), ("password", PASSWORD)]).await?;
    let took = start.elapsed();
    let grown = process::peak(pid)?.saturating_sub(before);
    eprintln!("| {name} | {} | {:.1} s | +{:.1} MB |", answer.status, took.as_secs_f64(), grown as f64 / 1e6);
    assert!(took < LONGEST, "{name}: {took:?}");
    assert!(grown < MEMORY, "{name}: {grown} bytes more");
    for secret in [PASSWORD, "127.0.0.1", "dc=x", "ldap://"] {
        assert!(!answer.body.contains(secret), "{name}: {secret} in the answer: {}", answer.body);
    }
    assert_eq!(visitor.get("/api/v1/session").await?.status, 401, "{name} signed somebody in");
    assert_eq!(portal.ops("/health/live").await?.status, 200, "{name}");
    Ok(answer.status)
}

fn directory(table: &mut Table) -> Result<&mut Table> {
    table["directory"][0].as_table_mut().context("a directory")
}

/// A portal whose only directory is `peer`, in the clear.
async fn in_the_clear(peer: &HostileLdap) -> Result<TestPortal> {
    let url = peer.url.clone();
    TestPortal::internal_with(&Database::sqlite().await?, testbed::region().await, move |table| {
        let Ok(directory) = directory(table) else { return };
        directory.remove("ca_file");
        directory.remove("group_base_dn");
        directory.remove("role");
        for (key, value) in [
            ("urls", Value::Array(vec![url.into()])),
            ("starttls", false.into()),
            ("insecure", true.into()),
            ("base_dn", "dc=x".into()),
            ("bind_dn", "cn=service,dc=x".into()),
        ] {
            directory.insert(key.to_owned(), value);
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_directory_signs_nobody_in_and_the_portal_lives() -> Result<()> {
    let peer = HostileLdap::start(Manner::WrongPassword).await?;
    let canary = HostileLdap::start(Manner::Silence).await?;
    let portal = in_the_clear(&peer).await?;
    let pid = portal.pid()?;
    // What the first sign-in loads is not the directory's doing.
    sign_in(&portal, "wrong password", "li.wei").await?;
    let there = format!("{}/dc=y", canary.url);
    let manners = [
        (Manner::Nested, 503),
        (Manner::NestedInside, 503),
        (Manner::TwoGibibytes, 503),
        (Manner::Crowd, 503),
        (Manner::EndlessEntries, 422),
        (Manner::Silence, 503),
        (Manner::Deaf, 503),
        (Manner::Drip, 503),
        (Manner::Garbage, 503),
        (Manner::HangUp, 503),
        (Manner::ReferBind(there.clone()), 503),
        (Manner::ReferSearch(there.clone()), 503),
        (Manner::ReferPerson(there), 422),
        (Manner::TwoEntries, 422),
        (Manner::Anonymous, 422),
        (Manner::Busy, 503),
    ];
    for (nth, (manner, status)) in manners.into_iter().enumerate() {
        peer.set(manner.clone());
        // A name of its own each time: refusals of one name slow its next attempts down.
        let said = sign_in(&portal, &format!("{manner:?}"), &format!("somebody-{nth}")).await?;
        assert_eq!(said, status, "{manner:?}\n{}", portal.log());
    }
    assert_eq!(canary.connections(), 0, "a referral was followed");
    assert_eq!(portal.pid()?, pid, "the program was started again");
    let log = portal.log();
    assert!(!log.contains(PASSWORD) && !log.contains("panicked"), "{log}");
    assert!(log.contains("insecure = true"), "the clear way is not named in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bind_leaves_before_tls_stands() -> Result<()> {
    let region = testbed::region().await;
    let server: std::net::SocketAddr = region.directory.url.trim_start_matches("ldap://").parse()?;
    let peer = HostileLdap::start(Manner::Pass(server)).await?;
    let url = peer.url.clone();
    let portal = TestPortal::internal_with(&Database::sqlite().await?, region, move |table| {
        if let Ok(directory) = directory(table) {
            directory.insert("urls".to_owned(), Value::Array(vec![url.into()]));
        }
    })
    .await?;
    // Nobody between: people sign in, by TLS.
    portal.clinician("li.wei").await?;
    let staff = region.staff.iter().find(|staff| staff.username == "li.wei").context("li.wei")?;
    let mut before = peer.heard().len();
    for manner in [
        Manner::StripStartTls(server),
        Manner::RefuseStartTls(2),
        Manner::RefuseStartTls(52),
        Manner::PretendStartTls,
        Manner::Nested,
        Manner::TwoGibibytes,
        Manner::Silence,
        Manner::Garbage,
        Manner::HangUp,
    ] {
        peer.set(manner.clone());
        assert_eq!(sign_in(&portal, &format!("StartTLS, {manner:?}"), "li.wei").await?, 503, "{manner:?}");
        let heard = peer.heard().split_off(before);
        before += heard.len();
        let text = String::from_utf8_lossy(&heard);
        for secret in [PASSWORD, &region.directory.bind_dn, &region.directory.bind_password, "li.wei"] {
            assert!(!text.contains(secret), "{manner:?}: {secret} left in the clear");
        }
    }
    assert_eq!(peer.binds(), 0);
    peer.set(Manner::Pass(server));
    let back = portal.visitor()?.sign_in(&staff.username, &staff.password, None).await?;
    assert_eq!(back.status, 303, "{}", back.body);
    let heard = String::from_utf8_lossy(&peer.heard()).into_owned();
    assert!(!heard.contains(&staff.password) && !heard.contains(&region.directory.bind_password));
    Ok(())
}
