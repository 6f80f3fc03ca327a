//! Several servers, in order of preference.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use directory::{Directory, DirectoryConfig, HealthState, LinkError, Refusal, SignInError};
use testbed::fault_proxy::{Fault, FaultProxy};
use testbed::hostile_ldap::ber::{BIND, SEARCH, entry, result};
use testbed::hostile_ldap::{HostileLdap, Manner, dead_url};
use testbed::openldap::OpenLdap;

use crate::hospital::{at_peers, config, openldap, reason};

/// The longest that a dead server may cost somebody (FEATURES: I1).
const FAILOVER: Duration = Duration::from_secs(3);

/// Settings for two servers with certificates of two authorities; the folder holds both certificates.
fn both(first: &OpenLdap, second: &OpenLdap, urls: &[&str]) -> (DirectoryConfig, tempfile::TempDir) {
    let mut config = config(first, urls);
    let mut authorities = std::fs::read(&first.ca_file).unwrap();
    authorities.extend(std::fs::read(&second.ca_file).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let both = folder.path().join("both.crt");
    std::fs::write(&both, authorities).unwrap();
    config.ca_file = Some(both);
    (config, folder)
}

/// Binds as a person that a server has written down.
fn binds(server: &OpenLdap, uid: &str) -> usize {
    let bind = format!("BIND dn=\"uid={uid},");
    server.log().lines().filter(|line| line.contains(&bind) && line.contains("method=128")).count()
}

async fn proxy(server: &OpenLdap) -> FaultProxy {
    FaultProxy::start(server.url.strip_prefix("ldap://").unwrap().parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_next_server_answers_when_the_first_is_dead_or_silent() {
    let Some(server) = openldap() else { return };
    let (silent, deaf) =
        (HostileLdap::start(Manner::Silence).await.unwrap(), HostileLdap::start(Manner::Deaf).await.unwrap());
    for first in [dead_url().await.unwrap(), silent.url.clone(), deaf.url.clone()] {
        let directory = Directory::new(vec![config(&server, &[&first, &server.url])]).unwrap();
        let start = Instant::now();
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
        assert!(start.elapsed() < FAILOVER, "{first}: {:?}", start.elapsed());
        assert_eq!(directory.health().await[0].state, HealthState::Degraded { server: server.url.clone() });
    }
}

#[tokio::test]
async fn all_servers_together_have_less_than_five_seconds() {
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(HostileLdap::start(Manner::Silence).await.unwrap());
    }
    let urls: Vec<&str> = silent.iter().map(|peer| peer.url.as_str()).collect();
    for count in 1..=urls.len() {
        let (directory, _folder) = at_peers(&urls[..count], 3_000);
        let start = Instant::now();
        match directory.sign_in(None, "li.wei", "secret").await {
            Err(SignInError::Unavailable { failures, .. }) => {
                assert_eq!(failures.len(), count);
                assert!(failures.iter().all(|failure| matches!(failure.error, LinkError::Timeout)), "{failures:?}");
            }
            other => panic!("expected silence, got {other:?}"),
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{count} servers: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_failed_is_asked_last_for_a_while() {
    let Some(server) = openldap() else { return };
    let silent = HostileLdap::start(Manner::Silence).await.unwrap();
    let directory = Directory::new(vec![config(&server, &[&silent.url, &server.url])]).unwrap();
    for _ in 0..3 {
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    }
    assert_eq!(silent.connections(), 1, "asked once, then passed over");
}

#[tokio::test]
async fn whatever_ails_the_first_server_the_second_signs_in() {
    let (Some(first), Some(second)) = (openldap(), openldap()) else { return };
    let way = proxy(&first).await;
    let (config, _folder) = both(&first, &second, &[&format!("ldap://{}", way.address()), &second.url]);
    let faults = [Fault::HalfOpen, Fault::Reset, Fault::Mute, Fault::CutAfter(20)];
    for (nth, fault) in faults.into_iter().enumerate() {
        let directory = Directory::new(vec![config.clone()]).unwrap();
        way.set(fault);
        let start = Instant::now();
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
        assert!(start.elapsed() < FAILOVER, "{fault:?}: {:?}", start.elapsed());
        way.set(Fault::None);
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
        assert_eq!((binds(&first, "li.wei"), binds(&second, "li.wei")), (0, 2 * nth + 2), "{fault:?}");
    }
}

#[tokio::test]
async fn the_first_server_is_asked_again_when_it_is_back() {
    let (Some(first), Some(second)) = (openldap(), openldap()) else { return };
    let way = proxy(&first).await;
    let (mut config, _folder) = both(&first, &second, &[&format!("ldap://{}", way.address()), &second.url]);
    config.timeout_ms = 1_000;
    let directory = Directory::new(vec![config]).unwrap();
    way.set(Fault::HalfOpen);
    directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    way.set(Fault::None);
    let back = Instant::now();
    while binds(&first, "li.wei") == 0 {
        assert!(back.elapsed() < Duration::from_secs(30), "the first server is never asked again");
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(back.elapsed() > Duration::from_secs(5), "asked again at once: {:?}", back.elapsed());
    let at_second = binds(&second, "li.wei");
    directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    assert_eq!(binds(&second, "li.wei"), at_second, "the first in the order is the first asked");
}

#[tokio::test]
async fn a_server_that_hangs_in_mid_flight_is_left() {
    let (Some(first), Some(second)) = (openldap(), openldap()) else { return };
    let (config, _folder) = both(&first, &second, &[&first.url, &second.url]);
    let directory = Directory::new(vec![config]).unwrap();
    let before = directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    first.freeze().unwrap();
    let start = Instant::now();
    let after = directory.sign_in(None, "li.wei", "correct horse").await;
    let took = start.elapsed();
    first.thaw().unwrap();
    assert_eq!(after.unwrap().username(), before.username());
    assert!(took < FAILOVER, "{took:?}");
}

#[tokio::test]
async fn a_wrong_password_is_tried_at_one_server_only() {
    let (Some(first), Some(second)) = (openldap(), openldap()) else { return };
    let (config, _folder) = both(&first, &second, &[&first.url, &second.url]);
    let directory = Directory::new(vec![config]).unwrap();
    for nth in 1..=3 {
        let refused = reason(directory.sign_in(None, "li.wei", "wrong").await);
        assert_eq!(refused, Refusal::WrongPassword { detail: None });
        assert_eq!((binds(&first, "li.wei"), binds(&second, "li.wei")), (nth, 0));
    }
    assert!(!second.log().contains("BIND dn=\"cn=svc-portal,"), "the second server was asked: {}", second.log());
}

#[tokio::test]
async fn a_refusal_of_any_kind_is_the_last_word() {
    for code in [8, 10, 13, 19, 49, 50, 53] {
        let asked = AtomicUsize::new(0);
        let first = HostileLdap::scripted(move |operation, id| match operation {
            // The service account binds first, the person second.
            BIND if asked.fetch_add(1, Ordering::SeqCst) == 0 => result(id, BIND, 0),
            BIND => result(id, BIND, code),
            SEARCH => [entry(id, "uid=li.wei,dc=x", &[]), result(id, SEARCH, 0)].concat(),
            other => result(id, other, 2),
        });
        let (first, second) = (first.await.unwrap(), HostileLdap::start(Manner::TwoEntries).await.unwrap());
        let (directory, _folder) = at_peers(&[&first.url, &second.url], 1_000);
        let outcome = directory.sign_in(None, "li.wei", "wrong").await;
        let last = matches!(outcome, Err(SignInError::Refused(_) | SignInError::Misconfigured { .. }));
        assert!(last, "{code}: {outcome:?}");
        assert_eq!((first.binds(), second.connections()), (2, 0), "{code}");
    }
}

#[tokio::test]
async fn a_busy_server_lets_the_next_one_try() {
    let busy = HostileLdap::start(Manner::Busy).await.unwrap();
    let dead = dead_url().await.unwrap();
    let (directory, _folder) = at_peers(&[&busy.url, &dead], 1_000);
    match directory.sign_in(None, "li.wei", "secret").await {
        Err(SignInError::Unavailable { organisation, failures }) => {
            assert_eq!(organisation, "region");
            assert_eq!(failures.iter().map(|failure| failure.server.as_str()).collect::<Vec<_>>(), [&busy.url, &dead]);
            assert!(matches!(failures[0].error, LinkError::Busy(51)));
            assert!(matches!(failures[1].error, LinkError::Connect(_)));
        }
        other => panic!("expected both to fail, got {other:?}"),
    }
}
