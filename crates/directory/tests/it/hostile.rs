//! Peers that mean harm: each is answered in time, and the process lives.

use std::process::Command;
use std::time::{Duration, Instant};

use access::{Classify, Fault};
use directory::{LinkError, Misconfiguration, Refusal, SignInError, StaffIdentity, Violation};
use testbed::hostile_ldap::ber::{self, BIND, SEARCH, entry, message, result};
use testbed::hostile_ldap::{HostileLdap, Manner};
use testbed::process;
use tokio::io::AsyncWriteExt;

use crate::hospital::{at_peers, reason};

/// Signs in at a peer; whatever it does, there is an answer within five seconds.
async fn sign_in_at(peer: &HostileLdap) -> Result<StaffIdentity, SignInError> {
    let (directory, _folder) = at_peers(&[&peer.url], 3_000);
    let start = Instant::now();
    let outcome = directory.sign_in(None, "li.wei", "secret").await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    outcome
}

async fn at(manner: Manner) -> Result<StaffIdentity, SignInError> {
    sign_in_at(&HostileLdap::start(manner).await.unwrap()).await
}

#[track_caller]
fn link_error(outcome: Result<StaffIdentity, SignInError>) -> LinkError {
    match outcome {
        Err(error @ SignInError::Unavailable { .. }) => {
            assert_eq!(error.fault(), Fault::Unavailable);
            let SignInError::Unavailable { mut failures, .. } = error else { unreachable!() };
            failures.remove(0).error
        }
        other => panic!("expected no answer from the server, got {other:?}"),
    }
}

/// A peer that answers the first request with `bytes` and stays.
async fn answering(bytes: Vec<u8>) -> HostileLdap {
    HostileLdap::serving(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            ber::read(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            std::future::pending::<()>().await;
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn nested_answers_are_refused() {
    for manner in [Manner::Nested, Manner::NestedInside] {
        let error = link_error(at(manner).await);
        assert!(matches!(error, LinkError::Protocol(Violation::Depth)), "{error:?}");
    }
    let error = link_error(sign_in_at(&answering(message(1, &ber::nested())).await).await);
    assert!(matches!(error, LinkError::Protocol(Violation::Depth)), "{error:?}");
}

#[tokio::test]
async fn a_claim_of_two_gibibytes_is_refused() {
    let error = link_error(at(Manner::TwoGibibytes).await);
    assert!(matches!(error, LinkError::Protocol(Violation::Frame(_))), "{error:?}");
}

#[tokio::test]
async fn a_crowd_of_empty_parts_is_refused() {
    let error = link_error(at(Manner::Crowd).await);
    assert!(matches!(error, LinkError::Protocol(Violation::Flood)), "{error:?}");
}

#[tokio::test]
async fn several_entries_are_nobody() {
    assert_eq!(reason(at(Manner::EndlessEntries).await), Refusal::Ambiguous);
    let peer = HostileLdap::start(Manner::TwoEntries).await.unwrap();
    assert_eq!(reason(sign_in_at(&peer).await), Refusal::Ambiguous);
    // The service account, and the pretended bind of somebody who is not there.
    assert_eq!(peer.binds(), 2);
    let heard = String::from_utf8_lossy(&peer.heard()).into_owned();
    assert!(!heard.contains("uid=li.wei,") && !heard.contains("secret"), "one of the two was tried");
}

#[tokio::test]
async fn silent_and_dripping_peers_are_left() {
    for manner in [Manner::Silence, Manner::Deaf, Manner::Drip] {
        let error = link_error(at(manner.clone()).await);
        assert!(matches!(error, LinkError::Timeout), "{manner:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_noticed_at_once() {
    let at_once = HostileLdap::serving(|stream| async move { drop(stream) }).await.unwrap();
    for peer in [at_once, HostileLdap::start(Manner::HangUp).await.unwrap()] {
        // Noticed late, it would be a timeout.
        let error = link_error(sign_in_at(&peer).await);
        assert!(matches!(error, LinkError::Closed), "{error:?}");
    }
}

#[tokio::test]
async fn answers_of_another_kind_are_refused() {
    let error = link_error(at(Manner::Garbage).await);
    assert!(matches!(error, LinkError::Protocol(_)), "{error:?}");
    let search_answer_to_a_bind = entry(1, "dc=x", &[]);
    let answer_to_nothing = result(7, BIND, 0);
    let no_result_code = message(1, &ber::value(0x61, b""));
    for bytes in [search_answer_to_a_bind, answer_to_nothing, no_result_code] {
        let error = link_error(sign_in_at(&answering(bytes).await).await);
        assert!(matches!(error, LinkError::Protocol(_)), "{error:?}");
    }
}

#[tokio::test]
async fn referrals_are_failures_and_nobody_is_asked_there() {
    let canary = HostileLdap::start(Manner::Silence).await.unwrap();
    let there = format!("{}/dc=x", canary.url);

    let outcome = at(Manner::ReferBind(there.clone())).await;
    assert!(matches!(outcome, Err(SignInError::Misconfigured { fault: Misconfiguration::ServiceBind(10), .. })));
    let outcome = at(Manner::ReferSearch(there.clone())).await;
    assert!(matches!(outcome, Err(SignInError::Misconfigured { fault: Misconfiguration::Search(10), .. })));
    assert_eq!(reason(at(Manner::ReferPerson(there)).await), Refusal::Denied(10));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn an_entry_outside_the_base_is_nobody() {
    for dn in ["", "uid=li.wei,dc=elsewhere", "not a name"] {
        let peer = HostileLdap::scripted(move |operation, id| match operation {
            SEARCH => [entry(id, dn, &[]), result(id, SEARCH, 0)].concat(),
            other => result(id, other, 0),
        })
        .await
        .unwrap();
        let outcome = sign_in_at(&peer).await;
        assert!(
            matches!(outcome, Err(SignInError::Misconfigured { fault: Misconfiguration::EntryName, .. })),
            "{dn:?}"
        );
    }
}

#[tokio::test]
async fn a_bind_that_leaves_us_nobody_is_no_sign_in() {
    // Every answer is a success, and WhoAmI has no name in it.
    assert_eq!(reason(at(Manner::Anonymous).await), Refusal::OtherIdentity);
}

const ALONE: &str = "DIRECTORY_MEMORY_ALONE";

/// Runs itself again in a process of its own, where nothing else takes memory.
#[test]
fn hostile_peers_do_not_grow_the_process() {
    if std::env::var_os(ALONE).is_some() {
        return measure();
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::hostile_peers_do_not_grow_the_process", "--nocapture"])
        .env(ALONE, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        // Code and tables that the first connection loads are not the peer's doing.
        let _ = at(Manner::WrongPassword).await;
        let peak = || process::peak(std::process::id()).unwrap();
        let before = peak();
        for manner in [Manner::Nested, Manner::TwoGibibytes, Manner::EndlessEntries, Manner::Crowd] {
            let _ = at(manner).await;
        }
        let grown = (peak() - before) >> 20;
        assert!(grown < 20, "{grown} MiB more");
    });
}
