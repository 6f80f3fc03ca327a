//! The HTTP client against servers that answer well, badly, slowly, too much, or elsewhere.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test program: nobody imports it, and a panic is a failed test")]

mod busy;
mod idle;
mod proxies;
mod proxy;
mod server;
mod tls;

use std::{io::Write as _, time::Duration};

use outbound::{Outbound, OutboundError, Target, TargetSettings};
use server::{Server, answer};
use tokio::time::Instant;
use url::Url;

fn settings(server: &Server) -> TargetSettings {
    TargetSettings::new("city-first", server.url("/fhir"))
}

fn target(settings: TargetSettings) -> Target {
    Outbound::new().unwrap().target(settings).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

async fn get(target: &Target, url: &Url) -> Result<outbound::Answer, OutboundError> {
    target.get(url, "application/fhir+json", soon()).await
}

#[tokio::test]
async fn an_answer_carries_status_type_body_and_retry_after() {
    let server =
        Server::start(|_, _| answer(503, "Content-Type: application/fhir+json\r\nRetry-After: 7\r\n", "{}")).await;
    let mut settings = settings(&server);
    settings.headers = vec![("X-Tenant".into(), "ward-7".into())];
    let got = get(&target(settings), &server.url("/fhir/Patient?name=x")).await.unwrap();
    assert_eq!((got.status, got.body.as_ref()), (503, b"{}".as_ref()));
    assert_eq!(got.content_type.as_deref(), Some("application/fhir+json"));
    assert_eq!(got.retry_after, Some(Duration::from_secs(7)));
    let head = server.heads().remove(0).to_lowercase();
    assert!(head.starts_with("get /fhir/patient?name=x http/1.1"), "{head}");
    assert!(head.contains("accept: application/fhir+json") && head.contains("x-tenant: ward-7"), "{head}");
}

#[tokio::test]
async fn retry_after_is_read_in_both_forms() {
    let date = "Date: Mon, 23 Nov 2026 02:00:00 GMT\r\n";
    let check = async |headers: &str, expect: Option<u64>| {
        let headers = headers.to_owned();
        let server = Server::start(move |_, _| answer(429, &headers, "")).await;
        let got = get(&target(settings(&server)), &server.url("/fhir")).await.unwrap();
        assert_eq!(got.retry_after, expect.map(Duration::from_secs));
    };
    check("Retry-After: 120\r\n", Some(120)).await;
    // By the server's own clock, whatever ours says.
    check(&format!("{date}Retry-After: Mon, 23 Nov 2026 02:01:30 GMT\r\n"), Some(90)).await;
    check(&format!("{date}Retry-After: Mon, 23 Nov 2026 01:59:00 GMT\r\n"), Some(0)).await;
    check("Retry-After: Mon, 23 Nov 2026 02:01:30 GMT\r\n", None).await;
    check("Retry-After: soon\r\n", None).await;
    check("Retry-After: 18446744073709551615\r\n", Some(u64::MAX)).await;
}

#[tokio::test]
async fn a_post_has_headers_of_its_own_and_stays_at_its_origin() {
    let server = Server::start(|_, _| answer(403, "", "{\"errors\":[]}")).await;
    let canary = Server::start(|_, _| answer(200, "", "")).await;
    let target = target(settings(&server));
    let body = || bytes::Bytes::from_static(b"{\"plaintext\":\"a2V5\"}");
    let token = [("X-Vault-Token", "canary-token")];
    let sent = target.post_json(&server.url("/v1/transit/encrypt/k"), &token, body(), soon()).await.unwrap();
    assert_eq!((sent.status, &sent.body[..]), (403, &b"{\"errors\":[]}"[..]));
    let head = server.heads().remove(0).to_lowercase();
    assert!(head.starts_with("post /v1/transit/encrypt/k ") && head.contains("x-vault-token: canary-token"), "{head}");
    assert!(head.contains("content-type: application/json") && head.contains("content-length: 20"), "{head}");
    get(&target, &server.url("/fhir")).await.unwrap();
    assert!(!server.heads()[1].contains("canary-token"), "another request has it too");
    let error = target.post_json(&canary.url("/"), &token, body(), soon()).await.unwrap_err();
    assert_eq!(error, OutboundError::Origin { target: "city-first".into() });
    let broken = [("X-Vault-Token", "a\r\nb")];
    let error = target.post_json(&server.url("/"), &broken, body(), soon()).await.unwrap_err();
    assert!(matches!(error, OutboundError::Settings { .. }) && !format!("{error:?}").contains("a\\r"), "{error:?}");
    assert_eq!((server.heads().len(), canary.heads().len()), (2, 0));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_its_target_hears_nothing() {
    for status in [301, 302, 303, 307, 308] {
        let canary = Server::start(|_, _| answer(200, "", "caught")).await;
        let location = format!("Location: {}\r\n", canary.url("/x"));
        let server = Server::start(move |_, _| answer(status, &location, "")).await;
        let mut settings = settings(&server);
        settings.headers = vec![("Authorization".into(), "Bearer token".into())];
        let got = get(&target(settings), &server.url("/fhir/Patient")).await.unwrap();
        assert_eq!(got.status, status);
        assert_eq!(server.heads().len(), 1);
        assert!(canary.heads().is_empty());
    }
}

#[tokio::test]
async fn addresses_off_the_origin_are_refused_before_anything_is_sent() {
    let server = Server::start(|_, _| answer(200, "", "")).await;
    let canary = Server::start(|_, _| answer(200, "", "")).await;
    let port = server.address.port();
    let mut settings = settings(&server);
    settings.headers = vec![("Authorization".into(), "Bearer token".into())];
    let target = target(settings);
    let elsewhere = [
        canary.url("/fhir/Patient").to_string(),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://user:word@127.0.0.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ];
    // The canary's own address in every spelling.
    let lure = canary.address.port();
    let spelled = [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.000.000.001",
        "①②⑦.⓪.⓪.①",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "x@127.0.0.1",
        "x:y@127.0.0.1",
        "127.0.0.1@127.0.0.1",
    ];
    let elsewhere = elsewhere.into_iter().chain(spelled.map(|host| format!("http://{host}:{lure}/fhir/Patient")));
    // What a careless look at the beginning would take for the origin.
    let elsewhere = elsewhere.chain([
        format!("http://127.0.0.1:{port}@127.0.0.1:{lure}/"),
        format!("http:\\\\127.0.0.1:{lure}/"),
        format!("http://127.0.0.1:{port}.example/"),
    ]);
    for url in elsewhere {
        // What is no URL at all leads nowhere.
        let Ok(parsed) = Url::parse(&url) else { continue };
        let got = get(&target, &parsed).await;
        assert_eq!(got.unwrap_err(), OutboundError::Origin { target: "city-first".into() }, "{url}");
    }
    // Octal and other spellings of the same address are the same origin: URL parsing has made them one.
    let same = Url::parse(&format!("http://0177.0.0.1:{port}/")).unwrap();
    assert!(get(&target, &same).await.is_ok());
    // A backslash ends the host, as in browsers: what follows is a path on the origin.
    let same = Url::parse(&format!("http://127.0.0.1:{port}\\@127.0.0.1:{lure}/")).unwrap();
    assert!(get(&target, &same).await.is_ok());
    assert!(canary.heads().is_empty());
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_body_is_counted_after_decompression_and_what_fitted_is_kept() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 17);
    let server = Server::start(move |_, _| answer(200, "Content-Encoding: gzip\r\n", &bomb)).await;
    let mut settings = settings(&server);
    settings.max_body = 1 << 20;
    let target = target(settings);
    let limit = OutboundError::TooLarge { target: "city-first".into(), limit: 1 << 20 };
    assert_eq!(get(&target, &server.url("/fhir")).await.unwrap_err(), limit);
    let (kept, error) = target.get_partly(&server.url("/fhir"), "*/*", soon()).await.unwrap();
    assert_eq!((kept.body.len(), error), (1 << 20, Some(limit)));
}

#[tokio::test]
async fn a_body_that_claims_too_much_is_not_begun() {
    let head = b"HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\n".to_vec();
    let server = Server::start(move |_, _| vec![(Duration::ZERO, head.clone())]).await;
    let error = get(&target(settings(&server)), &server.url("/fhir")).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn of_two_large_answers_one_is_read_at_a_time() {
    let page = vec![b' '; 3 << 20];
    let server = Server::start(move |_, _| answer(200, "", &page)).await;
    let target = target(settings(&server));
    let (url, other) = (server.url("/fhir/Patient"), server.url("/fhir/Observation"));
    let first = get(&target, &url).await.unwrap();
    // The first is still held: a second large one has to wait, a small one has not.
    let quick = Instant::now() + Duration::from_millis(1500);
    let (kept, error) = target.get_partly(&other, "*/*", quick).await.unwrap();
    assert_eq!(error, Some(OutboundError::Timeout { target: "city-first".into() }));
    assert!(kept.body.len() <= 1 << 20);
    let body = first.body.clone();
    drop(first);
    assert_eq!(body.len(), 3 << 20);
    drop(body);
    assert_eq!(get(&target, &other).await.unwrap().body.len(), 3 << 20);
}

#[tokio::test]
async fn silence_ends_at_the_deadline_and_at_the_targets_own_timeout() {
    let server = Server::start(|_, _| vec![(Duration::from_secs(60), Vec::new())]).await;
    let timeout = OutboundError::Timeout { target: "city-first".into() };
    let quick = Instant::now() + Duration::from_millis(150);
    let got = target(settings(&server)).get(&server.url("/fhir"), "*/*", quick).await;
    assert_eq!(got.unwrap_err(), timeout);
    let mut short = settings(&server);
    short.timeout = Duration::from_millis(150);
    assert_eq!(get(&target(short), &server.url("/fhir")).await.unwrap_err(), timeout);
}

#[tokio::test]
async fn a_dripping_body_is_cut_off_after_the_grace() {
    let server = Server::start(|_, _| {
        let mut pieces = vec![(Duration::ZERO, b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n".to_vec())];
        pieces.extend((0..200).map(|_| (Duration::from_millis(100), b" ".to_vec())));
        pieces
    })
    .await;
    let started = Instant::now();
    let (kept, error) = target(settings(&server)).get_partly(&server.url("/fhir"), "*/*", soon()).await.unwrap();
    assert_eq!(error, Some(OutboundError::TooSlow { target: "city-first".into() }));
    assert!(!kept.body.is_empty());
    assert!(started.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_that_keeps_what_came() {
    let bytes = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    let server = Server::start(move |_, _| vec![(Duration::ZERO, bytes.clone())]).await;
    let (kept, error) = target(settings(&server)).get_partly(&server.url("/fhir"), "*/*", soon()).await.unwrap();
    assert_eq!(kept.body.as_ref(), b"half");
    assert!(matches!(error, Some(OutboundError::Protocol { .. })), "{error:?}");
}

#[tokio::test]
async fn failures_are_told_apart_and_name_no_url() {
    let gone = Server::start(|_, _| Vec::new()).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/fhir", listener.local_addr().unwrap())
    };
    let garbage = Server::start(|_, _| vec![(Duration::ZERO, b"SSH-2.0-x\r\n".to_vec())]).await;
    let cases = [
        (closed, "Connect"),
        (gone.url("/fhir").to_string(), "Protocol"),
        (garbage.url("/fhir").to_string(), "Protocol"),
        ("http://hospital.invalid/fhir".to_owned(), "Connect"),
    ];
    for (base, expect) in cases {
        let base = Url::parse(&base).unwrap();
        let target = target(TargetSettings::new("city-first", base.clone()));
        let mut url = base;
        url.set_query(Some("name=secret"));
        let error = get(&target, &url).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expect), "{error:?}");
        let words = format!("{error} {error:?}");
        assert!(!words.contains("secret") && !words.contains("http://") && !words.contains("127.0.0.1"), "{words}");
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let outbound = Outbound::new().unwrap();
    let check = |base: &str, change: fn(&mut TargetSettings), expect: &str| {
        let mut settings = TargetSettings::new("city-first", Url::parse(base).unwrap());
        change(&mut settings);
        let error = outbound.target(settings).unwrap_err();
        assert!(format!("{error:?}").starts_with(expect), "{base}: {error:?}");
    };
    check("ftp://hospital.example/", |_| {}, "Settings");
    check("http://user@hospital.example/", |_| {}, "Settings");
    check("http://hospital.example/?a=b", |_| {}, "Settings");
    check("http://hospital.example/#a", |_| {}, "Settings");
    check("http://169.254.169.254/", |_| {}, "Address");
    check("http://[::ffff:169.254.169.254]/", |_| {}, "Address");
    check("http://0.0.0.0/", |_| {}, "Address");
    check("http://hospital.example/", |s| s.headers = vec![("a b".into(), "c".into())], "Settings");
    check("http://hospital.example/", |s| s.headers = vec![("a".into(), "b\r\nc: d".into())], "Settings");
    check("http://hospital.example/", |s| s.ca_file = Some("no/such/file.pem".into()), "Settings");
    check("http://hospital.example/", |s| s.proxy = Url::parse("gopher://proxy.example").ok(), "Settings");
    check("http://hospital.example/", |s| s.proxy = Url::parse("http://169.254.1.1:3128").ok(), "Address");
}

#[test]
fn credentials_are_not_printed() {
    let mut settings = TargetSettings::new("city-first", Url::parse("http://hospital.example/").unwrap());
    settings.headers = vec![("Authorization".into(), "Bearer secret".into())];
    let target = Outbound::new().unwrap().target(settings.clone()).unwrap();
    let words = format!("{settings:?} {target:?}");
    assert!(words.contains("Authorization") && !words.contains("secret"), "{words}");
}
