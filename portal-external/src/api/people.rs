//! `/api/v1/people/{id}/…`

#![allow(clippy::too_many_arguments, reason = "poem-openapi takes each parameter of an operation as an argument")]

use std::sync::Arc;

use access::{
    Fault, PersonId,
    audit::told::{LogEntry, LogQuery},
};
use ehr::{OriginAddress, Reader, RecordQuery, RecordWords, Section};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use web::{Failure, Visit, Written, openapi::origin::ExplainedOrigin};

use super::failed;
use crate::{pages::access_log, portal::Portal, who::Patient};

/// One's own record.
pub struct PeopleApi;

/// What to look for in a record.
#[derive(Object)]
struct NewRecordSearch {
    /// Up to eight words.
    #[oai(validator(max_length = 400))]
    q: String,
}

/// An act in somebody's access log.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct AccessLogRow {
    id: String,
    at: String,
    /// `staff`, `patient` or `system`.
    kind: String,
    /// Their name then; absent for a part of the portal.
    name: Option<String>,
    /// Staff groups they were in then.
    groups: Vec<String>,
    /// `record.read.intent`, `relation.break-glass`, `proxy.accept`, …
    action: String,
    /// A section, or another name of what was read.
    object: Option<String>,
    /// A key, or the words that a broken glass asks for.
    reason: Option<String>,
}

/// Somebody's access log.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct AccessLogAnswer {
    items: Vec<AccessLogRow>,
    /// `before` of the next page; absent on the last.
    next: Option<String>,
}

impl From<LogEntry> for AccessLogRow {
    fn from(one: LogEntry) -> Self {
        let kind = match one.actor.kind() {
            "u" => "staff",
            "p" => "patient",
            _ => "system",
        };
        Self {
            id: one.id.to_string(),
            at: one.at.to_string(),
            kind: kind.to_owned(),
            name: Some(one.name).filter(|name| !name.is_empty()),
            groups: one.groups,
            action: one.action,
            object: one.object,
            reason: one.reason,
        }
    }
}

fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

#[OpenApi]
impl PeopleApi {
    /// A section of one's own record, with the state of every source.
    #[oai(path = "/people/:id/record/:section", method = "get", operation_id = "record_section")]
    async fn section(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        id: Path<String>,
        section: Path<String>,
        /// Not before this day.
        since: Query<Option<String>>,
        /// Not after this day.
        until: Query<Option<String>>,
        /// One hospital alone.
        source: Query<Option<String>>,
        /// Ask the hospitals again. Nothing is kept between two requests yet, so every one of them asks.
        #[oai(name = "refresh")]
        _refresh: Query<Option<bool>>,
    ) -> poem::Result<Written> {
        let person = person(&id)?;
        let reader = Reader::Patient(&patient.context);
        let query = RecordQuery::from_texts(since.0, until.0, source.0).ok_or_else(|| Failure::new(Fault::Invalid))?;
        let section = Section::from_slug(&section).ok_or_else(|| Failure::new(Fault::NotFound))?;
        Ok(Written(portal.charts.record_json(reader, person, section, &query, visit.now).await.map_err(failed)?))
    }

    /// What was done about a person, newest first: to themselves, and to those they have entrusted it to. Refusals are not in
    /// it; a read is told of once, by its intent.
    #[oai(path = "/people/:id/access-log", method = "get", operation_id = "access_log")]
    async fn access_log(
        &self,
        portal: Data<&Arc<Portal>>,
        patient: Patient,
        id: Path<String>,
        /// `everybody` (unless said), `staff`, `others` or `me`.
        who: Query<Option<String>>,
        /// An instant: where the page before ended (`next`).
        before: Query<Option<String>>,
    ) -> poem::Result<Json<AccessLogAnswer>> {
        let invalid = || Failure::new(Fault::Invalid);
        let before = before.0.map(|at| at.parse().map_err(|_| invalid())).transpose()?;
        let who = access_log::actors(who.0.as_deref().unwrap_or("everybody"), &patient).ok_or_else(invalid)?;
        let query = LogQuery { since: None, before, who, most: 100 };
        let found = access_log::read(&portal, &patient, person(&id)?, &query).await?;
        let items = found.entries.into_iter().map(AccessLogRow::from).collect();
        Ok(Json(AccessLogAnswer { items, next: found.next.map(|next| next.to_string()) }))
    }

    /// Look for words in a whole record, in every section that the reader may see; each item found has all of them. What was
    /// not searched is named.
    #[oai(path = "/people/:id/record-search", method = "post", operation_id = "record_search")]
    async fn search_record(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        id: Path<String>,
        new: Json<NewRecordSearch>,
    ) -> poem::Result<Json<serde_json::Value>> {
        let person = person(&id)?;
        let words = RecordWords::read(&new.0.q).map_err(ehr::EhrError::from).map_err(failed)?;
        let reader = Reader::Patient(&patient.context);
        let found = portal.charts.search_record(reader, person, words, visit.now).await.map_err(failed)?;
        Ok(Json(serde_json::to_value(ehr::json::record_search(person, &found)).map_err(Failure::internal)?))
    }

    /// Where a value comes from: its hospital, the resource, the search, what it was put together with, and why the reader
    /// sees it. `404` for whatever the section does not name.
    #[oai(path = "/people/:id/record/:section/origins", method = "get", operation_id = "record_origin")]
    async fn origin(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        id: Path<String>,
        section: Path<String>,
        /// Source id.
        source: Query<String>,
        /// `Type/id` at that source.
        resource: Query<String>,
    ) -> poem::Result<Json<ExplainedOrigin>> {
        let address = OriginAddress { source: source.0, resource: resource.0 };
        let person = person(&id)?;
        let section = Section::from_slug(&section).ok_or_else(|| Failure::new(Fault::NotFound))?;
        let reader = Reader::Patient(&patient.context);
        let explained =
            portal.charts.origin(reader, person, section, &address, false, visit.now).await.map_err(failed)?;
        Ok(Json(serde_json::from_value(ehr::json::origin(&explained)).map_err(Failure::internal)?))
    }
}
