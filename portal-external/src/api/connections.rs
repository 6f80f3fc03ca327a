//! `/api/v1/connections`: hospitals that one has connected oneself. Connecting itself is for a browser: a person goes to the
//! hospital's page.

use std::sync::Arc;

use access::Fault;
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use sources::{Connection, ConnectionState, Copied, CopiedFiles, CopyState, CopyStep, Lasts};
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
    /// What is kept for when the hospital can't be asked.
    copy: CopyRow,
}

/// A copy of what a hospital sent.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct CopyRow {
    /// `none`, `wanted`, `running`, `paused`, `done` or `failed`.
    state: String,
    /// Why it does not get on, as a message key.
    why: Option<String>,
    /// Resources so far.
    done: u64,
    /// Of so many, where that is known.
    total: Option<u64>,
    /// When the last whole one was made.
    at: Option<String>,
    /// Files of documents in it, and what was left out.
    files: CopyFiles,
}

/// Files of documents in a copy: how many, and how many are not in it.
#[derive(Object)]
struct CopyFiles {
    kept: u64,
    /// Named at another server.
    elsewhere: u64,
    /// Longer than what is kept of one.
    too_large: u64,
    /// The hospital does not give them.
    not_given: u64,
    /// Beyond what one copy holds.
    too_many: u64,
}

/// What to do with a copy.
#[derive(Object)]
struct CopyAct {
    /// `start`: a new one, or on with one that is paused or has failed. `pause`. `remove`: none is kept.
    step: String,
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

fn copy_files(files: &CopiedFiles) -> CopyFiles {
    let CopiedFiles { kept, elsewhere, too_large, not_given, too_many, .. } = *files;
    CopyFiles { kept, elsewhere, too_large, not_given, too_many }
}

fn copy_row(copied: Copied) -> CopyRow {
    CopyRow {
        state: copied.state.map_or("none", CopyState::as_str).to_owned(),
        why: copied.why,
        done: copied.done,
        total: copied.total,
        at: copied.at.map(|at| at.to_string()),
        files: copy_files(&copied.files),
    }
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
        copy: copy_row(connection.copied),
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

    /// Begin a copy of one, go on with it, pause it or throw it away. What does not fit how it stands changes nothing.
    #[oai(path = "/connections/:id/copy", method = "post", operation_id = "connection_copy")]
    async fn copy(
        &self,
        portal: Data<&Arc<Portal>>,
        patient: Patient,
        id: Path<String>,
        act: Json<CopyAct>,
    ) -> poem::Result<Json<CopyRow>> {
        let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
        let step = CopyStep::parse(&act.0.step).ok_or_else(|| Failure::new(Fault::Invalid))?;
        let (connections, person) = (connections(&portal)?, own(&patient)?);
        connections.copy(&patient.context, person, id, step).await.map_err(failed)?;
        let mine = connections.mine(&patient.context, person).await.map_err(failed)?;
        // Another browser may have disconnected it meanwhile.
        let now = mine.into_iter().find(|one| one.id == id).ok_or_else(|| Failure::new(Fault::NotFound))?;
        Ok(Json(copy_row(now.copied)))
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
