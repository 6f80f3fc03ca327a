//! Proxies of a few lines on loopback: HTTP (forwarding and CONNECT, RFC 9110, 7.7 and 9.3.6) and SOCKS5 (RFC 1928). Whatever
//! name they are asked for leads to one server, and they write down what passed.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Which protocol a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Http,
    Socks5,
}

/// A running proxy; it ends with the test's runtime.
pub struct Proxy {
    pub address: SocketAddr,
    kind: Kind,
    seen: Seen,
}

#[derive(Clone, Default)]
struct Seen {
    asked: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// Leads to `server`; without one it lets nobody through.
    pub async fn start(kind: Kind, server: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, seen) = (listener.local_addr().expect("an address"), Seen::default());
        let own = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = own.clone();
                tokio::spawn(async move {
                    // A client that goes away ends its own connection alone.
                    let _ = match kind {
                        Kind::Http => http(stream, server, &seen).await,
                        Kind::Socks5 => socks5(stream, server, &seen).await,
                    };
                });
            }
        });
        Self { address, kind, seen }
    }

    /// As in a configuration.
    pub fn url(&self) -> String {
        let scheme = if self.kind == Kind::Http { "http" } else { "socks5" };
        format!("{scheme}://{}", self.address)
    }

    /// What it was asked for: `GET http://…`, `CONNECT host:port`, `socks5 name host:port` or `socks5 address host:port`.
    pub fn asked(&self) -> Vec<String> {
        self.seen.asked.lock().expect("no panic").clone()
    }

    /// Did clients send this through it?
    pub fn has_seen(&self, text: &str) -> bool {
        let sent = self.seen.sent.lock().expect("no panic");
        sent.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

impl Seen {
    fn ask(&self, what: String) {
        self.asked.lock().expect("no panic").push(what);
    }
}

async fn http(mut client: TcpStream, server: Option<SocketAddr>, seen: &Seen) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split(' ');
    let (method, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    seen.ask(format!("{method} {what}"));
    let Some(server) = server else {
        return client.write_all(b"HTTP/1.1 502 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
    };
    let mut onward = TcpStream::connect(server).await?;
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 X\r\n\r\n").await?;
    } else {
        // The server is asked in the form that servers know.
        let path = url::Url::parse(what).map(|url| url[url::Position::BeforePath..].to_owned()).unwrap_or_default();
        seen.sent.lock().expect("no panic").extend_from_slice(&head);
        // One request a connection, so that each is seen.
        let head = text.replacen(what, &path, 1).replacen("\r\n", "\r\nConnection: close\r\n", 1);
        onward.write_all(head.as_bytes()).await?;
    }
    pass(client, onward, seen).await
}

async fn socks5(mut client: TcpStream, server: Option<SocketAddr>, seen: &Seen) -> io::Result<()> {
    // Greeting: version, methods.
    let (_, methods) = (client.read_u8().await?, client.read_u8().await?);
    client.read_exact(&mut vec![0; usize::from(methods)]).await?;
    client.write_all(&[5, 0]).await?;
    // Request: version, CONNECT, reserved, kind of address.
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let (kind, length) = match request[3] {
        3 => ("name", usize::from(client.read_u8().await?)),
        1 => ("address", 4),
        _ => ("address", 16),
    };
    let mut host = vec![0; length];
    client.read_exact(&mut host).await?;
    let port = client.read_u16().await?;
    let host = if kind == "name" { String::from_utf8_lossy(&host).into_owned() } else { format!("{host:?}") };
    seen.ask(format!("socks5 {kind} {host}:{port}"));
    let Some(server) = server else {
        // "Connection not allowed by ruleset"
        return client.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    };
    let onward = TcpStream::connect(server).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    pass(client, onward, seen).await
}

async fn pass(client: TcpStream, server: TcpStream, seen: &Seen) -> io::Result<()> {
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let back = tokio::spawn(pump(from_server, to_client, None));
    pump(from_client, to_server, Some(seen.sent.clone())).await?;
    back.await.unwrap_or(Ok(()))
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    kept: Option<Arc<Mutex<Vec<u8>>>>,
) -> io::Result<()> {
    let mut piece = vec![0; 8192];
    loop {
        match from.read(&mut piece).await? {
            0 => return to.shutdown().await,
            length => {
                if let Some(kept) = &kept {
                    kept.lock().expect("no panic").extend_from_slice(&piece[..length]);
                }
                to.write_all(&piece[..length]).await?;
            }
        }
    }
}
