//! `/api/v1/people/{id}/…`

#![allow(clippy::too_many_arguments, reason = "poem-openapi takes each parameter of an operation as an argument")]

use std::sync::Arc;

use access::{Fault, PersonId};
use ehr::{Reader, RecordQuery, Section};
use poem::web::Data;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use web::{Failure, Visit, Written};

use super::failed;
use crate::{portal::Portal, who::Patient};

/// One's own record.
pub struct PeopleApi;

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
}
