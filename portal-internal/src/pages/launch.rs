//! `/launch`: staff whom a hospital's own system sends here, for the patient before them.

mod view;

use std::sync::Arc;

use access::Fault;
use poem::{
    Request, Response, handler,
    http::{HeaderValue, StatusCode, header},
    web::Data,
};
use sources::{Callback, Called, ConnectError, FlowFault};
use web::{Failure, Visit, shell::see_other};

use self::view::{LeavingPage, RefusedPage};
use crate::{mine, portal::Portal, who::Staff};

/// Where hospitals' own systems send staff, below the public address: registered there.
pub const LAUNCH: &str = "/launch";
/// Where hospitals send them back to: registered there too, with the id of the source behind it.
pub const CALLBACK: &str = "/launch/callback";
/// The address of each.
pub const CALLBACK_OF: &str = "/launch/callback/:source";

/// What the search for patients is told of whoever came without one.
pub const WITHOUT_PATIENT: &str = "without-patient";

/// What a browser's way to a hospital and back is bound to.
fn session(visit: &Visit) -> Result<&str, Failure> {
    let session = visit.session.as_deref().ok_or_else(|| Failure::new(Fault::NotSignedIn))?;
    Ok(&session.id_hash)
}

/// `GET /launch?iss=&launch=`: sends the browser back to the hospital that sent it, to be told who and whom it is about.
#[handler]
pub async fn begin(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    request: &Request,
) -> Result<Response, Failure> {
    if !visit.is_look {
        // A browser that fetches in advance must not begin what nobody goes on with (RFC 8470).
        return Ok(StatusCode::TOO_EARLY.into());
    }
    let called = Called::of_query(request.uri().query().unwrap_or_default());
    if called.is_nothing() {
        // Somebody whose way back can't be gone again, or who typed the address.
        let page = RefusedPage::again(portal.pages.renderer().words(visit.lang));
        return portal.pages.page_at(visit, LAUNCH, "launch/refused.html", &page);
    }
    let departure = match portal.launches.begin(&staff.context, &called, session(visit)?, visit.now).await {
        Ok(departure) => departure,
        Err(ConnectError::Flow(fault)) => return refused(portal, visit, &fault),
        Err(error) => return Err(error.into()),
    };
    let url = String::from(departure.url);
    let value = |text: &str| HeaderValue::from_str(text).map_err(Failure::internal);
    let from_own_form = request.headers().get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if from_own_form {
        // Of the sign-in: `form-action 'self'` of its page also holds for where its answer leads on to, so a browser would go nowhere
        // (CSP Level 3, section 6.4.1, as Chromium has it). A page that leads on is a way of its own.
        let source = portal.catalogue.get(&departure.source);
        let page = LeavingPage::new(source.as_deref(), &url, portal.pages.renderer().words(visit.lang));
        let mut response = portal.pages.page_at(visit, LAUNCH, "launch/leaving.html", &page)?;
        response.headers_mut().insert(header::REFRESH, value(&format!("0; url={url}"))?);
        return Ok(response);
    }
    let mut response = Response::from(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, value(&url)?);
    Ok(response)
}

/// `GET /launch/callback/{source}`: what comes back from a hospital is taken in once, and leads to the patient's summary. Whether its reader
/// may see that is decided there, as always.
#[handler]
pub async fn callback(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    request: &Request,
) -> Result<Response, Failure> {
    if !visit.is_look {
        // What is good once is not used up by a browser that fetches in advance, or asks whether it is there.
        return Ok(StatusCode::TOO_EARLY.into());
    }
    let back = Callback::of_query(request.uri().path(), request.uri().query().unwrap_or_default());
    match mine::launched(portal, &staff, session(visit)?, &back, visit.now).await {
        Ok(Some(person)) => Ok(see_other(&format!("/patients/{person}/{}", ehr::Section::Summary.slug()))),
        // The hospital names nobody: they look for the patient themselves, and are told why.
        Ok(None) => Ok(see_other(&format!("/patients?launched={}", portal.pages.told(visit, WITHOUT_PATIENT)?))),
        Err(ConnectError::Flow(fault)) => refused(portal, visit, &fault),
        Err(error) => Err(error.into()),
    }
}

/// The page of a launch that came to nothing.
fn refused(portal: &Portal, visit: &Visit, fault: &FlowFault) -> Result<Response, Failure> {
    let source = fault.source.as_deref().and_then(|id| portal.catalogue.named(id));
    let page = RefusedPage::new(fault, source.as_deref(), portal.pages.renderer().words(visit.lang));
    let mut response = portal.pages.page_at(visit, LAUNCH, "launch/refused.html", &page)?;
    response.set_status(view::status(fault));
    Ok(response)
}
