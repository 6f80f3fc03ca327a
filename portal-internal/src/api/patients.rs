//! `/api/v1/patient-searches`, `/api/v1/patients/{id}/…`

#![allow(clippy::too_many_arguments, reason = "poem-openapi takes each parameter of an operation as an argument")]

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{LabQuery, Reader, Section};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use web::{Failure, Visit};

use super::failed;
use crate::{portal::Portal, who::Staff};

/// Finding patients and reading their records.
pub struct PatientsApi;

/// What to look for.
#[derive(Object)]
struct NewSearch {
    /// A name or a resident ID number.
    #[oai(validator(max_length = 200))]
    q: String,
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
    ) -> poem::Result<Json<serde_json::Value>> {
        let person = person(&id)?;
        let reader = Reader::Staff(&staff.context);
        match Section::from_slug(&section) {
            Some(Section::Demographics) => {
                let gathered = portal.charts.demographics(reader, person, visit.now).await.map_err(failed)?;
                json(&ehr::json::demographics(person, &gathered))
            }
            Some(Section::LabResults) => {
                let query =
                    LabQuery::from_texts(since.0, until.0, source.0).ok_or_else(|| Failure::new(Fault::Invalid))?;
                let gathered = portal.charts.lab_results(reader, person, &query, visit.now).await.map_err(failed)?;
                json(&ehr::json::lab_results(person, &gathered))
            }
            _ => Err(Failure::new(Fault::NotFound).into()),
        }
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
}
