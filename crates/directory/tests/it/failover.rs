//! Several servers, in order of preference.

use std::time::{Duration, Instant};

use directory::{Directory, HealthState, LinkError, Refusal, SignInError};

use crate::hospital::{at_peers, config, openldap, reason};
use crate::peer::{BIND, Peer, SEARCH, dead_url, entry, result};

async fn silent() -> Peer {
    Peer::start(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await
}

#[tokio::test]
async fn the_next_server_answers_when_the_first_is_dead_or_silent() {
    let Some(server) = openldap() else { return };
    let silent = silent().await;
    for first in [dead_url().await, silent.url.clone()] {
        let directory = Directory::new(vec![config(&server, &[&first, &server.url])]).unwrap();
        let start = Instant::now();
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert_eq!(directory.health().await[0].state, HealthState::Degraded { server: server.url.clone() });
    }
}

#[tokio::test]
async fn a_server_that_failed_is_asked_last_for_a_while() {
    let Some(server) = openldap() else { return };
    let silent = silent().await;
    let directory = Directory::new(vec![config(&server, &[&silent.url, &server.url])]).unwrap();
    for _ in 0..3 {
        directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    }
    assert_eq!(silent.connections(), 1, "asked once, then passed over");
}

#[tokio::test]
async fn a_server_that_hangs_in_mid_flight_is_left() {
    let (Some(first), Some(second)) = (openldap(), openldap()) else { return };
    let mut config = config(&first, &[&first.url, &second.url]);
    let mut authorities = std::fs::read(&first.ca_file).unwrap();
    authorities.extend(std::fs::read(&second.ca_file).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let both = folder.path().join("both.crt");
    std::fs::write(&both, authorities).unwrap();
    config.ca_file = Some(both);
    config.timeout_ms = 1_000;
    let directory = Directory::new(vec![config]).unwrap();
    let before = directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    first.freeze().unwrap();
    let after = directory.sign_in(None, "li.wei", "correct horse").await;
    first.thaw().unwrap();
    assert_eq!(after.unwrap().username(), before.username());
}

#[tokio::test]
async fn a_wrong_password_is_tried_at_one_server_only() {
    let binds = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&binds);
    let refusing = move |operation: u8, id: u8| match operation {
        // The service account binds first, the person second.
        BIND if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => result(id, BIND, 0),
        BIND => result(id, BIND, 49),
        SEARCH => [entry(id, "uid=li.wei,dc=x"), result(id, SEARCH, 0)].concat(),
        other => result(id, other, 2),
    };
    let first = Peer::scripted(refusing).await;
    let second = Peer::scripted(|operation, id| result(id, operation, 0)).await;
    let (directory, _folder) = at_peers(&[&first.url, &second.url], 1_000);
    let refused = reason(directory.sign_in(None, "li.wei", "wrong").await);
    assert_eq!(refused, Refusal::WrongPassword { detail: None });
    assert_eq!(binds.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert_eq!(second.connections(), 0);
}

#[tokio::test]
async fn a_busy_server_lets_the_next_one_try() {
    let busy = Peer::scripted(|operation, id| result(id, operation, 51)).await;
    let dead = dead_url().await;
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
