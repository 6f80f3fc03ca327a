//! Records that patients connect themselves: hospitals that know them and give the portal a token for them alone
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html>, standalone launch).
//!
//! Start at [`Connections::begin`], which sends a person's browser to the hospital, and [`Connections::exchange`], which takes
//! what it comes back with. What came is a [`Pending`] until somebody who knows people has said whether it is this person's:
//! then it is kept, or given back. [`Connections::of`] are the sources that a person's record is read from besides those of
//! the region.

mod begin;
mod callback;
mod copier;
mod copies;
mod copy_files;
mod copy_page;
mod course;
mod fault;
mod flows;
mod keep;
mod launches;
mod person;
mod seal;
mod trace;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use access::{Act, AuditLog, Deed, Event, Object, Outcome, PatientContext, PersonId, Policy};
use envelope::KeyDomain;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, sea_query::ExprTrait as _};
use serde::{Deserialize, Serialize};
use store::{Store, from_millis, to_millis};
use url::Url;
use uuid::Uuid;

pub use begin::Departure;
pub use callback::{Arrival, Callback, Pending, Receipt};
pub use copier::Copier;
pub(crate) use copies::Copies;
pub use copies::{Copied, CopyState, CopyStep};
pub use copy_files::CopiedFiles;
pub use course::{FlowCourse, FlowReach, FlowSpan};
pub use fault::{ConnectError, FlowFault, FlowKind, FlowStep};
pub use flows::{FlowFigures, FlowFilter, FlowOutcome, FlowTrace, Flows};
pub use launches::{Arrived, Called, Launches};
pub(crate) use seal::sealed_rows;

use crate::{
    Catalogue, Secrets, Source, Standing,
    entity::{
        connection::{Column, Entity, Model},
        flow,
    },
};
use person::PatientSignIn;

/// Sign-ins of people whose record is read: beyond so many those that nobody reads now are forgotten.
const MOST_KEPT: usize = 2_000;
/// Who left longer ago has given up.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

/// Where connections are kept, begun and used. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    store: Store,
    policy: Policy,
    audit: AuditLog,
    catalogue: Arc<Catalogue>,
    secrets: Secrets,
    /// Where hospitals send people back to, exactly as it is registered there.
    redirect: Url,
    sign_ins: Mutex<HashMap<Uuid, Arc<PatientSignIn>>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections(…)")
    }
}

/// Why the hospital's patient is believed to be the person who connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// The hospital holds their resident ID, with what belongs to it.
    ResidentId,
    /// The hospital holds no resident ID; name and birth date agree, and nothing contradicts.
    NameAndBirthDate,
}

impl Matched {
    /// In the database, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResidentId => "resident-id",
            Self::NameAndBirthDate => "name-and-birth-date",
        }
    }

    fn of(text: &str) -> Self {
        if text == Self::ResidentId.as_str() { Self::ResidentId } else { Self::NameAndBirthDate }
    }
}

/// Can it be read?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// As far as is known.
    Active,
    /// Not until the person has signed in there again.
    Reconnect {
        /// A key of words.
        why: String,
    },
}

/// How long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// The hospital gave what further tokens are had with.
    UntilWithdrawn,
    /// It did not: then it ends by itself.
    Until(Timestamp),
}

/// A hospital's record that a patient has connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// In addresses.
    pub id: Uuid,
    /// Id of the source.
    pub source: String,
    /// What the hospital grants, as SMART scopes.
    pub scopes: Vec<String>,
    /// What was asked for and is not granted.
    pub missing: Vec<String>,
    /// Whose it is believed to be, and why.
    pub matched: Matched,
    /// Can it be read?
    pub state: ConnectionState,
    /// How long it lasts.
    pub lasts: Lasts,
    /// Since when.
    pub connected_at: Timestamp,
    /// When the hospital gave the last token.
    pub renewed_at: Timestamp,
    /// Of what it sent, kept for the time when it can't be asked.
    pub copied: Copied,
}

/// Scopes of a connection, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Scopes {
    granted: Vec<String>,
    missing: Vec<String>,
}

/// A source that is asked for one person, in their name.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Asks the hospital with their token; where it wants them to sign in again, the copy, if there is one.
    pub source: Arc<Source>,
    /// Read when the hospital does not answer: what was copied of it, where there is a whole copy.
    pub copy: Option<Arc<Source>>,
    /// Their `Patient` id there.
    pub patient: String,
    /// When they connected it.
    pub since: Timestamp,
}

/// What came of giving a connection back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// The hospital has confirmed that its tokens are void.
    pub revoked: bool,
}

impl Connections {
    /// Kept in `store`, remembered in `audit`, sealed by `secrets`. `redirect` is where hospitals send people back to.
    pub fn new(
        store: Store,
        policy: Policy,
        audit: AuditLog,
        catalogue: Arc<Catalogue>,
        secrets: Secrets,
        redirect: Url,
    ) -> Self {
        let sign_ins = Mutex::default();
        Self { inner: Arc::new(Inner { store, policy, audit, catalogue, secrets, redirect, sign_ins }) }
    }

