//! Marks of clinicians beside the results they are about.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use reviews::{Original, Review, ReviewKind};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::labs::{LabResult, stable_hash};
use crate::{Origin, Section};

/// Marks of a section's items, by the item's id. Only of items that are shown: what is held back has none.
#[derive(Clone, Debug, Default)]
pub struct Reviewed {
    by_item: HashMap<String, ItemReview>,
    may: MayMark,
}

/// What the reader may say of results themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MayMark {
    /// That they have looked.
    pub review: bool,
    /// That a critical value has reached them.
    pub acknowledge: bool,
}

impl Reviewed {
    /// Of one item; none where nobody has said anything and it is not critical.
    pub fn get(&self, item: &str) -> Option<&ItemReview> {
        self.by_item.get(item)
    }

    /// What the reader may say.
    pub fn may(&self) -> MayMark {
        self.may
    }

    pub(crate) fn new(may: MayMark) -> Self {
        Self { may, ..Self::default() }
    }

    pub(crate) fn take(&mut self, item: &str) -> Option<ItemReview> {
        self.by_item.remove(item)
    }

    pub(crate) fn add(&mut self, item: &str, review: ItemReview) {
        if review != ItemReview::default() {
            self.by_item.insert(item.to_owned(), review);
        }
    }
}

/// What clinicians have said of one item; as in JSON (`review`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ItemReview {
    /// Must it reach a clinician at once?
    pub critical: bool,
    /// Oldest first.
    pub marks: Vec<Mark>,
}

/// A mark as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mark {
    /// For withdrawing it.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// `reviewed` or `acknowledged`.
    #[serde(serialize_with = "kind")]
    #[schemars(with = "String")]
    pub kind: ReviewKind,
    /// Who, as shown then.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// For the patient.
    pub note: Option<String>,
    /// Is it about what the hospital says now? Otherwise the result was corrected since.
    pub current: bool,
    /// Taken back by whoever made it.
    pub withdrawn_at: Option<Timestamp>,
}

fn kind<S: serde::Serializer>(kind: &ReviewKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

impl Mark {
    pub(crate) fn new(of: Review, current: bool) -> Self {
        let Review { id, kind, by, at, note, withdrawn_at, .. } = of;
        Self { id, kind, by, at, note, current, withdrawn_at }
    }
}

impl ItemReview {
    /// The first that holds for what the hospital says now.
    pub fn standing(&self, kind: ReviewKind) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.kind == kind && mark.current && mark.withdrawn_at.is_none())
    }

    /// A critical value that nobody has acknowledged in its present version.
    pub fn is_open(&self) -> bool {
        self.critical && self.standing(ReviewKind::Acknowledged).is_none()
    }
}

/// Critical values that nobody has acknowledged in their present version.
#[derive(Clone, Debug, Default)]
pub struct OpenCritical {
    /// May the reader acknowledge them?
    pub may_acknowledge: bool,
    /// Newest first; undated ones last.
    pub items: Vec<OpenValue>,
    /// Others, older than thirty days or too many: on the page of results.
    pub elsewhere: usize,
}

/// A critical value that waits.
#[derive(Clone, Debug)]
pub struct OpenValue {
    /// The result.
    pub result: LabResult,
    /// For acknowledging just this version.
    pub seen: String,
    /// Acknowledged before the hospital corrected it?
    pub corrected: bool,
}

/// After so many days a value that nobody acknowledged is history: nobody can act on it at once any more, and years of
/// records from before this portal would stand first for ever.
pub const OPEN_DAYS: i64 = 30;
/// Of which so many are listed.
const MOST_OPEN: usize = 20;

/// What of `results` waits for somebody to acknowledge it.
pub fn open_critical(results: &[LabResult], reviewed: &Reviewed, now: Timestamp) -> OpenCritical {
    let since = now.saturating_sub(SignedDuration::from_hours(OPEN_DAYS * 24)).unwrap_or(Timestamp::MIN).as_second();
    let mut open = OpenCritical { may_acknowledge: reviewed.may.acknowledge, ..OpenCritical::default() };
    for result in results {
        let Some(review) = reviewed.get(&result.id).filter(|review| review.is_open()) else { continue };
        let recent = result.time.as_ref().is_none_or(|time| time.epoch_seconds() >= since);
        if !recent || open.items.len() == MOST_OPEN {
            open.elsewhere += 1;
            continue;
        }
        let acknowledged = |mark: &Mark| mark.kind == ReviewKind::Acknowledged && mark.withdrawn_at.is_none();
        open.items.push(OpenValue {
            seen: seen(&result.origins, &result.print()),
            corrected: review.marks.iter().any(acknowledged),
            result: result.clone(),
        });
    }
    open
}

/// All marks of a person in one section, found by the originals they are about.
#[derive(Default)]
pub(crate) struct MarkBook {
    all: Vec<Review>,
    by_original: HashMap<(String, String), Vec<usize>>,
    /// A note that was taken back is nobody's word to the patient any more.
    for_patient: bool,
    /// What its reader may say.
    pub may: MayMark,
}

impl MarkBook {
    pub fn new(all: Vec<Review>, section: Section, for_patient: bool) -> Self {
        let mut book = Self { all, for_patient, ..Self::default() };
        for (at, review) in book.all.iter().enumerate().filter(|(_, review)| review.section == section.slug()) {
            for original in &review.originals {
                let key = (original.source.clone(), original.resource.clone());
                book.by_original.entry(key).or_default().push(at);
            }
        }
        book
    }

