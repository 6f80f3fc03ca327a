//! What was measured, as one source says it: read once for all results under the same code.

use fhir::rows::CodeableConcept;
use hashbrown::DefaultHashBuilder;
use sources::LocalCodes;
use std::hash::BuildHasher as _;

use super::catalogue::{Analyte, Specimen, catalogue};
use super::rows::{NONE, Span};
use super::units::{self, Unit};

/// Spellings of units of one concept that are told apart; a result in a further one stays without.
const MAX_UNITS: usize = 256;

const LOINC: &str = "http://loinc.org";

/// A code with all that is known about it.
#[derive(Debug)]
pub(crate) struct Concept {
    pub text: Span,
    /// Of `code.text`; the text above falls back to a display or a code.
    said: Option<Span>,
    pub codings: Vec<CodingText>,
    pub analyte: Option<&'static Analyte>,
    /// The LOINC code that the analyte is known by.
    pub loinc: Option<&'static str>,
    pub units: Vec<UnitText>,
    /// As sent. The same code on another specimen is another concept.
    pub specimen: Option<Span>,
    pub last_range: u32,
    /// The same for the same thing measured, whatever source says it.
    pub print: u64,
}

/// A coding as sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodingText {
    pub system: Option<Span>,
    pub code: Option<Span>,
    display: Option<Span>,
}

/// A unit as sent, and what it means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitText {
    unit: Option<Span>,
    code: Option<Span>,
    pub known: Option<&'static Unit>,
    /// The same for the same unit, whatever source says it.
    pub print: u64,
}

impl UnitText {
    /// As people read it.
    pub(crate) fn text(self) -> Span {
        self.unit.or(self.code).unwrap_or_default()
    }
}

/// Of a code that is being looked up.
pub(crate) fn hash(hasher: &DefaultHashBuilder, code: &CodeableConcept<'_>, specimen: Option<&str>) -> u64 {
    hasher.hash_one((code.coding.first().and_then(|first| first.code), code.text, specimen))
}

/// Of all that a code says. Slower than [`hash`], which somebody can make the same for ten thousand codes.
pub(crate) fn hash_whole(hasher: &DefaultHashBuilder, code: &CodeableConcept<'_>, specimen: Option<&str>) -> u64 {
    let codings = code.coding.iter().map(|coding| (coding.system, coding.code, coding.display));
    hasher.hash_one((codings.collect::<Vec<_>>(), code.text, specimen))
}

impl Concept {
    /// The hash of the code it was read from.
    pub(crate) fn hash(&self, hasher: &DefaultHashBuilder, arena: &str) -> u64 {
        let text = |span: Option<Span>| span.map(|span| span.of(arena));
        hasher.hash_one((text(self.codings.first().and_then(|first| first.code)), text(self.said), text(self.specimen)))
    }

    /// Was it read from `code`?
    pub(crate) fn is(&self, code: &CodeableConcept<'_>, specimen: Option<&str>, arena: &str) -> bool {
        let same = |span: Option<Span>, text: Option<&str>| span.map(|span| span.of(arena)) == text;
        self.codings.len() == code.coding.len()
            && self.codings.iter().zip(code.coding).all(|(own, other)| {
                same(own.code, other.code) && same(own.system, other.system) && same(own.display, other.display)
            })
            && same(self.said, code.text)
            && same(self.specimen, specimen)
    }

    pub(crate) fn read(
        code: &CodeableConcept<'_>,
        specimen: Option<&str>,
        local: &LocalCodes,
        arena: &mut String,
    ) -> Self {
        let mut keep = |text: Option<&str>| text.map(|text| Span::keep(text, arena));
        let codings: Vec<CodingText> = code
            .coding
            .iter()
            .map(|coding| CodingText {
                system: keep(coding.system),
                code: keep(coding.code),
                display: keep(coding.display),
            })
            .collect();
        let said = keep(code.text);
        let display = || codings.iter().find_map(|coding| coding.display.filter(|text| !text.is_empty()));
        let any_code = || codings.iter().find_map(|coding| coding.code);
        // The laboratory's own words first: they are what its printed report says.
        let text = said.filter(|text| !text.is_empty()).or_else(display).or_else(any_code).unwrap_or_default();
        let (mut analyte, loinc) = known(code, local);
        if analyte.is_none() {
            analyte = specimen.and_then(Specimen::read).and_then(|class| by_name(code, class));
        }
        let mut concept = Self {
            text,
            said,
            codings,
            analyte,
            loinc,
            units: Vec::new(),
            specimen: specimen.map(|text| Span::keep(text, arena)),
            last_range: NONE,
            print: 0,
        };
        concept.print = concept.fingerprint(arena);
        concept
    }

