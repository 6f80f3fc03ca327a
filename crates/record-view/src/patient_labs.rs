//! The patient's own results: a plain sentence, the value with its range, the bar, whose hospital.

mod detail;
mod newest;

use std::collections::{BTreeMap, HashMap};

use ehr::{
    Banner, Gathered, Section,
    labs::{Column, Flag, LabMatrix, LabResult, Row, plain_words},
};
use serde::Serialize;
use web::render::{Arg, Html};

pub use detail::{Earlier, ResultDetail};
pub use newest::Newest;

use crate::{
    PatientShell, Scene,
    labs::{Filters, is_abnormal, results, retry_href, status_key, value_text},
    range_bar,
    review::PlainReview,
    scene::{flag_arrow, pretty_unit, source_of},
    sheet::Tag,
    sources::Sources,
};

/// Days on one page.
const DAYS: usize = 3;

/// What the page is made from.
pub struct PatientLabsInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered.
    pub gathered: &'a Gathered<LabResult>,
    /// All of it.
    pub matrix: &'a LabMatrix<'a>,
    /// From the URL.
    pub filters: &'a Filters,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// `record/lab_results.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientLabsPage {
    /// Whose.
    pub shell: PatientShell,
    /// Who answered.
    pub sources: Sources,
    /// `results`, `filtered`, `held` (all there is waits to be shown), `none`, `unknown` or `not-linked`.
    pub state: &'static str,
    /// What exists and is not shown yet, in words.
    pub held: Vec<String>,
    /// Where the filter form leads.
    pub action: String,
    /// Only out of range?
    pub abnormal: bool,
    /// Part of a name.
    pub text: String,
    /// Results out of range, of all.
    pub abnormal_count: usize,
    /// Results in all.
    pub total: usize,
    /// Newest first.
    pub days: Vec<Day>,
    /// Older days.
    pub older_href: Option<String>,
    /// Newer days.
    pub newer_href: Option<String>,
    /// One analyte alone, when the URL asks for it (`?show=`) and it is there: another template's page.
    pub detail: Option<ResultDetail>,
}

impl PatientLabsPage {
    /// The template that shows it.
    pub fn template(&self) -> &'static str {
        if self.detail.is_some() { "record/result_detail.html" } else { "record/lab_results.html" }
    }
}

/// The results of one day at one hospital.
#[derive(Debug, Serialize)]
pub struct Day {
    /// `11 月 20 日，市一院`
    pub title: String,
    /// Out of range, or without a range: shown.
    pub notable: Vec<PlainResult>,
    /// In range: folded up behind one line.
    pub normal: Vec<PlainResult>,
    /// That line.
    pub normal_title: String,
}

/// One result in plain words.
#[derive(Clone, Debug, Serialize)]
pub struct PlainResult {
    /// Analyte.
    pub name: String,
    /// Its own page.
    pub href: Option<String>,
    /// Value with comparator.
    pub value: String,
    /// Unit.
    pub unit: String,
    /// `偏高 ↑`
    pub flag: String,
    /// `high`, `low`, `crit`, `ok` or none: class of the tag.
    pub tone: &'static str,
    /// Verbatim.
    pub range: Option<String>,
    /// The bar.
    pub bar_html: Option<Html>,
    /// The sentence it leads with.
    pub sentence: String,
    /// What the analyte is, and what such a result may mean, in general.
    pub meaning: Option<String>,
    /// Is it new to the reader, or changed?
    pub fresh: Option<Tag>,
    /// Preliminary, corrected …
    pub status: Option<String>,
    /// Parts of a result that has several.
    pub parts: Vec<PlainResult>,
    /// Date in words.
    pub date: String,
    /// Hospital.
    pub source: String,
    /// Where it is explained, below the page's own address.
    pub origin_href: Option<String>,
    /// Whether a doctor has looked at it, and what they say.
    pub review: PlainReview,
}

