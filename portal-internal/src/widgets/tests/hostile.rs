//! Hostile words in whatever can be set on a widget.

use std::sync::Arc;

use pages::standard::{Applications, Links};
use serde_json::{Value, json};
use web::Lang;

use super::super::text::Text;
use super::stage::{Stage, item};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

fn both(text: &str) -> Value {
    json!({ "zh": text, "en": text })
}

/// The drawn widget, without the rest of the page.
async fn drawn(stage: &Stage, one: Value) -> String {
    let html = stage.home(std::slice::from_ref(&one)).await;
    let mark = format!("id=\"w-{}\"", one["instance"].as_str().expect("a name"));
    let from = html.find(&mark).unwrap_or_else(|| panic!("it is not in {html}"));
    html[from..].split("</section>").next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_words_in_settings_and_titles_are_words() {
    let stage = Stage::new(vec![Arc::new(Applications), Arc::new(Links), Arc::new(Text)], Lang::Zh);
    let markdown =
        format!("# {SCRIPT}\n\n{SCRIPT}\n\n[x](javascript:alert(1)) ![x](https://h.example/x.png) <b onclick=x>y</b>");
    for (kind, config) in [
        ("links", json!({ "title-1": both(&SCRIPT[..25]), "url-1": "https://h.example/?\"><script>" })),
        ("applications", json!({ "title-1": both(&SCRIPT[..25]), "url-1": "/patients" })),
        ("text", json!({ "text": both(&markdown) })),
    ] {
        let mut hostile = item(kind, config);
        hostile["title"] = both(&SCRIPT[..25]);
        let html = drawn(&stage, hostile).await;
        assert!(html.contains("&lt;script&gt;"), "{kind}: {html}");
        for bad in ["<script", "<img", "<b ", "href=\"javascript"] {
            assert!(!html.contains(bad), "{kind}: {bad} in {html}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_runs_is_no_setting() {
    let stage = Stage::new(vec![Arc::new(Links)], Lang::En);
    for url in ["javascript:alert(1)", "data:text/html,x", "//h.example", "vbscript:x"] {
        let html = drawn(&stage, item("links", json!({ "title-1": both("x"), "url-1": url }))).await;
        assert!(html.contains(&stage.words("widget-trouble-settings")) && !html.contains(url), "{url}: {html}");
    }
}
