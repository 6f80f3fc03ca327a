//! A server that keeps its connection busy and never answers.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread,
    time::Duration,
};

use outbound::{OutboundError, TargetSettings};
use tokio::time::Instant;
use url::Url;

use crate::{
    server::{Server, answer},
    target,
};

/// Answers every request with `103 Early Hints` (RFC 8297) as fast as they are taken; says when a connection was given up.
fn hinting() -> (SocketAddr, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, given_up) = mpsc::channel();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let tell = tell.clone();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n".repeat(1000);
                while stream.write_all(&hints).is_ok() {}
                let _ = tell.send(());
            });
        }
    });
    (address, given_up)
}

// One thread for the test and the good server's side: a connection that held it would stop both.
#[tokio::test]
async fn hints_without_end_stop_nobody_else_and_are_left_at_the_deadline() {
    let (address, given_up) = hinting();
    let base = Url::parse(&format!("http://{address}/fhir")).unwrap();
    let hostile = target(TargetSettings::new("hostile", base.clone()));
    let good_server = Server::start(|_, _| answer(200, "", "{}")).await;
    let good = target(TargetSettings::new("good", good_server.url("/fhir")));
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(5);
    // More of them than a small machine has cores.
    let asked: Vec<_> = (0..4)
        .map(|_| {
            let (hostile, base) = (hostile.clone(), base.clone());
            tokio::spawn(async move { hostile.get(&base, "*/*", deadline).await })
        })
        .collect();
    let mut longest = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        assert_eq!(good.get(&good_server.url("/fhir"), "*/*", deadline).await.unwrap().status, 200);
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for asked in asked {
        assert_eq!(asked.await.unwrap().unwrap_err(), OutboundError::Timeout { target: "hostile".into() });
    }
    eprintln!("good at most {longest:?}, hostile left after {:?}", begun.elapsed());
    // Held up, neither would have come before the hints end, which they don't. Between that and a machine on which others
    // work too there is room.
    assert!(begun.elapsed() < Duration::from_secs(20), "left after {:?}", begun.elapsed());
    assert!(longest < Duration::from_secs(4), "the good one took {longest:?}");
    // No connection goes on when nobody waits: the server is told, however many hints it still had.
    let ends = tokio::task::spawn_blocking(move || {
        (0..4).map(|_| given_up.recv_timeout(Duration::from_secs(60))).collect::<Vec<_>>()
    });
    assert_eq!(ends.await.unwrap(), vec![Ok(()); 4]);
    eprintln!("all connections ended {:?} after the deadline", deadline.elapsed());
}
