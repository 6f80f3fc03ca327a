//! Peers that mean harm: each is answered in time, and the process lives.

use std::process::Command;
use std::time::{Duration, Instant};

use access::{Classify, Fault};
use directory::{LinkError, Misconfiguration, Refusal, SignInError, StaffIdentity, Violation};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::hospital::{at_peers, reason};
use crate::peer::{BIND, Peer, SEARCH, ber, entry, message, read_message, result};

/// Signs in at a peer; whatever it does, there is an answer within five seconds.
async fn sign_in_at(peer: &Peer) -> Result<StaffIdentity, SignInError> {
    let (directory, _folder) = at_peers(&[&peer.url], 3_000);
    let start = Instant::now();
    let outcome = directory.sign_in(None, "li.wei", "secret").await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    outcome
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
async fn answering(bytes: Vec<u8>) -> Peer {
    Peer::start(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            read_message(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            std::future::pending::<()>().await;
        }
    })
    .await
}

/// 80 KB of sequences in sequences.
fn nested() -> Vec<u8> {
    let mut inner: Vec<u8> = Vec::new();
    while inner.len() < 80_000 {
        inner = ber(0x30, &inner);
    }
    inner
}

/// A result with half a million empty parts: less than 1 MiB, but fifty times as much once it is parsed.
fn crowd() -> Vec<u8> {
    let parts = [ber(0x0a, &[0]), ber(0x04, b""), ber(0x04, b""), [0x04, 0x00].repeat(500_000)];
    message(1, &ber(0x61, &parts.concat()))
}

/// Claims 2 GiB and keeps sending.
async fn endless(mut stream: TcpStream) {
    read_message(&mut stream).await;
    let _ = stream.write_all(b"\x30\x84\x7f\xff\xff\xff").await;
    while stream.write_all(&[0; 64 * 1024]).await.is_ok() {}
}

/// Sends good entries for ever.
async fn flooding(mut stream: TcpStream) {
    read_message(&mut stream).await;
    let _ = stream.write_all(&result(1, BIND, 0)).await;
    read_message(&mut stream).await;
    let entries = entry(2, "uid=a,dc=x").repeat(500);
    while stream.write_all(&entries).await.is_ok() {}
}

#[tokio::test]
async fn nested_answers_are_refused() {
    for bytes in [nested(), message(1, &nested()), message(1, &ber(0x61, &nested()))] {
        let error = link_error(sign_in_at(&answering(bytes).await).await);
        assert!(matches!(error, LinkError::Protocol(Violation::Depth)), "{error:?}");
    }
}

#[tokio::test]
async fn a_claim_of_two_gibibytes_is_refused() {
    let error = link_error(sign_in_at(&Peer::start(endless).await).await);
    assert!(matches!(error, LinkError::Protocol(Violation::Frame(_))), "{error:?}");
}

#[tokio::test]
async fn a_crowd_of_empty_parts_is_refused() {
    let error = link_error(sign_in_at(&answering(crowd()).await).await);
    assert!(matches!(error, LinkError::Protocol(Violation::Flood)), "{error:?}");
}

#[tokio::test]
async fn entries_without_end_are_more_than_one() {
    assert_eq!(reason(sign_in_at(&Peer::start(flooding).await).await), Refusal::Ambiguous);
}

#[tokio::test]
async fn a_silent_peer_is_left() {
    let error = link_error(sign_in_at(&answering(Vec::new()).await).await);
    assert!(matches!(error, LinkError::Timeout), "{error:?}");
}

