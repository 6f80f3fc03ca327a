//! What each manner does with a request.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::pages::{bomb, empty_member, page_of, searchset};
use super::resources::{other_patient, patient};
use super::{Hospital, Manner, Whose};

const PACE: Duration = Duration::from_millis(100);
/// Results of page after page that a manner sends at once.
const FEW: usize = 2;

/// Answers a request for `path`, below the base. What the client makes of it, and whether it stays, is its affair.
pub(super) async fn answer(stream: &mut TcpStream, hospital: &Hospital, manner: &Manner, path: &str) {
    let kind = path.split(['?', '/']).next().unwrap_or_default();
    let outcome = match kind {
        "Patient" => {
            whole(stream, "200 OK", "application/fhir+json", about_patient(hospital, manner, path).as_bytes()).await
        }
        _ => match body(hospital, manner, kind, path) {
            Some(body) => whole(stream, "200 OK", "application/fhir+json", &body).await,
            None => outrage(stream, hospital, manner, kind).await,
        },
    };
    // A client that went away has had enough.
    let _ = outcome;
    let _ = stream.shutdown().await;
}

/// Searches find the patient; reads read her.
fn about_patient(hospital: &Hospital, manner: &Manner, path: &str) -> String {
    let replaced = *manner == Manner::Whose(Whose::PatientReplaced);
    match path.strip_prefix("Patient/") {
        Some(id) if replaced => other_patient(id).to_string(),
        Some(_) => patient(&hospital.id).to_string(),
        None => searchset(&[patient(&hospital.id).to_string()], None),
    }
}

/// The body of a manner that only sends a body; `None` for those that do more than that.
fn body(hospital: &Hospital, manner: &Manner, kind: &str, path: &str) -> Option<Vec<u8>> {
    let own = kind == "Observation";
    let page = match manner {
        Manner::ManyReferences if kind == "DiagnosticReport" => {
            hospital.endless(kind, path, 10, |id| hospital.long_report(id, 20_000))
        }
        Manner::Honest | Manner::ManyReferences if own => searchset(&hospital.results(), None),
        Manner::Honest | Manner::ManyReferences => searchset(&[], None),
        // These are about results; of anything else there is none.
        Manner::Whose(_) | Manner::Pages(_) | Manner::DuplicateKeys | Manner::WildNumbers | Manner::InvalidUtf8
            if !own =>
        {
            searchset(&[], None)
        }
        Manner::Whose(whose) => hospital.whose(*whose, path),
        Manner::Pages(pages) => {
            let number = page_of(path);
            let next = hospital.page(kind, number + 1);
            let entries = pages.get(number).map(Vec::as_slice).unwrap_or_default();
            searchset(entries, (number + 1 < pages.len()).then_some(next.as_str()))
        }
        Manner::DuplicateKeys => hospital.duplicated(),
        Manner::WildNumbers => hospital.wild(),
        Manner::InvalidUtf8 => return Some(hospital.gbk()),
        Manner::BrokenText => return Some(broken_text()),
        Manner::HugePage => {
            let page = searchset(&hospital.results(), None);
            return Some([vec![b' '; 17 << 20], page.into_bytes()].concat());
        }
        Manner::DepthBomb => hospital.deep(100_000),
        Manner::ManyEntries => {
            let result = |nth: u32| hospital.own_result(&format!("m{nth}"), 3.0 + f64::from(nth) / 10_000.0);
            let entries: Vec<String> = (0..12_000).map(result).collect();
            searchset(&entries, None)
        }
        Manner::FatEntries => hospital.endless(kind, path, 10, |id| hospital.fat(id, 1_500_000)),
        Manner::ManyComponents => hospital.endless(kind, path, 200, |id| hospital.crowded(id, 20_000)),
        Manner::EndlessPages => hospital.endless(kind, path, FEW, |id| hospital.own_result(id, 4.0)),
        Manner::LoopingNext => {
            let (first, second) = (hospital.page(kind, 1), hospital.page(kind, 2));
            let next = if page_of(path) == 1 { second } else { first };
            searchset(&hospital.results(), Some(&next))
        }
        Manner::Next(next) => {
            let canary = hospital.canary;
            let next = next.replace("{own}", &hospital.own.to_string()).replace("{canary}", &canary.to_string());
            searchset(&hospital.results(), Some(&next.replace("{canary-port}", &canary.port().to_string())))
        }
        _ => return None,
    };
    Some(page.into_bytes())
}

