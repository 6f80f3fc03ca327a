//! Compact merged rows become results that a page or JSON can show.

use std::collections::{HashMap, HashSet};

use super::catalogue::catalogue;
use super::concept::Concept;
use super::merge::{MergedLabs, RowRef, latest};
use super::rows::{LabRow, LabRows, Status, ValueKind};
use super::{Code, Coding, LabResult, Range, Value, convert, flags};
use crate::joined::unique;
use crate::{ClinicalTime, Origin, Precision};

/// Results at one time of one analyte are compared with one another up to so many.
const MAX_COMPARED: usize = 64;
/// Of those that contradict one result so many are named: it is marked all the same, and in what a hostile hospital sends
/// everything contradicts everything.
const MAX_NAMED: usize = 16;

/// A result, and where the search for contradictions must look.
struct Shown {
    result: LabResult,
    /// Thing measured and instant; none for what contradicts nothing.
    spot: Option<(u64, i64)>,
    order: (usize, usize),
}

impl MergedLabs {
    /// All results, newest first, undated last; then in the order of the catalogue.
    pub fn results(&self) -> Vec<LabResult> {
        let mut by_original: HashMap<(u32, &str), usize> = HashMap::with_capacity(self.originals());
        let mut shown: Vec<Shown> = Vec::with_capacity(self.len());
        let mut members: Vec<(usize, u32, Vec<&str>)> = Vec::new();
        for originals in self.facts() {
            let Some(result) = self.shown(&originals) else { continue };
            for original in &originals {
                if let Some((source, row)) = self.row(*original) {
                    by_original.insert((original.source, source.id(row)), shown.len());
                    let listed = listed(source, original.row);
                    if !listed.is_empty() {
                        members.push((shown.len(), original.source, listed));
                    }
                }
            }
            shown.push(result);
        }
        join_members(&mut shown, &members, &by_original);
        mark_conflicts(&mut shown);
        shown.sort_by(|a, b| {
            let newest_first = |one: &LabResult| std::cmp::Reverse(one.time.clone());
            newest_first(&a.result).cmp(&newest_first(&b.result)).then_with(|| {
                (a.order, &a.result.code.text, &a.result.id).cmp(&(b.order, &b.result.code.text, &b.result.id))
            })
        });
        shown.into_iter().map(|shown| shown.result).collect()
    }

    fn shown(&self, originals: &[RowRef]) -> Option<Shown> {
        let rows: Vec<(&LabRows, &LabRow)> = originals.iter().filter_map(|at| self.row(*at)).collect();
        let (source, row) = *rows.first()?;
        let mut result = result(source, row)?;
        result.id = anchor(&source.source.id, source.id(row));
        result.status = latest(rows.iter().map(|(_, row)| row.status)).as_str().to_owned();
        for (source, row) in &rows {
            result.origins.push(Origin {
                source: source.source.id.clone(),
                resource: format!("Observation/{}", source.id(row)),
                version: Some(source.version(row)).filter(|version| !version.is_empty()).map(str::to_owned),
                retrieved_at: source.source.retrieved_at,
            });
            fill(&mut result, source, row);
        }
        for (at, (source, _)) in originals.iter().zip(&rows) {
            result.notes.extend(notes(source, at.row).map(str::to_owned));
        }
        unique(&mut result.notes);
        if rows.len() > 1 {
            result.code.codings = self.all_codings(originals);
        }
        let concept = source.concepts.get(row.concept as usize)?;
        let settled = row.status.class() == Status::Final.class();
        let compared = settled
            && row.precision == Some(Precision::Instant)
            && matches!(row.kind, ValueKind::Number | ValueKind::Text);
        let order = concept
            .analyte
            .map_or((usize::MAX, usize::MAX), |analyte| (catalogue().panel_order(&analyte.panel), analyte.order));
        Some(Shown { result, spot: compared.then_some((concept.print, row.start)), order })
    }

