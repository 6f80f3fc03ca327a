//! What resources say they do to one another: an order that replaces another, the next version of a document.
//!
//! Only what a hospital says of its own resources of this patient is followed, and only to what it sent of this patient: a
//! resource that is not there, another's, or on another server is named at most, and never looked for. What is replaced
//! stays visible. Resources that replace one another in a circle contradict themselves: none of them is believed replaced.

use std::collections::{HashMap, HashSet};

use fhir::rows::{Composition, DocumentReference, ResourceReference, ServiceRequest};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::outpatient::NoteRow;
use crate::sheet::Fields;
use crate::{Entry, Note, Origin, Visits};

/// Where something stands among its versions. Nothing in JSON where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Succession {
    /// Its hospital says that another stands in its place: it is shown, and does not count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
    /// What it says of others, and others of it; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// One statement, seen from one of the two that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Related {
    /// What this one does to the other.
    pub relation: Relation,
    /// Source id of both.
    pub source: String,
    /// `Type/id` of the other; nothing where it lies on another server, is not named, or is not shown to this reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Id of the item or note of this answer that it is; nothing where it is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Did the hospital send the other as this patient's?
    pub found: bool,
    /// They replace one another in a circle: it can't be so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub circular: bool,
}

/// `DocumentReference.relatesTo.code` (<https://hl7.org/fhir/R4/valueset-document-relationship-type.html>), which
/// `Composition` shares, `ServiceRequest.replaces`, and each seen from the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// It stands in the other's place.
    Replaces,
    /// The other stands in its place.
    ReplacedBy,
    /// It was made from the other.
    Transforms,
    /// The other was made from it.
    TransformedBy,
    /// It signs the other.
    Signs,
    /// The other signs it.
    SignedBy,
    /// It adds to the other.
    Appends,
    /// The other adds to it.
    AppendedBy,
}

impl Relation {
    /// As in JSON and message keys (`related-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replaces => "replaces",
            Self::ReplacedBy => "replaced-by",
            Self::Transforms => "transforms",
            Self::TransformedBy => "transformed-by",
            Self::Signs => "signs",
            Self::SignedBy => "signed-by",
            Self::Appends => "appends",
            Self::AppendedBy => "appended-by",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Replaces, Self::Transforms, Self::Signs, Self::Appends].into_iter().find(|one| one.as_str() == code)
    }

    fn reversed(self) -> Self {
        match self {
            Self::Replaces => Self::ReplacedBy,
            Self::ReplacedBy => Self::Replaces,
            Self::Transforms => Self::TransformedBy,
            Self::TransformedBy => Self::Transforms,
            Self::Signs => Self::SignedBy,
            Self::SignedBy => Self::Signs,
            Self::Appends => Self::AppendedBy,
            Self::AppendedBy => Self::Appends,
        }
    }
}

