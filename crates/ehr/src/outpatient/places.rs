//! Where a patient was during a visit.

use fhir::rows::{Encounter, EncounterLocation};
use url::Url;

use super::{Place, PlaceKind};
use crate::ClinicalTime;
use crate::concept::has_code;
use crate::sheet::Named;

/// HL7's codes, and what hospitals write instead.
const KINDS: [(&str, PlaceKind); 6] = [
    ("wa", PlaceKind::Ward),
    ("ward", PlaceKind::Ward),
    ("ro", PlaceKind::Room),
    ("room", PlaceKind::Room),
    ("bd", PlaceKind::Bed),
    ("bed", PlaceKind::Bed),
];

/// Places of one visit, before their words have been fetched.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<(Named, Place)>);

impl Places {
    pub fn read(row: &Encounter<'_>, base: &Url) -> Self {
        let place = |one: &EncounterLocation<'_>| {
            let kind = one.physical_type.as_slice();
            let kind = KINDS.iter().find(|(code, _)| has_code(kind, code)).map(|(_, kind)| *kind);
            let period = one.period.unwrap_or_default();
            let place = Place {
                name: String::new(),
                kind: kind.unwrap_or_default(),
                since: period.start.and_then(ClinicalTime::parse),
                until: period.end.and_then(ClinicalTime::parse),
            };
            (Named::read_with(one.location.as_ref(), row.contained, base), place)
        };
        // Where the patient was to come, or was to be, they have not been.
        let been = row.location.iter().filter(|one| !matches!(one.status, Some("planned" | "reserved")));
        Self(been.map(place).collect())
    }

    pub fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.0.iter_mut().for_each(|(name, _)| each(name));
    }

    /// Those that have words, in the order of time.
    pub fn settled(&self, asked: bool) -> Vec<Place> {
        let known = self.0.iter().filter(|(name, _)| asked || name.pending().is_none());
        let mut places: Vec<Place> =
            known.filter_map(|(name, place)| Some(Place { name: name.words()?.to_owned(), ..place.clone() })).collect();
        // Stable: undated ones stay where the source put them among undated ones.
        places.sort_by(|one, other| one.since.cmp(&other.since));
        places
    }
}

/// Ward, room and bed of the latest stretch of time, as one text.
pub(super) fn latest(places: &[Place]) -> Option<String> {
    let since = &places.last()?.since;
    let of: Vec<&str> = places.iter().filter(|place| place.since == *since).map(|place| place.name.as_str()).collect();
    Some(of.join(" "))
}