    /// What all originals are called, each name once. Of thousands of originals most share a concept.
    fn all_codings(&self, originals: &[RowRef]) -> Vec<Coding> {
        let (mut read, mut all) = (HashSet::new(), Vec::new());
        for at in originals {
            let Some((source, row)) = self.row(*at) else { continue };
            if read.insert((at.source, row.concept)) {
                all.extend(source.concepts.get(row.concept as usize).iter().flat_map(|own| codings(source, own)));
            }
        }
        unique(&mut all);
        all
    }
}

/// What the first original leaves open, from another one; of flags the gravest.
fn fill(result: &mut LabResult, source: &LabRows, row: &LabRow) {
    let concept = source.concepts.get(row.concept as usize);
    if result.range.is_none() {
        result.range = range(source, row);
    }
    if result.specimen.is_none() {
        result.specimen = concept.and_then(|concept| concept.specimen).map(|text| source.get(text).to_owned());
    }
    if result.report.is_none() {
        let report = source.reports.get(source.id(row));
        result.report = report.map(|name| source.get(*name).to_owned());
    }
    if result.issued.is_none() {
        result.issued = ClinicalTime::parse(source.issued(row));
    }
    if result.loinc.is_none() {
        result.loinc = concept.and_then(|concept| concept.loinc);
    }
    result.alarming |= row.judgement.alarming;
    result.flag = result.flag.max_by_gravity(row.flag());
}

trait Gravest {
    fn max_by_gravity(self, other: Self) -> Self;
}

impl Gravest for Option<super::Flag> {
    fn max_by_gravity(self, other: Self) -> Self {
        match (self, other) {
            (Some(one), Some(two)) if flags::gravity(two) > flags::gravity(one) => Some(two),
            (one, two) => one.or(two),
        }
    }
}

/// What one row says, without origins.
fn result(source: &LabRows, row: &LabRow) -> Option<LabResult> {
    let concept = source.concepts.get(row.concept as usize)?;
    let components = source.parts.iter().skip(row.first_part as usize).take(usize::from(row.parts));
    let is_absent = row.kind == ValueKind::Absent && !source.value_text(row).is_empty();
    Some(LabResult {
        code: Code { text: source.get(concept.text).to_owned(), codings: codings(source, concept) },
        time: row.precision.map(|precision| ClinicalTime::of(source.time_text(row), row.start, precision)),
        status: row.status.as_str().to_owned(),
        value: value(source, row, concept),
        absent: is_absent.then(|| source.value_text(row).to_owned()),
        range: range(source, row),
        flag: row.flag(),
        alarming: row.judgement.alarming,
        specimen: concept.specimen.map(|text| source.get(text).to_owned()),
        analyte: concept.analyte.map(|analyte| analyte.id.as_str()),
        loinc: concept.loinc,
        group: concept.analyte.map(|analyte| analyte.group.as_str()),
        components: components.filter_map(|part| result_of_part(source, part)).collect(),
        ..LabResult::default()
    })
}

fn result_of_part(source: &LabRows, part: &LabRow) -> Option<LabResult> {
    // A component has no components of its own, and its origin is that of the whole.
    result(source, part)
}

fn value(source: &LabRows, row: &LabRow, concept: &Concept) -> Option<Value> {
    if !matches!(row.kind, ValueKind::Number | ValueKind::Text) {
        return None;
    }
    let unit = concept.units.get(usize::from(row.unit));
    let text = source.value_text(row);
    Some(Value {
        text: text.to_owned(),
        // -0 is 0.
        number: if row.kind == ValueKind::Number { text.parse().ok().map(|number: f64| number + 0.0) } else { None },
        comparator: row.comparator.as_str().map(str::to_owned),
        unit: unit.map(|unit| source.get(unit.text()).to_owned()),
        ucum: unit.and_then(|unit| unit.known).map(|unit| unit.ucum.as_str()),
    })
}

fn range(source: &LabRows, row: &LabRow) -> Option<Range> {
    let range = source.ranges.get(row.range as usize)?;
    let text = source.get(range.text);
    (!text.is_empty()).then(|| Range { text: text.to_owned(), low: range.limits.low, high: range.limits.high })
}

fn codings(source: &LabRows, concept: &Concept) -> Vec<Coding> {
    let coding = |coding: &super::concept::CodingText| {
        let code = source.get(coding.code?).to_owned();
        Some(Coding { system: coding.system.map(|system| source.get(system).to_owned()), code })
    };
    concept.codings.iter().filter_map(coding).collect()
}

