//! Connections between two requests.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use outbound::TargetSettings;
use url::Url;

use crate::{get, target};

/// Answers request after request on each connection; counts connections.
fn patient_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            counted.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
                }
            });
        }
    });
    (address, count)
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_is_left_before_a_server_would_close_it() {
    let (address, connections) = patient_server();
    let url = Url::parse(&format!("http://{address}/fhir")).unwrap();
    let target = target(TargetSettings::new("city-first", url.clone()));
    for _ in 0..3 {
        assert_eq!(get(&target, &url).await.unwrap().status, 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1, "not used again");
    // Apache and Node wait 5 s.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(get(&target, &url).await.unwrap().status, 200);
    assert_eq!(connections.load(Ordering::SeqCst), 2, "used again after 4 s");
}
