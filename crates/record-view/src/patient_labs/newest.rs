//! The newest results, for the first page: at most two, the most telling ones of the newest day.

use ehr::labs::Flag;
use serde::Serialize;
use web::render::Arg;

use super::{PatientLabsInput, PlainResult, by_day, day_of, detail_href, plain_result};
use crate::{labs::is_abnormal, scene::source_of, sources::Sources};

/// Results that are shown; the others are one tap away.
const MOST: usize = 2;
/// Where the first page asks for them.
pub(crate) const HREF: &str = "/?newest=1";

/// The card of the newest results.
#[derive(Clone, Debug, Serialize)]
pub struct Newest {
    /// `failed`, `results`, `held`, `none`, `unknown` or `not-linked`.
    pub state: &'static str,
    /// Where it is asked for.
    pub href: &'static str,
    /// `11 月 20 日`
    pub date: String,
    /// Out of range first.
    pub results: Vec<PlainResult>,
    /// What else there is of that day, in one line.
    pub others: Option<String>,
    /// What exists and is not shown yet, in words.
    pub held: Vec<String>,
    /// Who answered; nothing when nobody was asked.
    pub sources: Option<Sources>,
}

impl Newest {
    /// The card when they could not be read at all.
    pub fn failed() -> Self {
        Self {
            state: "failed",
            href: HREF,
            date: String::new(),
            results: Vec::new(),
            others: None,
            held: Vec::new(),
            sources: None,
        }
    }

    /// The card of what came.
    pub fn new(input: &PatientLabsInput<'_>) -> Self {
        let PatientLabsInput { gathered, scene, .. } = input;
        let sources = Sources::for_patient(gathered, HREF, scene);
        let days = by_day(input);
        let date = days.iter().find_map(|(column, _)| day_of(column).0);
        let of_day = days.iter().filter(|(column, _)| date.is_some() && day_of(column).0 == date);
        let mut found: Vec<_> =
            of_day.flat_map(|(column, found)| found.iter().map(move |(row, one)| (*column, *row, *one))).collect();
        found.sort_by_key(|(_, _, one)| match one.flag {
            Some(Flag::CriticalHigh | Flag::CriticalLow) => 0,
            _ if is_abnormal(one) => 1,
            Some(Flag::Normal) => 3,
            _ => 2,
        });
        let state = match () {
            () if !found.is_empty() => "results",
            () if !gathered.held.is_empty() => "held",
            () if !sources.linked => "not-linked",
            // What bears no date is on the page of results.
            () if sources.complete && gathered.items.is_empty() => "none",
            () => "unknown",
        };
        let date = date.map(|date| scene.date(date)).unwrap_or_default();
        let rest = found.get(MOST..).unwrap_or_default();
        let abnormal = rest.iter().filter(|(_, _, one)| is_abnormal(one)).count();
        let args = [("count", Arg::from(rest.len())), ("abnormal", Arg::from(abnormal))];
        let plain = |(column, row, one): &(&ehr::labs::Column, &ehr::labs::Row<'_>, &ehr::labs::LabResult)| {
            let (source, _) = source_of(&gathered.sources, &column.source, scene);
            let (name, href) = (scene.of(&row.name), detail_href(input, row));
            plain_result(input, (&name, Some(&href)), row.unit.as_deref(), one, &date, &source)
        };
        Self {
            state,
            href: HREF,
            results: found.iter().take(MOST).map(plain).collect(),
            others: (!rest.is_empty()).then(|| scene.with("newest-others", &args)),
            held: crate::facts::held(&gathered.held, scene),
            date,
            sources: Some(sources),
        }
    }
}
