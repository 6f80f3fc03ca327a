//! Marks: kept, read, withdrawn.

use std::fmt::Write as _;

use access::{AuditLog, Event, Outcome, PersonId, StaffContext, audit::action};
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Store, from_millis, to_millis};
use uuid::Uuid;

use crate::entity::{shown, written};
use crate::{ReviewError, ReviewNote};

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReviewKind {
    /// A clinician has looked at the result.
    Reviewed,
    /// A critical value (危急值) has reached a clinician.
    Acknowledged,
}

impl ReviewKind {
    /// As in the database, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reviewed => "reviewed",
            Self::Acknowledged => "acknowledged",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Reviewed, Self::Acknowledged].into_iter().find(|kind| kind.as_str() == text)
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Reviewed => action::RESULT_REVIEWED,
            Self::Acknowledged => action::CRITICAL_ACKNOWLEDGED,
        }
    }
}

/// A resource of a hospital, as it was when the mark was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Original {
    /// Source id.
    pub source: String,
    /// `Observation/123`
    pub resource: String,
    /// `meta.versionId`, when the server said one.
    pub version: Option<String>,
}

/// A mark to be made. Whoever makes it has read the result at this moment and seen that it is this person's.
#[derive(Clone, Debug)]
pub struct NewReview {
    /// Whose result.
    pub person: PersonId,
    /// Slug of the section that shows it.
    pub section: &'static str,
    /// What is said.
    pub kind: ReviewKind,
    /// What it is about; never empty.
    pub originals: Vec<Original>,
    /// What the result said, in a form that can be compared where a server has no versions.
    pub print: String,
    /// For the patient.
    pub note: Option<ReviewNote>,
}

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its own.
    pub id: Uuid,
    /// Slug of the section.
    pub section: String,
    /// What is said.
    pub kind: ReviewKind,
    /// What it is about.
    pub originals: Vec<Original>,
    /// See [`NewReview::print`].
    pub print: String,
    /// Who, as shown then.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// For the patient.
    pub note: Option<String>,
    /// Taken back by whoever made it.
    pub withdrawn_at: Option<Timestamp>,
}

impl Review {
    /// Does it still say what it says?
    pub fn stands(&self) -> bool {
        self.withdrawn_at.is_none()
    }
}

/// The marks of the region. Cheap to clone.
#[derive(Clone)]
pub struct Reviews {
    store: Store,
    audit: AuditLog,
}

impl Reviews {
    /// Kept in `store`, remembered in `audit`.
    pub fn new(store: Store, audit: AuditLog) -> Self {
        Self { store, audit }
    }

    /// Marks on results of these people, withdrawn ones too, oldest first.
    ///
    /// # Errors
    /// The database's, and a row that can't be read: no mark is left out in silence.
    pub async fn of(&self, people: &[PersonId]) -> Result<Vec<Review>, ReviewError> {
        let rows = shown::Entity::find()
            .filter(shown::Column::Person.is_in(people.iter().map(|person| person.0)))
            .order_by_asc(shown::Column::MadeAt)
            .order_by_asc(shown::Column::Id)
            .all(self.store.reader())
            .await?;
        rows.into_iter().map(review).collect()
    }

