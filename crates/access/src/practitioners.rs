//! Who of the staff is who at a hospital, and how far each hospital could be asked for their encounters.
//!
//! The directory gives a number, the hospital the `Practitioner` who bears it. Who is not certainly found is nobody: two
//! bearers of a number, another name, a number that somebody else of the directory has been found by.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _,
};
use serde_json::json;
use store::{Store, from_millis, to_millis};

use crate::{
    AccessError, AuditLog, Context, Event, Outcome, SubjectId,
    audit::action,
    entity::{encounter_reading as reading, practitioner_identity as identity},
};

/// A question that nobody has settled for so long was lost with the process that asked it.
const LOST: SignedDuration = SignedDuration::from_secs(30);

/// Who somebody is at a hospital.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAs {
    /// Id of the `Practitioner`.
    pub practitioner: String,
    /// Ids of their `PractitionerRole`s.
    pub roles: Vec<String>,
}

/// What came of looking for somebody at a hospital.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// Certainly this one.
    Known(KnownAs),
    /// Nobody bears the number.
    Unknown,
    /// Several do.
    Ambiguous,
    /// Whoever bears it has another name.
    NameDiffers,
    /// Whoever bears it does not work there any more.
    Inactive,
    /// Somebody else of the directory is this practitioner.
    Shared,
}

impl Recognition {
    /// As in the database, in JSON and in message keys.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Known(_) => "known",
            Self::Unknown => "unknown",
            Self::Ambiguous => "ambiguous",
            Self::NameDiffers => "name-differs",
            Self::Inactive => "inactive",
            Self::Shared => "shared",
        }
    }

    /// Who they are, if that is certain.
    pub fn known(&self) -> Option<&KnownAs> {
        match self {
            Self::Known(known) => Some(known),
            _ => None,
        }
    }
}

/// Who a member of staff is at a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PractitionerIdentity {
    /// The source.
    pub source: String,
    /// What was looked for: `system|value`, or an id of the source's own.
    pub token: String,
    /// What came of it.
    pub recognition: Recognition,
    /// When the source said so.
    pub checked_at: Timestamp,
}

/// What came of asking a source for somebody's encounters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The source.
    pub source: String,
    /// When it was asked last.
    pub asked_at: Timestamp,
    /// Is an answer still awaited?
    pub waiting: bool,
    /// The last outcome as the ledger says it, and why; none before the first.
    pub state: Option<(String, Option<String>)>,
    /// When it last answered in full.
    pub answered_at: Option<Timestamp>,
}

/// Identities of staff at the hospitals. Cheap to clone.
#[derive(Clone)]
pub struct Practitioners {
    store: Store,
    audit: AuditLog,
}

impl Practitioners {
    /// Kept in `store`, remembered in `audit`.
    pub fn new(store: Store, audit: AuditLog) -> Self {
        Self { store, audit }
    }

