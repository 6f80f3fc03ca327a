//! FHIR data types (<https://hl7.org/fhir/R4/datatypes.html>).

use crate::{
    Fault,
    lean::{Context, Rare, Slot, object},
    scan::{Scan, is_number},
};

/// A JSON number with its text: `5.40` stays `5.40` (<https://hl7.org/fhir/R4/datatypes.html#decimal>: precision is
/// part of the value).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    /// As the source wrote it.
    pub fn text(self) -> &'a str {
        self.0
    }

    /// Parsed; `None` when it is beyond what an `f64` holds.
    pub fn value(self) -> Option<f64> {
        self.0.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Parsed as a whole number.
    pub fn integer(self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl<'a> Number<'a> {
    /// Reads the next value if it is a number.
    pub(crate) fn read<'t: 'a>(key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> Option<Self> {
        if !matches!(scan.peek(), b'-' | b'0'..=b'9') {
            cx.mismatch(key, scan);
            return None;
        }
        let word = scan.word();
        if !is_number(word) {
            cx.note(key, Fault::Unreadable);
            return None;
        }
        Some(Self(word))
    }
}

impl<'a> Slot<'a> for Option<Number<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        *self = Number::read(key, scan, cx);
        self.is_some()
    }
}

object! {
    /// Metadata of a resource.
    pub struct Meta<'a> {
        /// Changes with every version.
        pub version_id: Option<&'a str> = "versionId",
        /// An instant.
        pub last_updated: Option<&'a str> = "lastUpdated",
        /// Where the server has it from.
        pub source: Option<&'a str> = "source",
    }
}

object! {
    /// One code of one system.
    pub struct Coding<'a> {
        /// URI of the code system.
        pub system: Option<&'a str> = "system",
        /// The code.
        pub code: Option<&'a str> = "code",
        /// The system's words for it.
        pub display: Option<&'a str> = "display",
    }
}

object! {
    /// Codes and words for one concept.
    pub struct CodeableConcept<'a> {
        /// Codes, as sent.
        pub coding: &'a [Coding<'a>] = "coding",
        /// Words, as written.
        pub text: Option<&'a str> = "text",
    }
}

object! {
    /// A measured amount. Also Age, Count, Duration, SimpleQuantity.
    pub struct Quantity<'a> {
        /// The number, text kept.
        pub value: Option<Number<'a>> = "value",
        /// `<`, `<=`, `>=`, `>`.
        pub comparator: Option<&'a str> = "comparator",
        /// Unit for people.
        pub unit: Option<&'a str> = "unit",
        /// System of `code`.
        pub system: Option<&'a str> = "system",
        /// Unit for machines.
        pub code: Option<&'a str> = "code",
    }
}

object! {
    /// From low to high, both inclusive.
    pub struct Range<'a> {
        /// Lower limit.
        pub low: Option<Quantity<'a>> = "low",
        /// Upper limit.
        pub high: Option<Quantity<'a>> = "high",
    }
}

object! {
    /// A relation of two amounts: titres (1:128), rates.
    pub struct Ratio<'a> {
        /// Above the line.
        pub numerator: Option<Quantity<'a>> = "numerator",
        /// Below the line.
        pub denominator: Option<Quantity<'a>> = "denominator",
    }
}

object! {
    /// A time with a beginning and an end; either may be missing.
    pub struct Period<'a> {
        /// `dateTime`
        pub start: Option<&'a str> = "start",
        /// `dateTime`
        pub end: Option<&'a str> = "end",
    }
}

object! {
    /// Listed events of a `Timing`.
    pub struct Timing<'a> {
        /// `dateTime`s
        pub event: &'a [&'a str] = "event",
    }
}

object! {
    /// A series measured by a device; the series itself stays text.
    pub struct SampledData<'a> {
        /// Zero value and unit.
        pub origin: Option<Quantity<'a>> = "origin",
        /// Milliseconds between samples.
        pub period: Option<Number<'a>> = "period",
        /// Multiplies the samples before the origin is added.
        pub factor: Option<Number<'a>> = "factor",
        /// Sample points at each time.
        pub dimensions: Option<Number<'a>> = "dimensions",
        /// Samples with spaces between; `E` error, `L` below, `U` above the limits.
        pub data: Option<&'a str> = "data",
    }
}