    /// Which of them `staff` has made: those they may withdraw.
    ///
    /// # Errors
    /// The database's.
    pub async fn made_by(&self, staff: &StaffContext, people: &[PersonId]) -> Result<Vec<Uuid>, ReviewError> {
        let rows = written::Entity::find()
            .filter(written::Column::Person.is_in(people.iter().map(|person| person.0)))
            .filter(written::Column::Staff.eq(staff.subject().as_str()))
            .all(self.store.reader())
            .await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Keeps a mark and its audit row in one transaction. Said again by the same clinician of the same version, it is the
    /// mark that stands; two clinicians make two marks, because each answers for their own look at it.
    ///
    /// # Errors
    /// [`ReviewError::Audit`] when it can't be written down: then it is not kept. The database's.
    pub async fn add(&self, staff: &StaffContext, new: NewReview, now: Timestamp) -> Result<Review, ReviewError> {
        let row = row(staff, &new, now)?;
        let event = Event::new(new.kind.action(), "result-review", Outcome::Ok)
            .on(row.id.to_string())
            .about(new.person)
            .with(json!({ "section": new.section, "originals": new.originals, "note": new.note.is_some() }));
        let (draft, audit) = (AuditLog::draft(staff, now, event), self.audit.clone());
        let kept = self.store.write::<_, ReviewError, _>(move |tx| {
            Box::pin(async move {
                let once = row.once.clone();
                let first = OnConflict::column(written::Column::Once).do_nothing().to_owned();
                let insert = written::Entity::insert(row.clone().into_active_model()).on_conflict(first);
                if insert.exec_without_returning(tx).await? > 0 {
                    audit.append(tx, draft).await?;
                    return Ok(row);
                }
                let standing = written::Entity::find().filter(written::Column::Once.eq(once)).one(tx).await?;
                standing.ok_or(ReviewError::NotFound)
            })
        });
        let kept = kept.await?;
        review(shown::Model {
            id: kept.id,
            person: kept.person,
            section: kept.section,
            kind: kept.kind,
            originals: kept.originals,
            print: kept.print,
            staff_name: kept.staff_name,
            made_at: kept.made_at,
            note: kept.note,
            withdrawn_at: kept.withdrawn_at,
        })
    }

    /// Takes back a mark of one's own. It stays, with the time; said again, it changes nothing.
    ///
    /// # Errors
    /// [`ReviewError::NotFound`] for another's mark, or one that is not about these people.
    pub async fn withdraw(
        &self,
        staff: &StaffContext,
        people: &[PersonId],
        id: Uuid,
        now: Timestamp,
    ) -> Result<(), ReviewError> {
        let own = written::Entity::find_by_id(id)
            .filter(written::Column::Person.is_in(people.iter().map(|person| person.0)))
            .filter(written::Column::Staff.eq(staff.subject().as_str()));
        let row = own.one(self.store.reader()).await?.ok_or(ReviewError::NotFound)?;
        let event = Event::new(action::REVIEW_WITHDRAWN, "result-review", Outcome::Ok)
            .on(id.to_string())
            .about(PersonId(row.person))
            .with(json!({ "section": row.section, "kind": row.kind }));
        let (draft, audit) = (AuditLog::draft(staff, now, event), self.audit.clone());
        let withdrawn = self.store.write::<_, ReviewError, _>(move |tx| {
            Box::pin(async move {
                let done = written::Entity::update_many()
                    .col_expr(written::Column::WithdrawnAt, Expr::value(to_millis(now)))
                    .col_expr(written::Column::Once, Expr::value(None::<String>))
                    .filter(written::Column::Id.eq(id))
                    .filter(written::Column::WithdrawnAt.is_null())
                    .exec(tx)
                    .await?;
                if done.rows_affected > 0 {
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        withdrawn.await
    }
}

fn row(staff: &StaffContext, new: &NewReview, now: Timestamp) -> Result<written::Model, ReviewError> {
    let mut originals = new.originals.clone();
    originals.sort();
    let originals = serde_json::to_string(&originals)?;
    let note = new.note.as_ref().map(|note| note.as_str().to_owned());
    let person = new.person.0.to_string();
    let said = [
        person.as_str(),
        staff.subject().as_str(),
        new.section,
        new.kind.as_str(),
        &originals,
        &new.print,
        note.as_deref().unwrap_or_default(),
    ];
    let mut once = String::with_capacity(64);
    for byte in Sha256::digest(serde_json::to_string(&said)?) {
        // never fails: it is a text in memory
        let _ = write!(once, "{byte:02x}");
    }
    Ok(written::Model {
        id: Uuid::now_v7(),
        person: new.person.0,
        section: new.section.to_owned(),
        kind: new.kind.as_str().to_owned(),
        originals,
        print: new.print.clone(),
        staff_name: staff.name().to_owned(),
        made_at: to_millis(now),
        note,
        withdrawn_at: None,
        staff: staff.subject().to_string(),
        once: Some(once),
    })
}

fn review(row: shown::Model) -> Result<Review, ReviewError> {
    Ok(Review {
        kind: ReviewKind::parse(&row.kind).ok_or(ReviewError::Unreadable(row.id))?,
        originals: serde_json::from_str(&row.originals)?,
        id: row.id,
        section: row.section,
        print: row.print,
        by: row.staff_name,
        at: from_millis(row.made_at),
        note: row.note,
        withdrawn_at: row.withdrawn_at.map(from_millis),
    })
}
