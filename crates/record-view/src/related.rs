//! Where something stands among its versions, in words: what it replaces, what replaced it, what adds to it.

use std::collections::HashMap;

use ehr::{Entry, Note, Related, Succession, Visit};
use serde::Serialize;
use web::render::Arg;

use crate::Scene;
use crate::labs::push_encoded;
use crate::sheet::SheetView;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelatedView {
    /// What this one does to the other: `已被替代，新的是`.
    pub label: String,
    /// The other: its name and day, or why it can't be shown.
    pub what: String,
    /// Where the other stands.
    pub href: Option<String>,
    /// It can't be so: they replace one another in a circle.
    pub circular: bool,
}

/// Items that others of the same answer name.
#[derive(Debug, Default)]
pub struct Targets {
    /// Item or note id → its words and where it stands.
    known: HashMap<String, (String, String)>,
}

/// Where an item stands: on this page, or where the list has to be opened for it.
struct Place<'a> {
    action: &'a str,
    here: bool,
    /// Id of the row that opens the list there.
    row: &'a str,
    anchor: String,
}

impl Place<'_> {
    fn href(&self) -> String {
        let mut href = String::new();
        if !self.here {
            href.push_str(self.action);
            href.push_str("?at=");
            push_encoded(&mut href, self.row);
        }
        href.push('#');
        push_encoded(&mut href, &self.anchor);
        href
    }
}

/// Ids that are named, each still without words.
fn wanted<'s>(all: impl Iterator<Item = &'s Succession>) -> HashMap<String, (String, String)> {
    let items = all.flat_map(|one| &one.related).filter_map(|one| one.item.clone());
    items.map(|id| (id, Default::default())).collect()
}

fn note_words(note: &Note, scene: &Scene<'_>) -> String {
    let title = if note.title.is_empty() { scene.text("note-title-not-said") } else { note.title.clone() };
    [Some(title), note.time.as_ref().map(|time| scene.minute(time))].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The part of a note that opens it when an address leads there.
fn note_anchor(note: &Note) -> String {
    format!("nb-{}", note.id)
}

impl Targets {
    /// Of a sheet, of which `shown` stand on this page.
    pub(crate) fn of_sheet<V: SheetView>(
        entries: &[Entry<V::Fields>],
        shown: &[&Entry<V::Fields>],
        action: &str,
        scene: &Scene<'_>,
    ) -> Self {
        let mut known = wanted(shown.iter().flat_map(|entry| V::successions(entry)));
        if known.is_empty() {
            return Self::default();
        }
        for entry in entries {
            let row = entry.fact.id.as_str();
            let place = |anchor: String| {
                let here = shown.iter().any(|one| one.fact.id == entry.fact.id);
                Place { action, here, row, anchor }.href()
            };
            if let Some(words) = known.get_mut(row) {
                let title = Some(entry.fact.code.text.clone()).filter(|text| !text.is_empty());
                let title = title.unwrap_or_else(|| scene.text("name-not-said"));
                let day = entry.fact.time.as_ref().map(|time| scene.minute(time));
                *words =
                    ([Some(title), day].into_iter().flatten().collect::<Vec<_>>().join(" "), place(format!("e-{row}")));
            }
            for note in V::notes(entry) {
                if let Some(words) = known.get_mut(&note.id) {
                    *words = (note_words(note, scene), place(note_anchor(note)));
                }
            }
        }
        Self { known }
    }

    /// Of visits, of which `shown` stand on this page, and of notes that name none.
    pub(crate) fn of_visits(
        (visits, loose): (&[Visit], &[Note]),
        shown: &[&Visit],
        loose_shown: bool,
        action: &str,
        scene: &Scene<'_>,
    ) -> Self {
        let own = shown.iter().flat_map(|visit| &visit.notes).chain(loose);
        let mut known = wanted(own.map(|note| &note.succession));
        if known.is_empty() {
            return Self::default();
        }
        let of_visits = visits.iter().flat_map(|visit| {
            let here = shown.iter().any(|one| one.fact.id == visit.fact.id);
            visit.notes.iter().map(move |note| (note, visit.fact.id.as_str(), here))
        });
        for (note, row, here) in of_visits.chain(loose.iter().map(|note| (note, note.id.as_str(), loose_shown))) {
            if let Some(words) = known.get_mut(&note.id) {
                *words = (note_words(note, scene), Place { action, here, row, anchor: note_anchor(note) }.href());
            }
        }
        Self { known }
    }

    /// What is said of one, in words.
    pub(crate) fn words(&self, of: &Succession, scene: &Scene<'_>) -> Vec<RelatedView> {
        of.related.iter().map(|one| self.one(one, scene)).collect()
    }

    fn one(&self, one: &Related, scene: &Scene<'_>) -> RelatedView {
        let known = one.item.as_ref().and_then(|id| self.known.get(id)).filter(|(words, _)| !words.is_empty());
        let what = match (known, &one.resource) {
            (Some((words, _)), _) => words.clone(),
            (None, _) if one.found => scene.text("related-not-shown"),
            (None, Some(resource)) => scene.with("related-absent", &[("resource", Arg::from(resource.as_str()))]),
            (None, None) => scene.text("related-elsewhere"),
        };
        RelatedView {
            label: scene.text(&format!("related-{}", one.relation.as_str())),
            what,
            href: known.map(|(_, href)| href.clone()),
            circular: one.circular,
        }
    }
}