    /// Same analyte; else same code (the smallest, LOINC before others); else same words.
    fn fingerprint(&self, arena: &str) -> u64 {
        if let Some(analyte) = self.analyte {
            return super::merge::print(&("analyte", analyte.order));
        }
        let coded = self.codings.iter().filter_map(|coding| {
            let system = coding.system?.of(arena);
            Some((system != LOINC, system, coding.code?.of(arena)))
        });
        match coded.min() {
            Some((false, system, code)) => super::merge::print(&("coding", system, code)),
            // A hospital's own codes and words don't say on what: urine is not serum.
            Some((true, system, code)) => super::merge::print(&("coding", system, code, self.specimen_form(arena))),
            None => {
                let name = patients::search_form(self.text.of(arena));
                super::merge::print(&("text", name, self.specimen_form(arena)))
            }
        }
    }

    fn specimen_form(&self, arena: &str) -> Option<String> {
        self.specimen.map(|said| match Specimen::read(said.of(arena)) {
            Some(class) => format!("{class:?}"),
            None => patients::search_form(said.of(arena)),
        })
    }

    pub(crate) fn unit(&mut self, unit: Option<&str>, code: Option<&str>, arena: &mut String) -> u16 {
        let same = |span: Option<Span>, text: Option<&str>, arena: &str| span.map(|span| span.of(arena)) == text;
        let nth = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let found = self.units.iter().position(|known| same(known.unit, unit, arena) && same(known.code, code, arena));
        if let Some(at) = found {
            return nth(at);
        }
        if self.units.len() >= MAX_UNITS {
            return u16::MAX;
        }
        let known = meant(unit, code, self.analyte);
        let print = match (known, unit.or(code)) {
            (Some(known), _) => super::merge::print(&("ucum", known.ucum.as_str())),
            (None, text) => super::merge::print(&("text", text.map(str::trim))),
        };
        let mut keep = |text: Option<&str>| text.map(|text| Span::keep(text, arena));
        self.units.push(UnitText { unit: keep(unit), code: keep(code), known, print });
        nth(self.units.len() - 1)
    }
}

/// Names are only as good as their specimen, and only if all of them mean the same.
fn by_name(code: &CodeableConcept<'_>, specimen: Specimen) -> Option<&'static Analyte> {
    let names = code.coding.iter().filter_map(|coding| coding.display).chain(code.text);
    let mut found = names.filter_map(|name| catalogue().by_alias(name, specimen));
    let first = found.next()?;
    found.all(|other| other.id == first.id).then_some(first)
}

/// The analyte that the codings agree on: LOINC first, else the hospital's own table.
fn known(code: &CodeableConcept<'_>, local: &LocalCodes) -> (Option<&'static Analyte>, Option<&'static str>) {
    let by_loinc = code.coding.iter().filter(|coding| coding.system == Some(LOINC)).find_map(|coding| {
        let (analyte, loinc) = catalogue().by_loinc(coding.code?)?;
        Some((Some(analyte), Some(loinc.code.as_str())))
    });
    by_loinc.unwrap_or_else(|| {
        let mut found =
            code.coding.iter().filter_map(|coding| catalogue().analyte(local.analyte(coding.system?, coding.code?)?));
        let first = found.next();
        let agreed = first.filter(|first| found.all(|other| other.id == first.id));
        (agreed, None)
    })
}

/// The unit that code and words mean together. Where they contradict each other nothing is known.
fn meant(unit: Option<&str>, code: Option<&str>, analyte: Option<&Analyte>) -> Option<&'static Unit> {
    let by_code = code.and_then(|code| units::of(code, analyte));
    let by_words = unit.and_then(|unit| units::of(unit, analyte));
    match (by_code, by_words) {
        (Some(code), Some(words)) if units::scale(&code.ucum, &words.ucum) == Some(1.0) => Some(code),
        (Some(_), Some(_)) => None,
        (one, other) => one.or(other),
    }
}
