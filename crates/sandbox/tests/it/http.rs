//! The least of an HTTP client: one request, one connection, what came.

use std::io::{self, Read};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.content()).unwrap()
    }

    /// The body without the chunks it came in and without compression.
    pub fn content(&self) -> Vec<u8> {
        let whole = match self.header("transfer-encoding") {
            Some("chunked") => self.pieces().concat(),
            _ => self.body.clone(),
        };
        if self.header("content-encoding") != Some("gzip") {
            return whole;
        }
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&whole[..]).read_to_end(&mut plain).unwrap();
        plain
    }

    /// The chunks of the body (RFC 9112, 7.1).
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        let (mut rest, mut pieces) = (&self.body[..], Vec::new());
        while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            if size == 0 {
                break;
            }
            pieces.push(rest[end + 2..end + 2 + size].to_vec());
            rest = &rest[end + 2 + size + 2..];
        }
        pieces
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let line =
            self.head.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)));
        line.map(|(_, value)| value.trim())
    }

    /// Did the whole promised body come?
    pub fn is_whole(&self) -> bool {
        self.header("content-length").and_then(|length| length.parse().ok()) == Some(self.body.len())
    }
}

/// Sends one request; `Err` when the connection ends before a complete head.
pub async fn send(method: &str, url: &str, headers: &str, body: &str) -> io::Result<Answer> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(host).await?;
    let length = body.len();
    let request = format!(
        "{method} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}",
        if path.is_empty() { "/" } else { path }
    );
    stream.write_all(request.as_bytes()).await?;
    let mut received = Vec::new();
    // a connection that breaks still leaves what came before
    let _ = stream.read_to_end(&mut received).await;
    let end = received.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Answer { status, head, body: received[end + 4..].to_vec() })
}

pub async fn get(url: &str) -> Answer {
    send("GET", url, "", "").await.unwrap()
}

/// Follows `next` links to the end; every entry's resource in order.
pub async fn walk(url: &str) -> Vec<Value> {
    let (mut url, mut resources) = (Some(url.to_owned()), Vec::new());
    while let Some(next) = url {
        let answer = get(&next).await;
        assert_eq!(answer.status, 200, "{next}");
        let bundle = answer.json();
        resources.extend(bundle["entry"].as_array().into_iter().flatten().map(|entry| entry["resource"].clone()));
        let links = bundle["link"].as_array().cloned().unwrap_or_default();
        url = links.iter().find(|link| link["relation"] == "next").map(|link| link["url"].as_str().unwrap().to_owned());
    }
    resources
}
