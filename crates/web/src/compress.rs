//! Compressing answers: zstd at 1 or gzip at 3, only what gains by it. poem's own layer never negotiates zstd and its
//! brotli costs more than rendering the page. Static files are packed once, at start-up, as tightly as it goes
//! ([`Packed`]). What comes in parts is sent in parts: every part is flushed, so that a page whose frame is there
//! before its content is seen at once.

use std::io::Write;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hyper::body::Body as _;
use poem::{Body, Response, http::HeaderValue};

/// Smaller answers fit into one packet anyway.
const WORTH_IT: usize = 1024;

/// A content coding we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Zstd,
    Gzip,
}

impl Coding {
    /// As in `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What the client takes, best first (RFC 9110 §12.5.3). A coding with `q=0` is refused.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        let takes = |name: &str| {
            header.split(',').any(|item| {
                let mut parts = item.trim().split(';');
                let fits = parts.next().is_some_and(|coding| coding.trim().eq_ignore_ascii_case(name));
                fits && !parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        [Self::Zstd, Self::Gzip].into_iter().find(|coding| takes(coding.name()))
    }
}

/// A file in every coding; a coding that gains nothing is left out.
#[derive(Debug)]
pub(crate) struct Packed {
    zstd: Option<Vec<u8>>,
    gzip: Option<Vec<u8>>,
}

impl Packed {
    /// Packs text; anything else is packed already.
    pub(crate) fn new(bytes: &[u8], content_type: &str) -> std::io::Result<Self> {
        if !is_text(content_type) || bytes.len() < WORTH_IT {
            return Ok(Self { zstd: None, gzip: None });
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes)?;
        let gains = |packed: Vec<u8>| (packed.len() < bytes.len()).then_some(packed);
        Ok(Self { zstd: gains(zstd::bulk::compress(bytes, 19)?), gzip: gains(gzip.finish()?) })
    }

    pub(crate) fn get(&self, coding: Coding) -> Option<&[u8]> {
        match coding {
            Coding::Zstd => self.zstd.as_deref(),
            Coding::Gzip => self.gzip.as_deref(),
        }
    }
}

fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || ["json", "svg", "javascript"].into_iter().any(|kind| content_type.contains(kind))
}

/// Compresses the answer's body when the client and the content allow it. `is_head`: the answer has no body, whatever
/// its length would be, and says no length at all then.
///
/// # Errors
/// Reading the body or compressing it failed.
pub async fn compress(mut response: Response, accept_encoding: &str, is_head: bool) -> std::io::Result<Response> {
    if response.headers().contains_key("content-encoding") || !is_text(response.content_type().unwrap_or_default()) {
        return Ok(response);
    }
    if !response.headers().get_all("vary").iter().any(|value| value == "accept-encoding") {
        response.headers_mut().append("vary", HeaderValue::from_static("accept-encoding"));
    }
    let Some(coding) = Coding::accepted(accept_encoding) else { return Ok(response) };
    let body: http_body_util::combinators::BoxBody<Bytes, std::io::Error> = response.take_body().into();
    let Some(length) = body.size_hint().exact() else {
        let parts = in_parts(Body::from(body), coding)?;
        say_coding(&mut response, coding);
        response.set_body(parts);
        return Ok(response);
    };
    if is_head || length < WORTH_IT as u64 {
        response.set_body(body);
        return Ok(response);
    }
    let body = Body::from(body).into_bytes().await.map_err(std::io::Error::other)?;
    let packed = match coding {
        Coding::Zstd => zstd::bulk::compress(&body, 1)?,
        Coding::Gzip => {
            let mut packer =
                flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::new(3));
            packer.write_all(&body)?;
            packer.finish()?
        }
    };
    say_coding(&mut response, coding);
    response.set_body(packed);
    Ok(response)
}

/// The packed bytes are another representation: its validator differs (RFC 9110 §8.8.3).
fn say_coding(response: &mut Response, coding: Coding) {
    let headers = response.headers_mut();
    headers.insert("content-encoding", HeaderValue::from_static(coding.name()));
    headers.remove("content-length");
    let tag = headers.get("etag").and_then(|tag| tag.to_str().ok()).map(|tag| coded_tag(tag, coding));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert("etag", tag);
    }
}

/// `"5f"` → `"5f-zstd"`
pub(crate) fn coded_tag(tag: &str, coding: Coding) -> String {
    format!("{}-{}\"", tag.trim_end_matches('"'), coding.name())
}

/// An encoder that is emptied after each part.
enum Packer {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
}

impl Packer {
    fn part(&mut self, bytes: &[u8]) -> std::io::Result<Bytes> {
        Ok(Bytes::from(match self {
            Self::Zstd(packer) => {
                packer.write_all(bytes)?;
                packer.flush()?;
                std::mem::take(packer.get_mut())
            }
            Self::Gzip(packer) => {
                packer.write_all(bytes)?;
                packer.flush()?;
                std::mem::take(packer.get_mut())
            }
        }))
    }

