//! Where staff are reached: what their directory said when they last signed in, sealed.

use access::{Policy, SubjectId};
use async_trait::async_trait;
use envelope::{Envelope, EnvelopeError, KeyDomain, Place, Sealed, SealedRow, SealedRows};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::OnConflict,
};
use store::{Store, StoreError, Tx, to_millis};

use crate::{
    AddressBook, Contact, MessageError, Recipient,
    entity::staff_contact::{Column, Entity, Model},
};

/// Who has not signed in for so long is no longer told anything, and their address is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 366);
/// What the envelope calls them.
const SEGMENT: &str = "staff-contact";

/// The address book of staff. Cheap to clone.
#[derive(Clone)]
pub struct StaffContacts {
    store: Store,
    envelope: Envelope,
    policy: Policy,
}

/// A contact that is sealed and not yet written.
pub struct Remembered {
    subject: String,
    row: Option<Model>,
}

impl StaffContacts {
    /// Kept in `store`, sealed by `envelope`; who is in a group `policy` says.
    pub fn new(store: Store, envelope: Envelope, policy: Policy) -> Self {
        Self { store, envelope, policy }
    }

    /// The sealed contacts, for being sealed anew.
    pub fn sealed(store: Store) -> impl SealedRows + use<> {
        SealedContacts { store }
    }

    /// Seals where somebody is reached who signs in `now`; `groups` are those that their directory has them in.
    /// [`Remembered::put`] writes it, in the transaction of the sign-in.
    ///
    /// # Errors
    /// It can't be sealed.
    pub async fn seal(
        &self,
        subject: &SubjectId,
        groups: &[SubjectId],
        contact: &Contact,
        now: Timestamp,
    ) -> Result<Remembered, MessageError> {
        let written = subject.to_string();
        if contact.is_empty() {
            return Ok(Remembered { subject: written, row: None });
        }
        let secret = serde_json::to_vec(contact).map_err(|_| MessageError::Row)?;
        let sealed = self.envelope.seal(&place(&written), &secret).await?;
        let row = Model {
            subject: written.clone(),
            groups: serde_json::to_string(groups).map_err(|_| MessageError::Row)?,
            sealed: sealed.to_string(),
            seen_at: to_millis(now),
        };
        Ok(Remembered { subject: written, row: Some(row) })
    }

    /// Forgets who has not signed in for a year.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(store: &Store, now: Timestamp) -> Result<u64, MessageError> {
        let due = Column::SeenAt.lt(to_millis(now - KEPT));
        let gone = store.write::<_, MessageError, _>(move |tx| {
            Box::pin(async move { Ok(Entity::delete_many().filter(due).exec(tx).await?) })
        });
        Ok(gone.await?.rows_affected)
    }

    /// Is this member of staff in `group`, by what their directory said or by the policy's own rules of now?
    fn is_in(&self, row: &Model, group: &SubjectId) -> Result<bool, MessageError> {
        let subject = SubjectId::parse(&row.subject).ok_or(MessageError::Row)?;
        let groups: Vec<SubjectId> = serde_json::from_str(&row.groups).map_err(|_| MessageError::Row)?;
        let snapshot = self.policy.snapshot();
        Ok(std::iter::once(&subject).chain(&groups).any(|one| snapshot.is_in(one, group)))
    }

    /// What the row holds; `None` when somebody changed it, who thereby takes no mail from anybody else.
    async fn opened(&self, row: &Model) -> Result<Option<Contact>, MessageError> {
        let opened = match row.sealed.parse::<Sealed>() {
            Ok(sealed) => self.envelope.open(&place(&row.subject), &sealed).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(secret) => serde_json::from_slice(&secret).map(Some).map_err(|_| MessageError::Row),
            Err(EnvelopeError::Unreadable) => {
                tracing::error!(subject = row.subject, "where somebody of staff is reached can't be opened");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Remembered {
    /// Writes it, or forgets who has no address any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn put(self, tx: &Tx) -> Result<(), StoreError> {
        let Some(row) = self.row else {
            Entity::delete_by_id(self.subject).exec(tx).await?;
            return Ok(());
        };
        let anew = OnConflict::column(Column::Subject)
            .update_columns([Column::Groups, Column::Sealed, Column::SeenAt])
            .to_owned();
        Entity::insert(row.into_active_model()).on_conflict(anew).exec_without_returning(tx).await?;
        Ok(())
    }
}

#[async_trait]
impl AddressBook for StaffContacts {
    async fn reached(&self, recipient: &Recipient) -> Result<Vec<(Recipient, Contact)>, MessageError> {
        let Recipient::Staff(asked) = recipient else { return Ok(Vec::new()) };
        let rows = match asked.kind() {
            "u" => Entity::find_by_id(asked.as_str()).all(self.store.reader()).await?,
            _ => Entity::find().order_by_asc(Column::Subject).all(self.store.reader()).await?,
        };
        let mut reached = Vec::new();
        for row in rows {
            if !self.is_in(&row, asked)? {
                continue;
            }
            let subject = SubjectId::parse(&row.subject).ok_or(MessageError::Row)?;
            if let Some(contact) = self.opened(&row).await? {
                reached.push((Recipient::Staff(subject), contact));
            }
        }
        Ok(reached)
    }
}

/// Bound to whose it is: moved to another's row it can't be opened.
fn place(subject: &str) -> Place {
    Place { domain: KeyDomain::Staff, segment: SEGMENT, row: subject.to_owned() }
}

struct SealedContacts {
    store: Store,
}

#[async_trait]
impl SealedRows for SealedContacts {
    fn domain(&self) -> KeyDomain {
        KeyDomain::Staff
    }

    fn segment(&self) -> &'static str {
        SEGMENT
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows = Entity::find();
        if let Some(after) = after {
            rows = rows.filter(Column::Subject.gt(after));
        }
        let rows = rows.order_by_asc(Column::Subject).limit(most).all(self.store.reader()).await?;
        let told = |row: Model| SealedRow { place: place(&row.subject), key: row.subject, sealed: row.sealed };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        row.replace_in::<Entity>(&self.store, Column::Subject.eq(row.key.as_str()), Column::Sealed, anew).await
    }
}