/// Manners that are more than a body.
async fn outrage(stream: &mut TcpStream, hospital: &Hospital, manner: &Manner, kind: &str) -> io::Result<()> {
    let page = || searchset(&hospital.results(), None).into_bytes();
    let fhir = "Content-Type: application/fhir+json\r\n";
    match manner {
        Manner::HangUp => Ok(()),
        Manner::DripBody => {
            let body = page();
            stream.write_all(head("200 OK", &format!("{fhir}Content-Length: {}\r\n", body.len())).as_bytes()).await?;
            drip(stream, &body).await
        }
        Manner::DripHead => drip(stream, "HTTP/1.1 200 OK\r\nX-Slow: ".repeat(1000).as_bytes()).await,
        Manner::CutMidBody => {
            let body = page();
            stream.write_all(head("200 OK", &format!("{fhir}Content-Length: {}\r\n", body.len())).as_bytes()).await?;
            // Somewhere inside the last result.
            stream.write_all(&body[..body.len() - 80]).await
        }
        Manner::EndlessBody => {
            stream.write_all(head("200 OK", &format!("{fhir}Transfer-Encoding: chunked\r\n")).as_bytes()).await?;
            let blanks = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
            endlessly(stream, &blanks).await
        }
        Manner::EndlessHints => endlessly(stream, b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n").await,
        Manner::EndlessHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            endlessly(stream, b"X-Header: and another one, and another one, and another one\r\n").await
        }
        Manner::GzipBomb => {
            static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
            let body = BOMB.get_or_init(|| bomb(64));
            let head = head("200 OK", &format!("{fhir}Content-Encoding: gzip\r\nContent-Length: {}\r\n", body.len()));
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body).await
        }
        Manner::EmptyGzip => {
            stream.write_all(head("200 OK", &format!("{fhir}Content-Encoding: gzip\r\n")).as_bytes()).await?;
            endlessly(stream, &empty_member().repeat(500)).await
        }
        Manner::Redirect(status) => {
            let there = format!("Location: http://{}/fhir/{kind}\r\nContent-Length: 0\r\n", hospital.canary);
            stream.write_all(head(&format!("{status} Elsewhere"), &there).as_bytes()).await
        }
        Manner::HtmlError => {
            whole(stream, "500 Internal Server Error", "text/html", b"<h1>NullPointerException</h1>").await
        }
        Manner::HtmlPage => whole(stream, "200 OK", "text/html", b"<!doctype html><title>Please sign in</title>").await,
        Manner::WrongType => {
            let body = if kind == "Observation" { page() } else { searchset(&[], None).into_bytes() };
            whole(stream, "200 OK", "image/png", &body).await
        }
        // Silence, until the client goes.
        _ => loop {
            sleep(PACE).await;
            stream.writable().await?;
            if stream.try_read(&mut [0; 16]).is_ok_and(|count| count == 0) {
                return Ok(());
            }
        },
    }
}

fn head(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n")
}

async fn whole(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> io::Result<()> {
    let headers = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
    stream.write_all(head(status, &headers).as_bytes()).await?;
    stream.write_all(body).await
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        sleep(PACE).await;
    }
    Ok(())
}

/// Until the client has had enough.
async fn endlessly(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
    }
}

/// A result whose text is 15 MiB of bytes that begin no character.
fn broken_text() -> Vec<u8> {
    let page = searchset(&[json!({ "resourceType": "Observation", "id": "TEXT" }).to_string()], None);
    let (before, after) = page.split_once("TEXT").unwrap_or((&page, ""));
    [before.as_bytes(), &vec![0xff; 15 << 20], after.as_bytes()].concat()
}
