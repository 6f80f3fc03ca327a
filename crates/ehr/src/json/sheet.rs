//! `GET …/record/{section}` of sections that are lists of facts: `fields` are the section's own.

use access::PersonId;
use serde::Serialize;

use super::record::{Item, Record, fact_item};
use crate::{Section, Sheet};

/// Every entry with its fields.
pub fn sheet<F: Serialize>(person: PersonId, section: Section, of: &Sheet<F>) -> Record<'_, &F> {
    let items: Vec<Item<'_, &F>> =
        of.entries.iter().map(|entry| fact_item(&entry.fact, &entry.fields).reviewed(&of.reviews)).collect();
    Record::new(person, section, items, (&of.sources, &of.held))
}
