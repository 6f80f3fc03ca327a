//! Files that people send with a form, on the routes that say so and on no others.
//!
//! A browser without scripts sends a file in one way: `multipart/form-data` (RFC 7578). Other sites' pages may send it
//! without asking, as they may any form, so it is held by the same token; and it is read whole, within the route's limit,
//! before anything looks at it.

use std::sync::Arc;

use access::Fault;
use bytes::Bytes;
use futures_util::stream;
use poem::{FromRequest, Request, RequestBody, http::Method};

use crate::Failure;

/// What a form may hold beside its files.
const MOST_TEXT: usize = 64 << 10;
/// Fields of a form, files included.
const MOST_FIELDS: usize = 20;

/// A route that takes files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRoute {
    /// `POST`, as a rule.
    pub method: Method,
    /// The pattern of the table: `/admin/articles/:article/images`.
    pub path: &'static str,
    /// Bytes of all files of a form.
    pub most: usize,
}

impl UploadRoute {
    /// Is it this one that a request asks for?
    fn takes(&self, method: &Method, path: &str) -> bool {
        let (mut wanted, mut asked) = (self.path.split('/'), path.split('/'));
        *method == self.method
            && loop {
                match (wanted.next(), asked.next()) {
                    (None, None) => break true,
                    (Some(wanted), Some(asked))
                        if wanted == asked || (wanted.starts_with(':') && !asked.is_empty()) => {}
                    _ => break false,
                }
            }
    }

    /// The largest body that a request of this method and path may bring, where it may bring files at all.
    pub(crate) fn cap(routes: &[Self], method: &Method, path: &str) -> Option<usize> {
        routes.iter().find(|route| route.takes(method, path)).map(|route| route.most + MOST_TEXT)
    }
}

/// A form with files, read whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    texts: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Upload {
    /// A field's text; nothing for a field that is not there.
    pub fn text(&self, name: &str) -> &str {
        self.texts.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// A field's file; nothing for one that is not there. What it is called and said to be is not kept.
    pub fn file(&self, name: &str) -> &[u8] {
        self.files.iter().find(|(known, _)| known == name).map_or(&[], |(_, bytes)| bytes)
    }

    /// Takes a body apart. `kind` is its `Content-Type`, with the boundary.
    pub(crate) async fn read(kind: &str, body: Bytes) -> Result<Self, Failure> {
        let bad = || Failure::new(Fault::Invalid);
        let boundary = multer::parse_boundary(kind).map_err(|_| bad())?;
        let whole = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let mut parts = multer::Multipart::new(whole, boundary);
        let (mut form, mut length) = (Self::default(), 0);
        while let Some(part) = parts.next_field().await.map_err(|_| bad())? {
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.map_err(|_| bad())?;
            if is_file {
                form.files.push((name, bytes));
            } else {
                length += bytes.len();
                form.texts.push((name, String::from_utf8(bytes.to_vec()).map_err(|_| bad())?));
            }
            if length > MOST_TEXT || form.texts.len() + form.files.len() > MOST_FIELDS {
                return Err(bad());
            }
        }
        Ok(form)
    }
}

impl<'a> FromRequest<'a> for &'a Upload {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let upload = request.data::<Arc<Upload>>().map(AsRef::as_ref);
        Ok(upload.ok_or_else(|| Failure::new(Fault::Invalid))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_take_files() {
        let routes = [UploadRoute { method: Method::POST, path: "/admin/articles/:article/images", most: 9 }];
        let check = |method: Method, path: &str, expect: bool| {
            assert_eq!(UploadRoute::cap(&routes, &method, path).is_some(), expect, "{method} {path}");
        };
        check(Method::POST, "/admin/articles/7/images", true);
        check(Method::PUT, "/admin/articles/7/images", false);
        check(Method::POST, "/admin/articles//images", false);
        check(Method::POST, "/admin/articles/7/images/", false);
        check(Method::POST, "/admin/articles/7/8/images", false);
        check(Method::POST, "/admin/articles/7", false);
    }

    fn form(parts: &[&str]) -> Bytes {
        let parts: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
        Bytes::from(format!("{parts}--b--\r\n"))
    }

    #[tokio::test]
    async fn a_form_is_taken_apart() {
        let text = "Content-Disposition: form-data; name=\"alt\"\r\n\r\n一个盘子";
        let file = "Content-Disposition: form-data; name=\"image\"; filename=\"../../x.png\"\r\nContent-Type: text/html\r\n\r\nPNG";
        let read = Upload::read("multipart/form-data; boundary=b", form(&[text, file])).await.expect("a form");
        assert_eq!((read.text("alt"), read.file("image")), ("一个盘子", &b"PNG"[..]));
        assert_eq!((read.text("image"), read.file("alt"), read.text("x")), ("", &b""[..], ""));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        let text = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx";
        let long = format!("Content-Disposition: form-data; name=\"a\"\r\n\r\n{}", "x".repeat(MOST_TEXT + 1));
        for (kind, body) in [
            ("multipart/form-data", form(&[text])),
            ("multipart/form-data; boundary=c", form(&[text])),
            (
                "multipart/form-data; boundary=b",
                Bytes::from_static(b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"),
            ),
            ("multipart/form-data; boundary=b", form(&[&long])),
            ("multipart/form-data; boundary=b", form(&[text; MOST_FIELDS + 1])),
        ] {
            assert!(Upload::read(kind, body).await.is_err(), "{kind}");
        }
    }
}