/// The patient's results page.
pub fn page(input: &PatientLabsInput<'_>) -> PatientLabsPage {
    let PatientLabsInput { banner, gathered, matrix, filters, scene, .. } = input;
    let path = format!("/people/{}/record/{}", banner.person, Section::LabResults.slug());
    let sources = Sources::for_patient(gathered, &retry_href(&path, filters), scene);
    let all = || {
        matrix.panels.iter().flat_map(|panel| &panel.rows).flat_map(|row| results(row).map(move |found| (row, found)))
    };
    let by_day = by_day(input);
    let skip = filters.skip.min(by_day.len().saturating_sub(1) / DAYS * DAYS);
    let days: Vec<Day> = by_day.iter().skip(skip).take(DAYS).map(|(column, found)| day(input, column, found)).collect();
    let state = match () {
        () if !days.is_empty() => "results",
        () if !gathered.items.is_empty() => "filtered",
        () if !gathered.held.is_empty() => "held",
        () if !sources.linked => "not-linked",
        () if sources.complete => "none",
        () => "unknown",
    };
    let leaf = |skip: usize| format!("{path}{}", filters.skipping(skip));
    PatientLabsPage {
        shell: PatientShell::new(banner, scene),
        state,
        held: crate::facts::held(&gathered.held, scene),
        abnormal: filters.abnormal,
        text: filters.text.clone(),
        abnormal_count: all().filter(|(_, (_, one))| is_abnormal(one)).count(),
        total: all().count(),
        older_href: (by_day.len() > skip + days.len()).then(|| leaf(skip + DAYS)),
        newer_href: (skip > 0).then(|| leaf(skip.saturating_sub(DAYS))),
        days,
        sources,
        detail: detail::of(input, &path),
        action: path,
    }
}

type Found<'m, 'r> = (&'m Row<'r>, &'r LabResult);

/// Results by day and hospital, newest first; the matrix' columns are in that order already.
fn by_day<'m>(input: &PatientLabsInput<'m>) -> Vec<(&'m Column, Vec<Found<'m, 'm>>)> {
    let PatientLabsInput { matrix, filters, scene, .. } = input;
    // The first column of each day and hospital stands for all of them.
    let mut heads: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    for (index, column) in matrix.columns.iter().enumerate() {
        heads.entry(day_of(column)).or_insert(index);
    }
    let wanted = filters.text.to_lowercase();
    let named = |row: &Row<'_>| {
        let mut names = [&row.name.zh, &row.name.en].into_iter().chain(&row.abbreviation);
        wanted.is_empty() || names.any(|name| name.to_lowercase().contains(&wanted))
    };
    let mut days: BTreeMap<usize, Vec<Found<'m, 'm>>> = BTreeMap::new();
    for row in matrix.panels.iter().flat_map(|panel| &panel.rows).filter(|row| named(row)) {
        for (index, one) in results(row).filter(|(_, one)| !filters.abnormal || is_abnormal(one)) {
            let column = matrix.columns.get(index).filter(|column| filters.admits(column, scene.now));
            if let Some(head) = column.and_then(|column| heads.get(&day_of(column))) {
                days.entry(*head).or_default().push((row, one));
            }
        }
    }
    days.into_iter().filter_map(|(index, found)| Some((matrix.columns.get(index)?, found))).collect()
}

fn day_of(column: &Column) -> (Option<&str>, &str) {
    (column.time.as_ref().map(ehr::ClinicalTime::date), column.source.as_str())
}

fn day(input: &PatientLabsInput<'_>, column: &Column, found: &[Found<'_, '_>]) -> Day {
    let PatientLabsInput { gathered, scene, .. } = input;
    let (source, _) = source_of(&gathered.sources, &column.source, scene);
    let date = match &column.time {
        Some(time) => scene.day(time),
        None => scene.text("date-not-said"),
    };
    let (normal, notable): (Vec<_>, Vec<_>) = found
        .iter()
        .partition(|(_, one)| one.flag == Some(Flag::Normal) && !is_abnormal(one) && one.conflict.is_empty());
    let plain = |list: Vec<&Found<'_, '_>>| -> Vec<PlainResult> {
        list.into_iter()
            .map(|(row, one)| {
                let named = (scene.of(&row.name), detail_href(input, row));
                plain_result(input, (&named.0, Some(&named.1)), row.unit.as_deref(), one, &date, &source)
            })
            .collect()
    };
    let (notable, normal) = (plain(notable), plain(normal));
    let key = if notable.is_empty() { "day-all-normal" } else { "day-others-normal" };
    Day {
        title: scene.with("day-title", &[("date", Arg::from(date.as_str())), ("source", Arg::from(source.as_str()))]),
        normal_title: scene.with(key, &[("count", Arg::from(normal.len()))]),
        notable,
        normal,
    }
}

