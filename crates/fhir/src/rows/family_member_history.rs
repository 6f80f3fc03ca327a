//! FamilyMemberHistory (<https://hl7.org/fhir/R4/familymemberhistory.html>).

use super::{Annotation, CodeableConcept, Meta, Quantity, Range, ResourceReference, When};
use crate::{
    lean::{Context, Slot, object, read_object},
    scan::Scan,
};

object! {
    /// What a relative has or had.
    pub struct FamilyMemberHistory<'a> {
        /// As sent; other than `FamilyMemberHistory` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `partial`, `completed`, `entered-in-error`, `health-unknown`.
        pub status: Option<&'a str> = "status",
        /// Why nothing is known.
        pub data_absent_reason: Option<CodeableConcept<'a>> = "dataAbsentReason",
        /// Whose relative.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// When it was told.
        pub date: Option<&'a str> = "date",
        /// Name or other words for the relative.
        pub name: Option<&'a str> = "name",
        /// Father, mother, …
        pub relationship: Option<CodeableConcept<'a>> = "relationship",
        /// Is or was the relative dead, and when or how old?
        pub deceased: Option<Death<'a>>
            = "deceasedBoolean" | "deceasedAge" | "deceasedRange" | "deceasedDate" | "deceasedString",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
        /// What the relative has or had.
        pub condition: &'a [FamilyCondition<'a>] = "condition",
    }
}

object! {
    /// `FamilyMemberHistory.condition`
    pub struct FamilyCondition<'a> {
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// What came of it.
        pub outcome: Option<CodeableConcept<'a>> = "outcome",
        /// Did the relative die of it?
        pub contributed_to_death: Option<bool> = "contributedToDeath",
        /// Since when or at what age.
        pub onset: Option<When<'a>> = "onsetAge" | "onsetRange" | "onsetPeriod" | "onsetString",
        /// Remarks.
        pub note: &'a [Annotation<'a>] = "note",
    }
}

/// `FamilyMemberHistory.deceased[x]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Death<'a> {
    /// Yes or no.
    Said(bool),
    /// At an age.
    Age(Quantity<'a>),
    /// At an age from–to.
    Range(&'a Range<'a>),
    /// A date, or words.
    Words(&'a str),
}

impl<'a> Slot<'a> for Option<Death<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        *self = match (key, scan.peek()) {
            ("deceasedAge", b'{') => Some(Death::Age(read_object(key, scan, cx))),
            ("deceasedRange", b'{') => Some(Death::Range(cx.arena().alloc(read_object(key, scan, cx)))),
            ("deceasedDate" | "deceasedString", b'"') => Some(Death::Words(scan.string(cx.arena()))),
            ("deceasedBoolean", _) => {
                let mut said = None::<bool>;
                said.read(key, scan, cx);
                said.map(Death::Said)
            }
            _ => {
                cx.mismatch(key, scan);
                None
            }
        };
        self.is_some()
    }
}
