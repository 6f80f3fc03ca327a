//! Analyte × time: the matrix of the results page, and trends of what may share an axis.

use std::collections::{HashMap, HashSet};

use super::convert::{self, Measure};
use super::view::stable_hash;
use super::{Analyte, LabResult, Value, catalogue};
use crate::{Bilingual, ClinicalTime};

/// The matrix. Columns run newest first; rows follow the catalogue's panels, unknown codes last under their own text.
#[derive(Clone, Debug)]
pub struct LabMatrix<'r> {
    /// Newest first; undated last.
    pub columns: Vec<Column>,
    /// Panels in catalogue order.
    pub panels: Vec<Panel<'r>>,
    /// Columns older than the window that were left out (a later page of the matrix has them).
    pub columns_left_out: usize,
}

/// What part of the results the matrix shows.
#[derive(Clone, Debug, Default)]
pub struct MatrixWindow {
    /// Columns at most; 0 means all.
    pub columns: usize,
    /// Newer columns to skip.
    pub skip: usize,
    /// Only this panel (its catalogue id, or `other`).
    pub panel: Option<String>,
    /// Only rows with something abnormal in the columns shown.
    pub only_abnormal: bool,
    /// Only rows whose name, abbreviation, code or the laboratory's own text holds this.
    pub text: Option<String>,
}

/// A time at a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// When, at its precision; `None` when the source did not say.
    pub time: Option<ClinicalTime>,
    /// Source id.
    pub source: String,
}

/// A block of rows.
#[derive(Clone, Debug)]
pub struct Panel<'r> {
    /// Catalogue id, e.g. `renal`; `other` for unknown codes.
    pub id: String,
    /// Name; `None` for `other`.
    pub name: Option<Bilingual>,
    /// Rows.
    pub rows: Vec<Row<'r>>,
}

/// One analyte in one unit.
#[derive(Clone, Debug)]
pub struct Row<'r> {
    /// Usable as an anchor.
    pub key: String,
    /// Name in the catalogue; else both are the laboratory's own text.
    pub name: Bilingual,
    /// Abbreviation, when the catalogue has one.
    pub abbreviation: Option<String>,
    /// Unit for people.
    pub unit: Option<String>,
    /// One per column; several results in one cell stay several.
    pub cells: Vec<Vec<&'r LabResult>>,
    /// Enough convertible numbers for a chart?
    pub has_trend: bool,
    /// Every result of the analyte's group, in whatever column and unit, newest first and undated last: what a chart is
    /// made of.
    pub history: Vec<&'r LabResult>,
}

/// Arranges results. Results without value, reason or components (headings of panels) have no row.
pub fn matrix<'r>(results: &'r [LabResult], window: &MatrixWindow) -> LabMatrix<'r> {
    let mut rows: Vec<RowResults<'r>> = Vec::new();
    let mut known: HashMap<RowKey<'r>, usize> = HashMap::new();
    for result in results.iter().filter(|result| has_content(result)) {
        let key = RowKey::of(result);
        let at = *known.entry(key).or_insert_with(|| {
            rows.push(RowResults::new(key, result));
            rows.len() - 1
        });
        rows[at].results.push(result);
    }
    let mut groups: Groups<'r> = HashMap::new();
    for row in &rows {
        if let Some(analyte) = row.analyte {
            groups.entry(&analyte.group).or_default().extend(&row.results);
        }
    }
    rows.retain(|row| row.fits(window));
    if window.only_abnormal {
        rows.retain(|row| row.results.iter().any(|result| is_abnormal(result)));
    }
    let (columns, columns_left_out) = columns(&rows, window);
    let place: HashMap<ColumnKey<'_>, usize> =
        columns.iter().enumerate().map(|(at, column)| (ColumnKey::of_column(column), at)).collect();
    rows.sort_by_cached_key(RowResults::order);
    let mut panels: Vec<Panel<'r>> = Vec::new();
    for row in &rows {
        let Some(shown) = row.row(&place, columns.len(), window.only_abnormal, &groups) else { continue };
        let id = row.panel();
        match panels.last_mut() {
            Some(panel) if panel.id == id => panel.rows.push(shown),
            _ => panels.push(Panel { id: id.to_owned(), name: panel_name(id), rows: vec![shown] }),
        }
    }
    LabMatrix { columns, panels, columns_left_out }
}

