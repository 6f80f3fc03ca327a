//! Compressing answers: zstd at 1 or gzip at 3, only what gains by it. poem's own layer never negotiates zstd and its
//! brotli costs more than rendering the page.

use std::io::Write;

use poem::{Response, http::HeaderValue};

/// Smaller answers fit into one packet anyway.
const WORTH_IT: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Zstd,
    Gzip,
}

/// What the client takes, best first (RFC 9110 §12.5.3). A coding with `q=0` is refused.
fn accepted(header: &str) -> Option<Coding> {
    let takes = |name: &str| {
        header.split(',').any(|item| {
            let mut parts = item.trim().split(';');
            let fits = parts.next().is_some_and(|coding| coding.trim().eq_ignore_ascii_case(name));
            fits && !parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    };
    if takes("zstd") {
        Some(Coding::Zstd)
    } else if takes("gzip") {
        Some(Coding::Gzip)
    } else {
        None
    }
}

/// Compresses the answer's body when the client and the content allow it.
///
/// # Errors
/// Reading the body or compressing it failed.
pub async fn compress(mut response: Response, accept_encoding: &str) -> std::io::Result<Response> {
    let kind = response.content_type().unwrap_or_default();
    let text =
        kind.starts_with("text/") || kind.contains("json") || kind.contains("svg") || kind.contains("javascript");
    if !text || response.headers().contains_key("content-encoding") {
        return Ok(response);
    }
    response.headers_mut().append("vary", HeaderValue::from_static("accept-encoding"));
    let Some(coding) = accepted(accept_encoding) else { return Ok(response) };
    let body = response.take_body().into_bytes().await.map_err(std::io::Error::other)?;
    if body.len() < WORTH_IT {
        response.set_body(body);
        return Ok(response);
    }
    let (name, packed) = match coding {
        Coding::Zstd => ("zstd", zstd::bulk::compress(&body, 1)?),
        Coding::Gzip => {
            let mut packer =
                flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::new(3));
            packer.write_all(&body)?;
            ("gzip", packer.finish()?)
        }
    };
    response.headers_mut().insert("content-encoding", HeaderValue::from_static(name));
    response.headers_mut().remove("content-length");
    response.set_body(packed);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), Some(Coding::Zstd));
        assert_eq!(accepted("gzip, br"), Some(Coding::Gzip));
        assert_eq!(accepted("zstd;q=0, gzip;q=0.5"), Some(Coding::Gzip));
        assert_eq!(accepted("br"), None);
        assert_eq!(accepted(""), None);
    }

    #[tokio::test]
    async fn large_text_is_packed_and_images_are_not() {
        let text = Response::builder().content_type("text/html; charset=utf-8").body("血钾 ".repeat(1000));
        let packed = compress(text, "zstd").await.expect("packed");
        assert_eq!(packed.header("content-encoding"), Some("zstd"));
        let bytes = packed.into_body().into_bytes().await.expect("body");
        assert!(bytes.len() < 1000);
        let image = Response::builder().content_type("image/png").body(vec![0u8; 5000]);
        assert_eq!(compress(image, "zstd").await.expect("same").header("content-encoding"), None);
    }
}
