//! `/admin/flows`: how sign-ins of patients at hospitals end, in figures and one by one.

mod course;
mod view;
mod words;

use std::sync::Arc;

use access::Fault;
use jiff::{SignedDuration, Timestamp};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::Deserialize;
use sources::{FlowFilter, FlowOutcome, SourceError};
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use crate::{portal::Portal, who::Staff};
use view::{FlowPage, Found, ListPage, Narrowing};
pub use words::{cure, happened};

const PATH: &str = "/admin/flows";
/// Flows that are listed, the newest.
pub const MOST: u64 = 200;

/// How far back figures go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// 24 hours.
    Day,
    /// 7 days.
    #[default]
    Week,
    /// 30 days.
    Month,
}

impl Window {
    /// All, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// In addresses, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// From an address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// Where it begins when it ends `now`.
    ///
    /// # Errors
    /// A clock that no calendar has.
    pub fn since(self, now: Timestamp) -> Result<Timestamp, Failure> {
        let (count, length) = self.spans();
        now.checked_sub(length * i32::from(count)).map_err(Failure::internal)
    }

    /// How many parts its chart has, and how long each is.
    pub const fn spans(self) -> (u16, SignedDuration) {
        match self {
            Self::Day => (24, SignedDuration::from_hours(1)),
            Self::Week => (7, SignedDuration::from_hours(24)),
            Self::Month => (30, SignedDuration::from_hours(24)),
        }
    }
}

/// The id of a flow as people read it out: with or without hyphens and blanks, in whatever case.
pub fn trace_id(text: &str) -> Option<Uuid> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    Uuid::try_parse(&plain).ok().filter(|_| plain.len() == 32)
}

/// What the page is narrowed to, as it stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    window: String,
    source: String,
    outcome: String,
    /// What somebody read out.
    trace: String,
}

impl Asked {
    fn read(&self) -> Narrowing {
        let source = Some(self.source.trim().to_owned()).filter(|id| !id.is_empty());
        let filter = FlowFilter { source, outcome: FlowOutcome::parse(&self.outcome) };
        Narrowing { window: Window::parse(&self.window).unwrap_or_default(), filter }
    }
}

/// `GET /admin/flows?window=&source=&outcome=&trace=`
#[handler]
pub async fn list(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let typed = asked.trace.trim();
    if !typed.is_empty()
        && let Some(id) = named(portal, visit, &staff, typed).await?
    {
        return Ok(see_other(&format!("{PATH}/{id}")));
    }
    let narrowing = asked.read();
    let since = narrowing.window.since(visit.now)?;
    let figures = portal.flows.figures(&staff.context, since, visit.now).await?;
    let flows = portal.flows.list(&staff.context, &narrowing.filter, MOST, visit.now).await?;
    let failed = FlowFilter { outcome: Some(FlowOutcome::Failed), ..narrowing.filter.clone() };
    let failed = portal.flows.list(&staff.context, &failed, MOST, visit.now).await?;
    let wanted = narrowing.filter.source.as_deref();
    let course = portal.flows.course(&staff.context, wanted, narrowing.window.spans(), visit.now).await?;
    let found = Found { figures, flows, failed, course, since };
    let page = ListPage::new(portal, visit, &narrowing, &found, typed);
    portal.pages.page_at(visit, PATH, "flows/list.html", &page)
}

/// The flow that somebody reads out, if there is one.
async fn named(portal: &Portal, visit: &Visit, staff: &Staff, typed: &str) -> Result<Option<Uuid>, Failure> {
    let Some(id) = trace_id(typed) else { return Ok(None) };
    match portal.flows.one(&staff.context, id, visit.now).await {
        Ok(_) => Ok(Some(id)),
        Err(SourceError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `GET /admin/flows/{flow}`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = trace_id(&id).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let flow = portal.flows.one(&staff.context, id, visit.now).await?;
    let page = FlowPage::new(portal, visit, &flow);
    portal.pages.page_at(visit, &format!("{PATH}/{id}"), "flows/flow.html", &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_out_is_found_however_it_is_written() {
        let id = "01934f6e-7c1a-7b3c-9d2e-0a1b2c3d4e5f";
        let parsed: Uuid = id.parse().expect("an id");
        let blanks = "0193 4f6e 7c1a 7b3c 9d2e 0a1b 2c3d 4e5f";
        for text in [id, &id.replace('-', ""), &id.to_uppercase(), blanks] {
            assert_eq!(trace_id(text), Some(parsed), "{text}");
        }
        for text in ["", "01934f6e", "{01934f6e-7c1a-7b3c-9d2e-0a1b2c3d4e5f}", "01934f6e-7c1a-7b3c-9d2e-0a1b2c3d4e5g"] {
            assert_eq!(trace_id(text), None, "{text}");
        }
    }
}