    /// Kinds of secrets that are kept.
    pub fn kinds() -> [(KeyDomain, &'static str); 3] {
        seal::KINDS
    }

    /// Hospitals that patients can connect, in the order of the catalogue.
    pub fn offered(&self) -> Vec<Arc<Source>> {
        let open = |source: &Arc<Source>| source.is_personal() && source.standing == Standing::Asked;
        self.inner.catalogue.iter().filter(open).collect()
    }

    /// What `person` has connected, the oldest first.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`] for another's; the policy's, the database's.
    pub async fn mine(&self, ctx: &PatientContext, person: PersonId) -> Result<Vec<Connection>, ConnectError> {
        self.require(ctx, person)?;
        Ok(self.rows(person).await?.iter().map(connection).collect())
    }

    /// Sources that `person`'s record is read from besides those of the region. Whether the reader may read it is the caller's to
    /// decide. One that waits for a sign-in is among them: it answers that it does.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(&self, person: PersonId) -> Result<Vec<Connected>, ConnectError> {
        let rows = self.rows(person).await?;
        let known = |row: &Model| {
            let source = self.inner.catalogue.get(&row.source).filter(|source| source.is_personal())?;
            let copy = Copies::of(row, &self.inner.secrets).map(|copies| Arc::new(source.read_from(Arc::new(copies))));
            let (own, copy) = match (copy, &row.why) {
                // It can't be asked until the person has signed in there again: what was copied is read instead.
                (Some(copy), Some(_)) => (copy, None),
                (copy, _) => (Arc::new(source.asked_with(self.sign_in(row, &source))), copy),
            };
            let (patient, since) = (row.patient.clone(), from_millis(row.connected_at));
            Some(Connected { source: own, copy, patient, since })
        };
        Ok(rows.iter().filter_map(known).collect())
    }

    /// Has `person` left for a hospital within the last hour, and not come back?
    ///
    /// # Errors
    /// [`ConnectError::NotFound`] for another; the policy's, the database's.
    pub async fn has_left(&self, ctx: &PatientContext, person: PersonId, now: Timestamp) -> Result<bool, ConnectError> {
        self.require(ctx, person)?;
        let open = flow::Column::Person.eq(person.0).and(flow::Column::Outcome.is_null());
        let lately = open.and(flow::Column::BegunAt.gt(to_millis(now - LATELY)));
        Ok(flow::Entity::find().filter(lately).one(self.inner.store.reader()).await?.is_some())
    }

    /// Gives one back: nothing of it is kept here, and the hospital is told.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`]; the policy's, the audit's, the database's.
    pub async fn disconnect(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Disconnected, ConnectError> {
        self.require(ctx, person)?;
        let row = Entity::find_by_id(id).one(self.inner.store.reader()).await?;
        let row = row.filter(|row| row.person == person.0).ok_or(ConnectError::NotFound)?;
        let event = event("connection.end", &row).about(person);
        let draft = AuditLog::draft(ctx, now, event);
        let audit = self.inner.audit.clone();
        let gone = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                // As it is now: a token that came meanwhile is the one to be given back.
                let gone = Entity::delete_many().filter(Column::Id.eq(id)).exec_with_returning(tx).await?;
                if !gone.is_empty() {
                    copies::delete(tx, id).await?;
                    audit.append(tx, draft).await?;
                }
                Ok(gone.into_iter().next())
            })
        });
        // Another browser was first.
        let gone = gone.await?.ok_or(ConnectError::NotFound)?;
        self.forget(id);
        Ok(Disconnected { revoked: self.give_back(&gone).await })
    }

    /// Gives all of them back; how many there were.
    ///
    /// # Errors
    /// As [`Connections::disconnect`].
    pub async fn reset(&self, ctx: &PatientContext, person: PersonId, now: Timestamp) -> Result<u64, ConnectError> {
        let mut ended = 0;
        for connection in self.mine(ctx, person).await? {
            match self.disconnect(ctx, person, connection.id, now).await {
                Ok(_) => ended += 1,
                // Another browser was first.
                Err(ConnectError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    fn require(&self, ctx: &PatientContext, person: PersonId) -> Result<(), ConnectError> {
        if !ctx.may_act_for(person, Deed::Oneself) {
            return Err(ConnectError::NotFound);
        }
        Ok(self.inner.policy.require(ctx, &Object::SECTION_RECORD, Act::ReadRecord)?)
    }

    async fn rows(&self, person: PersonId) -> Result<Vec<Model>, ConnectError> {
        let of_person = Entity::find().filter(Column::Person.eq(person.0)).order_by_asc(Column::ConnectedAt);
        Ok(of_person.all(self.inner.store.reader()).await?)
    }

    /// The one sign-in of a connection in this process: two that ask for tokens would take each other's away.
    fn sign_in(&self, row: &Model, source: &Arc<Source>) -> Arc<PatientSignIn> {
        let mut kept = self.inner.sign_ins.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.retain(|_, sign_in| Arc::strong_count(sign_in) > 1);
        }
        let same = kept.get(&row.id).filter(|sign_in| sign_in.is_of(source)).cloned();
        same.unwrap_or_else(|| {
            let sign_in = Arc::new(PatientSignIn::new(row, source.clone(), self.inner.secrets.clone()));
            kept.insert(row.id, sign_in.clone());
            sign_in
        })
    }

    fn forget(&self, id: Uuid) {
        self.inner.sign_ins.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

fn event(action: &'static str, row: &Model) -> Event {
    Event::new(action, "source-connection", Outcome::Ok)
        .on(row.id.to_string())
        .with(serde_json::json!({ "source": row.source, "matched": row.matched }))
}

fn connection(row: &Model) -> Connection {
    let scopes: Scopes = serde_json::from_str(&row.scopes).unwrap_or_default();
    let state = match &row.why {
        None => ConnectionState::Active,
        Some(why) => ConnectionState::Reconnect { why: why.clone() },
    };
    Connection {
        id: row.id,
        source: row.source.clone(),
        scopes: scopes.granted,
        missing: scopes.missing,
        matched: Matched::of(&row.matched),
        state,
        lasts: row.ends_at.map_or(Lasts::UntilWithdrawn, |at| Lasts::Until(from_millis(at))),
        connected_at: from_millis(row.connected_at),
        renewed_at: from_millis(row.renewed_at),
        copied: Copied::of(row),
    }
}
