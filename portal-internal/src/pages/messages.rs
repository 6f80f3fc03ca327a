//! `/messages`: what one of the staff is told.

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

use crate::{portal::Portal, who::Staff};

/// Says how many messages wait, before a page is drawn for somebody who looks at it. That it can't be found out keeps nobody
/// from the page.
pub async fn count(portal: &Portal, request: &Request) {
    let Ok(visit) = Visit::of(request) else { return };
    let part = request.headers().contains_key("hx-request");
    let Ok(staff) = Staff::of(visit) else { return };
    if part || !visit.is_look {
        return;
    }
    match portal.messages.unread(&Reader::staff(&staff.context, &portal.policy)).await {
        Ok(unread) => drop(visit.unread.set(unread)),
        Err(error) => tracing::warn!(request_id = %visit.request.0, %error, "messages can't be counted"),
    }
}

/// `GET /messages`
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit, staff: Staff) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let told = portal.messages.list(&Reader::staff(&staff.context, &portal.policy)).await?;
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
    staff: Staff,
    Form(marked): Form<Marked>,
) -> Result<Response, Failure> {
    portal.messages.mark(&Reader::staff(&staff.context, &portal.policy), marked.one()?, visit.now).await?;
    Ok(see_other("/messages"))
}
