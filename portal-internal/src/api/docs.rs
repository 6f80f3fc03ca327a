//! The description of the API, and Swagger UI under a content security policy of its own.

use base64::{Engine, engine::general_purpose::STANDARD};
use poem::{Endpoint, IntoResponse, Response, endpoint::make_sync, http::header};
use sha2::{Digest, Sha256};

/// `GET /api/openapi.json`
pub fn document(spec: String) -> impl Endpoint<Output = Response> + 'static {
    make_sync(move |_| spec.clone().with_content_type("application/json").into_response())
}

/// Swagger UI as poem-openapi embeds it: one page with its script and style inside. Its script is allowed by its hash,
/// nothing else; the page loads nothing from elsewhere.
pub struct SwaggerUi {
    html: String,
    policy: String,
}

impl SwaggerUi {
    /// Takes the page and works out its policy.
    pub fn new(html: &str) -> Self {
        let scripts: Vec<String> = inline_scripts(html)
            .map(|script| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script.as_bytes()))))
            .collect();
        let policy = format!(
            "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            scripts.join(" ")
        );
        Self { html: html.to_owned(), policy }
    }
}

/// The texts between `<script …>` and `</script>`.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let body = &rest[rest.find('>')? + 1..];
        body.split("</script>").next()
    })
}

impl Endpoint for SwaggerUi {
    type Output = Response;

    async fn call(&self, _request: poem::Request) -> poem::Result<Response> {
        Ok(Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, self.policy.as_str())
            .body(self.html.clone()))
    }
}