fn has_content(result: &LabResult) -> bool {
    result.value.is_some() || result.absent.is_some() || !result.components.is_empty()
}

fn is_abnormal(result: &LabResult) -> bool {
    result.flag.is_some_and(super::Flag::is_abnormal) || result.components.iter().any(is_abnormal)
}

fn panel_name(id: &str) -> Option<Bilingual> {
    super::panels().iter().find(|panel| panel.id == id).map(|panel| panel.name.clone())
}

/// What makes a row: the analyte in one unit (and one LOINC code, where the unit does not say which measure it is), or in
/// several in which a value has the same number (mEq/L and mmol/L of potassium); else the code as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RowKey<'r> {
    Known { analyte: &'static str, kind: Option<&'static str>, unit: Option<&'r str> },
    Other { system: Option<&'r str>, code: &'r str, specimen: Option<&'r str>, unit: Option<&'r str> },
}

impl<'r> RowKey<'r> {
    pub(super) fn of(result: &'r LabResult) -> Self {
        let value = result.value.as_ref();
        let unit = value.and_then(|value| value.ucum.or(value.unit.as_deref()));
        match result.analyte.and_then(|id| catalogue().analyte(id)) {
            Some(analyte) => {
                let measure = Measure::of(result);
                let kind = measure.map_or(Some(""), |measure| convert::kind(analyte, measure));
                let unit = measure.and_then(|measure| usual_unit(analyte, measure)).or(unit);
                Self::Known { analyte: &analyte.id, kind, unit }
            }
            None => {
                let coding = result.code.codings.first();
                let system = coding.and_then(|coding| coding.system.as_deref());
                let code = coding.map_or(result.code.text.as_str(), |coding| coding.code.as_str());
                Self::Other { system, code, specimen: result.specimen.as_deref(), unit }
            }
        }
    }

    /// UCUM, or as sent where the unit is not known.
    fn unit(self) -> Option<&'r str> {
        match self {
            Self::Known { unit, .. } | Self::Other { unit, .. } => unit,
        }
    }

    /// Usable as an anchor and in a URL, the same tomorrow.
    pub(super) fn anchor(self) -> String {
        match self {
            Self::Known { analyte, kind, unit } => {
                let mut anchor = analyte.to_owned();
                for part in [kind.map_or(Some("unclear"), |kind| (!kind.is_empty()).then_some(kind)), unit] {
                    anchor
                        .extend(part.into_iter().flat_map(|part| std::iter::once('.').chain(part.chars().map(plain))));
                }
                anchor
            }
            Self::Other { system, code, specimen, unit } => {
                let whole = format!("{system:?}|{code}|{specimen:?}|{unit:?}");
                format!("x{:016x}", stable_hash(whole.as_bytes()))
            }
        }
    }
}

/// The analyte's usual unit, where the number in it is the number as measured.
fn usual_unit(analyte: &'static Analyte, measure: Measure) -> Option<&'static str> {
    let usual = Measure { ucum: analyte.usual_unit()?.ucum.as_str(), loinc: measure.loinc };
    (measure == usual || convert::between(analyte, measure, usual)?.is_same()).then_some(usual.ucum)
}

fn plain(c: char) -> char {
    if c.is_ascii_alphanumeric() { c } else { '-' }
}

/// Results by catalogue group.
type Groups<'r> = HashMap<&'static str, Vec<&'r LabResult>>;

/// A row before it has columns.
struct RowResults<'r> {
    key: RowKey<'r>,
    anchor: String,
    analyte: Option<&'static Analyte>,
    results: Vec<&'r LabResult>,
}

impl<'r> RowResults<'r> {
    fn new(key: RowKey<'r>, first: &LabResult) -> Self {
        let analyte = first.analyte.and_then(|id| catalogue().analyte(id));
        Self { key, anchor: key.anchor(), analyte, results: Vec::new() }
    }

    fn panel(&self) -> &str {
        self.analyte.map_or("other", |analyte| analyte.panel.as_str())
    }

