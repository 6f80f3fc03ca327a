//! What medicines are called and how they are taken: shared by the summary, orders, prescriptions and what was handed out
//! or given.

mod dose;
mod last_word;
mod rows;

use std::collections::HashMap;

use fhir::rows::{CodeableConcept, Contained, Ingredient, ResourceReference};

pub(crate) use dose::{DoseForm, amount_of, rate_of};
pub use dose::{DoseLine, DoseWords};
pub(crate) use last_word::{Standing, Word, contradict, last_words};
pub(crate) use rows::{Medicated, Medicines, Tie, apart, local_id, remarks};

use crate::concept::{Concept, words};

/// What a resource says of its medicine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Called {
    pub concept: Concept,
    /// The reference that names it, where the resource itself has at most words for it.
    pub elsewhere: Option<String>,
    /// Those words, as written.
    pub display: Option<String>,
}

impl Called {
    /// From `medication[x]` and what stands inside the resource.
    pub fn read(
        own: Option<&CodeableConcept<'_>>,
        reference: Option<&ResourceReference<'_>>,
        contained: &[Contained<'_>],
    ) -> Self {
        let concept = Concept::read(own);
        let Some(reference) = reference.filter(|_| concept.is_empty()) else {
            return Self { concept, elsewhere: None, display: None };
        };
        let display = reference.display.map(str::trim).filter(|words| !words.is_empty()).map(str::to_owned);
        let inside = reference.reference.and_then(|text| text.strip_prefix('#')).and_then(|id| {
            let inside = contained.iter().find(|inside| inside.id == Some(id))?;
            Some(made_of(inside.code.as_ref(), inside.ingredient)).filter(|concept| !concept.is_empty())
        });
        if let Some(concept) = inside {
            return Self { concept, elsewhere: None, display };
        }
        let concept = display.as_deref().map(Concept::of_text).unwrap_or_default();
        Self { concept, elsewhere: reference.reference.map(str::to_owned), display }
    }

    /// Is there nothing to call it by?
    pub fn is_nameless(&self) -> bool {
        self.concept.is_empty()
    }
}

/// A Medication by its code; a mixture that has none by what is in it.
fn made_of(code: Option<&CodeableConcept<'_>>, ingredients: &[Ingredient<'_>]) -> Concept {
    let own = Concept::read(code);
    if !own.is_empty() {
        return own;
    }
    let parts = ingredients.iter().filter_map(|one| one.item.as_ref()).map(words).filter(|words| !words.is_empty());
    match parts.collect::<Vec<_>>() {
        parts if parts.is_empty() => own,
        parts => Concept::of_text(&parts.join(" + ")),
    }
}

/// Medications of one source that other resources name: those that came along, and those that were read afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    known: HashMap<String, Concept>,
}

impl Book {
    /// A Medication that came.
    pub fn add(&mut self, id: &str, code: Option<&CodeableConcept<'_>>, ingredients: &[Ingredient<'_>]) {
        self.known.insert(id.to_owned(), made_of(code, ingredients));
    }

    /// A resource that came along with others (`_include`), if it is a Medication.
    pub fn included(
        &mut self,
        kind: Option<&str>,
        id: Option<&str>,
        code: Option<&CodeableConcept<'_>>,
        ingredients: &[Ingredient<'_>],
    ) {
        if let (Some("Medication"), Some(id)) = (kind, id) {
            self.add(id, code, ingredients);
        }
    }

    /// Takes in what came with another search of the same source.
    pub fn take_in(&mut self, other: Self) {
        self.known.extend(other.known);
    }

    /// Ids of Medications that are named and have not come, each once.
    pub fn missing<'r>(&self, references: impl Iterator<Item = &'r str>, base: &url::Url) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for reference in references {
            if let Some(id) = medication_id(reference, base)
                && !self.known.contains_key(id)
                && !missing.iter().any(|known| known == id)
            {
                missing.push(id.to_owned());
            }
        }
        missing
    }

    /// What a reference means, if that is known and says anything.
    pub fn find(&self, reference: &str, base: &url::Url) -> Option<&Concept> {
        self.known.get(medication_id(reference, base)?).filter(|concept| !concept.is_empty())
    }

    /// Gives a medicine the name that its Medication bears.
    pub fn name(&self, called: &mut Called, base: &url::Url) {
        if let Some(concept) = called.elsewhere.as_deref().and_then(|reference| self.find(reference, base)) {
            called.concept = concept.clone();
        }
    }
}

fn medication_id<'r>(reference: &'r str, base: &url::Url) -> Option<&'r str> {
    match fhir::Reference::parse(reference, base) {
        fhir::Reference::Local { kind: "Medication", id, .. } => Some(id),
        _ => None,
    }
}
