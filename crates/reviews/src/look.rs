//! What a reader has looked at in a section of somebody's record, so that what is new since then can be told.
//!
//! A look keeps eight bytes for each original that was there: five of a digest of whose and which it is, three of a digest
//! of its version. So an original that nobody knew is told from one that has changed; ten thousand take 80 KB, and one in
//! a hundred million is mistaken for another. Nothing of it says what the record holds, nor can anybody else ask for it.

use std::collections::BTreeSet;

use access::{Context, PersonId};
use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};
use store::{Store, Tx, from_millis, to_millis};

use crate::ReviewError;
use crate::entity::record_look::{Column, Entity, Model};

/// Originals that one look remembers: 400 KB. Of longer sections nothing is kept, and nothing is called new.
pub const MOST_SEEN: usize = 50_000;
/// Who has not come back for so long begins anew.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Which original, and which version of it, without saying either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Print(u64);

const VERSION_BITS: u32 = 24;

impl Print {
    /// Of `resource` (`Observation/123`) of `source`. Where a server has no versions, `version` is what else tells a
    /// correction.
    pub fn new(source: &str, resource: &str, version: &str) -> Self {
        let digest = |parts: [&str; 3]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            let mut first = [0; 8];
            first.copy_from_slice(&hash.finalize()[..8]);
            u64::from_be_bytes(first)
        };
        let which = digest([source, resource, ""]) >> VERSION_BITS << VERSION_BITS;
        Self(which | digest([source, resource, version]) >> (64 - VERSION_BITS))
    }

    fn which(self) -> u64 {
        self.0 >> VERSION_BITS
    }
}

/// How an original stands to what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// It was there, in this version.
    Known,
    /// It was there in another version.
    Changed,
    /// It was not there.
    New,
}

/// Originals with their versions. One original has several prints where several items say something of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeSet<Print>);

impl Seen {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How `print` stands to them.
    pub fn news(&self, print: Print) -> News {
        match () {
            () if self.0.contains(&print) => News::Known,
            () if self.has(print) => News::Changed,
            () => News::New,
        }
    }

    /// The original of `print`, in whatever version.
    fn has(&self, print: Print) -> bool {
        let first = print.which() << VERSION_BITS;
        self.0.range(Print(first)..=Print(first | ((1 << VERSION_BITS) - 1))).next().is_some()
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|print| print.0.to_be_bytes()).collect()
    }

    /// What another program wrote in another form is nothing that was seen.
    fn parse(bytes: &[u8]) -> Self {
        let (prints, _) = bytes.as_chunks::<8>();
        prints.iter().map(|print| Print(u64::from_be_bytes(*print))).collect()
    }

    /// Adds what was shown of what is there now: older versions of it are no longer known. `forget`: so is what is gone.
    fn add(&mut self, shown: &[Print], there: &Self, forget: bool) {
        let shown: Self = shown.iter().copied().collect();
        self.0.retain(|print| !shown.has(*print) || there.0.contains(print));
        self.0.extend(shown.0);
        if forget || self.len() > MOST_SEEN {
            self.0.retain(|print| there.has(*print));
        }
    }
}

impl FromIterator<Print> for Seen {
    fn from_iter<T: IntoIterator<Item = Print>>(prints: T) -> Self {
        Self(prints.into_iter().collect())
    }
}

/// A look at a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was there.
    pub seen: Seen,
    /// When.
    pub at: Timestamp,
}

/// Something new that a look has left: on another page of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Slug of the section.
    pub section: String,
    /// How many items.
    pub items: usize,
    /// As of the look.
    pub at: Timestamp,
}

/// What is to be remembered of a look.
#[derive(Clone, Debug)]
pub struct NewLook {
    /// What is there now, whatever of it was on the page.
    pub there: Seen,
    /// What of it was on the page and not known before.
    pub shown: Vec<Print>,
    /// What is new and was not on the page: so many items.
    pub waiting: usize,
    /// Has everybody answered? Only then is what is not there gone.
    pub complete: bool,
}

/// The looks of all readers, each of whom sees their own alone. Cheap to clone.
#[derive(Clone)]
pub struct Looks {
    store: Store,
}

