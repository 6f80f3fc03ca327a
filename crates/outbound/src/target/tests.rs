//! Names that move while they are used (DNS rebinding).

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

type Answered = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

fn at<const N: usize>(addresses: [Ipv4Addr; N]) -> Answered {
    Box::pin(async move { Ok(addresses.map(|address| SocketAddr::new(address.into(), 0)).to_vec()) })
}

/// Answers so many requests with `200`, then ends; how many connections it has had.
async fn server(requests: usize) -> (u16, Arc<AtomicUsize>, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let (port, count) = (listener.local_addr().expect("an address").port(), Arc::new(AtomicUsize::new(0)));
    let connections = count.clone();
    let task = tokio::spawn(async move {
        for _ in 0..requests {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            connections.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 2048]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (port, count, task)
}

fn target(name: &str, port: u16, ask: Ask) -> (Target, Url) {
    let base = Url::parse(&format!("http://{name}:{port}/fhir")).expect("a URL");
    let mut settings = TargetSettings::new("city-first", base.clone());
    settings.headers = vec![("Authorization".into(), "Bearer token".into())];
    (Outbound::new().expect("outbound").target_asking(settings, ask).expect("a target"), base)
}

async fn get(target: &Target, url: &Url) -> Result<Answer, OutboundError> {
    target.get(url, "*/*", Instant::now() + Duration::from_secs(5)).await
}

#[tokio::test]
async fn a_name_that_points_at_this_machine_is_not_connected_to() {
    let answers: [Ask; 3] = [
        |_| at([Ipv4Addr::LOCALHOST]),
        // One good address does not make the other one good.
        |_| at([Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::LOCALHOST]),
        |_| at([Ipv4Addr::new(169, 254, 169, 254)]),
    ];
    for ask in answers {
        let (port, connections, _server) = server(1).await;
        let (target, url) = target("hospital.example", port, ask);
        assert_eq!(get(&target, &url).await.unwrap_err(), OutboundError::Address { target: "city-first".into() });
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_name_stays_where_it_was_and_moves_only_to_where_it_may() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (port, connections, server) = server(3).await;
    let ask: Ask = |_| match ASKED.fetch_add(1, Ordering::SeqCst) {
        0 => at([Ipv4Addr::LOCALHOST]),
        _ => at([Ipv4Addr::new(169, 254, 169, 254)]),
    };
    let (target, url) = target("localhost", port, ask);
    for _ in 0..3 {
        assert_eq!(get(&target, &url).await.expect("an answer").status, 200);
    }
    assert_eq!((connections.load(Ordering::SeqCst), ASKED.load(Ordering::SeqCst)), (3, 1), "asked once, then pinned");
    // Gone: the name is looked up again, and has moved to where nobody may go.
    let _ = server.await;
    assert!(matches!(get(&target, &url).await, Err(OutboundError::Connect { .. })));
    assert_eq!(get(&target, &url).await.unwrap_err(), OutboundError::Address { target: "city-first".into() });
}

/// A proxy that speaks no protocol: it says how many connections it has had, and what it was told first.
async fn listener() -> (Url, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut said = vec![0; 2048];
        let length = stream.read(&mut said).await.expect("words");
        said.truncate(length);
        said
    });
    (Url::parse(&format!("http://proxy.localhost:{port}")).expect("a URL"), task)
}

#[tokio::test]
async fn of_what_is_behind_a_proxy_nobody_is_asked_where_it_is() {
    static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let ask: Ask = |name| {
        ASKED.lock().expect("no panic").push(name);
        at([Ipv4Addr::LOCALHOST])
    };
    for (scheme, base) in [
        ("http", "http://h.example/"),
        ("http", "https://h.example/"),
        ("socks5", "http://h.example/"),
        ("socks5", "https://h.example/"),
    ] {
        let (mut proxy, said) = listener().await;
        if scheme == "socks5" {
            proxy = Url::parse(&proxy.as_str().replacen("http", scheme, 1)).expect("a URL");
        }
        let base = Url::parse(base).expect("a URL");
        let mut settings = TargetSettings::new("behind", base.clone());
        settings.proxy = Some(proxy);
        let target = Outbound::new().expect("outbound").target_asking(settings, ask).expect("a target");
        assert!(get(&target, &base).await.is_err(), "{scheme} {base}");
        // The connection was there before `get` ended.
        let said = tokio::time::timeout(Duration::from_secs(5), said).await.expect("the proxy was not asked");
        assert!(!said.expect("no panic").is_empty(), "{scheme} {base}");
    }
    let asked = ASKED.lock().expect("no panic");
    assert!(asked.len() >= 4 && asked.iter().all(|name| name == "proxy.localhost"), "{asked:?}");
}