    /// Who `staff` are at each source where they were looked for.
    ///
    /// # Errors
    /// The database's, and [`AccessError::Unreadable`].
    pub async fn of(&self, staff: &SubjectId) -> Result<Vec<PractitionerIdentity>, AccessError> {
        let rows = identity::Entity::find()
            .filter(identity::Column::Staff.eq(staff.as_str()))
            .order_by_asc(identity::Column::Source)
            .all(self.store.reader())
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Writes down what `source` said of `token`. A practitioner whom somebody else of the directory was found to be, by a
    /// check that still stands, is nobody's: what is kept is returned.
    ///
    /// # Errors
    /// [`AccessError::Audit`] when it can't be written down: nothing is kept then. The database's.
    pub async fn recognise(
        &self,
        ctx: &dyn Context,
        staff: &SubjectId,
        source: &str,
        token: &str,
        found: Recognition,
        now: Timestamp,
    ) -> Result<Recognition, AccessError> {
        let found = match found.known() {
            Some(known) if self.is_another(staff, source, &known.practitioner).await? => Recognition::Shared,
            _ => found,
        };
        let known = found.known();
        let row = identity::Model {
            staff: staff.to_string(),
            source: source.to_owned(),
            token: token.to_owned(),
            outcome: found.as_str().to_owned(),
            practitioner: known.map(|known| known.practitioner.clone()),
            roles: json!(known.map(|known| known.roles.clone()).unwrap_or_default()).to_string(),
            checked_at: to_millis(now),
        };
        let evidence = json!({
            "staff": staff.as_str(),
            "token": token,
            "outcome": found.as_str(),
            "practitioner": known.map(|known| format!("Practitioner/{}", known.practitioner)),
        });
        let event = Event::new(action::PRACTITIONER_RECOGNISED, "practitioner", Outcome::Ok).on(source).with(evidence);
        let (audit, draft) = (self.audit.clone(), AuditLog::draft(ctx, now, event));
        let write = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                let key = (row.staff.clone(), row.source.clone());
                let before = identity::Entity::find_by_id(key.clone()).one(tx).await?;
                let same = |before: &identity::Model| {
                    (&before.token, &before.outcome, &before.practitioner)
                        == (&row.token, &row.outcome, &row.practitioner)
                };
                if !before.as_ref().is_some_and(same) {
                    audit.append(tx, draft).await?;
                }
                if before.is_none() {
                    identity::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                    return Ok(());
                }
                let changed = identity::ActiveModel {
                    token: Set(row.token),
                    outcome: Set(row.outcome),
                    practitioner: Set(row.practitioner),
                    roles: Set(row.roles),
                    checked_at: Set(row.checked_at),
                    ..Default::default()
                };
                let of =
                    Condition::all().add(identity::Column::Staff.eq(key.0)).add(identity::Column::Source.eq(key.1));
                identity::Entity::update_many().set(changed).filter(of).exec(tx).await?;
                Ok(())
            })
        });
        write.await?;
        Ok(found)
    }

    /// Is this practitioner of `source` somebody else of the directory, by a check that still stands?
    ///
    /// # Errors
    /// The database's.
    pub async fn is_another(&self, staff: &SubjectId, source: &str, practitioner: &str) -> Result<bool, AccessError> {
        let of = Condition::all()
            .add(identity::Column::Source.eq(source))
            .add(identity::Column::Practitioner.eq(practitioner))
            .add(identity::Column::Staff.ne(staff.as_str()));
        Ok(identity::Entity::find().filter(of).one(self.store.reader()).await?.is_some())
    }

    /// How far each source could be asked for the encounters of `staff`.
    ///
    /// # Errors
    /// The database's.
    pub async fn readings(&self, staff: &SubjectId, now: Timestamp) -> Result<Vec<Reading>, AccessError> {
        let rows = reading::Entity::find().filter(reading::Column::Staff.eq(staff.as_str()));
        let rows = rows.order_by_asc(reading::Column::Source).all(self.store.reader()).await?;
        let settled = |row: &reading::Model| row.settled_at.is_some_and(|at| at >= row.asked_at);
        let readings = rows.into_iter().map(|row| Reading {
            asked_at: from_millis(row.asked_at),
            waiting: !settled(&row) && now.duration_since(from_millis(row.asked_at)) < LOST,
            state: row.state.map(|state| (state, row.detail)),
            answered_at: row.answered_at.map(from_millis),
            source: row.source,
        });
        Ok(readings.collect())
    }

    /// May `source` be asked for the encounters of `staff` now? Once `every` so often, whichever replica asks first.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(
        &self,
        staff: &SubjectId,
        source: &str,
        every: SignedDuration,
        now: Timestamp,
    ) -> Result<bool, AccessError> {
        let key = (staff.to_string(), source.to_owned());
        let (at, before) = (to_millis(now), to_millis(now - every));
        let write = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                let of =
                    Condition::all().add(reading::Column::Staff.eq(&key.0)).add(reading::Column::Source.eq(&key.1));
                let claimed = reading::ActiveModel { asked_at: Set(at), ..Default::default() };
                let due = of.clone().add(reading::Column::AskedAt.lte(before));
                let taken = reading::Entity::update_many().set(claimed).filter(due).exec(tx).await?;
                if taken.rows_affected > 0 {
                    return Ok(true);
                }
                if reading::Entity::find().filter(of).one(tx).await?.is_some() {
                    return Ok(false);
                }
                let row = reading::Model {
                    staff: key.0,
                    source: key.1,
                    asked_at: at,
                    settled_at: None,
                    state: None,
                    detail: None,
                    answered_at: None,
                };
                reading::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                Ok(true)
            })
        });
        write.await
    }

    /// What came of asking, as the ledger says it. `answered`: in full.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(
        &self,
        staff: &SubjectId,
        source: &str,
        state: (&str, Option<&str>),
        answered: bool,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let mut settled = reading::ActiveModel {
            settled_at: Set(Some(to_millis(now))),
            state: Set(Some(state.0.to_owned())),
            detail: Set(state.1.map(str::to_owned)),
            ..Default::default()
        };
        if answered {
            settled.answered_at = Set(Some(to_millis(now)));
        }
        let of =
            Condition::all().add(reading::Column::Staff.eq(staff.as_str())).add(reading::Column::Source.eq(source));
        let write = self.store.write::<_, AccessError, _>(move |tx| {
            Box::pin(async move {
                reading::Entity::update_many().set(settled).filter(of).exec(tx).await?;
                Ok(())
            })
        });
        write.await
    }
}

fn read(row: identity::Model) -> Result<PractitionerIdentity, AccessError> {
    let unreadable = || AccessError::Unreadable(format!("practitioner_identity {} {}", row.staff, row.source));
    let recognition = match (row.outcome.as_str(), row.practitioner.clone()) {
        ("known", Some(practitioner)) => {
            let roles = serde_json::from_str(&row.roles).map_err(|_| unreadable())?;
            Recognition::Known(KnownAs { practitioner, roles })
        }
        ("unknown", _) => Recognition::Unknown,
        ("ambiguous", _) => Recognition::Ambiguous,
        ("name-differs", _) => Recognition::NameDiffers,
        ("inactive", _) => Recognition::Inactive,
        ("shared", _) => Recognition::Shared,
        _ => return Err(unreadable()),
    };
    Ok(PractitionerIdentity {
        recognition,
        checked_at: from_millis(row.checked_at),
        source: row.source,
        token: row.token,
    })
}
