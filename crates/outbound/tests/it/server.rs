//! A server of a few lines on loopback that answers exactly the bytes a test wants.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

/// Pieces of an answer, each after a pause. The connection is closed after the last.
pub type Pieces = Vec<(Duration, Vec<u8>)>;

/// A running server; it ends with the test's runtime.
pub struct Server {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers by `reply(path with query, number of the request)`.
    pub async fn start(reply: impl Fn(&str, usize) -> Pieces + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (reply, seen) = (Arc::new(reply), heads.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, seen) = (reply.clone(), seen.clone());
                tokio::spawn(async move { serve(stream, &*reply, &seen).await });
            }
        });
        Self { address, heads }
    }

    pub fn url(&self, path: &str) -> url::Url {
        url::Url::parse(&format!("http://{}{path}", self.address)).expect("a URL")
    }

    /// Request heads so far, request line and headers.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic").clone()
    }
}

/// Serves one request.
pub async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: &(impl Fn(&str, usize) -> Pieces + ?Sized),
    seen: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let number = {
        let mut seen = seen.lock().expect("no panic");
        seen.push(head);
        seen.len() - 1
    };
    for (pause, piece) in reply(&path, number) {
        tokio::time::sleep(pause).await;
        if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// A whole answer at once.
pub fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Pieces {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    vec![(Duration::ZERO, bytes)]
}
