//! Observation (<https://hl7.org/fhir/R4/observation.html>).

use super::{
    Annotation, CodeableConcept, Meta, Number, Period, Quantity, Range, Ratio, ResourceReference, SampledData, Timing,
};
use crate::{
    lean::{Context, Rare, Slot, object, read_object},
    scan::Scan,
};

object! {
    /// A measurement or finding.
    pub struct Observation<'a> {
        /// As sent; other than `Observation` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `registered`, `preliminary`, `final`, `amended`, `corrected`, `cancelled`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// `laboratory`, `vital-signs`, …; often left out.
        pub category: &'a [CodeableConcept<'a>] = "category",
        /// What was measured.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Who it is about.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// During which visit.
        pub encounter: Option<ResourceReference<'a>> = "encounter",
        /// The procedure that it is a part of.
        pub part_of: &'a [ResourceReference<'a>] = "partOf",
        /// When it was true of the patient.
        pub effective: Option<Effective<'a>>
            = "effectiveDateTime" | "effectivePeriod" | "effectiveInstant" | "effectiveTiming",
        /// When it was published: an instant.
        pub issued: Option<&'a str> = "issued",
        /// Who measured.
        pub performer: &'a [ResourceReference<'a>] = "performer",
        /// The result.
        pub value: Option<Value<'a>>
            = "valueQuantity" | "valueCodeableConcept" | "valueString" | "valueBoolean" | "valueInteger" | "valueRange"
            | "valueRatio" | "valueSampledData" | "valueTime" | "valueDateTime" | "valuePeriod",
        /// Why there is none.
        pub data_absent_reason: Option<CodeableConcept<'a>> = "dataAbsentReason",
        /// High, low, normal, …
        pub interpretation: &'a [CodeableConcept<'a>] = "interpretation",
        /// Comments.
        pub note: &'a [Annotation<'a>] = "note",
        /// Where on the body.
        pub body_site: Option<CodeableConcept<'a>> = "bodySite",
        /// How.
        pub method: Option<CodeableConcept<'a>> = "method",
        /// On what.
        pub specimen: Option<ResourceReference<'a>> = "specimen",
        /// What would be expected.
        pub reference_range: &'a [ReferenceRange<'a>] = "referenceRange",
        /// Results of a panel.
        pub has_member: &'a [ResourceReference<'a>] = "hasMember",
        /// Parts of this result.
        pub component: &'a [Component<'a>] = "component",
    }
}

object! {
    /// `Observation.component`
    pub struct Component<'a> {
        /// What was measured.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// The result.
        pub value: Option<Value<'a>>
            = "valueQuantity" | "valueCodeableConcept" | "valueString" | "valueBoolean" | "valueInteger" | "valueRange"
            | "valueRatio" | "valueSampledData" | "valueTime" | "valueDateTime" | "valuePeriod",
        /// Why there is none.
        pub data_absent_reason: Option<CodeableConcept<'a>> = "dataAbsentReason",
        /// High, low, normal, …
        pub interpretation: &'a [CodeableConcept<'a>] = "interpretation",
        /// What would be expected.
        pub reference_range: &'a [ReferenceRange<'a>] = "referenceRange",
    }
}

object! {
    /// `Observation.referenceRange`
    pub struct ReferenceRange<'a> {
        /// Lower limit.
        pub low: Option<Quantity<'a>> = "low",
        /// Upper limit.
        pub high: Option<Quantity<'a>> = "high",
        /// Normal, recommended, therapeutic, …
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// For whom: sex, race, …
        pub applies_to: &'a [CodeableConcept<'a>] = "appliesTo",
        /// For which age.
        pub age: Rare<'a, Range<'a>> = "age",
        /// As the laboratory wrote it.
        pub text: Option<&'a str> = "text",
    }
}

/// `Observation.value[x]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// An amount.
    Quantity(Quantity<'a>),
    /// A coded finding.
    CodeableConcept(CodeableConcept<'a>),
    /// Words.
    String(&'a str),
    /// Yes or no.
    Boolean(bool),
    /// A count.
    Integer(Number<'a>),
    /// From–to.
    Range(&'a Range<'a>),
    /// A titre.
    Ratio(&'a Ratio<'a>),
    /// A curve.
    SampledData(&'a SampledData<'a>),
    /// Time of day.
    Time(&'a str),
    /// A point in time.
    DateTime(&'a str),
    /// A stretch of time.
    Period(Period<'a>),
}

impl<'a> Slot<'a> for Option<Value<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        *self = match (key, scan.peek()) {
            ("valueQuantity", b'{') => Some(Value::Quantity(read_object(key, scan, cx))),
            ("valueCodeableConcept", b'{') => Some(Value::CodeableConcept(read_object(key, scan, cx))),
            ("valueRange", b'{') => Some(Value::Range(cx.arena().alloc(read_object(key, scan, cx)))),
            ("valueRatio", b'{') => Some(Value::Ratio(cx.arena().alloc(read_object(key, scan, cx)))),
            ("valueSampledData", b'{') => Some(Value::SampledData(cx.arena().alloc(read_object(key, scan, cx)))),
            ("valuePeriod", b'{') => Some(Value::Period(read_object(key, scan, cx))),
            ("valueString", b'"') => Some(Value::String(scan.string(cx.arena()))),
            ("valueTime", b'"') => Some(Value::Time(scan.string(cx.arena()))),
            ("valueDateTime", b'"') => Some(Value::DateTime(cx.time(key, scan))),
            ("valueInteger", _) => Number::read(key, scan, cx).map(Value::Integer),
            ("valueBoolean", _) => {
                let mut value = None::<bool>;
                value.read(key, scan, cx);
                value.map(Value::Boolean)
            }
            _ => {
                cx.mismatch(key, scan);
                None
            }
        };
        self.is_some()
    }
}

/// `effective[x]` of Observation and DiagnosticReport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effective<'a> {
    /// `dateTime`, at its precision.
    DateTime(&'a str),
    /// From–to.
    Period(Period<'a>),
    /// An instant.
    Instant(&'a str),
    /// Several times.
    Timing(Timing<'a>),
}

impl<'a> Effective<'a> {
    /// The first time that it names, as written.
    pub fn start(self) -> Option<&'a str> {
        match self {
            Self::DateTime(text) | Self::Instant(text) => Some(text),
            Self::Period(period) => period.start.or(period.end),
            Self::Timing(timing) => timing.event.first().copied(),
        }
    }
}

impl<'a> Slot<'a> for Option<Effective<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        *self = match (key, scan.peek()) {
            ("effectiveDateTime", b'"') => Some(Effective::DateTime(cx.time(key, scan))),
            ("effectiveInstant", b'"') => Some(Effective::Instant(cx.time(key, scan))),
            ("effectivePeriod", b'{') => Some(Effective::Period(read_object(key, scan, cx))),
            ("effectiveTiming", b'{') => Some(Effective::Timing(read_object(key, scan, cx))),
            _ => {
                cx.mismatch(key, scan);
                None
            }
        };
        self.is_some()
    }
}