    pub fn with(self, may: MayMark) -> Self {
        Self { may, ..self }
    }

    /// Marks on whatever has these originals. `print` is asked for where a server has no versions.
    pub fn of(&self, origins: &[Origin], print: impl Fn() -> String) -> Vec<Mark> {
        if self.by_original.is_empty() {
            return Vec::new();
        }
        let key = |origin: &Origin| (origin.source.clone(), origin.resource.clone());
        let mut found: Vec<usize> =
            origins.iter().filter_map(|origin| self.by_original.get(&key(origin))).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        let marks = found.into_iter().filter_map(|at| self.all.get(at));
        marks.map(|review| self.mark(review, origins, &print)).collect()
    }

    fn mark(&self, review: &Review, origins: &[Origin], print: &impl Fn() -> String) -> Mark {
        let note = review.note.clone().filter(|_| review.stands() || !self.for_patient);
        Mark::new(Review { note, ..review.clone() }, is_current(review, origins, print))
    }
}

/// Is every original that the mark knew, and that was read now, of the version it knew?
fn is_current(review: &Review, origins: &[Origin], print: &impl Fn() -> String) -> bool {
    let same = |original: &Original| {
        let now =
            origins.iter().filter(|origin| origin.source == original.source && origin.resource == original.resource);
        let version = now.map(|origin| (origin.version.as_deref(), original.version.as_deref()));
        let mut versions = version.collect::<Vec<_>>().into_iter();
        versions.all(|pair| match pair {
            (Some(now), Some(then)) => now == then,
            _ => print() == review.print,
        })
    };
    review.originals.iter().all(same)
}

/// What somebody who marks an item has looked at: other when anything of it has changed since.
pub(crate) fn seen(origins: &[Origin], print: &str) -> String {
    let mut said: Vec<String> = origins
        .iter()
        .map(|one| format!("{}\u{1f}{}\u{1f}{}", one.source, one.resource, one.version.as_deref().unwrap_or_default()))
        .collect();
    said.sort();
    said.push(print.to_owned());
    format!("{:016x}", stable_hash(said.join("\u{1e}").as_bytes()))
}

/// Originals as a mark keeps them.
pub(crate) fn originals(origins: &[Origin]) -> Vec<Original> {
    let original = |origin: &Origin| Original {
        source: origin.source.clone(),
        resource: origin.resource.clone(),
        version: origin.version.clone(),
    };
    origins.iter().map(original).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(source: &str, version: Option<&str>) -> Origin {
        let version = version.map(str::to_owned);
        Origin { source: source.into(), resource: "Observation/1".into(), version, ..Origin::default() }
    }

    fn review(origins: &[Origin], print: &str) -> Review {
        Review {
            id: Uuid::nil(),
            section: Section::LabResults.slug().to_owned(),
            kind: ReviewKind::Reviewed,
            originals: originals(origins),
            print: print.to_owned(),
            by: "李伟".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            note: Some("多喝水".to_owned()),
            withdrawn_at: None,
        }
    }

    fn check(then: &[Origin], now: &[Origin], print: &str, expect: Option<bool>) {
        let book = MarkBook::new(vec![review(then, "p")], Section::LabResults, false);
        let marks = book.of(now, || print.to_owned());
        assert_eq!(marks.first().map(|mark| mark.current), expect, "{then:?} {now:?}");
    }

    #[test]
    fn a_mark_holds_for_the_version_it_was_made_of() {
        let (one, two) = (origin("a", Some("1")), origin("a", Some("2")));
        check(std::slice::from_ref(&one), std::slice::from_ref(&one), "p", Some(true));
        check(std::slice::from_ref(&one), std::slice::from_ref(&two), "p", Some(false));
        check(std::slice::from_ref(&one), &[origin("b", Some("1"))], "p", None);
        // A silent hospital takes nothing back, and its copy that comes later is the same fact.
        check(&[one.clone(), origin("b", Some("7"))], std::slice::from_ref(&one), "p", Some(true));
        check(std::slice::from_ref(&one), &[one.clone(), origin("b", Some("7"))], "p", Some(true));
        // Corrected at one of the two hospitals.
        check(&[one.clone(), origin("b", Some("7"))], &[one, origin("b", Some("8"))], "p", Some(false));
    }

    #[test]
    fn without_versions_what_it_says_decides() {
        check(&[origin("a", None)], &[origin("a", None)], "p", Some(true));
        check(&[origin("a", None)], &[origin("a", None)], "other", Some(false));
    }

    #[test]
    fn patients_do_not_read_what_was_taken_back() {
        let taken_back = Review { withdrawn_at: Some(Timestamp::UNIX_EPOCH), ..review(&[origin("a", None)], "p") };
        for (for_patient, expect) in [(true, None), (false, Some("多喝水"))] {
            let book = MarkBook::new(vec![taken_back.clone()], Section::LabResults, for_patient);
            let marks = book.of(&[origin("a", None)], || "p".to_owned());
            assert_eq!(marks[0].note.as_deref(), expect);
            assert!(ItemReview { critical: false, marks }.standing(ReviewKind::Reviewed).is_none());
        }
    }

    #[test]
    fn marks_of_other_sections_are_not_found() {
        let book = MarkBook::new(vec![review(&[origin("a", None)], "p")], Section::ExamReports, false);
        assert!(book.of(&[origin("a", None)], || "p".to_owned()).is_empty());
    }
}
