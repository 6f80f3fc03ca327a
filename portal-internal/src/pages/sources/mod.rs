//! `/admin/sources`: the hospitals that are asked, how they are doing, and how they are defined.

pub mod brands;
mod form;
pub mod keys;
mod steps;
mod trend;
mod view;

use std::{sync::Arc, time::Duration};

use access::Fault;
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use serde::Deserialize;
use sources::{Defined, Definition, Environment, FieldProblem, FlowFigures, GivenSecrets, Source, SourceError};
use web::{Failure, Visit, shell::see_other};

use crate::{portal::Portal, who::Staff};
use form::{Asked, FormPage, typed};
pub use form::{Typed, usual_proof, usual_scopes};
use steps::TestPage;
pub use steps::words_of;
pub use view::name;
use view::{Hangs, ListPage, SourcePage};

/// A page waits no longer for a test: an answer has to be made within fifteen seconds.
pub const TEST: Duration = Duration::from_secs(12);

/// What is said at the top of a page after something was done.
#[derive(Deserialize)]
pub struct Told {
    pub(super) done: Option<String>,
}

/// What was done, in the words of the pages.
const DONE: [&str; 8] = ["added", "changed", "paused", "resumed", "promoted", "removed", "restored", "tried"];

impl Told {
    fn done(&self) -> Option<&'static str> {
        let said = self.done.as_deref()?;
        DONE.into_iter().find(|one| *one == said)
    }
}

/// `GET /admin/sources`
#[handler]
pub async fn list(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(told): Query<Told>,
) -> Result<Response, Failure> {
    let defined = portal.definitions.list(&staff.context).await?;
    let connected = connected(portal, &staff, visit).await?;
    let page = ListPage::new(portal, visit, &defined, &connected, told.done());
    portal.pages.page_at(visit, "/admin/sources", "sources/list.html", &page)
}

/// What patients have connected by now, by source: nothing was begun after this moment.
async fn connected(portal: &Portal, staff: &Staff, visit: &Visit) -> Result<Vec<FlowFigures>, Failure> {
    Ok(portal.flows.figures(&staff.context, visit.now, visit.now).await?)
}

/// `GET /admin/sources/new`
#[handler]
pub async fn begin(Data(portal): Data<&Arc<Portal>>, visit: &Visit, _staff: Staff) -> Result<Response, Failure> {
    FormPage::new(portal, visit, Asked::New, Typed::fresh()).draw(portal, visit)
}

/// `POST /admin/sources/new`: begin with what is known of it, ask the server what it is, or define it.
#[handler]
pub async fn add(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    if typed.begins() {
        return FormPage::new(portal, visit, Asked::New, typed.begun()).draw(portal, visit);
    }
    if typed.asks() {
        return discover(portal, visit, Asked::New, typed).await;
    }
    let added = match typed.read() {
        Ok(definition) => {
            let secrets = typed.secrets();
            portal.definitions.add(&staff.context, typed.id.trim(), definition, secrets, visit.now).await
        }
        Err(problems) => Err(all_wrong(problems, portal.definitions.check_new(typed.id.trim(), typed.lenient()))),
    };
    match added {
        Ok(defined) => Ok(see_other(&format!("/admin/sources/{}?done=added", defined.id))),
        Err(error) => refused(portal, visit, Asked::New, typed, error),
    }
}

async fn discover(portal: &Portal, visit: &Visit, asked: Asked, mut typed: Typed) -> Result<Response, Failure> {
    let found = match typed.read() {
        Ok(definition) => portal.catalogue.discover(typed.id.trim(), &definition, visit.now).await,
        // Only what is needed to ask has to be right by now.
        Err(problems) if problems.iter().any(|one| one.field == "headers" || one.field == "timeout_ms") => {
            Err(SourceError::Invalid(problems))
        }
        Err(_) => portal.catalogue.discover(typed.id.trim(), &typed.lenient(), visit.now).await,
    };
    match found {
        Ok(found) => {
            typed.fill(&found);
            FormPage::new(portal, visit, asked, typed).with_found(portal, visit, &found).draw(portal, visit)
        }
        Err(error) => refused(portal, visit, asked, typed, error),
    }
}

