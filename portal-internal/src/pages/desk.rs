//! `/admin/articles`: where articles are written, reviewed and published. Every page works without scripts, and no answer
//! takes away what somebody typed.

pub mod history;
pub mod images;
mod view;

use std::sync::Arc;

use access::{Act, Fault, Object};
use content::{ContentError, Draft, Problem, Step, Wording, Working};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use crate::{portal::Portal, who::Staff};
pub use view::ProblemView;
use view::{DeskPage, EditPage, EditParts};

#[derive(Deserialize)]
pub struct Done {
    done: Option<String>,
}

/// `GET /admin/articles`
#[handler]
pub async fn list(Data(portal): Data<&Arc<Portal>>, visit: &Visit, staff: Staff) -> Result<Response, Failure> {
    let desk = portal.articles.desk(&staff.context, visit.now).await?;
    let words = portal.pages.renderer().words(visit.lang);
    portal.pages.page(visit, "desk/articles.html", &DeskPage::new(&desk, words))
}

/// What the page of an article shows beside what is kept.
#[derive(Default)]
struct Shown {
    /// What was typed; what is kept where nothing was.
    typed: Option<Draft>,
    note: String,
    problems: Vec<Problem>,
    /// Somebody else's words that came first.
    other: Option<Working>,
    /// A problem that no field has: `state`, `own`.
    refused: Option<&'static str>,
    preview: bool,
    done: Option<String>,
}

fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    working: Option<&Working>,
    shown: Shown,
) -> Result<Response, Failure> {
    let status = match (&shown.other, shown.refused, shown.problems.is_empty()) {
        (Some(_), ..) | (None, Some("state"), _) => StatusCode::CONFLICT,
        (None, Some(_), _) => StatusCode::FORBIDDEN,
        (None, None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, None, true) => StatusCode::OK,
    };
    let path = address(working.map(|working| working.id));
    let page = EditPage::new(EditParts {
        working,
        manages: portal.policy.decide(&staff.context, &Object::PAGE_ARTICLES, Act::Manage),
        words: portal.pages.renderer().words(visit.lang),
        typed: shown.typed.as_ref(),
        note: &shown.note,
        problems: &shown.problems,
        other: shown.other.as_ref(),
        refused: shown.refused,
        preview: shown.preview,
        done: shown.done.as_deref(),
    });
    let mut response = portal.pages.page_at(visit, &path, "desk/article.html", &page)?;
    response.set_status(status);
    Ok(response)
}

fn address(id: Option<Uuid>) -> String {
    id.map_or_else(|| "/admin/articles/new".to_owned(), |id| format!("/admin/articles/{id}"))
}

/// `new` is an article that is not kept yet.
fn article(text: &str) -> Result<Option<Uuid>, Failure> {
    if text == "new" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Failure::new(Fault::NotFound))
}

/// `GET /admin/articles/{id}`, `GET /admin/articles/new`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    asked: Query<Done>,
) -> Result<Response, Failure> {
    let working = match article(&id)? {
        Some(id) => Some(portal.articles.working(&staff.context, id, visit.now).await?),
        None => None,
    };
    let shown = Shown { done: asked.done.clone(), ..Shown::default() };
    draw(portal, visit, &staff, working.as_ref(), shown)
}

/// The form of an article.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Typed {
    r#do: String,
    rev: i64,
    slug: String,
    topic: String,
    audience: String,
    review_by: String,
    zh_title: String,
    zh_summary: String,
    zh_body: String,
    en_title: String,
    en_summary: String,
    en_body: String,
}

impl Typed {
    fn draft(self) -> Draft {
        Draft {
            slug: self.slug,
            topic: self.topic,
            audience: self.audience,
            review_by: self.review_by,
            zh: Wording { title: self.zh_title, summary: self.zh_summary, body: self.zh_body },
            en: Wording { title: self.en_title, summary: self.en_summary, body: self.en_body },
        }
    }
}

/// `POST /admin/articles/{id}`: keeps the text, asks for review with it, or shows what it will look like.
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let known = article(&id)?;
    let (what, rev) = (typed.r#do.clone(), typed.rev);
    let draft = typed.draft();
    if what == "preview" {
        let working = match known {
            // Of the version that the form was of: whoever saves it later is told of changes meanwhile.
            Some(id) => Some(Working { rev, ..portal.articles.working(&staff.context, id, visit.now).await? }),
            None => None,
        };
        let shown = Shown { typed: Some(draft), preview: true, ..Shown::default() };
        return draw(portal, visit, &staff, working.as_ref(), shown);
    }
    let (id, rev) = match known {
        Some(id) => {
            match portal.articles.step(&staff.context, (id, rev), Step::Save(Box::new(draft.clone())), visit.now).await
            {
                Ok(kept) => (id, kept.rev),
                Err(error) => {
                    return refused(
                        portal,
                        visit,
                        &staff,
                        Some(id),
                        Shown { typed: Some(draft), ..Shown::default() },
                        error,
                    )
                    .await;
                }
            }
        }
        None => match portal.articles.create(&staff.context, &draft, visit.now).await {
            Ok(id) => (id, 1),
            Err(error) => {
                return refused(portal, visit, &staff, None, Shown { typed: Some(draft), ..Shown::default() }, error)
                    .await;
            }
        },
    };
    if what != "submit" {
        return Ok(see_other(&format!("{}?done=saved", address(Some(id)))));
    }
    match portal.articles.step(&staff.context, (id, rev), Step::Submit, visit.now).await {
        Ok(_) => Ok(see_other(&format!("{}?done=submitted", address(Some(id))))),
        // It is kept; it only can't be reviewed yet.
        Err(error) => refused(portal, visit, &staff, Some(id), Shown::default(), error).await,
    }
}

/// The page again, with what was typed and why nothing came of it.
async fn refused(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: Option<Uuid>,
    mut shown: Shown,
    error: ContentError,
) -> Result<Response, Failure> {
    match error {
        ContentError::Invalid(problems) => shown.problems = problems,
        ContentError::Stale(now) => {
            // The form goes on from what stands now: whoever saves it again has seen the other's words.
            shown.other = Some(*now);
        }
        ContentError::State => shown.refused = Some("state"),
        ContentError::OwnArticle => shown.refused = Some("own"),
        error => return Err(error.into()),
    }
    let working = match id {
        Some(id) => Some(portal.articles.working(&staff.context, id, visit.now).await?),
        None => None,
    };
    draw(portal, visit, staff, working.as_ref(), shown)
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Asked {
    r#do: String,
    rev: i64,
    note: String,
    number: i64,
}

/// `POST /admin/articles/{id}/steps`: send back, publish, withdraw, restore.
#[handler]
pub async fn step(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(asked): Form<Asked>,
) -> Result<Response, Failure> {
    let id = article(&id)?.ok_or_else(|| Failure::new(Fault::NotFound))?;
    let (step, done) = match asked.r#do.as_str() {
        "submit" => (Step::Submit, "submitted"),
        "send-back" => (Step::SendBack(asked.note.clone()), "sent-back"),
        "publish" => (Step::Publish, "published"),
        "withdraw" => (Step::Withdraw, "withdrawn"),
        "restore" => (Step::Restore(asked.number), "restored"),
        _ => return Err(Failure::new(Fault::Invalid)),
    };
    match portal.articles.step(&staff.context, (id, asked.rev), step, visit.now).await {
        Ok(_) => Ok(see_other(&format!("{}?done={done}", address(Some(id))))),
        Err(error) => {
            refused(portal, visit, &staff, Some(id), Shown { note: asked.note, ..Shown::default() }, error).await
        }
    }
}