#[tokio::test]
async fn a_dripping_peer_is_left() {
    let peer = Peer::start(|mut stream| async move {
        read_message(&mut stream).await;
        let _ = stream.write_all(b"\x30\x82\x03\xe8").await;
        while stream.write_all(b"\x00").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let error = link_error(sign_in_at(&peer).await);
    assert!(matches!(error, LinkError::Timeout), "{error:?}");
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_noticed_at_once() {
    let at_once = Peer::start(|stream| async move { drop(stream) }).await;
    let after_request = Peer::start(|mut stream| async move {
        read_message(&mut stream).await;
    })
    .await;
    for peer in [at_once, after_request] {
        let start = Instant::now();
        let error = link_error(sign_in_at(&peer).await);
        assert!(matches!(error, LinkError::Closed), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn answers_of_another_kind_are_refused() {
    let search_answer_to_a_bind = entry(1, "dc=x");
    let answer_to_nothing = result(7, BIND, 0);
    let no_result_code = message(1, &ber(0x61, b""));
    let web = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    for bytes in [search_answer_to_a_bind, answer_to_nothing, no_result_code, web] {
        let error = link_error(sign_in_at(&answering(bytes).await).await);
        assert!(matches!(error, LinkError::Protocol(_)), "{error:?}");
    }
}

#[tokio::test]
async fn referrals_are_failures_and_nobody_is_asked_there() {
    let canary = Peer::start(|stream| async move { drop(stream) }).await;
    let there = format!("{}/dc=x", canary.url);
    let referral = move |id: u8, operation: u8| {
        let tag = if operation == BIND { 0x61 } else { 0x65 };
        let refs = ber(0xa3, &ber(0x04, there.as_bytes()));
        message(id, &ber(tag, &[ber(0x0a, &[10]), ber(0x04, b""), ber(0x04, b""), refs].concat()))
    };
    let reference = format!("{}/dc=y", canary.url);
    let reference = move |id: u8| message(id, &ber(0x73, &ber(0x04, reference.as_bytes())));

    let refer = referral.clone();
    let service = Peer::scripted(move |operation, id| refer(id, operation)).await;
    let outcome = sign_in_at(&service).await;
    assert!(matches!(outcome, Err(SignInError::Misconfigured { fault: Misconfiguration::ServiceBind(10), .. })));

    let refer = referral.clone();
    let search = Peer::scripted(move |operation, id| match operation {
        SEARCH => refer(id, SEARCH),
        other => result(id, other, 0),
    })
    .await;
    let outcome = sign_in_at(&search).await;
    assert!(matches!(outcome, Err(SignInError::Misconfigured { fault: Misconfiguration::Search(10), .. })));

    let person = Peer::start(move |mut stream| {
        let (refer, reference) = (referral.clone(), reference.clone());
        async move {
            while let Some(request) = read_message(&mut stream).await {
                let (id, operation) = (request[4], request[5]);
                let persons = request.windows(6).any(|part| part == b"li.wei");
                let answer = match operation {
                    BIND if persons => refer(id, BIND),
                    SEARCH => [reference(id), entry(id, "uid=li.wei,dc=x"), result(id, SEARCH, 0)].concat(),
                    other => result(id, other, 0),
                };
                let _ = stream.write_all(&answer).await;
            }
        }
    })
    .await;
    assert_eq!(reason(sign_in_at(&person).await), Refusal::Denied(10));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn an_entry_outside_the_base_is_nobody() {
    for dn in ["", "uid=li.wei,dc=elsewhere", "not a name"] {
        let peer = Peer::scripted(move |operation, id| match operation {
            SEARCH => [entry(id, dn), result(id, SEARCH, 0)].concat(),
            other => result(id, other, 0),
        })
        .await;
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
    let peer = Peer::scripted(|operation, id| match operation {
        SEARCH => [entry(id, "uid=li.wei,dc=x"), result(id, SEARCH, 0)].concat(),
        other => result(id, other, 0),
    })
    .await;
    assert_eq!(reason(sign_in_at(&peer).await), Refusal::OtherIdentity);
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
        let _ = sign_in_at(&answering(result(1, BIND, 49)).await).await;
        let before = peak_kib();
        let _ = sign_in_at(&answering(nested()).await).await;
        let _ = sign_in_at(&Peer::start(endless).await).await;
        let _ = sign_in_at(&Peer::start(flooding).await).await;
        let _ = sign_in_at(&answering(crowd()).await).await;
        let grown = peak_kib() - before;
        assert!(grown < 20 * 1024, "{grown} KiB more");
    });
}

/// The most memory this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
