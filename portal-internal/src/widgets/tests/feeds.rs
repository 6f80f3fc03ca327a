//! What a site that is late, silent or hostile looks like on a page.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use content::{Bilingual, FeedItem, FeedKind, FeedProblem, FeedView, Language};
use pages::standard::Templates;
use pages::widget::{Category, Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;
use web::Lang;

use super::stage::{Stage, item};
use crate::widgets::news::feed_views;

static DECLARATION: Declaration =
    Declaration::of("forum-and-blogs", Category::Content, "file-text", &[Domain::Internal]);

/// Draws these sites as the portal's own widget does.
struct Sites(Vec<FeedView>);

#[async_trait]
impl<V: Templates> Widget<V> for Sites {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, viewing: &Arc<V>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let view = json!({ "feeds": feed_views(&self.0, Language::En) });
        Ok(Some(Drawing::of(viewing.template("widgets/forum.html", &view)?)))
    }
}

fn site(name: &str, titles: &[&str], read_at: Option<&str>, problem: Option<FeedProblem>) -> FeedView {
    let item = |title: &&str| FeedItem { title: (*title).to_owned(), link: None, author: None, at: None };
    FeedView {
        id: name.to_owned(),
        kind: FeedKind::Forum,
        name: Bilingual { zh: Some(name.to_owned()), en: Some(name.to_owned()) },
        items: titles.iter().map(item).collect(),
        read_at: read_at.map(|at| at.parse().expect("an instant")),
        problem,
        is_fresh: problem.is_none(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_last_stays_with_its_age_and_who_is_silent_is_named() {
    let sites = vec![
        site("late", &["<img src=x onerror=alert(1)>"], Some("2026-11-21T01:02:03Z"), Some(FeedProblem::NotAFeed)),
        site("silent", &[], None, Some(FeedProblem::Slow)),
        site("quiet", &[], Some("2026-11-21T01:02:03Z"), None),
    ];
    let stage = Stage::new(vec![Arc::new(Sites(sites))], Lang::En);
    let html = stage.home(&[item("forum-and-blogs", json!({}))]).await;
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;") && !html.contains("<img"), "{html}");
    let late = html.split("Nothing new came from late lately").nth(1).expect("its age is told");
    assert!(
        late.trim_start_matches("; the last came ").starts_with("<time datetime=\"2026-11-21T01:02:03Z\">"),
        "{late}"
    );
    for said in ["Nothing has come from silent yet.", "quiet: nothing new."] {
        assert!(html.contains(said), "{said}: {html}");
    }
}
