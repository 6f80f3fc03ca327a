//! Nothing secret leaves before TLS stands with the right server.

use directory::{Directory, LinkError, SignInError, StaffIdentity, Violation};
use testbed::hostile_ldap::ber::{EXTENDED, message, result};
use testbed::hostile_ldap::{HostileLdap, Manner};
use testbed::openldap::OpenLdap;

use crate::hospital::{config, openldap};

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

/// Signs in by StartTLS at a peer that is none of the right ones; what it heard.
async fn at(peer: &HostileLdap, server: &OpenLdap) -> (LinkError, Vec<u8>) {
    let mut config = config(server, &[&peer.url]);
    config.timeout_ms = 500;
    let error = link_error(Directory::new(vec![config]).unwrap().sign_in(None, "li.wei", "correct horse").await);
    assert_eq!(peer.connections(), 1);
    (error, peer.heard())
}

/// The bytes of the one request that may leave in the clear.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

#[tokio::test]
async fn a_server_that_refuses_starttls_hears_no_bind() {
    let Some(server) = openldap() else { return };
    for code in [1, 2, 52, 53] {
        let peer = HostileLdap::start(Manner::RefuseStartTls(code)).await.unwrap();
        let (error, heard) = at(&peer, &server).await;
        assert!(matches!(error, LinkError::StartTls(refused) if refused == u32::from(code)), "{error:?}");
        assert_eq!(heard, START_TLS);
    }
}

#[tokio::test]
async fn a_proxy_that_strips_starttls_sees_no_bind() {
    let Some(server) = openldap() else { return };
    let address = server.url.strip_prefix("ldap://").unwrap().parse().unwrap();
    // The way to the server is open: who spoke in the clear would be signed in.
    let open = HostileLdap::start(Manner::Pass(address)).await.unwrap();
    let (driver, mut ldap) = ldap3::LdapConnAsync::new(&open.url).await.unwrap();
    let driver = tokio::spawn(driver.drive());
    assert_eq!(ldap.simple_bind(&server.bind_dn, &server.bind_password).await.unwrap().rc, 0);
    driver.abort();
    assert!(String::from_utf8_lossy(&open.heard()).contains(&server.bind_password), "the wire is watched");

    let peer = HostileLdap::start(Manner::StripStartTls(address)).await.unwrap();
    let (error, heard) = at(&peer, &server).await;
    assert!(matches!(error, LinkError::StartTls(2)), "{error:?}");
    assert_eq!(heard, START_TLS);
}

#[tokio::test]
async fn a_proxy_that_agrees_and_stays_in_the_clear_sees_no_bind() {
    let Some(server) = openldap() else { return };
    let peer = HostileLdap::start(Manner::PretendStartTls).await.unwrap();
    let (error, heard) = at(&peer, &server).await;
    assert!(matches!(error, LinkError::Timeout), "{error:?}");
    assert_eq!(peer.binds(), 0);
    let text = String::from_utf8_lossy(&heard);
    assert!(!text.contains("svc-portal") && !text.contains("service of the test") && !text.contains("li.wei"));
}

#[tokio::test]
async fn bytes_behind_the_answer_to_starttls_are_refused() {
    let Some(server) = openldap() else { return };
    let answer = || result(1, EXTENDED, 0);
    let answering =
        async |bytes: Vec<u8>| at(&HostileLdap::scripted(move |_, _| bytes.clone()).await.unwrap(), &server).await.0;
    let error = answering([answer(), b"\x30".to_vec()].concat()).await;
    assert!(matches!(error, LinkError::Protocol(Violation::Injection)), "{error:?}");
    let error = answering([answer(), answer()].concat()).await;
    assert!(matches!(error, LinkError::Protocol(Violation::Unexpected { .. })), "{error:?}");
    let error = answering(message(1, &[0x61, 0])).await;
    assert!(matches!(error, LinkError::Protocol(_)), "{error:?}");
}

#[test]
fn a_way_without_protection_needs_a_word_that_says_so() {
    let text = |more: &str| {
        format!(
            "id = 'region'\nname = {{ zh = '区域平台', en = 'Region' }}\nurls = ['ldap://127.0.0.1:1']\nbase_dn = 'dc=x'\n\
             bind_dn = 'cn=service,dc=x'\nbind_password_file = '/dev/null'\nuser_filter = '(uid={{uid}})'\n{more}"
        )
    };
    let problems = |more: &str| match Directory::new(vec![toml::from_str(&text(more)).unwrap()]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|problem| format!("{problem:?}")).collect(),
    };
    let about_urls = |more: &str| problems(more).iter().any(|problem| problem.contains("urls"));
    assert!(about_urls("") && about_urls("starttls = false") && about_urls("insecure = false"));
    assert!(!about_urls("starttls = true") && !about_urls("insecure = true"));
}
