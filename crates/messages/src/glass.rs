//! Breaking the glass is told to the patient and to those who review it.

use std::collections::BTreeMap;

use access::{GLASS_TOPIC, GlassEvent, SubjectId};
use store::{
    Store,
    jobs::Failure,
    outbox::{Event, Subscriber},
};
use uuid::Uuid;

use crate::{
    MessageError, delivery,
    inbox::{Kind, NewMessage, Recipient, write},
};

/// Who reviews emergency access: the staff group that reads the audit log.
pub(crate) fn reviewers() -> SubjectId {
    SubjectId::group("security-administrator")
}

/// What an organisation is called.
#[derive(Clone, Debug)]
pub struct OrganisationName {
    /// 简体中文
    pub zh: String,
    /// English
    pub en: String,
}

/// Writes the two messages of each emergency.
pub struct GlassBroken {
    store: Store,
    organisations: BTreeMap<String, OrganisationName>,
    announced: bool,
}

impl GlassBroken {
    /// Into `store`, with the names of organisations by their ids: readers elsewhere know neither.
    pub fn new(store: Store, organisations: BTreeMap<String, OrganisationName>) -> Self {
        Self { store, organisations, announced: false }
    }

    /// Told outside the portal too, by a runner that has [`crate::Announce`].
    #[must_use]
    pub fn announced(self) -> Self {
        Self { announced: true, ..self }
    }
}

/// The `n`th message of an event: the same at every delivery.
fn id(event: &Event, n: u128) -> Uuid {
    Uuid::from_u128(event.id.as_u128() ^ n)
}

fn messages(event: &Event, glass: &GlassEvent, organisation: Option<&OrganisationName>) -> [NewMessage; 2] {
    let (zh, en) = organisation.map_or((&glass.organisation, &glass.organisation), |name| (&name.zh, &name.en));
    let who = [("name", &glass.name), ("organisation-zh", zh), ("organisation-en", en), ("until", &glass.until)];
    let refs: BTreeMap<&'static str, String> = who.into_iter().map(|(key, value)| (key, value.clone())).collect();
    let mut review = refs.clone();
    review.insert("grounds", glass.grounds.clone());
    review.insert("relation", glass.relation.to_string());
    [
        NewMessage {
            id: id(event, 0),
            to: Recipient::Person(glass.person),
            kind: Kind::RecordOpened,
            refs,
            at: event.at,
        },
        NewMessage {
            id: id(event, 1),
            to: Recipient::Staff(reviewers()),
            kind: Kind::GlassBroken,
            refs: review,
            at: event.at,
        },
    ]
}

#[async_trait::async_trait]
impl Subscriber for GlassBroken {
    fn topic(&self) -> &'static str {
        GLASS_TOPIC
    }

    async fn deliver(&self, event: &Event) -> Result<(), Failure> {
        let glass: GlassEvent =
            serde_json::from_value(event.payload.clone()).map_err(|_| Failure::lasting("event-unreadable"))?;
        let both = messages(event, &glass, self.organisations.get(&glass.organisation));
        let announced = self.announced;
        let written = self.store.write::<(), MessageError, _>(move |tx| {
            Box::pin(async move {
                for new in &both {
                    if write(tx, new).await? && announced {
                        delivery::ask(tx, new.id, new.at).await?;
                    }
                }
                Ok(())
            })
        });
        written.await.map_err(|_| Failure::passing("database"))
    }
}