fn detail_href(input: &PatientLabsInput<'_>, row: &Row<'_>) -> String {
    let show = Filters { show: Some(row.key.clone()), ..Filters::default() };
    format!("/people/{}/record/{}{}", input.banner.person, Section::LabResults.slug(), show.query())
}

/// Tone and message key of a flag in plain words.
fn flag_words(flag: Option<Flag>) -> (&'static str, &'static str) {
    match flag {
        Some(Flag::CriticalHigh) => ("crit", "plain-critical-high"),
        Some(Flag::High) => ("high", "plain-high"),
        Some(Flag::Low) => ("low", "plain-low"),
        Some(Flag::CriticalLow) => ("crit", "plain-critical-low"),
        Some(Flag::Abnormal) => ("high", "plain-abnormal"),
        Some(Flag::Normal) => ("ok", "plain-normal"),
        None => ("none", "plain-unflagged"),
    }
}

fn plain_result(
    input: &PatientLabsInput<'_>,
    (name, href): (&str, Option<&str>),
    unit: Option<&str>,
    one: &LabResult,
    date: &str,
    source: &str,
) -> PlainResult {
    let scene = &input.scene;
    let value = value_text(one).or_else(|| one.absent.clone()).unwrap_or_default();
    let (tone, word) = flag_words(one.flag);
    let flag = scene.text(word);
    let range = one.range.as_ref().map(|range| range.text.clone());
    let spoken = scene.with(
        "range-bar-label",
        &[
            ("name", Arg::from(name)),
            ("value", Arg::from(value.as_str())),
            ("range", Arg::from(range.clone().unwrap_or_default())),
            ("flag", Arg::from(flag.as_str())),
        ],
    );
    let unit = unit.or_else(|| one.value.as_ref()?.unit.as_deref()).unwrap_or_default();
    PlainResult {
        name: name.to_owned(),
        href: href.map(str::to_owned),
        unit: pretty_unit(unit).into_owned(),
        flag: match one.flag.filter(|flag| flag.is_abnormal()) {
            Some(abnormal) => format!("{flag} {}", flag_arrow(abnormal)),
            None => flag.clone(),
        },
        tone,
        bar_html: range_bar::html(one, &spoken),
        sentence: sentence(one, scene),
        meaning: one.analyte.and_then(|analyte| plain_words(analyte, one.flag)).map(|words| scene.of(&words)),
        fresh: scene.fresh_tag(&one.id),
        status: status_key(&one.status).map(|key| scene.text(&format!("plain-{key}"))),
        parts: one
            .components
            .iter()
            .map(|part| plain_result(input, (&part.code.text, None), None, part, date, source))
            .collect(),
        review: PlainReview::new(&input.gathered.reviews, &one.id, scene),
        range,
        value,
        date: date.to_owned(),
        source: source.to_owned(),
        origin_href: one.origins.first().and_then(|origin| origin.path(Section::LabResults)),
    }
}

fn sentence(one: &LabResult, scene: &Scene<'_>) -> String {
    let key = match one.flag {
        Some(Flag::CriticalHigh) => "sentence-critical-high",
        Some(Flag::High) => "sentence-high",
        Some(Flag::Low) => "sentence-low",
        Some(Flag::CriticalLow) => "sentence-critical-low",
        Some(Flag::Abnormal) => "sentence-abnormal",
        Some(Flag::Normal) => "sentence-normal",
        None if one.value.is_none() && one.components.is_empty() => "sentence-no-value",
        None if !one.components.is_empty() => "sentence-parts",
        None => "sentence-unflagged",
    };
    scene.text(key)
}
