//! Searching over pages, one's own patients and articles. What is typed may be a name, so it never becomes part of a URL.

use std::sync::Arc;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use content::Reader;
use pages::widget::{
    Category, Declaration, Drawing, Hit, Placed, SearchProvider, Viewing as _, Widget, WidgetError, search_all,
};
use pages::{model::Bilingual, render::Trimmer};
use serde::Serialize;
use serde_json::json;

use super::{Desk, failed, news::language};
use crate::mine::{self, Wanted};

/// Of each kind.
const MOST: usize = 10;
/// Longer than any title or name; more is cut off.
const LONGEST: usize = 80;

static DECLARATION: Declaration = Declaration::of("search", Category::Ways, "search", &[Domain::Internal]);

/// `search`
pub struct Search;

#[async_trait]
impl Widget<Desk> for Search {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let view = json!({ "field": format!("s-{}", placed.instance) });
        Ok(Some(Drawing::of(desk.personal("widgets/search.html", &view)?)))
    }
}

/// What was found of one kind.
#[derive(Serialize)]
pub struct Found {
    /// `search-in-…`
    kind: &'static str,
    /// It could not be looked for.
    failed: bool,
    hits: Vec<HitView>,
}

#[derive(Serialize)]
struct HitView {
    title: String,
    detail: String,
    href: String,
}

/// Looks everywhere; nothing for no words.
pub async fn find(desk: &Arc<Desk>, typed: &str) -> (String, Vec<Found>) {
    let words: String = typed.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if words.is_empty() {
        return (words, Vec::new());
    }
    let providers: [Arc<dyn SearchProvider<Desk>>; 3] = [Arc::new(Pages), Arc::new(People), Arc::new(Articles)];
    let found = search_all(&providers, desk, &words, MOST).await;
    let view = |hit: Hit| HitView { title: hit.title, detail: hit.detail, href: hit.href };
    let found = found.into_iter().map(|(kind, hits)| Found {
        kind,
        failed: hits.is_none(),
        hits: hits.unwrap_or_default().into_iter().map(view).collect(),
    });
    (words, found.collect())
}

/// Does a text hold every one of the words, whatever their case?
fn holds(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

/// The portal's pages: `(what one must be allowed, its words, its address)`.
static PAGES: [(Object, Act, &str, &str); 9] = [
    (Object::PAGE_HOME, Act::View, "nav-desk", "/"),
    (Object::PAGE_PATIENT_SEARCH, Act::SearchPatients, "nav-patients", "/patients"),
    (Object::PAGE_ARTICLES, Act::View, "nav-articles", "/articles"),
    (Object::PAGE_INDEX, Act::LinkPatients, "nav-index", "/admin/index"),
    (Object::PAGE_DATA_QUALITY, Act::View, "nav-data-quality", "/admin/data-quality"),
    (Object::PAGE_SCHEDULES, Act::View, "nav-schedules", "/admin/schedules"),
    (Object::PAGE_JOBS, Act::View, "nav-jobs", "/admin/jobs"),
    (Object::PAGE_SOURCES, Act::Administer, "nav-sources", "/admin/sources"),
    (Object::PAGE_SOURCES, Act::Administer, "nav-flows", "/admin/flows"),
];

struct Pages;

#[async_trait]
impl SearchProvider<Desk> for Pages {
    fn kind(&self) -> &'static str {
        "pages"
    }

    async fn search(&self, desk: &Arc<Desk>, words: &str, most: usize) -> Result<Vec<Hit>, WidgetError> {
        let (policy, scene) = (&desk.portal.policy, desk.scene());
        let allowed = PAGES.iter().filter(|(object, act, ..)| policy.decide(desk.context(), object, *act));
        let hit = |(_, _, key, href): &(Object, Act, &str, &str)| Hit {
            title: scene.text(key),
            detail: String::new(),
            href: (*href).to_owned(),
        };
        let mut hits: Vec<Hit> = allowed.map(hit).collect();
        // What administrators published, as far as one may see it.
        let titled = |title: &Bilingual| if desk.language() == "en" { title.en.clone() } else { title.zh.clone() };
        hits.extend(desk.portal.layouts.visible(desk.context()).iter().map(|shown| Hit {
            title: titled(&shown.page.title),
            detail: String::new(),
            href: format!("/pages/{}", shown.page.id),
        }));
        // Widgets of one's desk, by their names: those that one sees.
        let registry = desk.portal.board.engine.registry();
        let trimmer = Trimmer::new(policy, desk.context());
        for item in desk.page.root.items() {
            let Some(known) = registry.get(item.widget.kind.as_str()) else { continue };
            if trimmer.widget(known.declaration()) {
                let title = item
                    .title
                    .as_ref()
                    .map(titled)
                    .unwrap_or_else(|| scene.text(&format!("widget-{}", item.widget.kind)));
                hits.push(Hit { title, detail: scene.text("nav-desk"), href: format!("/#w-{}", item.instance) });
            }
        }
        hits.retain(|hit| holds(&hit.title, words));
        hits.truncate(most);
        Ok(hits)
    }
}

/// One's own patients: whoever looks for others does it where every search is written down as one.
struct People;

#[async_trait]
impl SearchProvider<Desk> for People {
    fn kind(&self) -> &'static str {
        "people"
    }

    async fn search(&self, desk: &Arc<Desk>, words: &str, most: usize) -> Result<Vec<Hit>, WidgetError> {
        let mine = mine::patients(&desk.portal, &desk.staff, Wanted::AtOnce, desk.visit.now).await;
        let Some(mine) = mine.map_err(failed)? else { return Ok(Vec::new()) };
        let fitting = mine.items.into_iter().filter(|one| holds(&format!("{} {}", one.name, one.number), words));
        let hit = |one: ehr::MyPatient| Hit {
            title: one.name,
            detail: [one.birth_date.unwrap_or_default(), one.number].join(" "),
            href: format!("/patients/{}/summary", one.person),
        };
        Ok(fitting.take(most).map(hit).collect())
    }
}

struct Articles;

#[async_trait]
impl SearchProvider<Desk> for Articles {
    fn kind(&self) -> &'static str {
        "articles"
    }

    async fn search(&self, desk: &Arc<Desk>, words: &str, most: usize) -> Result<Vec<Hit>, WidgetError> {
        if !desk.portal.policy.decide(desk.context(), &Object::PAGE_ARTICLES, Act::View) {
            return Ok(Vec::new());
        }
        let reader = Reader::Staff(&desk.staff.context);
        let found = desk.portal.articles.search(reader, words, most as u64, desk.visit.now).await;
        let language = language(desk);
        let hit = |card: &content::Card| {
            Some(Hit {
                title: card.title.pick(language)?.0.to_owned(),
                detail: card.summary.pick(language).map(|(text, _)| text.to_owned()).unwrap_or_default(),
                href: format!("/articles/{}", card.slug),
            })
        };
        Ok(found.map_err(WidgetError::new)?.iter().filter_map(hit).collect())
    }
}
