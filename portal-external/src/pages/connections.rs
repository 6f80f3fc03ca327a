//! `/connections`: hospitals outside the region whose record of them patients bring in themselves.

mod kinds;
mod view;

use std::sync::Arc;

use access::{Fault, PersonId};
use poem::{
    Request, Response, handler,
    http::{HeaderValue, StatusCode, header},
    web::{Data, Form, Path, Query},
};
use serde::Deserialize;
use sources::{
    Arrival, Callback, ConnectError, Connection, Connections, CopyStep, Departure, FlowFault, Receipt, Source,
};
use url::form_urlencoded;
use uuid::Uuid;
use web::{Failure, Visit, policy_with_form_to, render::Words, shell::see_other};

use self::view::{
    ArrivingPage, ConnectionView, ConnectionsPage, ConsentPage, EndPage, FailedPage, HospitalView, LeavingPage, Notice,
    Offer,
};
use crate::{portal::Portal, who::Patient};

/// Where hospitals send people back to, below the public address: registered there, with the id of the source behind it.
pub const CALLBACK: &str = "/connections/callback";
/// The address of each.
pub const CALLBACK_OF: &str = "/connections/callback/:source";
/// Where somebody lands whose way back from a hospital can't be gone again.
pub const BEGIN_AGAIN: &str = "/connections?again=1";
/// One is disconnected, and its hospital knows.
const TOLD: &str = "told";
/// One is disconnected, and its hospital could not be told.
const UNTOLD: &str = "untold";
/// All are.
const ALL: &str = "all";

/// The connections of this portal.
pub fn connections(portal: &Portal) -> Result<&Connections, Failure> {
    portal.charts.connections().ok_or_else(|| Failure::new(Fault::NotFound))
}

/// Whose record it is: one's own.
pub fn own(patient: &Patient) -> Result<PersonId, Failure> {
    patient.context.own().ok_or_else(|| Failure::new(Fault::NotFound))
}

/// What a browser's way to a hospital and back is bound to.
fn session(visit: &Visit) -> Result<&str, Failure> {
    let session = visit.session.as_deref().ok_or_else(|| Failure::new(Fault::NotSignedIn))?;
    Ok(&session.id_hash)
}

fn words<'p>(portal: &'p Portal, visit: &Visit) -> &'p Words {
    portal.pages.renderer().words(visit.lang)
}

/// A hospital that takes people in now.
fn offered(portal: &Portal, id: &str) -> Option<Arc<Source>> {
    connections(portal).ok()?.offered().into_iter().find(|source| source.id == id)
}

fn shown(portal: &Portal, connection: &Connection, words: &Words) -> ConnectionView {
    let begins = offered(portal, &connection.source).is_some();
    ConnectionView::new(connection, portal.catalogue.get(&connection.source).as_deref(), begins, words)
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    done: Option<String>,
    ended: Option<String>,
    again: Option<String>,
}

/// `GET /connections?q=&done=&ended=&again=`
#[handler]
pub async fn list(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let words = words(portal, visit);
    let person = patient.context.own();
    let mine = match person {
        Some(person) => connections(portal)?.mine(&patient.context, person).await?,
        None => Vec::new(),
    };
    let record_href = person.map(|person| format!("/people/{person}/record")).unwrap_or_default();
    let shown: Vec<ConnectionView> = mine.iter().map(|one| shown(portal, one, words)).collect();
    let open = connections(portal)?.offered();
    let others = open.iter().map(Arc::as_ref).filter(|source| mine.iter().all(|one| one.source != source.id));
    let Offer { offered, choices, searched } = Offer::find(others, &asked.q, words);
    let left = match (&asked.again, person) {
        (Some(_), Some(person)) => connections(portal)?.has_left(&patient.context, person, visit.now).await?,
        _ => false,
    };
    let told = |word: Option<&str>| word.and_then(|word| portal.pages.was_told(visit, word).map(str::to_owned));
    let notice = match (told(asked.done.as_deref()).as_deref(), told(asked.ended.as_deref()).as_deref()) {
        (Some(source), _) => done(source, &shown, &record_href, words),
        (None, Some(what)) => ended(what, words),
        (None, None) => left.then(|| Notice::of("again", "info", words)),
    };
    let page = ConnectionsPage {
        notice,
        proven: person.is_some(),
        mine: shown,
        offered,
        choices,
        searched,
        query: asked.q,
        record_href,
    };
    portal.pages.page(visit, "connections.html", &page)
}

