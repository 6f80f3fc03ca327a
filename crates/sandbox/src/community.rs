//! Other sites of the region: a forum (RSS 2.0) and a blog (Atom), with a page for each post.

use std::{fmt::Write as _, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use jiff::{Zoned, civil::Date, tz::TimeZone};
use serde::Deserialize;

use crate::{
    SandboxError,
    listen::{self, Always, Tasks},
    reference::toml_of,
};

#[derive(Deserialize)]
struct Script {
    forum: String,
    blog: String,
    #[serde(rename = "post")]
    posts: Vec<Post>,
}

#[derive(Deserialize)]
struct Post {
    site: String,
    title: String,
    author: String,
    text: String,
    days: i64,
    hour: i8,
}

/// What the sites answer from.
struct Community {
    script: Script,
    base: String,
    today: Date,
}

/// Starts both sites on one address; their base URL.
pub(crate) async fn serve(address: std::net::SocketAddr, today: Date, tasks: &Tasks) -> Result<String, SandboxError> {
    let script = toml_of("community.toml", include_str!("../data/zh/community.toml"))?;
    let (listener, address) = listen::open(address).await?;
    let base = format!("http://{address}");
    let community = Arc::new(Community { script, base: base.clone(), today });
    listen::accept(tasks, listener, move |stream| {
        listen::http(stream, Arc::clone(&community), |community, request| async move { community.answer(&request) })
    });
    Ok(base)
}

impl Community {
    fn answer(&self, request: &Request<Incoming>) -> Always<Response<Full<Bytes>>> {
        let (status, kind, body) = match request.uri().path() {
            "/forum/feed.xml" => (StatusCode::OK, "application/rss+xml; charset=utf-8", self.rss()),
            "/blog/feed.xml" => (StatusCode::OK, "application/atom+xml; charset=utf-8", self.atom()),
            path => match self.post(path) {
                Some(post) => (StatusCode::OK, "text/html; charset=utf-8", page(post)),
                None => (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "not here".to_owned()),
            },
        };
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        Ok(response)
    }

    fn of(&self, site: &'static str) -> impl Iterator<Item = (usize, &Post)> {
        self.script.posts.iter().enumerate().filter(move |(_, post)| post.site == site)
    }

    fn post(&self, path: &str) -> Option<&Post> {
        let (site, number) = path.strip_prefix('/')?.split_once("/posts/")?;
        self.script.posts.get(number.parse::<usize>().ok()?).filter(|post| post.site == site)
    }

    /// On the clocks of China.
    fn at(&self, post: &Post) -> Option<Zoned> {
        let date = self.today.checked_sub(jiff::Span::new().days(post.days)).ok()?;
        date.at(post.hour, 12, 0, 0).to_zoned(TimeZone::fixed(jiff::tz::offset(8))).ok()
    }

    fn rss(&self) -> String {
        let mut items = String::new();
        for (number, post) in self.of("forum") {
            let at = self.at(post).and_then(|at| jiff::fmt::rfc2822::to_string(&at).ok()).unwrap_or_default();
            let (title, author, text) = (escape(&post.title), escape(&post.author), escape(&post.text));
            let base = &self.base;
            // never fails: it is a text in memory
            let _ = write!(
                items,
                "<item><title>{title}</title><link>{base}/forum/posts/{number}</link><guid>{base}/forum/posts/{number}</guid>\
                 <dc:creator>{author}</dc:creator><description>{text}</description><pubDate>{at}</pubDate></item>"
            );
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
             <channel><title>{}</title><link>{}/forum</link><description/>{items}</channel></rss>",
            escape(&self.script.forum),
            self.base
        )
    }

    fn atom(&self) -> String {
        let mut entries = String::new();
        for (number, post) in self.of("blog") {
            let at = self.at(post).map(|at| at.timestamp().to_string()).unwrap_or_default();
            let (title, author, text) = (escape(&post.title), escape(&post.author), escape(&post.text));
            let base = &self.base;
            // never fails: it is a text in memory
            let _ = write!(
                entries,
                "<entry><id>{base}/blog/posts/{number}</id><title>{title}</title><link href=\"/blog/posts/{number}\"/>\
                 <author><name>{author}</name></author><summary>{text}</summary><updated>{at}</updated></entry>"
            );
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{0}/blog</id>\
             <title>{1}</title><updated>2026-01-01T00:00:00Z</updated>{entries}</feed>",
            self.base,
            escape(&self.script.blog)
        )
    }
}

fn page(post: &Post) -> String {
    let (title, author, text) = (escape(&post.title), escape(&post.author), escape(&post.text));
    format!(
        "<!doctype html><html lang=\"zh-CN\"><title>{title}</title><h1>{title}</h1><p>{author}</p><p>{text}</p></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
