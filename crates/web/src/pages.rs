//! Drawing a portal's pages for a visit.

use std::sync::Arc;

use poem::{
    Endpoint, Request, Response,
    http::{StatusCode, header},
};
use serde::Serialize;

use crate::{
    Failure, Visit, csrf,
    keys::Key,
    render::{ErrorPage, Frame, Portal, RenderError, Renderer, Theme, User},
    session::Session,
    shell::{ErrorForm, ErrorPages},
    told,
};

/// Who a session belongs to, as the shell of a page shows them.
pub type DescribeUser = Box<dyn Fn(&Session) -> Option<User> + Send + Sync>;

/// Draws the pages of one portal.
pub struct Pages {
    renderer: Arc<Renderer>,
    portal: Portal,
    csrf_key: Key,
    describe: DescribeUser,
}

impl access::Classify for RenderError {
    fn fault(&self) -> access::Fault {
        access::Fault::Internal
    }
}

impl Pages {
    /// Pages drawn by `renderer`; `describe` reads the identity a session keeps.
    pub fn new(renderer: Arc<Renderer>, portal: Portal, csrf_key: Key, describe: DescribeUser) -> Self {
        Self { renderer, portal, csrf_key, describe }
    }

    /// For words outside templates.
    pub fn renderer(&self) -> &Arc<Renderer> {
        &self.renderer
    }

    /// A fresh CSRF token for this visitor.
    ///
    /// # Errors
    /// No random bytes.
    pub fn csrf_token(&self, visit: &Visit) -> Result<String, Failure> {
        csrf::token(&self.csrf_key, &visit.csrf_binding).map_err(Failure::internal)
    }

    /// What was just done, for the address of the page that says so: it tells it to this visitor alone, for ten minutes.
    ///
    /// # Errors
    /// No random bytes.
    pub fn told(&self, visit: &Visit, what: &str) -> Result<String, Failure> {
        told::word(&self.csrf_key, &visit.csrf_binding, what, visit.now).map_err(Failure::internal)
    }

    /// What an address tells this visitor to have [just done](Self::told). Of an address that somebody else made, nothing.
    pub fn was_told<'w>(&self, visit: &Visit, word: &'w str) -> Option<&'w str> {
        told::read(&self.csrf_key, &visit.csrf_binding, word, visit.now)
    }

    fn frame(&self, visit: &Visit, csrf_token: String) -> Frame {
        Frame {
            lang: visit.lang,
            theme: visit.theme.and_then(Theme::from_name),
            portal: self.portal,
            user: visit
                .session
                .as_deref()
                .and_then(|session| (self.describe)(session))
                .map(|user| self.seen(visit, user)),
            csrf_token,
            nonce: visit.nonce.clone(),
            path: visit.path.clone(),
            request_id: visit.request.0.clone(),
            now: visit.now,
        }
    }

    fn seen(&self, visit: &Visit, user: User) -> User {
        let acting_for = visit.acting_for.get().cloned();
        User { unread: visit.unread.get().copied().unwrap_or(0), acting_for, ..user }
    }

    /// A page.
    ///
    /// # Errors
    /// A 500 when the template fails.
    pub fn page(&self, visit: &Visit, template: &str, page: &impl Serialize) -> Result<Response, Failure> {
        self.page_at(visit, &visit.path, template, page)
    }

    /// A page whose language switch leads to `path` (a form's own page, after a POST that shows it again).
    ///
    /// # Errors
    /// A 500 when the template fails.
    pub fn page_at(
        &self,
        visit: &Visit,
        path: &str,
        template: &str,
        page: &impl Serialize,
    ) -> Result<Response, Failure> {
        let frame = Frame { path: path.to_owned(), ..self.frame(visit, self.csrf_token(visit)?) };
        let html = self.renderer.page(template, &frame, page)?;
        Ok(Response::builder().content_type("text/html; charset=utf-8").body(html))
    }

    /// A part of a page, for this visitor alone: it may hold forms and what asks again by itself.
    ///
    /// # Errors
    /// A 500 when the template fails.
    pub fn part(&self, visit: &Visit, template: &str, part: &impl Serialize) -> Result<String, Failure> {
        let frame = self.frame(visit, self.csrf_token(visit)?);
        Ok(self.renderer.page(template, &frame, part)?)
    }

    /// A part of a page that others may be shown too: its frame knows the language and the time, no person, no token, no
    /// nonce and no path.
    ///
    /// # Errors
    /// A 500 when the template fails.
    pub fn shared_part(&self, visit: &Visit, template: &str, part: &impl Serialize) -> Result<String, Failure> {
        let frame = Frame {
            lang: visit.lang,
            theme: None,
            portal: self.portal,
            user: None,
            csrf_token: String::new(),
            nonce: String::new(),
            path: "/".to_owned(),
            request_id: String::new(),
            now: visit.now,
        };
        Ok(self.renderer.page(template, &frame, part)?)
    }

    /// `GET /static/*path`
    pub fn static_files(self: &Arc<Self>) -> StaticFiles {
        StaticFiles(self.renderer.clone())
    }
}

impl ErrorPages for Pages {
    fn draw(&self, visit: &Visit, failure: &Failure, form: ErrorForm) -> Option<String> {
        let page = ErrorPage {
            status: failure.status().as_u16(),
            problem: failure.problem().to_owned(),
            retry_after: failure.retry_after(),
        };
        let frame = self.frame(visit, self.csrf_token(visit).ok()?);
        let drawn = match form {
            ErrorForm::Page => self.renderer.error(&frame, &page),
            ErrorForm::Part => self.renderer.error_part(&frame, &page),
        };
        match drawn {
            Ok(html) => Some(html),
            Err(error) => {
                tracing::error!(request_id = %visit.request.0, %error, "drawing an error page");
                None
            }
        }
    }
}

/// Serves the embedded style sheet, icons and the like.
pub struct StaticFiles(Arc<Renderer>);

impl Endpoint for StaticFiles {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path().trim_start_matches("/static/");
        let Some(asset) = self.0.asset(path) else { return Err(Failure::new(access::Fault::NotFound).into()) };
        let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-store" };
        let said = |name: header::HeaderName| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let (bytes, etag, coding) = asset.coded(said(header::ACCEPT_ENCODING));
        let answer = Response::builder()
            .header(header::CACHE_CONTROL, cache)
            .header(header::ETAG, etag)
            .header(header::VARY, "accept-encoding");
        if asset.is_known(said(header::IF_NONE_MATCH)) {
            return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
        }
        let answer = match coding {
            Some(coding) => answer.header(header::CONTENT_ENCODING, coding),
            None => answer,
        };
        Ok(answer.content_type(asset.content_type).body(bytes.to_vec()))
    }
}

/// A path of our own to go to after signing in; `/` for anything else (`//host`, `/\host`, an address, control characters).
pub fn return_path(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    if local && !next.chars().any(char::is_control) && !next.starts_with("/sign-") { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::return_path;

    #[test]
    fn sign_in_never_leads_away() {
        let check = |next: &str, expect: &str| assert_eq!(return_path(next), expect, "{next:?}");
        check("/patients?search=1", "/patients?search=1");
        check("", "/");
        check("//evil.example", "/");
        check("/\\evil.example", "/");
        check("https://evil.example/", "/");
        check("/a\r\nset-cookie: x", "/");
        check("/sign-in?next=/", "/");
    }
}
