//! `/admin/roles`: who holds which role where; every change is named with its consequences before it is made.

mod view;
mod why;

use std::sync::Arc;

use access::{Change, Classify as _, Fault, Object};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

pub use why::show as explain;

use crate::{
    portal::Portal,
    roles::{self, Asked, Desk, Wrong},
    who::Staff,
};

/// What may be said to have been done.
const DONE: [&str; 6] = ["grant", "revoke", "block", "unblock", "join", "leave"];

#[derive(Deserialize)]
pub struct Looked {
    object: Option<String>,
    done: Option<String>,
}

/// `GET /admin/roles?object=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    looked: Query<Looked>,
) -> Result<Response, Failure> {
    let desk = Desk { portal, staff: &staff, now: visit.now };
    let done = looked.done.as_deref().and_then(|done| DONE.into_iter().find(|one| *one == done));
    draw(&desk, visit, looked.object.as_deref(), view::Said { done, ..view::Said::default() }).await
}

/// The part of the tree that is shown; the topmost of theirs unless one is named.
async fn draw(desk: &Desk<'_>, visit: &Visit, object: Option<&str>, said: view::Said) -> Result<Response, Failure> {
    let snapshot = desk.portal.policy.snapshot();
    let parts = desk.parts(&snapshot);
    let not_found = || Failure::new(Fault::NotFound);
    let object = match object.filter(|text| !text.is_empty()) {
        Some(text) => Object::parse(text).ok_or_else(not_found)?,
        None => parts.first().cloned().ok_or_else(not_found)?,
    };
    desk.administers(&object)?;
    let status = said.wrong.as_ref().map_or(StatusCode::OK, |wrong| Failure::new(wrong.fault()).status());
    let page = view::page(desk, visit, &snapshot, (&object, &parts), said).await?;
    let mut response = desk.portal.pages.page_at(visit, &address(&object), "roles.html", &page)?;
    response.set_status(status);
    Ok(response)
}

fn address(object: &Object) -> String {
    format!("/admin/roles?object={object}")
}

/// A change in the fields of a form. `what` is `grant`, `block`, `join`, or `end` with the id of a row.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    what: String,
    object: String,
    role: String,
    effect: String,
    kind: String,
    who: String,
    subject: String,
    group: String,
    id: String,
    organisation: String,
}

impl Typed {
    /// Whom the form names: on its way back the subject itself.
    fn asked(&self) -> Asked {
        let organisation = Some(self.organisation.clone()).filter(|text| !text.is_empty());
        let found = !self.subject.is_empty();
        let (kind, who) =
            if found { (String::new(), self.subject.clone()) } else { (self.kind.clone(), self.who.clone()) };
        Asked { kind, who, organisation }
    }

    async fn change(&self, desk: &Desk<'_>) -> Result<Change, Wrong> {
        match self.what.as_str() {
            "grant" => roles::grant(desk.subject(&self.asked()).await?, &self.object, &self.role, &self.effect),
            "block" => roles::block(&self.object, &self.role),
            "join" => roles::membership(desk.subject(&self.asked()).await?, &self.group),
            "end" => {
                let id: Uuid = self.id.parse().map_err(|_| Wrong::Rule)?;
                let end = desk.portal.policy.ledger().end_of(id).await?;
                end.ok_or(Wrong::Policy(access::AccessError::NoSuchGrant))
            }
            _ => Err(Wrong::Rule),
        }
    }
}

/// Whether what a change is about may be known to whoever asks.
fn visible(desk: &Desk<'_>, change: &Change) -> Result<(), Failure> {
    match roles::object_of(change) {
        Some(object) if desk.portal.policy.snapshot().knows(object) => desk.administers(object),
        // A rule that waits on an object that went away, and staff groups, are the whole portal's.
        _ => desk.administers(&Object::SITE_INTERNAL),
    }
}

/// A mistake is shown where it was made; what may not be known is not there.
async fn refused(desk: &Desk<'_>, visit: &Visit, typed: &Typed, wrong: Wrong) -> Result<Response, Failure> {
    if wrong.key().is_none() {
        return Err(wrong.into());
    }
    let said = view::Said { wrong: Some(wrong), typed: typed.clone(), ..view::Said::default() };
    draw(desk, visit, Some(&typed.object), said).await
}

/// `GET /admin/roles/change`: what would come of it. Nothing is changed.
#[handler]
pub async fn consider(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(typed): Query<Typed>,
) -> Result<Response, Failure> {
    let desk = Desk { portal, staff: &staff, now: visit.now };
    let change = match typed.change(&desk).await {
        Ok(change) => change,
        Err(wrong) => return refused(&desk, visit, &typed, wrong).await,
    };
    visible(&desk, &change)?;
    let consequences = portal.policy.consequences(&change).await?;
    let page = view::considered(&desk, visit, &typed, (&change, &consequences)).await?;
    portal.pages.page(visit, "roles_change.html", &page)
}

/// `POST /admin/roles/change`
#[handler]
pub async fn carry_out(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let desk = Desk { portal, staff: &staff, now: visit.now };
    let change = match typed.change(&desk).await {
        Ok(change) => change,
        Err(wrong) => return refused(&desk, visit, &typed, wrong).await,
    };
    let done = name(&change);
    let shown = roles::object_of(&change).filter(|object| portal.policy.snapshot().knows(object)).cloned();
    match desk.make(change).await {
        Ok(()) => {
            let object = shown.unwrap_or(Object::SITE_INTERNAL);
            Ok(see_other(&format!("{}&done={done}", address(&object))))
        }
        Err(wrong) => {
            let typed = Typed { object: shown.map(|one| one.to_string()).unwrap_or_default(), ..typed };
            refused(&desk, visit, &typed, wrong).await
        }
    }
}

fn name(change: &Change) -> &'static str {
    match change {
        Change::Grant(_) => "grant",
        Change::Revoke(_) => "revoke",
        Change::Block(_) => "block",
        Change::Unblock(_) => "unblock",
        Change::Join(_) => "join",
        Change::Leave(_) => "leave",
    }
}
