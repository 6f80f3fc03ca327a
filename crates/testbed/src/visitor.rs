//! A person at a portal, without a browser: keeps cookies, fills in the hidden field of forms, follows nothing by itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN,
    SET_COOKIE,
};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::Value;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where a redirect leads; empty when it is none.
    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none: the body is in the message.
    #[allow(clippy::panic, reason = "the body belongs into the test's output")]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("status {} with a body that is no JSON ({error}): {}", self.status, self.body),
        }
    }

    /// The value of the hidden field `csrf_token` of the first form on the page.
    pub fn csrf_token(&self) -> Option<String> {
        let field = self.body.split("<input").skip(1).find(|tag| {
            let tag = tag.split('>').next().unwrap_or(tag);
            tag.contains("name=\"csrf_token\"")
        })?;
        let value = field.split("value=\"").nth(1)?.split('"').next()?;
        Some(value.to_owned())
    }
}

/// One person with one browser. Cookies are kept by name; redirects are not followed.
#[derive(Clone, Debug)]
pub struct Visitor {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
    form_token: Option<String>,
    language: String,
}

impl Visitor {
    /// A visitor of the portal at `base` (`http://127.0.0.1:8080`) who is not signed in.
    ///
    /// # Errors
    /// The HTTP client can't be made.
    pub fn new(base: &str) -> Result<Self> {
        // A second installation in the same process is refused, which is fine: it is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(std::time::Duration::from_secs(60))
            .build()?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            cookies: BTreeMap::new(),
            form_token: None,
            language: "zh-CN".to_owned(),
        })
    }

    /// From now on asks for pages in `language` (`zh-CN`, `en`).
    #[must_use]
    pub fn speaking(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// The portal's address, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The cookies as `name=value`, for tests that steal or tamper with them.
    pub fn cookies(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.cookies
    }

    /// `GET path`.
    ///
    /// # Errors
    /// No answer came.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// Bytes of the body of `GET path` when only `encoding` (`zstd`, `gzip`) is accepted.
    ///
    /// # Errors
    /// No answer came, not with status 200, or not in that encoding.
    pub async fn compressed(&mut self, path: &str, encoding: &str) -> Result<usize> {
        let mut answer = self.request(Method::GET, path).header(ACCEPT_ENCODING, encoding).send().await?;
        let kind = answer.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if answer.status() != 200 || kind != encoding {
            bail!("{} in `{kind}`", answer.status());
        }
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len();
        }
        Ok(bytes)
    }

    /// `GET path` as a browser asks when somebody goes there: for a page, so that errors are pages too.
    ///
    /// # Errors
    /// No answer came.
    pub async fn page(&mut self, path: &str) -> Result<Answer> {
        let request = self.request(Method::GET, path).header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
        self.send(request).await
    }

    /// `HEAD path`.
    ///
    /// # Errors
    /// No answer came.
    pub async fn head(&mut self, path: &str) -> Result<Answer> {
        let request = self.request(Method::HEAD, path);
        self.send(request).await
    }

    /// Posts a form as a browser would: with the hidden token of the page it is on. When the last page had no form, the
    /// form's own page is fetched first.
    ///
    /// # Errors
    /// No answer came, or no page with a form could be had.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        if self.form_token.is_none() {
            self.get(path).await?;
        }
        if self.form_token.is_none() {
            self.get("/").await?;
        }
        let Some(token) = self.form_token.clone() else { bail!("no page with a form at {path} nor at /") };
        self.post_form_with(path, fields, Some(&token)).await
    }

    /// Posts a form with a token of the caller's choice, or none.
    ///
    /// # Errors
    /// No answer came.
    pub async fn post_form_with(&mut self, path: &str, fields: &[(&str, &str)], token: Option<&str>) -> Result<Answer> {
        let pairs = fields.iter().copied().chain(token.map(|token| ("csrf_token", token)));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self
            .request(Method::POST, path)
            .header(ORIGIN, &self.base)
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }

    /// Posts a form with a file as a browser would, with the token of its page.
    ///
    /// # Errors
    /// No answer came, or its page has no form.
    pub async fn post_file(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (name, bytes): (&str, &[u8]),
    ) -> Result<Answer> {
        self.get(path).await?;
        let Some(token) = self.form_token.clone() else { bail!("no form at {path}") };
        let mut body = Vec::new();
        for (field, text) in fields.iter().copied().chain([("csrf_token", token.as_str())]) {
            let part = format!("--b0undary\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x.png\"\r\nContent-Type: \
             image/png\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b0undary--\r\n");
        let request = self
            .request(Method::POST, path)
            .header(ORIGIN, &self.base)
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "multipart/form-data; boundary=b0undary")
            .body(body);
        self.send(request).await
    }

    /// A request of the JSON API; unsafe methods carry the token that `GET /api/v1/session` names.
    ///
    /// # Errors
    /// No answer came.
    pub async fn json(&mut self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        self.json_with(method, path, &[], body).await
    }

    /// The same with headers of the caller's, such as `Idempotency-Key`.
    ///
    /// # Errors
    /// No answer came.
    pub async fn json_with(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = self.request(method.clone(), path).header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !method.is_safe() {
            let session = self.get("/api/v1/session").await?;
            if let Some(token) = session.json().get("csrf_token").and_then(Value::as_str) {
                request = request.header("x-csrf-token", token);
            }
            request = request.header(ORIGIN, &self.base).header("sec-fetch-site", "same-origin");
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.send(request).await
    }

    /// Signs in with the form of `/sign-in`; `organisation` where the portal asks for one.
    ///
    /// # Errors
    /// No answer came. A refused sign-in is an answer (its status is not 303).
    pub async fn sign_in(&mut self, username: &str, password: &str, organisation: Option<&str>) -> Result<Answer> {
        self.get("/sign-in").await?;
        let mut fields = vec![("username", username), ("password", password)];
        fields.extend(organisation.map(|id| ("organisation", id)));
        self.post_form("/sign-in", &fields).await
    }

    /// Any request at all, with the visitor's cookies: for tests that knock on every door.
    ///
    /// # Errors
    /// No answer came.
    pub async fn knock(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer> {
        let mut request = self.request(method.parse()?, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        request.header(ACCEPT_LANGUAGE, &self.language)
    }

    #[allow(clippy::disallowed_methods, reason = "the portal under test is no stranger: its answers are read whole")]
    async fn send(&mut self, request: RequestBuilder) -> Result<Answer> {
        let response = request.send().await.context("the portal gave no answer")?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.text().await.context("the answer broke off")?;
        for cookie in headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap_or_default());
        }
        let answer = Answer { status, headers, body };
        if let Some(token) = answer.csrf_token() {
            self.form_token = Some(token);
        }
        Ok(answer)
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        // A new or ended session makes the tokens of earlier pages worthless.
        let ended = parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0"));
        let changed = if ended || value.is_empty() {
            self.cookies.remove(name).is_some()
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned()).as_deref() != Some(value)
        };
        if changed {
            self.form_token = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Answer {
        Answer { status: 200, headers: HeaderMap::new(), body: body.to_owned() }
    }

    #[test]
    fn finds_the_token_of_a_form() {
        let form = r#"<form><input name="q" value="x"><input type="hidden" name="csrf_token" value="abc"></form>"#;
        assert_eq!(page(form).csrf_token().as_deref(), Some("abc"));
        assert_eq!(page("<p>csrf_token</p>").csrf_token(), None);
    }

    #[test]
    fn cookies_come_and_go() -> Result<()> {
        let mut visitor = Visitor::new("http://127.0.0.1:1/")?;
        visitor.form_token = Some("old".into());
        visitor.keep("session=one; HttpOnly; Path=/");
        assert_eq!(visitor.cookies.get("session").map(String::as_str), Some("one"));
        assert_eq!(visitor.form_token, None);
        visitor.keep("session=; Max-Age=0");
        assert!(visitor.cookies.is_empty());
        Ok(())
    }
}
