//! A widget as somebody new makes one, by the path that ARCHITECTURE.md describes: this file, a line in a list, a template,
//! words in two languages (`newcomer/`). Drawn here on a page of the portal's own.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use pages::standard::{Calendar, Templates};
use pages::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};
use serde_json::json;
use web::Lang;

use super::stage::{Stage, item};

static DECLARATION: Declaration = Declaration {
    fields: &[Field::required("harbour", FieldKind::Text { longest: 40, lines: false })],
    ..Declaration::of("tides", Category::Portal, "calendar-clock", &[Domain::Internal])
};

struct Tides;

#[async_trait]
impl<V: Templates> Widget<V> for Tides {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, viewing: &Arc<V>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let view = json!({ "harbour": placed.settings.text("harbour") });
        Ok(Some(Drawing::of(viewing.template("widgets/tides.html", &view)?)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomers_widget_stands_on_a_page_in_both_languages_and_in_its_size() {
    for (lang, name, said) in [(Lang::En, "Tides", "at six"), (Lang::Zh, "潮汐", "六点涨潮")] {
        let stage = Stage::new(vec![Arc::new(Calendar), Arc::new(Tides)], lang);
        let mut tides = item("tides", json!({ "harbour": "<script>alert(1)</script>" }));
        tides["span"] = json!({ "columns": 6, "rows": 3 });
        let html = stage.home(&[tides, item("calendar", json!({}))]).await;
        let section = html.split("<section").find(|part| part.contains("id=\"w-tides\"")).expect("it is there");
        assert!(section.contains(name) && section.contains(said), "{section}");
        assert!(section.contains("class=\"wcell c6 tall--3 card\""), "{section}");
        assert!(section.contains("&lt;script&gt;") && !section.contains("<script"), "{section}");
        let beside = html.split("<section").find(|part| part.contains("id=\"w-calendar\"")).expect("it is there");
        assert!(beside.contains("class=\"wcell c12 card\""), "{beside}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_wrongly_or_unknown_is_said_in_its_place() {
    let stage = Stage::new(vec![Arc::new(Tides)], Lang::En);
    let html = stage.home(&[item("tides", json!({ "harbour": 7 })), item("gone", json!({ "x": "<b>" }))]).await;
    let section = |id: &str| {
        let mark = format!("id=\"w-{id}\"");
        html.split("<section").find(|part| part.contains(&mark)).unwrap_or_else(|| panic!("{id}: {html}")).to_owned()
    };
    assert!(section("tides").contains("Tides") && section("tides").contains(&stage.words("widget-trouble-settings")));
    assert!(section("gone").contains("gone") && section("gone").contains(&stage.words("widget-trouble-unknown")));
}