/// That a hospital is connected: also when another tab has connected it anew meanwhile.
fn done(source: &str, mine: &[ConnectionView], record_href: &str, words: &Words) -> Option<Notice> {
    let one = mine.iter().find(|one| one.hospital.id == source)?;
    Some(Notice::connected(&one.hospital.name, record_href, words))
}

fn ended(what: &str, words: &Words) -> Option<Notice> {
    match what {
        TOLD | ALL => Some(Notice::of(what, "ok", words)),
        UNTOLD => Some(Notice::of(what, "info", words)),
        _ => None,
    }
}

/// The page that says what was just done, to whoever did it.
fn saying(portal: &Portal, visit: &Visit, parameter: &str, what: &str) -> Result<Response, Failure> {
    Ok(see_other(&format!("/connections?{parameter}={}", portal.pages.told(visit, what)?)))
}

/// `GET /connections/new/{source}`: what a person agrees to, before anything is asked of the hospital.
#[handler]
pub async fn consent(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(source): Path<String>,
) -> Result<Response, Failure> {
    let source = offered(portal, &source).ok_or_else(|| Failure::new(Fault::NotFound))?;
    if patient.context.own().is_none() {
        return Ok(see_other("/connections"));
    }
    portal.pages.page(visit, "connections/consent.html", &ConsentPage::new(&source, words(portal, visit)))
}

/// `POST /connections/new/{source}`: sends the browser to the hospital.
#[handler]
pub async fn begin(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(source): Path<String>,
) -> Result<Response, Failure> {
    let person = own(&patient)?;
    let begun = connections(portal)?.begin(&patient.context, person, &source, session(visit)?, visit.now).await;
    let departure = match begun {
        Ok(departure) => departure,
        Err(ConnectError::Flow(fault)) => return failed(portal, visit, &fault),
        Err(error) => return Err(error.into()),
    };
    leaving(portal, visit, departure)
}

/// The page that leads to a hospital.
fn leaving(portal: &Portal, visit: &Visit, departure: Departure) -> Result<Response, Failure> {
    let source = offered(portal, &departure.source).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let hospital = HospitalView::new(&source, words(portal, visit));
    let host = departure.url.host_str().unwrap_or_default().to_owned();
    let (origin, url) = (departure.url.origin().ascii_serialization(), String::from(departure.url));
    let back = format!("/connections/new/{}", source.id);
    let page = LeavingPage { hospital, host, url, form: departure.form };
    let mut response = portal.pages.page_at(visit, &back, "connections/leaving.html", &page)?;
    let (name, value) = match &page.form {
        // Not a redirect: `form-action 'self'` of the page that the form stood on also holds for where its answer redirects to,
        // so a browser would go nowhere (CSP Level 3, section 6.4.1, as Chromium has it). A page that leads on is a way of its own.
        None => (header::REFRESH, format!("0; url={}", page.url)),
        Some(_) => (header::CONTENT_SECURITY_POLICY, policy_with_form_to(&visit.nonce, &origin)),
    };
    response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(Failure::internal)?);
    Ok(response)
}

/// `GET /connections/callback/{source}`: what comes back from a hospital is taken in once.
#[handler]
pub async fn callback(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    request: &Request,
) -> Result<Response, Failure> {
    if !visit.is_look {
        // A browser that fetches in advance, or asks whether it is there, must not use up what is good once (RFC 8470); with this
        // answer it asks again when the person really goes there.
        return Ok(StatusCode::TOO_EARLY.into());
    }
    let query = request.uri().query().unwrap_or_default();
    if query.is_empty() {
        // What is behind an address reaches no server: a script takes it from there.
        let page = ArrivingPage { action: request.uri().path().to_owned() };
        return portal.pages.page_at(visit, "/connections", "connections/arriving.html", &page);
    }
    let arrival = arrival(request.uri().path(), query);
    match portal.charts.connect(&patient.context, session(visit)?, &arrival, visit.now).await {
        Ok(connection) => saying(portal, visit, "done", &connection.source),
        Err(ConnectError::Flow(fault)) => failed(portal, visit, &fault),
        Err(error) => Err(error.into()),
    }
}