impl Succession {
    /// Takes what another original of the same fact says.
    pub(crate) fn fill(&mut self, other: &Self) {
        self.superseded |= other.superseded;
        crate::joined::add_new(&mut self.related, &other.related);
        self.related.sort();
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Said {
    from: String,
    relation: Relation,
    /// On the same server; none for whatever else was named.
    to: Option<String>,
    /// A draft and a plan replace nothing yet.
    binding: bool,
}

/// What resources of one source say of one another, on its way.
#[derive(Debug, Default)]
pub(crate) struct Links {
    said: HashSet<Said>,
    came: HashSet<String>,
}

impl Links {
    /// Takes a document that has been checked to be the patient's, whichever section shows it.
    pub fn document(&mut self, row: &DocumentReference<'_>, base: &Url) {
        let withdrawn = [row.status, row.doc_status].contains(&Some("entered-in-error"));
        let related = row.relates_to.iter().map(|one| (one.code, one.target));
        self.take((row.id.filter(|_| !withdrawn), "DocumentReference"), true, related, base);
    }

    /// As [`Links::document`].
    pub fn composition(&mut self, row: &Composition<'_>, base: &Url) {
        let related = row.relates_to.iter().map(|one| (one.code, one.target));
        let id = row.id.filter(|_| row.status != Some("entered-in-error"));
        self.take((id, "Composition"), true, related, base);
    }

    /// As [`Links::document`].
    pub fn order(&mut self, row: &ServiceRequest<'_>, base: &Url) {
        let intent = row.intent.unwrap_or("order");
        let binding = intent.ends_with("order") && row.status != Some("draft");
        let related = row.replaces.iter().map(|other| (Some("replaces"), Some(*other)));
        let id = row.id.filter(|_| row.status != Some("entered-in-error"));
        self.take((id, "ServiceRequest"), binding, related, base);
    }

    fn take<'r>(
        &mut self,
        (id, kind): (Option<&str>, &str),
        binding: bool,
        related: impl Iterator<Item = (Option<&'r str>, Option<ResourceReference<'r>>)>,
        base: &Url,
    ) {
        let Some(id) = id.filter(|id| !id.is_empty()) else { return };
        let from = format!("{kind}/{id}");
        for (code, target) in related {
            let Some(relation) = code.and_then(Relation::from_code) else { continue };
            let local = target.and_then(|target| match fhir::Reference::parse(target.reference?, base) {
                fhir::Reference::Local { kind, id, .. } => Some(format!("{kind}/{id}")),
                _ => None,
            });
            // An earlier version of itself is no other resource.
            if local.as_ref() != Some(&from) {
                self.said.insert(Said { from: from.clone(), relation, to: local, binding });
            }
        }
        self.came.insert(from);
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.said.extend(other.said);
        self.came.extend(other.came);
    }

    /// What is known of each resource by its `Type/id`.
    pub fn told(self, source: &str) -> Told {
        let Self { said, came } = self;
        let counts = |one: &Said| one.binding && one.to.as_ref().is_some_and(|to| came.contains(to));
        let replacing = said.iter().filter(|one| one.relation == Relation::Replaces && counts(one));
        let circles = circles(replacing.filter_map(|one| Some((one.from.as_str(), one.to.as_deref()?))).collect());
        let mut told: HashMap<String, Succession> = HashMap::new();
        let mut tell = |of: &str, relation: Relation, other: Option<&str>, found: bool, circular: bool| {
            let place = told.entry(of.to_owned()).or_default();
            place.superseded |= relation == Relation::ReplacedBy && !circular;
            let (source, resource) = (source.to_owned(), other.map(str::to_owned));
            place.related.push(Related { relation, source, resource, item: None, found, circular });
        };
        for one in &said {
            let to = one.to.as_deref();
            let circular =
                one.relation == Relation::Replaces && to.is_some_and(|to| circles.contains(&(one.from.as_str(), to)));
            tell(&one.from, one.relation, to, to.is_some_and(|to| came.contains(to)), circular);
            if let Some(to) = to.filter(|_| counts(one)) {
                tell(to, one.relation.reversed(), Some(&one.from), true, circular);
            }
        }
        told.values_mut().for_each(|one| one.related.sort());
        Told(told)
    }
}

/// What is known of each resource of a source.
#[derive(Debug)]
pub(crate) struct Told(HashMap<String, Succession>);

impl Told {
    /// Of one resource.
    pub fn of(&self, resource: &str) -> Succession {
        self.0.get(resource).cloned().unwrap_or_default()
    }

    /// Tells notes.
    pub fn tell(&self, notes: &mut [NoteRow]) {
        for row in notes {
            let told = self.of(&row.note.origin.resource);
            row.note.succession.fill(&told);
        }
    }
}

/// Those steps from one to the next that lie on a circle, or between two circles.
fn circles<'e>(steps: Vec<(&'e str, &'e str)>) -> HashSet<(&'e str, &'e str)> {
    let turned = |steps: Vec<(&'e str, &'e str)>| steps.into_iter().map(|(from, to)| (to, from)).collect();
    let back: Vec<_> = without_ends(turned(without_ends(steps)));
    back.into_iter().map(|(to, from)| (from, to)).collect()
}

