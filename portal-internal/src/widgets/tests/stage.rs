//! The portal's own first page, drawn with widgets of a test's own.

use std::sync::Arc;

use access::Domain;
use jiff::{Timestamp, civil::Date};
use pages::model::Item;
use pages::render::{Engine, Patience, page_view};
use pages::standard::Templates;
use pages::widget::{Fragment, Registry, Viewing, Widget, WidgetError};
use serde::Serialize;
use serde_json::{Value, json};
use web::Lang;
use web::render::{Frame, Locales, Portal, Renderer, Templates as TemplateFiles, local};

use super::{OwnLocales, OwnTemplates, Somebody};

#[derive(rust_embed::RustEmbed)]
#[folder = "src/widgets/tests/newcomer/templates"]
struct NewTemplates;

#[derive(rust_embed::RustEmbed)]
#[folder = "src/widgets/tests/newcomer/locales"]
struct NewLocales;

pub struct Viewer {
    who: Somebody,
    lang: Lang,
    renderer: Renderer,
}

impl Viewer {
    fn frame(&self) -> Frame {
        Frame {
            lang: self.lang,
            theme: None,
            portal: Portal::Internal,
            user: None,
            csrf_token: String::new(),
            nonce: "n".to_owned(),
            path: "/".to_owned(),
            request_id: "R".to_owned(),
            now: "2026-11-22T04:00:00Z".parse::<Timestamp>().expect("an instant"),
        }
    }
}

impl Viewing for Viewer {
    fn context(&self) -> &dyn access::Context {
        &self.who
    }

    fn language(&self) -> &'static str {
        self.lang.tag()
    }
}

impl Templates for Viewer {
    fn today(&self) -> Date {
        local(self.frame().now).date()
    }

    fn template<T: Serialize>(&self, name: &str, view: &T) -> Result<Fragment, WidgetError> {
        self.renderer.page(name, &self.frame(), view).map(Fragment::from_escaped).map_err(WidgetError::new)
    }
}

/// A page with these widgets.
pub struct Stage {
    engine: Engine<Viewer>,
    viewer: Arc<Viewer>,
}

/// An item named like its kind.
pub fn item(kind: &str, config: Value) -> Value {
    json!({ "instance": kind, "widget": { "kind": kind, "major": 1 }, "config": config })
}

impl Stage {
    pub fn new(widgets: Vec<Arc<dyn Widget<Viewer>>>, lang: Lang) -> Self {
        let templates = vec![
            record_view::templates(),
            content_view::templates(),
            TemplateFiles::embedded::<OwnTemplates>(),
            TemplateFiles::embedded::<NewTemplates>(),
        ];
        let locales = vec![
            record_view::locales(),
            content_view::locales(),
            Locales::embedded::<OwnLocales>(),
            Locales::embedded::<NewLocales>(),
        ];
        let renderer = Renderer::new(templates, locales, Vec::new()).expect("templates and words");
        let who = Somebody(access::SubjectId::staff("region", "x"), vec![]);
        let engine = Engine::new(Registry::new(Domain::Internal, widgets).expect("good names"));
        Self { engine, viewer: Arc::new(Viewer { who, lang, renderer }) }
    }

    pub fn words(&self, key: &str) -> String {
        self.viewer.renderer.words(self.viewer.lang).text(key)
    }

    /// The first page, as `GET /` sends it.
    pub async fn home(&self, items: &[Value]) -> String {
        let page: pages::Page = serde_json::from_value(json!({
            "id": "p-test", "portal": "internal", "slug": "test", "title": { "zh": "测试", "en": "Test" },
            "root": { "id": "root", "flow": "rows", "children": [
                { "node": "region", "id": "main", "max": 24, "items": items },
            ] },
        }))
        .expect("a page");
        let placed: Vec<&Item> = page.root.items().collect();
        let drawn = self.engine.draw(&self.viewer, (&page.id, &placed), Patience::AtOnce, 1).await;
        let view = page_view(&page, &Default::default(), drawn, (self.engine.registry(), self.viewer.language()));
        let home = json!({ "greeting": "x", "page": view, "stylesheet": null, "whole_href": "/?whole=1" });
        self.viewer.renderer.page("home.html", &self.viewer.frame(), &home).expect("a page")
    }
}
