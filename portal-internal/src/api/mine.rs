//! `/api/v1/my-patients`

use std::sync::Arc;

use access::Fault;
use poem::web::Data;
use poem_openapi::{OpenApi, param::Query, payload::Json};
use web::{Failure, Visit};

use super::failed;
use crate::{
    mine::{self, Wanted},
    portal::Portal,
    who::Staff,
};

/// Whom the one who asks treats.
pub struct MineApi;

#[OpenApi]
impl MineApi {
    /// Patients of whoever is signed in, by encounters and lists, with the state of every source. Hospitals that are due are
    /// asked first.
    #[oai(path = "/my-patients", method = "get", operation_id = "my_patients")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        /// Ask the hospitals again, also those that answered lately.
        refresh: Query<Option<bool>>,
    ) -> poem::Result<Json<serde_json::Value>> {
        let wanted = if refresh.0 == Some(true) { Wanted::Refreshed } else { Wanted::WithDue };
        let mine = mine::patients(&portal, &staff, wanted, visit.now).await.map_err(failed)?;
        let mine = mine.ok_or_else(|| Failure::new(Fault::NotFound))?;
        Ok(Json(serde_json::to_value(ehr::json::my_patients(&mine)).map_err(Failure::internal)?))
    }
}