/// What can't be read, and what is wrong with the rest: all at once.
fn all_wrong(mut problems: Vec<FieldProblem>, rest: Result<Definition, SourceError>) -> SourceError {
    if let Err(SourceError::Invalid(more)) = rest {
        problems.extend(
            more.into_iter().filter(|one| !problems.iter().any(|told| told.field == one.field)).collect::<Vec<_>>(),
        );
    }
    SourceError::Invalid(problems)
}

/// The form again, with what has to be put right.
fn refused(
    portal: &Portal,
    visit: &Visit,
    asked: Asked,
    mut typed: Typed,
    error: SourceError,
) -> Result<Response, Failure> {
    let (status, page) = match error {
        SourceError::Invalid(problems) => {
            let page = FormPage::new(portal, visit, asked, typed).with_problems(&problems);
            (StatusCode::UNPROCESSABLE_ENTITY, page)
        }
        SourceError::Stale(now) => {
            // Whoever saves it again has seen what the other made of it.
            typed.rev = now.rev;
            (StatusCode::CONFLICT, FormPage::new(portal, visit, asked, typed).with_other(portal, visit, &now))
        }
        error => return Err(error.into()),
    };
    let mut response = page.draw(portal, visit)?;
    response.set_status(status);
    Ok(response)
}

fn source(portal: &Portal, id: &str) -> Result<Arc<Source>, Failure> {
    portal.catalogue.named(id).ok_or_else(|| Failure::new(Fault::NotFound))
}

