//! `/.well-known/`: what other machines read of the portal.

use std::sync::Arc;

use poem::{Response, handler, web::Data};
use web::{Failure, Visit, well_known::document};

use crate::portal::Portal;

/// `GET /.well-known/jwks.json`: the public keys by which hospitals know the portal (RFC 7517). Both portals publish the same.
#[handler]
pub async fn jwks(Data(portal): Data<&Arc<Portal>>, visit: &Visit) -> Result<Response, Failure> {
    let set = portal.secrets.jwks(visit.now).await?;
    Ok(document(serde_json::to_string(&set).map_err(Failure::internal)?))
}