object! {
    /// A `Reference`; see [`crate::Reference`] for what its text means.
    pub struct ResourceReference<'a> {
        /// Relative, absolute, `#contained` or `urn:uuid:`.
        pub reference: Option<&'a str> = "reference",
        /// The type it is said to point to.
        pub kind: Option<&'a str> = "type",
        /// Logical reference.
        pub identifier: Rare<'a, Identifier<'a>> = "identifier",
        /// Words for it.
        pub display: Option<&'a str> = "display",
    }
}

object! {
    /// A business identifier.
    pub struct Identifier<'a> {
        /// `usual`, `official`, `temp`, `secondary`, `old`.
        pub usage: Option<&'a str> = "use",
        /// What kind of number it is.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// URI of the name space.
        pub system: Option<&'a str> = "system",
        /// The identifier.
        pub value: Option<&'a str> = "value",
        /// When it was valid.
        pub period: Option<Period<'a>> = "period",
    }
}

object! {
    /// A person's name.
    pub struct HumanName<'a> {
        /// `usual`, `official`, `temp`, `nickname`, `anonymous`, `old`, `maiden`.
        pub usage: Option<&'a str> = "use",
        /// The whole name, as written.
        pub text: Option<&'a str> = "text",
        /// Family name.
        pub family: Option<&'a str> = "family",
        /// Given names.
        pub given: &'a [&'a str] = "given",
        /// When it was in use.
        pub period: Option<Period<'a>> = "period",
    }
}

object! {
    /// Telephone, e-mail and the like.
    pub struct ContactPoint<'a> {
        /// `phone`, `email`, `sms`, …
        pub system: Option<&'a str> = "system",
        /// The number or address.
        pub value: Option<&'a str> = "value",
        /// `home`, `work`, `temp`, `old`, `mobile`.
        pub usage: Option<&'a str> = "use",
        /// When it was in use.
        pub period: Option<Period<'a>> = "period",
    }
}

object! {
    /// A postal address.
    pub struct Address<'a> {
        /// `home`, `work`, `temp`, `old`, `billing`.
        pub usage: Option<&'a str> = "use",
        /// The whole address, as written.
        pub text: Option<&'a str> = "text",
        /// Street, house.
        pub line: &'a [&'a str] = "line",
        /// City.
        pub city: Option<&'a str> = "city",
        /// District.
        pub district: Option<&'a str> = "district",
        /// Province.
        pub state: Option<&'a str> = "state",
        /// Postal code.
        pub postal_code: Option<&'a str> = "postalCode",
        /// Country.
        pub country: Option<&'a str> = "country",
    }
}

object! {
    /// A note. Its text is the source's and may hold anything.
    pub struct Annotation<'a> {
        /// When it was made.
        pub time: Option<&'a str> = "time",
        /// Markdown, in principle.
        pub text: Option<&'a str> = "text",
    }
}

object! {
    /// A document beside the resource, or in it.
    pub struct Attachment<'a> {
        /// MIME type.
        pub content_type: Option<&'a str> = "contentType",
        /// Language code.
        pub language: Option<&'a str> = "language",
        /// The document itself, in base64.
        pub data: Option<&'a str> = "data",
        /// Where it can be read.
        pub url: Option<&'a str> = "url",
        /// Bytes.
        pub size: Option<Number<'a>> = "size",
        /// Words for it.
        pub title: Option<&'a str> = "title",
        /// When it was made.
        pub creation: Option<&'a str> = "creation",
    }
}

object! {
    /// A resource in words (<https://hl7.org/fhir/R4/narrative.html>). A stranger's XHTML.
    pub struct Narrative<'a> {
        /// `generated` where it says what the other members say.
        pub status: Option<&'a str> = "status",
        /// XHTML.
        pub div: Option<&'a str> = "div",
    }
}
