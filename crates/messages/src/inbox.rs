//! What somebody is told, and what of it they have read.

use std::collections::{BTreeMap, HashMap};

use access::{Context as _, Domain, PatientContext, PersonId, Policy, StaffContext, SubjectId, policy::subjects};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
    sea_query::{OnConflict, SelectStatement},
};
use store::{Store, Tx, from_millis, to_millis};
use uuid::Uuid;

use crate::{
    MessageError,
    entity::{message, message_read},
    glass::reviewers,
};

/// Messages of one list.
pub const MOST: u64 = 100;

/// What a message says: the words `message-{kind}-title` and `message-{kind}-text` of its portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// To a patient: somebody opened your record in an emergency.
    RecordOpened,
    /// To those who review it: somebody broke the glass.
    GlassBroken,
}

impl Kind {
    const ALL: [Self; 2] = [Self::RecordOpened, Self::GlassBroken];

    /// As in the database and in message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecordOpened => "record-opened",
            Self::GlassBroken => "glass-broken",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// To whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A member of staff or a staff group, on the intranet portal.
    Staff(SubjectId),
    /// A person, on the public portal.
    Person(PersonId),
}

impl Recipient {
    fn domain(&self) -> Domain {
        match self {
            Self::Staff(_) => Domain::Internal,
            Self::Person(_) => Domain::External,
        }
    }

    /// As in the database.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Staff(subject) => subject.to_string(),
            Self::Person(person) => format!("person:{person}"),
        }
    }

    /// From the database.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("person:") {
            Some(person) => person.parse().ok().map(Self::Person),
            None => SubjectId::parse(text).map(Self::Staff),
        }
    }
}

/// A message to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    /// The same whenever its event is delivered.
    pub(crate) id: Uuid,
    pub(crate) to: Recipient,
    pub(crate) kind: Kind,
    /// What its words need: ids, names of staff, codes, instants.
    pub(crate) refs: BTreeMap<&'static str, String>,
    pub(crate) at: Timestamp,
}

/// Writes it, unless it is there: says whether it was not.
pub(crate) async fn write(tx: &Tx, new: &NewMessage) -> Result<bool, MessageError> {
    let row = message::Model {
        id: new.id,
        domain: new.to.domain().as_str().to_owned(),
        recipient: new.to.written(),
        kind: new.kind.as_str().to_owned(),
        refs: serde_json::to_string(&new.refs).map_err(|_| MessageError::Row)?,
        created_at: to_millis(new.at),
    };
    let once = OnConflict::column(message::Column::Id).do_nothing().to_owned();
    let insert = message::Entity::insert(row.into_active_model()).on_conflict(once);
    Ok(insert.exec_without_returning(tx).await? > 0)
}

/// Who reads, and what is addressed to them.
#[derive(Clone, Debug)]
pub struct Reader {
    domain: Domain,
    own: SubjectId,
    recipients: Vec<String>,
}

impl Reader {
    /// A member of staff: what is addressed to them, or to those who review emergencies if the policy has them among these at
    /// this moment, by the directory or by its own rules.
    pub fn staff(staff: &StaffContext, policy: &Policy) -> Self {
        let (actor, snapshot, group) = (staff.actor(), policy.snapshot(), reviewers());
        let reviews = subjects(&actor).any(|subject| snapshot.is_in(subject, &group));
        let own = std::iter::once(staff.subject().clone()).chain(reviews.then_some(group));
        let recipients = own.map(|subject| Recipient::Staff(subject).written()).collect();
        Self { domain: Domain::Internal, own: staff.subject().clone(), recipients }
    }

    /// A patient: what is addressed to the person they are, under each id that the index knows them by.
    pub fn patient(patient: &PatientContext, known_as: &[PersonId]) -> Self {
        let recipients = known_as.iter().map(|person| Recipient::Person(*person).written()).collect();
        Self { domain: Domain::External, own: patient.subject().clone(), recipients }
    }

