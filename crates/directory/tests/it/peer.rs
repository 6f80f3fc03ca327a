//! Peers in this process: scripted servers, and servers that misbehave.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const BIND: u8 = 0x60;
pub const SEARCH: u8 = 0x63;
pub const EXTENDED: u8 = 0x77;

/// A listener, ended when it is dropped.
pub struct Peer {
    pub url: String,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// Runs `serve` for each connection.
    pub async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("ldap://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { url, connections, task }
    }

    /// Answers each request with what `answer(operation, id)` says.
    pub async fn scripted(answer: impl Fn(u8, u8) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                while let Some(request) = read_message(&mut stream).await {
                    let (id, operation) = (request[4], request[5]);
                    if stream.write_all(&answer(operation, id)).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A URL where nobody listens.
pub async fn dead_url() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    format!("ldap://127.0.0.1:{}", listener.local_addr().unwrap().port())
}

/// One request; ours are short and their ids small.
pub async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut header = [0; 2];
    stream.read_exact(&mut header).await.ok()?;
    let mut length = usize::from(header[1]);
    let mut message = header.to_vec();
    if length >= 0x80 {
        let mut octets = vec![0; length - 0x80];
        stream.read_exact(&mut octets).await.ok()?;
        length = octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet));
        // Scripts look at the fifth and sixth byte: the length is left out of what they see.
        message[1] = 0;
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    message.extend(content);
    Some(message)
}

pub fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    [vec![tag, 0x84], length.to_be_bytes().to_vec(), content.to_vec()].concat()
}

pub fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    ber(0x30, &[ber(0x02, &[id]).as_slice(), operation].concat())
}

/// The answer to `operation` with a result code.
pub fn result(id: u8, operation: u8, code: u8) -> Vec<u8> {
    let tag = match operation {
        BIND => 0x61,
        SEARCH => 0x65,
        _ => 0x78,
    };
    message(id, &ber(tag, &[ber(0x0a, &[code]), ber(0x04, b""), ber(0x04, b"")].concat()))
}

/// A search entry with `entryUUID` and `uid`.
pub fn entry(id: u8, dn: &str) -> Vec<u8> {
    let attribute = |name: &str, value: &str| {
        ber(0x30, &[ber(0x04, name.as_bytes()), ber(0x31, &ber(0x04, value.as_bytes()))].concat())
    };
    let attributes = [attribute("entryUUID", "7d4f"), attribute("uid", "li.wei")].concat();
    message(id, &ber(0x64, &[ber(0x04, dn.as_bytes()), ber(0x30, &attributes)].concat()))
}
