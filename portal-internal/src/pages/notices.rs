//! `/admin/notices`: what the first pages say, to whom and when.

use std::sync::Arc;

use access::Fault;
use content::{Audience, ContentError, LONGEST_NOTICE, NewNotice, NoticeRow, Problem, Severity};
use jiff::{Timestamp, civil::DateTime};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use web::{
    Failure, Visit,
    render::{clock_zone, local},
    shell::see_other,
};

use super::desk::ProblemView;
use crate::{portal::Portal, who::Staff};

/// `desk/notices.html`
#[derive(Serialize)]
struct NoticesPage {
    action: String,
    rows: Vec<RowView>,
    form: Typed,
    audiences: [&'static str; 3],
    severities: [&'static str; 2],
    problems: Vec<ProblemView>,
    other: Option<RowView>,
    longest: usize,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    rev: i64,
    zh: String,
    en: String,
    audience: &'static str,
    severity: &'static str,
    from: String,
    until: String,
    /// `coming`, `current`, `over` or `withdrawn`.
    state: &'static str,
    writer: String,
    written_at: String,
}

/// The form, as typed; times as `datetime-local` writes them, on the region's clocks.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    rev: i64,
    zh: String,
    en: String,
    audience: String,
    severity: String,
    from: String,
    until: String,
}

fn state(row: &NoticeRow, now: Timestamp) -> &'static str {
    match (row.withdrawn_at, now < row.notice.from, now < row.notice.until) {
        (Some(_), ..) => "withdrawn",
        (None, true, _) => "coming",
        (None, false, true) => "current",
        (None, false, false) => "over",
    }
}

fn typed_time(at: Timestamp) -> String {
    local(at).strftime("%Y-%m-%dT%H:%M").to_string()
}

impl RowView {
    fn new(row: &NoticeRow, portal: &Portal, visit: &Visit) -> Self {
        let words = portal.pages.renderer().words(visit.lang);
        Self {
            id: row.id.to_string(),
            rev: row.rev,
            zh: row.notice.zh.clone(),
            en: row.notice.en.clone(),
            audience: row.notice.audience.as_str(),
            severity: row.notice.severity.as_str(),
            from: words.minute(row.notice.from),
            until: words.minute(row.notice.until),
            state: state(row, visit.now),
            writer: row.writer.clone(),
            written_at: words.minute(row.written_at),
        }
    }
}

impl Typed {
    fn of(row: &NoticeRow) -> Self {
        Self {
            rev: row.rev,
            zh: row.notice.zh.clone(),
            en: row.notice.en.clone(),
            audience: row.notice.audience.as_str().to_owned(),
            severity: row.notice.severity.as_str().to_owned(),
            from: typed_time(row.notice.from),
            until: typed_time(row.notice.until),
        }
    }

    fn fresh(now: Timestamp) -> Self {
        let week = now + jiff::SignedDuration::from_hours(7 * 24);
        let (audience, severity) = (Audience::Both.as_str().to_owned(), Severity::Info.as_str().to_owned());
        Self { audience, severity, from: typed_time(now), until: typed_time(week), ..Self::default() }
    }

    fn read(&self) -> Result<NewNotice, ContentError> {
        let missing = |field| Problem { field, what: "missing" };
        let time = |text: &str| {
            let read: Option<DateTime> = text.trim().parse().ok();
            read.and_then(|at| at.to_zoned(clock_zone()).ok()).map(|at| at.timestamp())
        };
        let (from, until) = (time(&self.from), time(&self.until));
        let (audience, severity) = (Audience::parse(&self.audience), Severity::parse(&self.severity));
        match (audience, severity, from, until) {
            (Some(audience), Some(severity), Some(from), Some(until)) => {
                Ok(NewNotice { zh: self.zh.clone(), en: self.en.clone(), audience, severity, from, until })
            }
            _ => {
                let absent = [
                    ("audience", audience.is_none()),
                    ("severity", severity.is_none()),
                    ("from", from.is_none()),
                    ("until", until.is_none()),
                ];
                Err(ContentError::Invalid(absent.into_iter().filter(|one| one.1).map(|one| missing(one.0)).collect()))
            }
        }
    }
}

#[derive(Deserialize)]
pub struct Asked {
    notice: Option<Uuid>,
}

/// `GET /admin/notices?notice=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let form = match asked.notice {
        Some(id) => Typed::of(&portal.notices.one(&staff.context, id).await?),
        None => Typed::fresh(visit.now),
    };
    draw(portal, visit, &staff, asked.notice, form, None).await
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: Option<Uuid>,
    mut form: Typed,
    error: Option<ContentError>,
) -> Result<Response, Failure> {
    let rows = portal.notices.desk(&staff.context).await?;
    let (mut problems, mut other) = (Vec::new(), None);
    let status = match error {
        None => StatusCode::OK,
        Some(ContentError::Invalid(found)) => {
            problems = found;
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Some(ContentError::StaleNotice(now)) => {
            // Whoever saves it again has seen the other's words.
            form.rev = now.rev;
            other = Some(RowView::new(&now, portal, visit));
            StatusCode::CONFLICT
        }
        Some(error) => return Err(error.into()),
    };
    let page = NoticesPage {
        action: id.map_or_else(|| "/admin/notices".to_owned(), |id| format!("/admin/notices/{id}")),
        rows: rows.iter().map(|row| RowView::new(row, portal, visit)).collect(),
        form,
        audiences: Audience::ALL.map(Audience::as_str),
        severities: Severity::ALL.map(Severity::as_str),
        problems: problems.iter().map(ProblemView::from).collect(),
        other,
        longest: LONGEST_NOTICE,
    };
    let mut response = portal.pages.page_at(visit, "/admin/notices", "desk/notices.html", &page)?;
    response.set_status(status);
    Ok(response)
}

fn notice(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `POST /admin/notices`
#[handler]
pub async fn add(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let added = match typed.read() {
        Ok(new) => portal.notices.add(&staff.context, new, visit.now).await.map(drop),
        Err(error) => Err(error),
    };
    answer(portal, visit, &staff, None, typed, added).await
}

/// `POST /admin/notices/{id}`
#[handler]
pub async fn change(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let id = notice(&id)?;
    let changed = match typed.read() {
        Ok(new) => portal.notices.change(&staff.context, (id, typed.rev), new, visit.now).await,
        Err(error) => Err(error),
    };
    answer(portal, visit, &staff, Some(id), typed, changed).await
}

/// `POST /admin/notices/{id}/withdraw`
#[handler]
pub async fn withdraw(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let id = notice(&id)?;
    let withdrawn = portal.notices.withdraw(&staff.context, (id, typed.rev), visit.now).await;
    let form = Typed::of(&portal.notices.one(&staff.context, id).await?);
    answer(portal, visit, &staff, Some(id), form, withdrawn).await
}

async fn answer(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: Option<Uuid>,
    typed: Typed,
    done: Result<(), ContentError>,
) -> Result<Response, Failure> {
    match done {
        Ok(()) => Ok(see_other("/admin/notices")),
        Err(error) => draw(portal, visit, staff, id, typed, Some(error)).await,
    }
}