    /// What a later program wrote waits, unread, for one that has its words.
    fn theirs(&self) -> Condition {
        Condition::all()
            .add(message::Column::Kind.is_in(Kind::ALL.map(Kind::as_str)))
            .add(message::Column::Domain.eq(self.domain.as_str()))
            .add(message::Column::Recipient.is_in(&self.recipients))
    }

    /// Ids of what they have read.
    fn read(&self) -> SelectStatement {
        message_read::Entity::find()
            .select_only()
            .column(message_read::Column::Message)
            .filter(message_read::Column::Reader.eq(self.own.as_str()))
            .into_query()
    }
}

/// A message as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its own.
    pub id: Uuid,
    /// What it says.
    pub kind: Kind,
    /// What its words need.
    pub refs: BTreeMap<String, String>,
    /// When what it tells of was.
    pub at: Timestamp,
    /// When this reader marked it as read.
    pub read_at: Option<Timestamp>,
}

/// The messages of the region. Cheap to clone.
#[derive(Clone)]
pub struct Messages {
    store: Store,
}

impl Messages {
    /// Kept in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// What `reader` was told, the newest first, [`MOST`] at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, reader: &Reader) -> Result<Vec<Message>, MessageError> {
        let rows = message::Entity::find()
            .filter(reader.theirs())
            .order_by_desc(message::Column::CreatedAt)
            .order_by_desc(message::Column::Id)
            .limit(MOST)
            .all(self.store.reader())
            .await?;
        let read: HashMap<Uuid, i64> = message_read::Entity::find()
            .filter(message_read::Column::Reader.eq(reader.own.as_str()))
            .filter(message_read::Column::Message.is_in(rows.iter().map(|row| row.id)))
            .all(self.store.reader())
            .await?
            .into_iter()
            .map(|row| (row.message, row.read_at))
            .collect();
        let message = |row: message::Model| {
            Ok(Message {
                id: row.id,
                kind: Kind::parse(&row.kind).ok_or(MessageError::Row)?,
                refs: serde_json::from_str(&row.refs).map_err(|_| MessageError::Row)?,
                at: from_millis(row.created_at),
                read_at: read.get(&row.id).copied().map(from_millis),
            })
        };
        rows.into_iter().map(message).collect()
    }

    /// How many messages `reader` has not marked as read.
    ///
    /// # Errors
    /// The database's.
    pub async fn unread(&self, reader: &Reader) -> Result<u64, MessageError> {
        let unread = message::Entity::find()
            .select_only()
            .column_as(message::Column::Id.count(), "n")
            .filter(reader.theirs())
            .filter(message::Column::Id.not_in_subquery(reader.read()))
            .into_tuple::<i64>();
        let count = unread.one(self.store.reader()).await?.unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Marks one message of `reader`'s as read, or all of them. Of a group's message each member has a mark of their own.
    ///
    /// # Errors
    /// [`MessageError::NotFound`] for one that is not theirs; the database's.
    pub async fn mark(&self, reader: &Reader, one: Option<Uuid>, now: Timestamp) -> Result<(), MessageError> {
        let (reader, at) = (reader.clone(), to_millis(now));
        let marked = self.store.write(move |tx| {
            Box::pin(async move {
                let mut theirs = message::Entity::find().filter(reader.theirs());
                theirs = match one {
                    Some(id) => theirs.filter(message::Column::Id.eq(id)),
                    None => theirs.filter(message::Column::Id.not_in_subquery(reader.read())),
                };
                let ids: Vec<Uuid> = theirs.select_only().column(message::Column::Id).into_tuple().all(tx).await?;
                if one.is_some() && ids.is_empty() {
                    return Err(MessageError::NotFound);
                }
                for id in ids {
                    let mark = message_read::Model {
                        message: id,
                        reader: reader.own.to_string(),
                        domain: reader.domain.as_str().to_owned(),
                        read_at: at,
                    };
                    // What was read is read: the first mark stays.
                    let once = OnConflict::new().do_nothing().to_owned();
                    let insert = message_read::Entity::insert(mark.into_active_model()).on_conflict(once);
                    insert.exec_without_returning(tx).await?;
                }
                Ok(())
            })
        });
        marked.await
    }
}
