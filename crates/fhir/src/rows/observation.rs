//! Observation (<https://hl7.org/fhir/R4/observation.html>).

use serde::de::{IgnoredAny, MapAccess};

use super::{
    Annotation, CodeableConcept, Meta, Number, Period, Quantity, Range, Ratio, ResourceReference, SampledData, Timing,
};
use crate::lean::{Context, Object, Rare, Slot, fill_object, object};

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

    fn raw_for(key: &'static str) -> bool {
        key == "valueInteger"
    }

    fn raw(&mut self, json: &'a str) -> bool {
        *self = Number::from_json(json).map(Value::Integer);
        self.is_some()
    }

    fn text(&mut self, key: &'static str, text: &'a str) -> bool {
        *self = match key {
            "valueString" => Some(Value::String(text)),
            "valueTime" => Some(Value::Time(text)),
            "valueDateTime" => Some(Value::DateTime(text)),
            _ => None,
        };
        self.is_some()
    }

    fn boolean(&mut self, value: bool) -> bool {
        *self = Some(Value::Boolean(value));
        true
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        cx.enter(key);
        *self = match key {
            "valueQuantity" => Some(Value::Quantity(object_of(map, cx)?)),
            "valueCodeableConcept" => Some(Value::CodeableConcept(object_of(map, cx)?)),
            "valueRange" => Some(Value::Range(beside_of(map, cx)?)),
            "valueRatio" => Some(Value::Ratio(beside_of(map, cx)?)),
            "valueSampledData" => Some(Value::SampledData(beside_of(map, cx)?)),
            "valuePeriod" => Some(Value::Period(object_of(map, cx)?)),
            _ => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                None
            }
        };
        cx.leave();
        Ok(self.is_some())
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

    fn text(&mut self, key: &'static str, text: &'a str) -> bool {
        *self = match key {
            "effectiveDateTime" => Some(Effective::DateTime(text)),
            "effectiveInstant" => Some(Effective::Instant(text)),
            _ => None,
        };
        self.is_some()
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        cx.enter(key);
        *self = match key {
            "effectivePeriod" => Some(Effective::Period(object_of(map, cx)?)),
            "effectiveTiming" => Some(Effective::Timing(object_of(map, cx)?)),
            _ => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                None
            }
        };
        cx.leave();
        Ok(self.is_some())
    }
}

fn object_of<'a, 'de: 'a, T: Object<'a>, A: MapAccess<'de>>(
    map: &mut A,
    cx: &mut Context<'a, '_>,
) -> Result<T, A::Error> {
    let mut object = T::default();
    fill_object(&mut object, map, cx)?;
    Ok(object)
}

fn beside_of<'a, 'de: 'a, T: Object<'a>, A: MapAccess<'de>>(
    map: &mut A,
    cx: &mut Context<'a, '_>,
) -> Result<&'a T, A::Error> {
    let object = object_of(map, cx)?;
    Ok(cx.keep(object))
}
