//! What each manner does with a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::ber::{
    self, BIND, EXTENDED, Request, SEARCH, crowd, entry, message, nested, reference, referral, result, value,
};
use super::{Heard, Manner, flood, listen_only, obliging};

/// protocolError: what a server says that has no such extended operation (RFC 4511 §4.12).
const UNKNOWN_OPERATION: u8 = 2;

pub(super) async fn serve(mut stream: TcpStream, heard: Arc<Heard>, manner: Manner) {
    match manner {
        Manner::Silence => listen_only(&mut stream, &heard).await,
        Manner::Deaf => std::future::pending().await,
        Manner::Pass(server) => pass(stream, heard, server).await,
        Manner::StripStartTls(server) => strip(stream, heard, server).await,
        Manner::Nested
        | Manner::NestedInside
        | Manner::TwoGibibytes
        | Manner::Crowd
        | Manner::Drip
        | Manner::Garbage
        | Manner::HangUp => {
            let Some(request) = ber::read(&mut stream).await else { return };
            heard.request(&request);
            outrage(&mut stream, &heard, &manner, &request).await;
        }
        Manner::EndlessEntries => {
            let Some(bind) = ber::read(&mut stream).await else { return };
            heard.request(&bind);
            let _ = stream.write_all(&result(bind.id, bind.operation, 0)).await;
            let Some(search) = ber::read(&mut stream).await else { return };
            heard.request(&search);
            flood(&mut stream, &entry(search.id, "uid=a,dc=x", &[]).repeat(500), Duration::ZERO).await;
        }
        manner => scripted(stream, heard, move |request| answer(&manner, request)).await,
    }
}

/// One answer to the first request, and the connection stays open.
async fn outrage(stream: &mut TcpStream, heard: &Heard, manner: &Manner, request: &Request) {
    let bytes = match manner {
        Manner::Nested => nested(),
        Manner::NestedInside => message(request.id, &value(0x61, &nested())),
        Manner::Crowd => crowd(request.id),
        Manner::Garbage => b"HTTP/1.1 400 Bad Request\r\n\r\n\x00\xff\xfe".to_vec(),
        Manner::TwoGibibytes => {
            let _ = stream.write_all(b"\x30\x84\x7f\xff\xff\xff").await;
            return flood(stream, &[0; 64 * 1024], Duration::ZERO).await;
        }
        Manner::Drip => {
            let _ = stream.write_all(b"\x30\x82\x03\xe8").await;
            return flood(stream, b"\x00", Duration::from_millis(50)).await;
        }
        _ => return,
    };
    let _ = stream.write_all(&bytes).await;
    listen_only(stream, heard).await;
}

/// Answers each request with what `answer` says.
pub(super) async fn scripted(
    mut stream: TcpStream,
    heard: Arc<Heard>,
    answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) {
    while let Some(request) = ber::read(&mut stream).await {
        heard.request(&request);
        if stream.write_all(&answer(&request)).await.is_err() {
            return;
        }
    }
    // What comes after is no LDAP, TLS perhaps: heard all the same.
    listen_only(&mut stream, &heard).await;
}

fn answer(manner: &Manner, request: &Request) -> Vec<u8> {
    let Request { id, operation, .. } = *request;
    match (manner, operation) {
        (Manner::ReferBind(url), BIND) => referral(id, BIND, url),
        (Manner::ReferSearch(url), SEARCH) => referral(id, SEARCH, url),
        (Manner::ReferPerson(url), BIND) if request.holds("uid=li.wei") => referral(id, BIND, url),
        (Manner::ReferPerson(url), SEARCH) => [reference(id, url), obliging(request)].concat(),
        (Manner::RefuseStartTls(code), EXTENDED) => result(id, EXTENDED, *code),
        (Manner::TwoEntries, SEARCH) => {
            let second = entry(id, "uid=li.wei,ou=others,dc=x", &[]);
            [entry(id, "uid=li.wei,dc=x", &[]), second, result(id, SEARCH, 0)].concat()
        }
        // `80 00`: simple authentication by nothing.
        (Manner::Unauthenticated, BIND) if request.holds("uid=li.wei") && !request.bytes.ends_with(b"\x80\x00") => {
            result(id, BIND, 49)
        }
        (Manner::Unauthenticated, EXTENDED) => result(id, EXTENDED, UNKNOWN_OPERATION),
        (Manner::WrongPassword, BIND) if request.holds("uid=li.wei") => result(id, BIND, 49),
        (Manner::Busy, operation) => result(id, operation, 51),
        _ => obliging(request),
    }
}

/// Everything both ways, until either side has done.
async fn pass(mut client: TcpStream, heard: Arc<Heard>, server: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(count @ 1..) => {
                    heard.keep(&up[..count]);
                    if server.write_all(&up[..count]).await.is_err() { return }
                }
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(count @ 1..) => if client.write_all(&down[..count]).await.is_err() { return },
                _ => return,
            },
        }
    }
}

/// Answers the first request, StartTLS, itself; the rest is for the server.
async fn strip(mut client: TcpStream, heard: Arc<Heard>, server: SocketAddr) {
    let Some(request) = ber::read(&mut client).await else { return };
    heard.request(&request);
    if request.operation != EXTENDED {
        return;
    }
    if client.write_all(&result(request.id, EXTENDED, UNKNOWN_OPERATION)).await.is_ok() {
        pass(client, heard, server).await;
    }
}