    fn end(self) -> std::io::Result<Bytes> {
        Ok(Bytes::from(match self {
            Self::Zstd(packer) => packer.finish()?,
            Self::Gzip(packer) => packer.finish()?,
        }))
    }
}

fn in_parts(body: Body, coding: Coding) -> std::io::Result<Body> {
    let packer = match coding {
        Coding::Zstd => Packer::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 1)?),
        Coding::Gzip => Packer::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(3))),
    };
    let parts = Box::pin(body.into_bytes_stream());
    Ok(Body::from_bytes_stream(stream::unfold(Some((parts, packer)), |state| async {
        let (mut parts, mut packer) = state?;
        Some(match parts.next().await {
            Some(Ok(bytes)) => (packer.part(&bytes), Some((parts, packer))),
            // A body that breaks off must not look finished.
            Some(Err(error)) => (Err(error), None),
            None => (packer.end(), None),
        })
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: impl Into<Body>) -> Response {
        Response::builder().content_type("text/html; charset=utf-8").body(body.into())
    }

    async fn bytes(response: Response) -> Vec<u8> {
        response.into_body().into_vec().await.expect("body")
    }

    #[test]
    fn codings() {
        assert_eq!(Coding::accepted("gzip, deflate, br, zstd"), Some(Coding::Zstd));
        assert_eq!(Coding::accepted("gzip, br"), Some(Coding::Gzip));
        assert_eq!(Coding::accepted("zstd;q=0, gzip;q=0.5"), Some(Coding::Gzip));
        assert_eq!(Coding::accepted("br"), None);
        assert_eq!(Coding::accepted(""), None);
    }

    #[tokio::test]
    async fn large_text_is_packed_and_images_are_not() {
        let text = "血钾 ".repeat(1000);
        let packed = compress(page(text.clone()), "zstd", false).await.expect("packed");
        assert_eq!(packed.header("content-encoding"), Some("zstd"));
        assert_eq!(packed.header("vary"), Some("accept-encoding"));
        let packed = bytes(packed).await;
        assert!(packed.len() < 1000);
        assert_eq!(zstd::decode_all(packed.as_slice()).expect("unpacked"), text.as_bytes());
        let image = Response::builder().content_type("image/png").body(vec![0u8; 5000]);
        assert_eq!(compress(image, "zstd", false).await.expect("same").header("content-encoding"), None);
    }

    #[tokio::test]
    async fn small_answers_stay_as_they_are_and_still_vary() {
        let small = compress(page("短"), "zstd", false).await.expect("same");
        assert_eq!((small.header("content-encoding"), small.header("vary")), (None, Some("accept-encoding")));
        assert_eq!(bytes(small).await, "短".as_bytes());
    }

    #[tokio::test]
    async fn a_validator_names_the_bytes_that_are_sent() {
        let tagged = Response::builder().content_type("text/css").header("etag", "\"5f\"").body("a{}".repeat(1000));
        let packed = compress(tagged, "gzip", false).await.expect("packed");
        assert_eq!(packed.header("etag"), Some("\"5f-gzip\""));
    }

    #[tokio::test]
    async fn head_is_answered_without_reading_a_body() {
        let answer = compress(page("x".repeat(5000)), "zstd", true).await.expect("same");
        assert_eq!(answer.header("content-encoding"), None);
    }

    /// The first part can be read before the second exists.
    #[tokio::test]
    async fn parts_are_flushed_one_by_one() {
        for coding in [Coding::Zstd, Coding::Gzip] {
            let (send, receive) = tokio::sync::mpsc::unbounded_channel::<std::io::Result<Bytes>>();
            let body =
                stream::unfold(receive, |mut receive| async { receive.recv().await.map(|part| (part, receive)) });
            let answer = compress(page(Body::from_bytes_stream(body)), coding.name(), false).await.expect("packed");
            assert_eq!(answer.header("content-encoding"), Some(coding.name()));
            let mut parts = Box::pin(answer.into_body().into_bytes_stream());
            send.send(Ok(Bytes::from_static(b"frame"))).expect("sent");
            let first = parts.next().await.expect("a part").expect("read");
            assert_eq!(begun(coding, &first), b"frame");
            send.send(Ok(Bytes::from_static(b" and cards"))).expect("sent");
            drop(send);
            let mut all = first.to_vec();
            while let Some(part) = parts.next().await {
                all.extend_from_slice(&part.expect("read"));
            }
            assert_eq!(begun(coding, &all), b"frame and cards");
        }
    }

    /// What can be read of bytes that may go on.
    fn begun(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 100];
        let length = match coding {
            Coding::Zstd => {
                std::io::Read::read(&mut zstd::stream::read::Decoder::new(bytes).expect("decoder"), &mut out)
            }
            Coding::Gzip => std::io::Read::read(&mut flate2::read::GzDecoder::new(bytes), &mut out),
        };
        out.truncate(length.expect("read"));
        out
    }
}