/// Usable in an attribute and a URL. FHIR ids consist of letters, digits, `-` and `.`; others are replaced by a hash.
fn anchor(source: &str, id: &str) -> String {
    let plain = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    match plain {
        true => format!("{source}.{id}"),
        false => format!("{source}.x{:016x}", stable_hash(id.as_bytes())),
    }
}

/// FNV-1a: the same in every process, for anchors and keys in URLs. Not for tables that strangers fill.
pub(crate) fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Remarks on a row. Rows are kept in their order, and so are their remarks.
fn notes(source: &LabRows, row: u32) -> impl Iterator<Item = &str> {
    let first = source.notes.partition_point(|(of, _)| *of < row);
    source.notes[first..].iter().take_while(move |(of, _)| *of == row).map(|(_, note)| source.get(*note))
}

/// Ids of the observations that a row lists as members.
fn listed(source: &LabRows, row: u32) -> Vec<&str> {
    let first = source.members.partition_point(|(of, _)| *of < row);
    let of_row = source.members[first..].iter().take_while(|(of, _)| *of == row);
    of_row.filter_map(|(_, reference)| source.get(*reference).strip_prefix("Observation/")).collect()
}

fn join_members(shown: &mut [Shown], members: &[(usize, u32, Vec<&str>)], by_original: &HashMap<(u32, &str), usize>) {
    let mut known = HashSet::new();
    for (panel, source, listed) in members {
        let name = shown[*panel].result.code.text.clone();
        for member in listed.iter().filter_map(|id| by_original.get(&(*source, *id))) {
            if member == panel {
                continue;
            }
            if !name.is_empty() {
                shown[*member].result.report.get_or_insert_with(|| name.clone());
            }
            if known.insert((*panel, *member)) {
                let id = shown[*member].result.id.clone();
                shown[*panel].result.members.push(id);
            }
        }
        shown[*panel].result.members.sort();
    }
}

/// The same thing measured at the same instant, and not the same value: both are marked, none is ranked away. Only
/// instants are compared: two results of one day are usually two specimens.
fn mark_conflicts(shown: &mut [Shown]) {
    let mut spots: HashMap<(u64, i64), Vec<usize>> = HashMap::new();
    for (at, one) in shown.iter().enumerate() {
        if let Some(spot) = one.spot {
            spots.entry(spot).or_default().push(at);
        }
    }
    for spot in spots.into_values().filter(|spot| spot.len() > 1) {
        for (nth, one) in spot.iter().enumerate().take(MAX_COMPARED) {
            for other in spot.iter().skip(nth + 1).take(MAX_COMPARED) {
                if contradict(&shown[*one].result, &shown[*other].result) {
                    name_conflict(shown, *one, *other);
                    name_conflict(shown, *other, *one);
                }
            }
        }
    }
    for one in shown {
        one.result.conflict.sort();
    }
}

fn name_conflict(shown: &mut [Shown], at: usize, with: usize) {
    if shown[at].result.conflict.len() < MAX_NAMED {
        let id = shown[with].result.id.clone();
        shown[at].result.conflict.push(id);
    }
}

/// Values in units that can be converted contradict each other when they differ by more than rounding.
fn contradict(one: &LabResult, other: &LabResult) -> bool {
    let (Some(a), Some(b)) = (&one.value, &other.value) else { return false };
    let specimens = (one.specimen.as_deref(), other.specimen.as_deref());
    if one.analyte.is_none() && matches!(specimens, (Some(a), Some(b)) if a != b) {
        return false;
    }
    match (a.number, b.number) {
        (Some(x), Some(y)) if a.ucum == b.ucum && (a.ucum.is_some() || a.unit == b.unit) => {
            x != y || a.comparator != b.comparator
        }
        (Some(x), Some(_)) => match convert::value(other, one) {
            Some(y) => (x - y).abs() > 0.01 * x.abs().max(y.abs()),
            None => false,
        },
        (None, None) => a.text.trim() != b.text.trim(),
        _ => true,
    }
}
