//! Links that somebody put together: a list, or tiles of applications.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use super::{BOTH, Templates};
use crate::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Settings, Widget, WidgetError};

const TITLE: FieldKind = FieldKind::Bilingual { longest: 40, lines: false };

/// `title-N` and `url-N` of the first, `icon-N` of applications.
const PLACES: [(&str, &str, &str); 9] = [
    ("title-1", "url-1", "icon-1"),
    ("title-2", "url-2", "icon-2"),
    ("title-3", "url-3", "icon-3"),
    ("title-4", "url-4", "icon-4"),
    ("title-5", "url-5", "icon-5"),
    ("title-6", "url-6", "icon-6"),
    ("title-7", "url-7", "icon-7"),
    ("title-8", "url-8", "icon-8"),
    ("title-9", "url-9", "icon-9"),
];

/// Of the sprite; the first unless said.
const ICONS: FieldKind = FieldKind::Choice(&[
    "layers",
    "hospital",
    "scan",
    "flask-conical",
    "stethoscope",
    "bed",
    "pill",
    "syringe",
    "receipt-text",
    "heart-pulse",
    "file-text",
    "users",
]);

const fn link_fields() -> [Field; 18] {
    let mut fields = [Field::optional("title-1", TITLE); 18];
    let mut nth = 0;
    while nth < PLACES.len() {
        let (title, url, _) = PLACES[nth];
        fields[2 * nth] = Field::optional(title, TITLE);
        fields[2 * nth + 1] = Field::optional(url, FieldKind::Url);
        nth += 1;
    }
    fields
}

const fn tile_fields() -> [Field; 27] {
    let mut fields = [Field::optional("title-1", TITLE); 27];
    let mut nth = 0;
    while nth < PLACES.len() {
        let (title, url, icon) = PLACES[nth];
        fields[3 * nth] = Field::optional(title, TITLE);
        fields[3 * nth + 1] = Field::optional(url, FieldKind::Url);
        fields[3 * nth + 2] = Field::optional(icon, ICONS);
        nth += 1;
    }
    fields
}

const LINK_FIELDS: &[Field] = &link_fields();
const TILE_FIELDS: &[Field] = &tile_fields();

static LINKS: Declaration =
    Declaration { fields: LINK_FIELDS, ..Declaration::of("links", Category::Ways, "arrow-right", BOTH) };
static APPLICATIONS: Declaration =
    Declaration { fields: TILE_FIELDS, ..Declaration::of("applications", Category::Ways, "layers", BOTH) };

/// `widgets/links.html`, `widgets/applications.html`
#[derive(Serialize)]
struct View<'s> {
    links: Vec<Link<'s>>,
}

#[derive(Serialize)]
struct Link<'s> {
    title: &'s str,
    href: &'s str,
    icon: &'s str,
    /// It leads out of the portal.
    outside: bool,
}

/// Those with a title and an address.
fn links<'s>(settings: &'s Settings, language: &str) -> Vec<Link<'s>> {
    let found = PLACES.iter().filter_map(|(title, url, icon)| {
        let href = settings.text(url)?;
        let title = settings.bilingual(title)?.of(language);
        let icon = settings.text(icon).unwrap_or("arrow-right");
        Some(Link { title, href, icon, outside: !href.starts_with('/') })
    });
    found.collect()
}

fn drawing<V: Templates>(viewing: &V, template: &str, settings: &Settings) -> Result<Option<Drawing>, WidgetError> {
    let view = View { links: links(settings, viewing.language()) };
    Ok(Some(Drawing::of(viewing.template(template, &view)?)))
}

/// `links`
pub struct Links;

#[async_trait]
impl<V: Templates> Widget<V> for Links {
    fn declaration(&self) -> &Declaration {
        &LINKS
    }

    async fn draw(&self, viewing: &Arc<V>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        drawing(&**viewing, "widgets/links.html", placed.settings)
    }
}

/// `applications`: other systems, by their address alone; each asks for its own sign-in.
pub struct Applications;

#[async_trait]
impl<V: Templates> Widget<V> for Applications {
    fn declaration(&self) -> &Declaration {
        &APPLICATIONS
    }

    async fn draw(&self, viewing: &Arc<V>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        drawing(&**viewing, "widgets/applications.html", placed.settings)
    }
}
