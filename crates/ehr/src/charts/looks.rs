//! A reader's own looks: what is new to them, and that they have looked.

use access::PersonId;
use jiff::{SignedDuration, Timestamp};

use super::{Charts, Reader};
use crate::fresh::{Fresh, LookedItem};
use crate::{EhrError, Section};

/// What a look has left unseen is told for so long: later it is too old to be told without asking.
const TOLD: SignedDuration = SignedDuration::from_hours(24);

impl Charts {
    /// What of a section that was read a moment ago is new to its reader; `complete`: every linked source has answered.
    /// It reads the reader's own looks alone, so nothing more is authorized or audited.
    ///
    /// # Errors
    /// The database's.
    pub async fn fresh(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        read: (Vec<LookedItem>, bool),
        now: Timestamp,
    ) -> Result<Fresh, EhrError> {
        let (looks, context) = (self.looks(), reader.context());
        let last = looks.last(context, person, section.slug()).await?;
        let waiting = looks.waiting(context, person, now - TOLD).await?;
        Ok(Fresh::new(section, read, last, waiting))
    }

    /// What the reader's looks of the last day have left unseen in this person's record.
    ///
    /// # Errors
    /// The database's.
    pub async fn left_unseen(&self, reader: Reader<'_>, person: PersonId, now: Timestamp) -> Result<Fresh, EhrError> {
        Ok(Fresh::left(self.looks().waiting(reader.context(), person, now - TOLD).await?))
    }

    /// Remembers that the reader has been shown what was drawn of `fresh`.
    ///
    /// # Errors
    /// The database's.
    pub async fn remember_look(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        fresh: &Fresh,
        now: Timestamp,
    ) -> Result<(), EhrError> {
        if let Some((section, look)) = fresh.look(now) {
            self.looks().remember(reader.context(), person, section.slug(), look, now).await?;
        }
        Ok(())
    }

    /// Forgets looks and words that are due, of whomever they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_looks(&self, now: Timestamp) -> Result<(), EhrError> {
        self.record_searches().sweep(now).await?;
        self.looks().sweep(now).await?;
        Ok(())
    }

    fn looks(&self) -> reviews::Looks {
        reviews::Looks::new(self.inner.store.clone())
    }
}
