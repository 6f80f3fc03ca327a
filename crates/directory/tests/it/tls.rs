//! Nothing secret leaves before TLS stands with the right server.

use std::sync::{Arc, Mutex};

use directory::{Directory, LinkError, SignInError, StaffIdentity, Violation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::hospital::{config, openldap};
use crate::peer::{EXTENDED, Peer, message, read_message, result};

#[track_caller]
fn link_error(outcome: Result<StaffIdentity, SignInError>) -> LinkError {
    match outcome {
        Err(SignInError::Unavailable { mut failures, .. }) if failures.len() == 1 => failures.remove(0).error,
        other => panic!("expected one server that failed, got {other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_for_another_name_is_refused() {
    let Some(server) = openldap() else { return };
    for url in [&server.url, &server.ldaps_url] {
        let mut other = config(&server, &[url]);
        other.ca_file = Some(server.other_ca_file.clone());
        let mut public = other.clone();
        public.ca_file = None;
        let name = config(&server, &[&url.replace("127.0.0.1", "localhost")]);
        for config in [other, public, name] {
            let directory = Directory::new(vec![config]).unwrap();
            let error = link_error(directory.sign_in(None, "li.wei", "correct horse").await);
            assert!(matches!(error, LinkError::Tls(_)), "{error:?}");
        }
    }
    assert!(!server.log().contains(&format!("BIND dn=\"{}\"", server.bind_dn)), "no bind reached the server");
}

/// What a server that answers StartTLS with `answer` gets to see.
async fn seen_after(answer: Vec<u8>) -> Option<(LinkError, Vec<u8>)> {
    let server = openldap()?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let proxy = Peer::start(move |mut stream| {
        let (answer, record) = (answer.clone(), Arc::clone(&record));
        async move {
            let Some(request) = read_message(&mut stream).await else { return };
            record.lock().unwrap().extend(request);
            let _ = stream.write_all(&answer).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            record.lock().unwrap().extend(rest);
        }
    })
    .await;
    let mut config = config(&server, &[&proxy.url]);
    config.timeout_ms = 500;
    let error = link_error(Directory::new(vec![config]).unwrap().sign_in(None, "li.wei", "correct horse").await);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(proxy.connections(), 1);
    Some((error, seen))
}

#[tokio::test]
async fn a_proxy_that_strips_starttls_sees_no_bind() {
    for code in [2, 52, 53] {
        let Some((error, seen)) = seen_after(result(1, EXTENDED, code)).await else { return };
        assert!(matches!(error, LinkError::StartTls(refused) if refused == u32::from(code)), "{error:?}");
        assert_eq!(seen, b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037");
    }
}

#[tokio::test]
async fn a_proxy_that_agrees_and_stays_in_the_clear_sees_no_bind() {
    let Some((error, seen)) = seen_after(result(1, EXTENDED, 0)).await else { return };
    assert!(matches!(error, LinkError::Timeout), "{error:?}");
    let text = String::from_utf8_lossy(&seen);
    assert!(!text.contains("svc-portal") && !text.contains("service of the test") && !text.contains("li.wei"));
}

#[tokio::test]
async fn bytes_behind_the_answer_to_starttls_are_refused() {
    let answer = result(1, EXTENDED, 0);
    let Some((error, _)) = seen_after([answer.clone(), b"\x30".to_vec()].concat()).await else { return };
    assert!(matches!(error, LinkError::Protocol(Violation::Injection)), "{error:?}");
    let Some((error, _)) = seen_after([answer.clone(), answer].concat()).await else { return };
    assert!(matches!(error, LinkError::Protocol(Violation::Unexpected { .. })), "{error:?}");
    let Some((error, _)) = seen_after(message(1, &[0x61, 0])).await else { return };
    assert!(matches!(error, LinkError::Protocol(_)), "{error:?}");
}
