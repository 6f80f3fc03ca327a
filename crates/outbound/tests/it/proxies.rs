//! Targets behind a proxy: what is sent really goes through it, and through nothing else.

use outbound::{Outbound, OutboundError, Target, TargetSettings};
use url::Url;

use crate::{
    get,
    proxy::{Kind, Proxy},
    server::{Server, answer},
    tls::{OwnAuthority, own_authority},
};

/// A name that nobody resolves (RFC 2606): whoever gets an answer from it has asked the proxy to look it up.
const BEHIND: &str = "hospital.invalid";

fn through(proxy: &Proxy, base: &str, ca_file: Option<&std::path::Path>) -> Target {
    let mut settings = TargetSettings::new("behind", Url::parse(base).unwrap());
    settings.proxy = Some(Url::parse(&proxy.url()).unwrap());
    settings.ca_file = ca_file.map(Into::into);
    settings.headers = vec![("Authorization".into(), "Bearer canary-token".into())];
    Outbound::new().unwrap().target(settings).unwrap()
}

#[tokio::test]
async fn what_is_sent_to_a_hospital_without_tls_goes_through() {
    for (kind, asked) in [
        (Kind::Http, format!("GET http://{BEHIND}/fhir/Patient?name=x")),
        (Kind::Socks5, format!("socks5 name {BEHIND}:80")),
    ] {
        let server = Server::start(|_, _| answer(200, "", "behind")).await;
        let proxy = Proxy::start(kind, Some(server.address)).await;
        let target = through(&proxy, &format!("http://{BEHIND}/fhir"), None);
        let url = Url::parse(&format!("http://{BEHIND}/fhir/Patient?name=x")).unwrap();
        let got = get(&target, &url).await.unwrap();
        assert_eq!((got.status, got.body.as_ref()), (200, b"behind".as_ref()), "{kind:?}");
        assert_eq!(proxy.asked(), [asked], "{kind:?}");
        let heads = server.heads();
        assert!(heads.len() == 1 && heads[0].starts_with("GET /fhir/Patient?name=x "), "{kind:?}: {heads:?}");
        assert!(proxy.has_seen("canary-token"), "{kind:?}: what went through was not looked at");
    }
}

#[tokio::test]
async fn what_is_sent_over_tls_goes_through_and_the_proxy_reads_none_of_it() {
    let OwnAuthority { address, ca_file, .. } = own_authority(BEHIND, "safe").await;
    for (kind, asked) in
        [(Kind::Http, format!("CONNECT {BEHIND}:443")), (Kind::Socks5, format!("socks5 name {BEHIND}:443"))]
    {
        let proxy = Proxy::start(kind, Some(address)).await;
        let target = through(&proxy, &format!("https://{BEHIND}/fhir"), Some(ca_file.path()));
        let url = Url::parse(&format!("https://{BEHIND}/fhir/Patient?name=x")).unwrap();
        assert_eq!(get(&target, &url).await.unwrap().body.as_ref(), b"safe", "{kind:?}");
        assert_eq!(proxy.asked(), [asked], "{kind:?}");
        // The name of the server is in the handshake; path and token are not.
        assert!(proxy.has_seen(BEHIND), "{kind:?}: what went through was not looked at");
        for secret in ["canary-token", "Patient", "name=x"] {
            assert!(!proxy.has_seen(secret), "{kind:?}: the proxy reads {secret}");
        }
        // An authority that is not trusted is not trusted behind a proxy either.
        let strange = through(&proxy, &format!("https://{BEHIND}/fhir"), None);
        let error = get(&strange, &url).await.unwrap_err();
        assert!(matches!(error, OutboundError::Connect { .. }), "{kind:?}: {error:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_past_a_proxy_that_is_down_or_refuses() {
    let server = Server::start(|_, _| answer(200, "", "direct")).await;
    let secure = own_authority("localhost", "direct").await;
    let (plain, tls) = (server.url("/fhir"), secure.base());
    for kind in [Kind::Http, Kind::Socks5] {
        let refusing = Proxy::start(kind, None).await;
        let mut down = Proxy::start(kind, None).await;
        // A port that was free a moment ago and where nobody listens.
        down.address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for (proxy, base) in [(&down, &plain), (&down, &tls), (&refusing, &plain), (&refusing, &tls)] {
            let target = through(proxy, base.as_str(), Some(secure.ca_file.path()));
            match get(&target, base).await {
                // The proxy's own answer to a request that it forwards.
                Ok(answer) => assert_eq!((answer.status, base.scheme(), kind), (502, "http", Kind::Http)),
                Err(error) => assert!(matches!(error, OutboundError::Connect { .. }), "{kind:?} {base}: {error:?}"),
            }
        }
        assert_eq!(refusing.asked().len(), 2, "{kind:?}: {:?}", refusing.asked());
    }
    assert!(server.heads().is_empty() && secure.heads().is_empty(), "asked directly");
    // Without a proxy both can be reached from here.
    let direct = Outbound::new().unwrap().target(TargetSettings::new("direct", plain.clone())).unwrap();
    assert_eq!(get(&direct, &plain).await.unwrap().body.as_ref(), b"direct");
}
