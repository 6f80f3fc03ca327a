//! `/api/v1/patient-searches`, `/api/v1/patients/{id}/…`

#![allow(clippy::too_many_arguments, reason = "poem-openapi takes each parameter of an operation as an argument")]

use std::sync::Arc;

use access::{Fault, GlassReason, Grounds, PersonId};
use ehr::{OriginAddress, Reader, RecordQuery, RecordWords, Section};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use web::{Failure, Visit, Written, openapi::origin::ExplainedOrigin};

use zeroize::Zeroizing;

use super::failed;
use crate::{break_glass, portal::Portal, who::Staff};

/// Finding patients and reading their records.
pub struct PatientsApi;

/// What to look for.
#[derive(Object)]
struct NewSearch {
    /// A name or a resident ID number.
    #[oai(validator(max_length = 200))]
    q: String,
}

/// What to look for in a record.
#[derive(Object)]
struct NewRecordSearch {
    /// Up to eight words.
    #[oai(validator(max_length = 400))]
    q: String,
}

/// Why a record has to be opened now.
#[derive(Object)]
struct NewGlass {
    /// What has happened, in 10 to 500 characters; it goes into the access log.
    #[oai(validator(max_length = 500))]
    reason: String,
    /// `emergency`, `on-duty`, `consultation`, `patient-present` or `other`, which is the default.
    grounds: Option<String>,
    /// The password of whoever is signed in, once more.
    #[oai(validator(max_length = 1024))]
    password: String,
}

/// A record that is open for a while.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct OpenedRecord {
    /// The relation, as the access log names it.
    relation: String,
    /// Until when.
    until: Option<String>,
}

#[derive(ApiResponse)]
enum Broken {
    /// The record is open.
    #[oai(status = 201)]
    Opened(Json<OpenedRecord>),
}

fn person(text: &str) -> Result<PersonId, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

fn json(value: &impl serde::Serialize) -> poem::Result<Json<serde_json::Value>> {
    Ok(Json(serde_json::to_value(value).map_err(Failure::internal)?))
}

#[OpenApi]
impl PatientsApi {
    /// Look for a patient in every hospital.
    #[oai(path = "/patient-searches", method = "post", operation_id = "patient_search")]
    async fn search(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        new: Json<NewSearch>,
    ) -> poem::Result<Json<serde_json::Value>> {
        let found = portal.charts.search_patients(&staff.context, &new.0.q, visit.now).await.map_err(failed)?;
        json(&ehr::json::patient_search(&found))
    }

    /// A section of a patient's record, with the state of every source.
    #[oai(path = "/patients/:id/record/:section", method = "get", operation_id = "record_section")]
    async fn section(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
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
        let reader = Reader::Staff(&staff.context);
        let query = RecordQuery::from_texts(since.0, until.0, source.0).ok_or_else(|| Failure::new(Fault::Invalid))?;
        let section = Section::from_slug(&section).ok_or_else(|| Failure::new(Fault::NotFound))?;
        Ok(Written(portal.charts.record_json(reader, person, section, &query, visit.now).await.map_err(failed)?))
    }

    /// Look for words in a whole record, in every section that the reader may see; each item found has all of them. What was
    /// not searched is named.
    #[oai(path = "/patients/:id/record-search", method = "post", operation_id = "record_search")]
    async fn search_record(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        new: Json<NewRecordSearch>,
    ) -> poem::Result<Json<serde_json::Value>> {
        let person = person(&id)?;
        let words = RecordWords::read(&new.0.q).map_err(ehr::EhrError::from).map_err(failed)?;
        let reader = Reader::Staff(&staff.context);
        let found = portal.charts.search_record(reader, person, words, visit.now).await.map_err(failed)?;
        Ok(Json(serde_json::to_value(ehr::json::record_search(person, &found)).map_err(Failure::internal)?))
    }

    /// Open a patient's record in an emergency: for an hour, for a stated reason, with one's own password again.
    #[oai(path = "/patients/:id/break-glass", method = "post", operation_id = "break_glass")]
    async fn break_glass(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        new: Json<NewGlass>,
    ) -> poem::Result<Broken> {
        let person = person(&id)?;
        let grounds = match &new.0.grounds {
            None => Some(Grounds::Other),
            Some(named) => Grounds::parse(named),
        };
        let reason = grounds.and_then(|grounds| GlassReason::new(grounds, &new.0.reason));
        let reason = reason.ok_or_else(|| Failure::new(Fault::Invalid))?;
        let password = Zeroizing::new(new.0.password);
        let opened = break_glass::break_glass(&portal, visit, &staff, person, &reason, &password).await?;
        let until = opened.until.map(|until| until.to_string());
        Ok(Broken::Opened(Json(OpenedRecord { relation: opened.id.to_string(), until })))
    }

    /// A patient's identities at the hospitals, and why they are believed to be one person.
    #[oai(path = "/patients/:id/links", method = "get", operation_id = "patient_links")]
    async fn links(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
    ) -> poem::Result<Json<serde_json::Value>> {
        let person = person(&id)?;
        let links = portal.charts.links(Reader::Staff(&staff.context), person, visit.now).await.map_err(failed)?;
        json(&ehr::json::links(&links))
    }

    /// Where a value comes from: its hospital, the resource, the search, what it was put together with, and why the reader
    /// sees it. `404` for whatever the section does not name.
    #[oai(path = "/patients/:id/record/:section/origins", method = "get", operation_id = "record_origin")]
    async fn origin(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        section: Path<String>,
        /// Source id.
        source: Query<String>,
        /// `Type/id` at that source.
        resource: Query<String>,
    ) -> poem::Result<Json<ExplainedOrigin>> {
        let address = OriginAddress { source: source.0, resource: resource.0 };
        explain(&portal, visit, &staff, (&id, &section), &address, false).await
    }

    /// The same with the hospital's own JSON of the resource, read live. Each such read is in the audit log by the resource's
    /// name.
    #[oai(path = "/patients/:id/record/:section/origins/json", method = "get", operation_id = "record_origin_json")]
    async fn origin_json(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        section: Path<String>,
        /// Source id.
        source: Query<String>,
        /// `Type/id` at that source.
        resource: Query<String>,
    ) -> poem::Result<Json<ExplainedOrigin>> {
        let address = OriginAddress { source: source.0, resource: resource.0 };
        explain(&portal, visit, &staff, (&id, &section), &address, true).await
    }
}

async fn explain(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (id, section): (&str, &str),
    address: &OriginAddress,
    with_json: bool,
) -> poem::Result<Json<ExplainedOrigin>> {
    let person = person(id)?;
    let section = Section::from_slug(section).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let reader = Reader::Staff(&staff.context);
    let explained =
        portal.charts.origin(reader, person, section, address, with_json, visit.now).await.map_err(failed)?;
    Ok(Json(serde_json::from_value(ehr::json::origin(&explained)).map_err(Failure::internal)?))
}
