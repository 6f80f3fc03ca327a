//! `/admin/articles/{id}/versions`: what was published, and how two versions differ.

use std::{sync::Arc, time::Duration};

use content::{Draft, LineChange, Revision};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::{Deserialize, Serialize};
use web::{Failure, Visit};

use super::article;
use crate::{portal::Portal, who::Staff};

/// For each of the texts that are compared.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Deserialize)]
pub struct Asked {
    old: Option<i64>,
    new: Option<i64>,
}

/// `desk/versions.html`
#[derive(Serialize)]
struct HistoryPage {
    article: String,
    rev: i64,
    versions: Vec<VersionView>,
    /// The two that are compared; 0 is the working copy.
    old: i64,
    new: i64,
    changes: Vec<FieldView>,
}

#[derive(Serialize)]
struct VersionView {
    number: i64,
    published: String,
    author: String,
    reviewer: String,
}

/// A field that differs.
#[derive(Serialize)]
struct FieldView {
    name: &'static str,
    lines: Vec<LineView>,
}

#[derive(Serialize)]
struct LineView {
    /// `same`, `gone` or `new`.
    kind: &'static str,
    text: String,
}

/// `GET /admin/articles/{id}/versions?old=&new=`; without them the newest version and the working copy.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let id = article(&id)?.ok_or_else(|| Failure::new(access::Fault::NotFound))?;
    let working = portal.articles.working(&staff.context, id, visit.now).await?;
    let versions = portal.articles.revisions(&staff.context, id).await?;
    let words = portal.pages.renderer().words(visit.lang);
    let (old, new) = (asked.old.unwrap_or(working.last_number), asked.new.unwrap_or(0));
    let text = |number: i64| match number {
        0 => Some(&working.draft),
        number => versions.iter().find(|one| one.number == number).map(|one| &one.draft),
    };
    let changes = match (text(old), text(new)) {
        (Some(old), Some(new)) => changes(old, new),
        _ => Vec::new(),
    };
    let view = |one: &Revision| VersionView {
        number: one.number,
        published: words.minute(one.published_at),
        author: one.author.clone(),
        reviewer: one.reviewer.clone(),
    };
    let page = HistoryPage {
        article: super::address(Some(id)),
        rev: working.rev,
        versions: versions.iter().map(view).collect(),
        old,
        new,
        changes,
    };
    portal.pages.page(visit, "desk/versions.html", &page)
}

fn changes(old: &Draft, new: &Draft) -> Vec<FieldView> {
    let fields = |draft: &Draft| -> [(&'static str, String); 10] {
        [
            ("slug", draft.slug.clone()),
            ("topic", draft.topic.clone()),
            ("audience", draft.audience.clone()),
            ("review_by", draft.review_by.clone()),
            ("zh_title", draft.zh.title.clone()),
            ("zh_summary", draft.zh.summary.clone()),
            ("zh_body", draft.zh.body.clone()),
            ("en_title", draft.en.title.clone()),
            ("en_summary", draft.en.summary.clone()),
            ("en_body", draft.en.body.clone()),
        ]
    };
    let pairs = fields(old).into_iter().zip(fields(new));
    let differing = pairs.filter(|((_, old), (_, new))| old != new);
    let view = |((name, old), (_, new)): ((&'static str, String), (&'static str, String))| {
        let line = |change: LineChange| match change {
            LineChange::Same(text) => LineView { kind: "same", text },
            LineChange::Gone(text) => LineView { kind: "gone", text },
            LineChange::New(text) => LineView { kind: "new", text },
        };
        FieldView { name, lines: content::compare(&old, &new, PATIENCE).into_iter().map(line).collect() }
    };
    differing.map(view).collect()
}
