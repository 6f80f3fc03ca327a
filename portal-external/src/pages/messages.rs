//! `/messages`: what a patient is told.

use std::sync::Arc;

use messages::Reader;
use poem::{
    Request, Response, handler,
    web::{Data, Form},
};
use web::{
    Failure, Visit,
    inbox::{Entry, Inbox, Marked},
    shell::see_other,
};

use crate::{portal::Portal, who::Patient};

/// What is addressed to them under any id that the index knows them by.
async fn reader(portal: &Portal, patient: &Patient) -> Result<Reader, Failure> {
    let known_as = match patient.context.own() {
        Some(own) => portal.index.known_as(own).await?,
        None => Vec::new(),
    };
    Ok(Reader::patient(&patient.context, &known_as))
}

/// Says how many messages wait, before a page is drawn for somebody who looks at it. That it can't be found out keeps nobody
/// from the page.
pub async fn count(portal: &Portal, request: &Request) {
    let Ok(visit) = Visit::of(request) else { return };
    let part = request.headers().contains_key("hx-request");
    let Ok(patient) = Patient::of(visit) else { return };
    if part || !visit.is_look {
        return;
    }
    let unread = match reader(portal, &patient).await {
        Ok(reader) => portal.messages.unread(&reader).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match unread {
        Ok(unread) => drop(visit.unread.set(unread)),
        Err(failure) => {
            tracing::warn!(request_id = %visit.request.0, cause = ?failure.cause(), "messages can't be counted")
        }
    }
}

/// `GET /messages`
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit, patient: Patient) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let told = portal.messages.list(&reader(portal, &patient).await?).await?;
    let entry = |one: &messages::Message| {
        Entry::new(words, one.id, (one.kind.as_str(), &one.refs), one.at, one.read_at.is_none())
    };
    portal.pages.page(visit, "messages.html", &Inbox::new(told.iter().map(entry).collect()))
}

/// `POST /messages`
#[handler]
pub async fn mark(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Form(marked): Form<Marked>,
) -> Result<Response, Failure> {
    portal.messages.mark(&reader(portal, &patient).await?, marked.one()?, visit.now).await?;
    Ok(see_other("/messages"))
}