    fn text(&self) -> &'r str {
        self.results.first().map_or("", |result| result.code.text.as_str())
    }

    fn order(&self) -> (usize, usize, &'r str, String) {
        let panel = self.analyte.map_or(usize::MAX, |analyte| catalogue().panel_order(&analyte.panel));
        (panel, self.analyte.map_or(usize::MAX, |analyte| analyte.order), self.text(), self.anchor.clone())
    }

    fn name(&self) -> Bilingual {
        match self.analyte {
            Some(analyte) => analyte.name.clone(),
            None => Bilingual { zh: self.text().to_owned(), en: self.text().to_owned() },
        }
    }

    fn fits(&self, window: &MatrixWindow) -> bool {
        let in_panel = window.panel.as_deref().is_none_or(|panel| panel.is_empty() || panel == self.panel());
        let wanted = window.text.as_deref().map(patients::search_form).filter(|text| !text.is_empty());
        in_panel
            && wanted.is_none_or(|wanted| {
                let name = self.name();
                let own = [name.zh, name.en, self.analyte.map(|a| a.abbreviation.clone()).unwrap_or_default()];
                let said = self.results.iter().map(|result| result.code.text.clone()).collect::<HashSet<_>>();
                own.into_iter().chain(said).any(|text| patients::search_form(&text).contains(&wanted))
            })
    }

    /// `None` when nothing of it is in the columns shown.
    fn row(
        &self,
        place: &HashMap<ColumnKey<'_>, usize>,
        columns: usize,
        only_abnormal: bool,
        groups: &Groups<'r>,
    ) -> Option<Row<'r>> {
        let mut cells: Vec<Vec<&'r LabResult>> = vec![Vec::new(); columns];
        let (mut any, mut abnormal) = (false, false);
        for result in &self.results {
            if let Some(at) = place.get(&ColumnKey::of(result)) {
                cells[*at].push(*result);
                any = true;
                abnormal |= is_abnormal(result);
            }
        }
        if !any || (only_abnormal && !abnormal) {
            return None;
        }
        let values = || self.results.iter().filter_map(|result| result.value.as_ref());
        // Of several units that share the row, the analyte's usual one.
        let usual = values().find(|value| value.ucum == self.key.unit());
        let unit = usual.or_else(|| values().next()).and_then(Value::unit_for_people);
        Some(Row {
            key: self.anchor.clone(),
            name: self.name(),
            abbreviation: self.analyte.map(|analyte| analyte.abbreviation.clone()),
            unit: unit.filter(|unit| *unit != "1").map(str::to_owned),
            cells,
            has_trend: super::trend::has_trend(&self.results),
            history: newest_first(self.analyte.and_then(|of| groups.get(of.group.as_str())).unwrap_or(&self.results)),
        })
    }
}

/// Results of one time keep their order.
fn newest_first<'r>(results: &[&'r LabResult]) -> Vec<&'r LabResult> {
    let mut sorted = results.to_vec();
    sorted.sort_by(|one, other| other.time.cmp(&one.time));
    sorted
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ColumnKey<'c> {
    time: Option<&'c ClinicalTime>,
    source: &'c str,
}

impl<'c> ColumnKey<'c> {
    fn of(result: &'c LabResult) -> Self {
        let source = result.origins.first().map_or("", |origin| origin.source.as_str());
        Self { time: result.time.as_ref(), source }
    }

    fn of_column(column: &'c Column) -> Self {
        Self { time: column.time.as_ref(), source: &column.source }
    }
}

/// The window's columns, newest first, and how many older ones there are.
fn columns(rows: &[RowResults<'_>], window: &MatrixWindow) -> (Vec<Column>, usize) {
    let found: HashSet<ColumnKey<'_>> =
        rows.iter().flat_map(|row| row.results.iter().map(|result| ColumnKey::of(result))).collect();
    let mut found: Vec<_> = found.into_iter().collect();
    // `None` is less than any time: undated comes last.
    found.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.source.cmp(b.source)));
    let most = if window.columns == 0 { usize::MAX } else { window.columns };
    let shown = found.iter().skip(window.skip).take(most);
    let columns: Vec<Column> =
        shown.map(|key| Column { time: key.time.cloned(), source: key.source.to_owned() }).collect();
    let left_out = found.len().saturating_sub(window.skip.saturating_add(columns.len()));
    (columns, left_out)
}
