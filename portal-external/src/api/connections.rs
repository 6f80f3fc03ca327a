//! `/api/v1/connections`: hospitals that one has connected oneself. Connecting itself is for a browser: a person goes to the
//! hospital's page.

use std::sync::Arc;

use access::Fault;
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use sources::{Connection, ConnectionState, Lasts};
use uuid::Uuid;
use web::{Failure, Visit};

use super::failed;
use crate::{
    pages::connections::{connections, own},
    portal::Portal,
    who::Patient,
};

/// One's own connections.
pub struct ConnectionsApi;

/// A hospital that is connected.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct ConnectionRow {
    id: String,
    /// Source id.
    source: String,
    /// `active` or `reconnect`.
    state: String,
    /// Why a new sign-in is needed, as a message key.
    why: Option<String>,
    /// SMART scopes that are granted.
    scopes: Vec<String>,
    /// SMART scopes that were asked for and are not granted.
    missing: Vec<String>,
    /// Why the record is believed to be one's own: `resident-id` or `name-and-birth-date`.
    matched: String,
    /// When it ends by itself; absent: not before it is withdrawn.
    until: Option<String>,
    connected_at: String,
    /// When the hospital gave the last token.
    renewed_at: String,
}

/// All of them.
#[derive(Object)]
struct ConnectionRows {
    items: Vec<ConnectionRow>,
}

/// What came of giving one back.
#[derive(Object)]
struct ConnectionEnd {
    /// The hospital has confirmed that its tokens are void.
    revoked: bool,
}

fn row(connection: Connection) -> ConnectionRow {
    let (state, why) = match connection.state {
        ConnectionState::Active => ("active", None),
        ConnectionState::Reconnect { why } => ("reconnect", Some(why)),
    };
    ConnectionRow {
        id: connection.id.to_string(),
        source: connection.source,
        state: state.to_owned(),
        why,
        scopes: connection.scopes,
        missing: connection.missing,
        matched: connection.matched.as_str().to_owned(),
        until: match connection.lasts {
            Lasts::UntilWithdrawn => None,
            Lasts::Until(at) => Some(at.to_string()),
        },
        connected_at: connection.connected_at.to_string(),
        renewed_at: connection.renewed_at.to_string(),
    }
}

#[OpenApi]
impl ConnectionsApi {
    /// Hospitals that one has connected, the oldest first.
    #[oai(path = "/connections", method = "get", operation_id = "connection_list")]
    async fn list(&self, portal: Data<&Arc<Portal>>, patient: Patient) -> poem::Result<Json<ConnectionRows>> {
        let mine = connections(&portal)?.mine(&patient.context, own(&patient)?).await.map_err(failed)?;
        Ok(Json(ConnectionRows { items: mine.into_iter().map(row).collect() }))
    }

    /// Give one back: nothing of it is kept here, and the hospital is told.
    #[oai(path = "/connections/:id", method = "delete", operation_id = "connection_end")]
    async fn end(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
        id: Path<String>,
    ) -> poem::Result<Json<ConnectionEnd>> {
        let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
        let person = own(&patient)?;
        let ended = connections(&portal)?.disconnect(&patient.context, person, id, visit.now).await.map_err(failed)?;
        Ok(Json(ConnectionEnd { revoked: ended.revoked }))
    }
}