impl Looks {
    /// Kept in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// What the reader saw last in this section of this person's record; `None` where they have not looked yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn last(
        &self,
        reader: &dyn Context,
        person: PersonId,
        section: &str,
    ) -> Result<Option<Look>, ReviewError> {
        let own = own(reader, person).add(Column::Section.eq(section));
        let row = Entity::find().filter(own).one(self.store.reader()).await?;
        Ok(row.map(|row| Look { seen: Seen::parse(&row.seen), at: from_millis(row.looked_at) }))
    }

    /// Where the reader's looks since `since` have left something new, by what was known then: no hospital is asked.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(
        &self,
        reader: &dyn Context,
        person: PersonId,
        since: Timestamp,
    ) -> Result<Vec<Waiting>, ReviewError> {
        let left = own(reader, person).add(Column::Waiting.gt(0)).add(Column::LookedAt.gte(to_millis(since)));
        let rows: Vec<(String, i32, i64)> = Entity::find()
            .select_only()
            .columns([Column::Section, Column::Waiting, Column::LookedAt])
            .filter(left)
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let waiting = |(section, items, at): (String, i32, i64)| Waiting {
            section,
            items: usize::try_from(items).unwrap_or_default(),
            at: from_millis(at),
        };
        Ok(rows.into_iter().map(waiting).collect())
    }

    /// Remembers a look. The first one takes in everything that is there; a later one what was on the page, so that nothing
    /// loses its mark unseen. Looks of one reader in several windows, or at several replicas, add up.
    ///
    /// # Errors
    /// The database's.
    pub async fn remember(
        &self,
        reader: &dyn Context,
        person: PersonId,
        section: &'static str,
        look: NewLook,
        now: Timestamp,
    ) -> Result<(), ReviewError> {
        let first = Model {
            domain: reader.actor().domain.as_str().to_owned(),
            reader: reader.actor().subject.to_string(),
            person: person.0,
            section: section.to_owned(),
            looked_at: to_millis(now),
            waiting: 0,
            seen: look.there.bytes(),
        };
        let remembered = self.store.write::<_, ReviewError, _>(move |tx| {
            Box::pin(async move {
                let key =
                    OnConflict::columns([Column::Reader, Column::Person, Column::Section]).do_nothing().to_owned();
                let insert = Entity::insert(first.clone().into_active_model()).on_conflict(key);
                if insert.exec_without_returning(tx).await? == 0 {
                    add(tx, &first, &look).await?;
                }
                Ok(())
            })
        });
        remembered.await
    }

    /// Forgets the looks of those who have not come back for 400 days; how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, ReviewError> {
        let due = Column::LookedAt.lt(to_millis(now - KEPT));
        let gone = self.store.write::<_, ReviewError, _>(move |tx| {
            Box::pin(async move { Ok(Entity::delete_many().filter(due).exec(tx).await?) })
        });
        Ok(gone.await?.rows_affected)
    }
}

/// The reader's own rows of this person.
fn own(reader: &dyn Context, person: PersonId) -> Condition {
    Condition::all().add(Column::Reader.eq(reader.actor().subject.as_str())).add(Column::Person.eq(person.0))
}

/// Adds what was on the page to the look that stands, under its lock.
async fn add(tx: &Tx, first: &Model, look: &NewLook) -> Result<(), ReviewError> {
    let of = || {
        Condition::all()
            .add(Column::Reader.eq(first.reader.as_str()))
            .add(Column::Person.eq(first.person))
            .add(Column::Section.eq(first.section.as_str()))
    };
    let Some(standing) = Entity::find().filter(of()).lock_exclusive().one(tx).await? else { return Ok(()) };
    let mut seen = Seen::parse(&standing.seen);
    // What is gone from the record need not be known; what a silent hospital has must not be forgotten.
    seen.add(&look.shown, &look.there, look.complete);
    Entity::update_many()
        .col_expr(Column::LookedAt, Expr::value(first.looked_at))
        .col_expr(Column::Waiting, Expr::value(i32::try_from(look.waiting).unwrap_or(i32::MAX)))
        .col_expr(Column::Seen, Expr::value(seen.bytes()))
        .filter(of())
        .exec(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_original_is_new_changed_or_known() {
        let seen: Seen =
            [Print::new("one", "Observation/1", "1"), Print::new("one", "Observation/2", "")].into_iter().collect();
        let again = Seen::parse(&seen.bytes());
        assert_eq!((again.len(), &again), (2, &seen));
        let check = |source: &str, resource: &str, version: &str, expect: News| {
            assert_eq!(again.news(Print::new(source, resource, version)), expect, "{source} {resource} {version}");
        };
        check("one", "Observation/1", "1", News::Known);
        check("one", "Observation/1", "2", News::Changed);
        check("one", "Observation/2", "", News::Known);
        check("two", "Observation/1", "1", News::New);
        check("one", "Observation/12", "", News::New);
        check("oneO", "bservation/1", "1", News::New);
    }

    #[test]
    fn a_look_adds_what_was_shown_and_forgets_what_is_gone_only_when_all_have_answered() {
        let print = |id: &str, version: &str| Print::new("one", id, version);
        let seen = || [print("a", "1"), print("b", "1"), print("gone", "1")].into_iter().collect::<Seen>();
        let there: Seen = [print("a", "2"), print("b", "2"), print("c", "1")].into_iter().collect();
        for (forget, gone) in [(false, News::Known), (true, News::New)] {
            let mut look = seen();
            look.add(&[print("a", "2")], &there, forget);
            assert_eq!(look.news(print("a", "2")), News::Known);
            assert_eq!(look.news(print("a", "1")), News::Changed, "taken back");
            assert_eq!(look.news(print("b", "2")), News::Changed, "was not shown");
            assert_eq!(look.news(print("c", "1")), News::New, "was not shown");
            assert_eq!(look.news(print("gone", "1")), gone);
        }
    }

    #[test]
    fn ten_thousand_take_eighty_kilobytes_and_are_told_apart() {
        let seen: Seen = (0..10_000).map(|nth| Print::new("one", &format!("Observation/{nth}"), "1")).collect();
        assert_eq!(seen.bytes().len(), 80_000);
        let others = (10_000..20_000).map(|nth| Print::new("one", &format!("Observation/{nth}"), "1"));
        assert!(others.into_iter().all(|print| seen.news(print) == News::New));
    }
}
