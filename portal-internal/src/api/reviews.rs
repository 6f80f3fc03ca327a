//! `/api/v1/patients/{id}/reviews`: what clinicians say of results.

use std::sync::Arc;

use access::{Classify as _, Fault, PersonId};
use ehr::{EhrError, Mark, Markable, Marked, ReviewKind, ReviewNote, Section};
use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, param::Query, payload::Json};
use uuid::Uuid;
use web::{Failure, Visit};

use super::failed;
use crate::{portal::Portal, who::Staff};

/// Results that clinicians have looked at.
pub struct ReviewsApi;

/// A result that one has looked at.
#[derive(Object)]
struct NewReview {
    /// `lab-results` or `exam-reports`.
    section: String,
    /// Id of the item in that section.
    item: String,
    /// As `GET …/reviews?section=&item=` gave it: a result that has changed since is not marked.
    seen: String,
    /// To the patient, in plain text.
    #[oai(validator(max_length = 500))]
    note: Option<String>,
}

/// A critical value that has reached one.
#[derive(Object)]
struct NewAcknowledgement {
    /// Id of the item in `lab-results`.
    item: String,
    /// As `GET …/reviews?section=&item=` gave it: a result that has changed since is not marked.
    seen: String,
}

/// A mark on a result.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct ReviewMark {
    id: String,
    /// `reviewed` or `acknowledged`.
    kind: String,
    /// Who, as shown then.
    by: String,
    /// When, RFC 3339.
    at: String,
    /// To the patient.
    note: Option<String>,
    /// Is it about what the hospital says now?
    current: bool,
    /// Taken back by whoever made it.
    withdrawn_at: Option<String>,
}

/// Marks on one item.
#[derive(Object)]
struct ReviewedItem {
    section: String,
    item: String,
    /// What to send with a mark.
    seen: String,
    /// Must it reach a clinician at once?
    critical: bool,
    /// Critical, and acknowledged by nobody in its present version.
    open: bool,
    /// Oldest first.
    marks: Vec<ReviewMark>,
}

/// Marks of a person's results.
#[derive(Object)]
struct ReviewList {
    /// Every linked source answered in full.
    complete: bool,
    /// Newest results first, then reports.
    items: Vec<ReviewedItem>,
}

#[derive(ApiResponse)]
enum Kept {
    /// The mark stands.
    #[oai(status = 201)]
    Marked(Json<ReviewMark>),
}

#[derive(ApiResponse)]
enum Done {
    /// The mark is withdrawn.
    #[oai(status = 204)]
    Withdrawn,
}

fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

fn section(slug: &str) -> Result<Section, Failure> {
    Section::from_slug(slug).ok_or_else(|| Failure::new(Fault::NotFound))
}

fn mark(mark: &Mark) -> ReviewMark {
    ReviewMark {
        id: mark.id.to_string(),
        kind: mark.kind.as_str().to_owned(),
        by: mark.by.clone(),
        at: mark.at.to_string(),
        note: mark.note.clone(),
        current: mark.current,
        withdrawn_at: mark.withdrawn_at.map(|at| at.to_string()),
    }
}

fn reviewed(of: Marked) -> ReviewedItem {
    ReviewedItem {
        section: of.section.slug().to_owned(),
        item: of.item,
        seen: of.seen,
        critical: of.review.critical,
        open: of.review.is_open(),
        marks: of.review.marks.iter().map(mark).collect(),
    }
}

/// Why not, where a caller can do something about it.
fn told(error: EhrError) -> Failure {
    match error {
        EhrError::Changed => Failure::new(error.fault()).with_problem("result-changed"),
        EhrError::NotCritical => Failure::new(error.fault()).with_problem("not-critical"),
        EhrError::Silent => Failure::new(error.fault()).with_problem("hospital-silent"),
        error => error.into(),
    }
}

async fn say(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (person, of): (PersonId, Markable<'_>),
    (kind, note): (ReviewKind, Option<ReviewNote>),
) -> poem::Result<Kept> {
    let kept = portal.charts.review(&staff.context, person, &of, (kind, note), visit.now).await.map_err(told)?;
    Ok(Kept::Marked(Json(mark(&kept))))
}

#[OpenApi]
impl ReviewsApi {
    /// Results and reports that somebody has marked or that are critical, read from their hospitals for it; with `section`
    /// and `item` that one alone, marked or not.
    #[oai(path = "/patients/:id/reviews", method = "get", operation_id = "review_list")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        /// `lab-results` or `exam-reports`.
        #[oai(name = "section")]
        of: Query<Option<String>>,
        /// Id of the item in that section.
        item: Query<Option<String>>,
    ) -> poem::Result<Json<ReviewList>> {
        let person = person(&id)?;
        let only = match (of.as_deref(), item.as_deref()) {
            (None, None) => None,
            (Some(slug), Some(item)) => Some((section(slug)?, item)),
            _ => return Err(Failure::new(Fault::Invalid).into()),
        };
        let (items, complete) = portal.charts.marked(&staff.context, person, only, visit.now).await.map_err(told)?;
        Ok(Json(ReviewList { complete, items: items.into_iter().map(reviewed).collect() }))
    }

    /// Say that one has looked at a result, with a note to the patient.
    #[oai(path = "/patients/:id/reviews", method = "post", operation_id = "review_add")]
    async fn add(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        new: Json<NewReview>,
    ) -> poem::Result<Kept> {
        let note = ReviewNote::new(new.note.as_deref().unwrap_or_default());
        let note = note.map_err(|_| Failure::new(Fault::Invalid))?;
        let of = Markable { section: section(&new.section)?, item: &new.item, seen: &new.seen };
        say(&portal, visit, &staff, (person(&id)?, of), (ReviewKind::Reviewed, note)).await
    }

    /// Say that a critical value has reached one.
    #[oai(path = "/patients/:id/acknowledgements", method = "post", operation_id = "critical_acknowledge")]
    async fn acknowledge(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        new: Json<NewAcknowledgement>,
    ) -> poem::Result<Kept> {
        let of = Markable { section: Section::LabResults, item: &new.item, seen: &new.seen };
        say(&portal, visit, &staff, (person(&id)?, of), (ReviewKind::Acknowledged, None)).await
    }

    /// Take back a mark of one's own. It stays, marked as withdrawn.
    #[oai(path = "/patients/:id/reviews/:review/withdraw", method = "post", operation_id = "review_withdraw")]
    async fn withdraw(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        review: Path<String>,
    ) -> poem::Result<Done> {
        let mark: Uuid = review.parse().map_err(|_| Failure::new(Fault::NotFound))?;
        portal.charts.withdraw_review(&staff.context, person(&id)?, mark, visit.now).await.map_err(failed)?;
        Ok(Done::Withdrawn)
    }
}