/// `POST /connections/callback/{source}`: what a page of a hospital brings as a form. The person's own browser asks for it next, with the
/// session that does not come with another site's form.
#[handler]
pub async fn bring(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    request: &Request,
    body: String,
) -> Result<Response, Failure> {
    let answer = Callback::of_query(request.uri().path(), &body);
    let to = match connections(portal)?.bring(&answer, visit.now).await {
        Ok(Receipt { flow, secret: Some(receipt) }) => format!("{FLOW}={flow}&{RECEIPT}={receipt}"),
        Ok(Receipt { flow, secret: None }) => format!("{FLOW}={flow}"),
        // Told where it is known whose browser it is.
        Err(ConnectError::Flow(_)) => format!("{FLOW}=unknown"),
        Err(error) => return Err(error.into()),
    };
    Ok(see_other(&format!("{CALLBACK}?{to}")))
}

/// In the address that a browser is sent to after a form was brought.
const FLOW: &str = "flow";
/// There too: of this browser alone.
const RECEIPT: &str = "receipt";

fn arrival(at: &str, query: &str) -> Arrival {
    let parameter = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value)
    };
    match parameter(FLOW) {
        Some(flow) => Arrival::Brought {
            flow: flow.parse().unwrap_or_default(),
            receipt: parameter(RECEIPT).unwrap_or_default().into_owned(),
        },
        None => Arrival::Address(Callback::of_query(at, query)),
    }
}

/// The page of a flow that came to nothing.
fn failed(portal: &Portal, visit: &Visit, fault: &FlowFault) -> Result<Response, Failure> {
    let source = fault.source.as_deref().and_then(|id| offered(portal, id));
    let page = FailedPage::new(fault, source.as_deref(), words(portal, visit));
    let mut response = portal.pages.page_at(visit, "/connections", "connections/failed.html", &page)?;
    response.set_status(view::status(fault));
    Ok(response)
}

/// The connection of a path, if it is one's own.
async fn mine(portal: &Portal, patient: &Patient, id: &str) -> Result<Connection, Failure> {
    let missing = || Failure::new(Fault::NotFound);
    let id: Uuid = id.parse().map_err(|_| missing())?;
    let all = connections(portal)?.mine(&patient.context, own(patient)?).await?;
    all.into_iter().find(|one| one.id == id).ok_or_else(missing)
}

/// `GET /connections/{connection}/disconnect`
#[handler]
pub async fn ask(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let one = mine(portal, &patient, &id).await?;
    let page = EndPage { mine: vec![shown(portal, &one, words(portal, visit))] };
    portal.pages.page(visit, "connections/disconnect.html", &page)
}

/// `POST /connections/{connection}/disconnect`
#[handler]
pub async fn disconnect(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
    let ended = connections(portal)?.disconnect(&patient.context, own(&patient)?, id, visit.now).await?;
    saying(portal, visit, "ended", if ended.revoked { TOLD } else { UNTOLD })
}

#[derive(Deserialize)]
pub struct CopyForm {
    step: String,
}

/// `POST /connections/{connection}/copy`, with `step=start`, `step=pause` or `step=remove`.
#[handler]
pub async fn copy(
    Data(portal): Data<&Arc<Portal>>,
    patient: Patient,
    Path(id): Path<String>,
    Form(form): Form<CopyForm>,
) -> Result<Response, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
    let step = CopyStep::parse(&form.step).ok_or_else(|| Failure::new(Fault::Invalid))?;
    connections(portal)?.copy(&patient.context, own(&patient)?, id, step).await?;
    Ok(see_other(&format!("/connections#copy-{id}")))
}

/// `GET /connections/reset`
#[handler]
pub async fn ask_reset(Data(portal): Data<&Arc<Portal>>, visit: &Visit, patient: Patient) -> Result<Response, Failure> {
    let all = connections(portal)?.mine(&patient.context, own(&patient)?).await?;
    if all.is_empty() {
        return Ok(see_other("/connections"));
    }
    let words = words(portal, visit);
    let page = EndPage { mine: all.iter().map(|one| shown(portal, one, words)).collect() };
    portal.pages.page(visit, "connections/reset.html", &page)
}

/// `POST /connections/reset`
#[handler]
pub async fn reset(Data(portal): Data<&Arc<Portal>>, visit: &Visit, patient: Patient) -> Result<Response, Failure> {
    connections(portal)?.reset(&patient.context, own(&patient)?, visit.now).await?;
    saying(portal, visit, "ended", ALL)
}