/// The definition of one, where it is not an entry of the configuration.
async fn defined(portal: &Portal, staff: &Staff, id: &str) -> Result<Option<Defined>, Failure> {
    match portal.definitions.one(&staff.context, id).await {
        Ok(defined) => Ok(Some(defined)),
        Err(SourceError::Configured) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `GET /admin/sources/{source}`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Query(told): Query<Told>,
) -> Result<Response, Failure> {
    one(portal, visit, &staff, &id, told.done(), None).await
}

async fn one(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: &str,
    done: Option<&'static str>,
    problem: Option<(StatusCode, &'static str)>,
) -> Result<Response, Failure> {
    let defined = defined(portal, staff, id).await?;
    let ties = portal.charts.ties(&staff.context, id, visit.now).await?;
    let source = source(portal, id)?;
    let connected = connected(portal, staff, visit).await?;
    let hangs = Hangs { ties, connected: connected.into_iter().find(|one| one.source == id) };
    let page = SourcePage::new(portal, visit, &source, defined.as_ref(), hangs, done, problem.map(|one| one.1));
    let mut response = portal.pages.page_at(visit, &format!("/admin/sources/{id}"), "sources/source.html", &page)?;
    if let Some((status, _)) = problem {
        response.set_status(status);
    }
    Ok(response)
}

/// `GET /admin/sources/{source}/edit`
#[handler]
pub async fn edit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let defined = portal.definitions.one(&staff.context, &id).await?;
    let kept = portal.definitions.has_secrets(&id, &defined.definition).await?;
    let page = FormPage::new(portal, visit, Asked::Change(id), Typed::of(&defined));
    page.with_secrets(kept).draw(portal, visit)
}

/// `POST /admin/sources/{source}/edit`
#[handler]
pub async fn change(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(mut typed): Form<Typed>,
) -> Result<Response, Failure> {
    // Not there, or the configuration's: said before anything is asked.
    let before = portal.definitions.one(&staff.context, &id).await?;
    typed.id.clone_from(&id);
    if typed.asks() {
        return discover(portal, visit, Asked::Change(id), typed).await;
    }
    let changed = match typed.read() {
        Ok(definition) => {
            let definition = Definition { paused: before.definition.paused, ..definition };
            portal.definitions.change(&staff.context, (&id, typed.rev), definition, typed.secrets(), visit.now).await
        }
        Err(problems) => Err(all_wrong(problems, portal.definitions.check(&id, typed.lenient()))),
    };
    match changed {
        Ok(_) => Ok(see_other(&format!("/admin/sources/{id}?done=changed"))),
        Err(error) => refused(portal, visit, Asked::Change(id), typed, error),
    }
}

/// A button of one source's page.
#[derive(Deserialize)]
pub struct StepForm {
    #[serde(default)]
    r#do: String,
    #[serde(default)]
    rev: i64,
    #[serde(default)]
    base_url: String,
    /// Of the production server, where it wants one.
    #[serde(default)]
    secret: String,
    /// Of the production system that sends staff here, where it wants one.
    #[serde(default)]
    launch_secret: String,
}

/// `POST /admin/sources/{source}/steps`: pause, resume, promote, take away, bring back.
#[handler]
pub async fn step(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(asked): Form<StepForm>,
) -> Result<Response, Failure> {
    let at = (id.as_str(), asked.rev);
    let mut definition = portal.definitions.one(&staff.context, &id).await?.definition;
    let (done, made) = match asked.r#do.as_str() {
        "pause" | "resume" => {
            definition.paused = asked.r#do == "pause";
            let done = if definition.paused { "paused" } else { "resumed" };
            (done, portal.definitions.change(&staff.context, at, definition, GivenSecrets::default(), visit.now).await)
        }
        "promote" => {
            definition.environment = Environment::Production;
            definition.base_url = asked.base_url;
            let secrets = GivenSecrets { own: typed(&asked.secret), launch: typed(&asked.launch_secret) };
            ("promoted", portal.definitions.change(&staff.context, at, definition, secrets, visit.now).await)
        }
        "remove" => ("removed", portal.definitions.set_removed(&staff.context, at, true, visit.now).await),
        "restore" => ("restored", portal.definitions.set_removed(&staff.context, at, false, visit.now).await),
        _ => return Err(Failure::new(Fault::Invalid)),
    };
    let problem = match made {
        Ok(_) => return Ok(see_other(&format!("/admin/sources/{id}?done={done}"))),
        Err(SourceError::Stale(_)) => (StatusCode::CONFLICT, "stale"),
        Err(SourceError::Invalid(problems)) => {
            let what = problems.first().map_or("malformed", |problem| problem.what);
            (StatusCode::UNPROCESSABLE_ENTITY, what)
        }
        Err(error) => return Err(error.into()),
    };
    one(portal, visit, &staff, &id, None, Some(problem)).await
}

/// `POST /admin/sources/{source}/tries`: ask it again though it failed.
#[handler]
pub async fn try_now(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    portal.definitions.try_now(&staff.context, &id, visit.now).await?;
    Ok(see_other(&format!("/admin/sources/{id}?done=tried")))
}

/// Whom the test asks for.
#[derive(Deserialize)]
pub struct TestForm {
    #[serde(default)]
    patient: String,
}

/// `POST /admin/sources/{source}/tests`
#[handler]
pub async fn test(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(asked): Form<TestForm>,
) -> Result<Response, Failure> {
    let source = portal.catalogue.get(&id).ok_or_else(|| Failure::new(Fault::NotFound))?;
    portal.definitions.note_test(&staff.context, &id, visit.now).await?;
    let patient = patient_id(&asked.patient)?;
    let steps = portal.catalogue.test(&source, patient, TEST, visit.now).await;
    let page = TestPage::new(portal, visit, &source, &steps, asked.patient.trim());
    portal.pages.page_at(visit, &format!("/admin/sources/{id}"), "sources/test.html", &page)
}

/// The id of a patient, where one is named (<https://hl7.org/fhir/R4/datatypes.html#id>).
pub fn patient_id(text: &str) -> Result<Option<&str>, Failure> {
    let id = text.trim();
    let good = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if good { Ok(Some(id).filter(|id| !id.is_empty())) } else { Err(Failure::new(Fault::Invalid)) }
}