/// Takes steps away that lead to where no step leads on, until there are none.
fn without_ends<'e>(steps: Vec<(&'e str, &'e str)>) -> Vec<(&'e str, &'e str)> {
    let mut leaving: HashMap<&str, usize> = HashMap::new();
    let mut entering: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, to) in &steps {
        *leaving.entry(from).or_default() += 1;
        entering.entry(to).or_default().push(from);
    }
    let mut ends: Vec<&str> = entering.keys().filter(|at| !leaving.contains_key(*at)).copied().collect();
    let mut gone: HashSet<&str> = HashSet::new();
    while let Some(end) = ends.pop() {
        gone.insert(end);
        for from in entering.get(end).into_iter().flatten() {
            if let Some(left) = leaving.get_mut(from) {
                *left -= 1;
                if *left == 0 {
                    ends.push(from);
                }
            }
        }
    }
    steps.into_iter().filter(|(_, to)| !gone.contains(to)).collect()
}

/// Where originals stand: `(source, Type/id)` → id of the item or note.
type Places = HashMap<(String, String), String>;

fn place(places: &mut Places, origin: &Origin, id: &str) {
    places.insert((origin.source.clone(), origin.resource.clone()), id.to_owned());
}

/// Leads each statement to the item that it names. To a patient nothing is named that they are not shown.
fn settle(of: &mut Succession, places: &Places, for_patient: bool) {
    for one in &mut of.related {
        let Some(resource) = &one.resource else { continue };
        one.item = places.get(&(one.source.clone(), resource.clone())).cloned();
        if for_patient && one.item.is_none() {
            one.resource = None;
        }
    }
}

/// As [`settle`], for all of a sheet.
pub(crate) fn settle_entries<F: Fields>(entries: &mut [Entry<F>], for_patient: bool) {
    let mut places = Places::new();
    for entry in entries.iter_mut() {
        entry.fact.origins.iter().for_each(|origin| place(&mut places, origin, &entry.fact.id));
        entry.fields.notes().into_iter().flatten().for_each(|note| place(&mut places, &note.origin, &note.id));
    }
    for entry in entries {
        if let Some(own) = entry.fields.succession() {
            settle(own, &places, for_patient);
        }
        entry.fields.notes().into_iter().flatten().for_each(|note| settle(&mut note.succession, &places, for_patient));
    }
}

/// As [`settle`], for visits and their notes.
pub(crate) fn settle_visits(found: &mut Visits, for_patient: bool) {
    let notes = |found: &Visits| -> Vec<(Origin, String)> {
        let own = found.visits.iter().flat_map(|visit| &visit.notes).chain(&found.loose_notes);
        own.map(|note: &Note| (note.origin.clone(), note.id.clone())).collect()
    };
    let mut places = Places::new();
    notes(found).iter().for_each(|(origin, id)| place(&mut places, origin, id));
    let all = found.visits.iter_mut().flat_map(|visit| &mut visit.notes).chain(&mut found.loose_notes);
    all.for_each(|note| settle(&mut note.succession, &places, for_patient));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[(&'static str, &'static str)], expect: &[(&str, &str)]) {
        let mut found: Vec<_> = circles(steps.to_vec()).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, expect, "{steps:?}");
    }

    #[test]
    fn circles_are_found_and_what_leads_to_them_is_not_of_them() {
        check(&[("c", "b"), ("b", "a")], &[]);
        check(&[("a", "b"), ("b", "a"), ("c", "a"), ("b", "d")], &[("a", "b"), ("b", "a")]);
        check(&[("a", "b"), ("b", "c"), ("c", "a")], &[("a", "b"), ("b", "c"), ("c", "a")]);
        check(&[("c", "a"), ("c", "b"), ("b", "a")], &[]);
    }
}
