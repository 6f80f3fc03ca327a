//! One analyte of the patient's own: the newest result large and in plain words, then how it went.

use ehr::labs::{Flag, Row, trend};
use serde::Serialize;

use super::{PatientLabsInput, PlainResult, plain_result};
use crate::{
    chart::Chart,
    labs::{results, value_text},
    scene::{flag_arrow, pretty_unit, source_of},
};

/// Earlier results that are listed.
const MOST: usize = 20;

/// One analyte.
#[derive(Debug, Serialize)]
pub struct ResultDetail {
    /// The newest result.
    pub newest: PlainResult,
    /// Should somebody look at it at once? The laboratory called it critical.
    pub urgent: bool,
    /// How it went, when there are two numbers or more in one unit.
    pub chart: Option<Chart>,
    /// Before the newest, newest first.
    pub earlier: Vec<Earlier>,
    /// Older ones that are not listed.
    pub not_listed: usize,
    /// The list it came from.
    pub back_href: String,
}

/// An earlier result.
#[derive(Debug, Serialize)]
pub struct Earlier {
    /// In words.
    pub date: String,
    /// Value and unit.
    pub value: String,
    /// `偏高 ↑`, when out of range.
    pub flag: Option<String>,
    /// Class of its tag, as that of the newest.
    pub tone: &'static str,
    /// Verbatim.
    pub range: Option<String>,
    /// Hospital.
    pub source: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// Where it is explained, below the page's own address.
    pub origin_href: Option<String>,
}

/// The analyte the filters ask for; nothing when there is none of that name.
pub(super) fn of(input: &PatientLabsInput<'_>, path: &str) -> Option<ResultDetail> {
    let PatientLabsInput { matrix, filters, gathered, scene, .. } = input;
    let key = filters.show.as_ref()?;
    let row = matrix.panels.iter().flat_map(|panel| &panel.rows).find(|row| row.key == *key)?;
    let (_, newest) = results(row).next()?;
    let name = scene.of(&row.name);
    let (source, _) = origin_of(input, newest);
    let chart = trend(row).and_then(|trend| {
        let name_of = |id: &str| source_of(&gathered.sources, id, scene);
        Chart::new(&trend, &name_of, scene)
    });
    let earlier: Vec<Earlier> = results(row).skip(1).take(MOST).map(|(_, one)| earlier(input, row, one)).collect();
    Some(ResultDetail {
        newest: plain_result(input, (&name, None), row.unit.as_deref(), newest, &date_of(input, newest), &source),
        urgent: matches!(newest.flag, Some(Flag::CriticalHigh | Flag::CriticalLow)),
        chart,
        not_listed: results(row).count().saturating_sub(1 + earlier.len()),
        earlier,
        back_href: path.to_owned(),
    })
}

fn date_of(input: &PatientLabsInput<'_>, one: &ehr::labs::LabResult) -> String {
    match &one.time {
        Some(time) => input.scene.day(time),
        None => input.scene.text("date-not-said"),
    }
}

fn origin_of(input: &PatientLabsInput<'_>, one: &ehr::labs::LabResult) -> (String, &'static str) {
    let source = one.origins.first().map_or("", |origin| origin.source.as_str());
    source_of(&input.gathered.sources, source, &input.scene)
}

fn earlier(input: &PatientLabsInput<'_>, row: &Row<'_>, one: &ehr::labs::LabResult) -> Earlier {
    let scene = &input.scene;
    let unit = row.unit.as_deref().or_else(|| one.value.as_ref()?.unit.as_deref()).unwrap_or_default();
    let value = value_text(one).or_else(|| one.absent.clone()).unwrap_or_default();
    let (source, mark) = origin_of(input, one);
    let (tone, word) = super::flag_words(one.flag);
    Earlier {
        date: date_of(input, one),
        value: format!("{value} {}", pretty_unit(unit)).trim().to_owned(),
        flag: one
            .flag
            .filter(|flag| flag.is_abnormal())
            .map(|flag| format!("{} {}", scene.text(word), flag_arrow(flag))),
        tone,
        range: one.range.as_ref().map(|range| range.text.clone()),
        source,
        mark,
        origin_href: one.origins.first().and_then(|origin| origin.path(ehr::Section::LabResults)),
    }
}
