//! 就诊时间线: the whole history of a person at all hospitals, year by year, each item with the way to where it is read in
//! full.

use ehr::{Banner, Entry, Moment, MomentKind, Section, Sheet, VisitClass};
use serde::Serialize;

use crate::{
    RecordShell, Scene,
    facts::{SourceMark, explained},
    filters::{Choice, ListFilters, ListFrame},
    labs::push_encoded,
    sources::{Audience, Sources},
};

/// Items on one page.
const MOST: usize = 100;

/// What the reader wants to see: kept in the URL. What is not understood is left out, never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilters {
    /// Days, hospital and page.
    pub list: ListFilters,
    /// Of this kind alone.
    pub kind: Option<MomentKind>,
}

/// What the page is made from.
pub struct HistoryInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered: everything, filters are applied here, so that no filter hides who is silent.
    pub sheet: &'a Sheet<Moment>,
    /// From the URL.
    pub filters: &'a HistoryFilters,
    /// Who prints it.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// `record/timeline.html`.
#[derive(Debug, Serialize)]
pub struct HistoryPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// As of a [`crate::sheet::SheetList`].
    pub state: &'static str,
    /// Kinds.
    pub kinds: Vec<Choice>,
    /// Its form, and which part of it this is.
    #[serde(flatten)]
    pub frame: ListFrame,
    /// Those of this page, by year.
    pub years: Vec<Year>,
    /// Who is missing, and in which part.
    pub missing: Vec<String>,
    /// Foot of a print.
    pub printed: String,
}

/// A year, or what bears none.
#[derive(Clone, Debug, Serialize)]
pub struct Year {
    /// `2026`, or words for undated items.
    pub title: String,
    /// Newest first.
    pub items: Vec<MomentView>,
}

/// One item.
#[derive(Clone, Debug, Serialize)]
pub struct MomentView {
    /// Usable as an anchor.
    pub id: String,
    /// For machines.
    pub instant: Option<String>,
    /// Day, at its precision.
    pub date: Option<String>,
    /// Class of its dot: shape tells visits, emergencies and stays apart.
    pub dot: &'static str,
    /// Kind in words.
    pub kind: String,
    /// What.
    pub title: String,
    /// Place, reasons, conclusion.
    pub text: String,
    /// Until when.
    pub until: Option<String>,
    /// A status worth a word.
    pub status: Option<String>,
    /// Where it is read in full.
    pub href: String,
    /// Name of that section.
    pub section: String,
    /// Whose.
    pub sources: Vec<SourceMark>,
    /// Does another item say something else?
    pub conflict: bool,
}

impl HistoryFilters {
    /// From decoded query pairs: `kind`, `since`, `until`, `source`, `skip`.
    pub fn from_pairs<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)> + Clone) -> Self {
        let kind = pairs
            .clone()
            .into_iter()
            .filter(|(name, _)| *name == "kind")
            .find_map(|(_, kind)| MomentKind::from_text(kind.trim()));
        Self { list: ListFilters::from_pairs(pairs), kind }
    }

    fn narrows(&self) -> bool {
        self.kind.is_some() || self.list.narrows()
    }

    fn fits(&self, entry: &Entry<Moment>) -> bool {
        self.kind.is_none_or(|kind| kind == entry.fields.kind) && self.list.fits(&entry.fact)
    }

    fn query(&self, skip: usize) -> String {
        let mut query = self.list.query(skip);
        if let Some(kind) = self.kind {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str("kind=");
            query.push_str(kind.as_str());
        }
        query
    }
}

/// The clinician's page.
pub fn page(input: &HistoryInput<'_>) -> HistoryPage {
    let HistoryInput { banner, sheet, filters, scene, .. } = input;
    let action = format!("/patients/{}/timeline", banner.person);
    let query = filters.query(filters.list.skip);
    let retry = format!("{action}{query}{}refresh=true", if query.is_empty() { '?' } else { '&' });
    let sources = Sources::build(&sheet.sources, sheet.as_of, &retry, Audience::Clinician, scene);
    let fitting: Vec<&Entry<Moment>> = sheet.entries.iter().filter(|entry| filters.fits(entry)).collect();
    let frame = filters.list.frame(
        fitting.iter().map(|entry| &entry.fact),
        (sheet.entries.len(), MOST),
        (&action, |skip| filters.query(skip)),
        (&sheet.sources, scene),
    );
    let frame = ListFrame { narrows: filters.narrows(), ..frame };
    HistoryPage {
        shell: shell(banner, scene),
        state: crate::sheet::state(&frame, sheet, &sources),
        kinds: kinds(filters, scene),
        years: years(fitting.iter().skip(frame.skip).take(MOST).copied(), banner, sheet, scene),
        missing: crate::sheet::missing(sheet, scene),
        printed: scene.printed(input.reader),
        frame,
        sources,
    }
}

/// The line is no section: none of them is the one shown.
fn shell(banner: &Banner, scene: &Scene<'_>) -> RecordShell {
    let mut shell = RecordShell::new(banner, Section::Outpatient, scene);
    shell.sections.iter_mut().for_each(|section| section.current = false);
    shell.section = scene.text("history-all-title");
    shell
}

fn kinds(filters: &HistoryFilters, scene: &Scene<'_>) -> Vec<Choice> {
    let choice = |kind: MomentKind| Choice {
        value: kind.as_str().to_owned(),
        name: scene.text(&format!("moment-{}", kind.as_str())),
        chosen: filters.kind == Some(kind),
    };
    MomentKind::ALL.into_iter().map(choice).collect()
}

fn years<'e>(
    entries: impl Iterator<Item = &'e Entry<Moment>>,
    banner: &Banner,
    sheet: &Sheet<Moment>,
    scene: &Scene<'_>,
) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    for entry in entries {
        let year = entry.fact.time.as_ref().and_then(|time| time.date().get(..4)).map(str::to_owned);
        let title = year.unwrap_or_else(|| scene.text("date-unknown"));
        let item = MomentView::new(entry, banner, sheet, scene);
        match years.last_mut() {
            Some(last) if last.title == title => last.items.push(item),
            _ => years.push(Year { title, items: vec![item] }),
        }
    }
    years
}

impl MomentView {
    fn new(entry: &Entry<Moment>, banner: &Banner, sheet: &Sheet<Moment>, scene: &Scene<'_>) -> Self {
        let (fact, moment) = (&entry.fact, &entry.fields);
        let time = fact.time.as_ref();
        let kind = scene.text(&format!("moment-{}", moment.kind.as_str()));
        let class = match (moment.class, &moment.class_text) {
            (VisitClass::Unknown, Some(text)) => text.clone(),
            (class, _) => scene.text(&format!("visit-{}", class.as_str())),
        };
        let said = Some(fact.code.text.clone()).filter(|text| !text.is_empty());
        let said: Vec<String> = moment
            .place
            .iter()
            .chain(&moment.text)
            .cloned()
            .chain(said.clone().filter(|_| moment.kind == MomentKind::Visit))
            .collect();
        let mut texts: Vec<String> = Vec::new();
        for text in said {
            if !texts.contains(&text) && text != class {
                texts.push(text);
            }
        }
        let title = match moment.kind {
            MomentKind::Visit => class,
            MomentKind::Note if fact.code.text.is_empty() => scene.text("note-title-not-said"),
            _ if fact.code.text.is_empty() => scene.text("name-not-said"),
            _ => fact.code.text.clone(),
        };
        Self {
            id: fact.id.clone(),
            instant: time.map(|time| time.as_str().to_owned()),
            date: time.map(|time| scene.day(time)),
            dot: dot(moment),
            status: status(entry, scene),
            href: href(entry, banner),
            section: scene.text(&format!("section-{}", moment.section.slug())),
            until: moment.ended.as_ref().map(|end| scene.with("nursing-until", &[("at", scene.minute(end).into())])),
            sources: explained(moment.section, &fact.origins, &sheet.sources, scene),
            conflict: fact.is_contradicted(),
            text: scene.list(&texts),
            title,
            kind,
        }
    }
}

fn dot(moment: &Moment) -> &'static str {
    match (moment.kind, moment.class) {
        (MomentKind::Visit, VisitClass::Outpatient) => "",
        (MomentKind::Visit, VisitClass::Emergency) => "dot--er",
        (MomentKind::Visit, VisitClass::Inpatient) => "dot--ip",
        (MomentKind::Visit, VisitClass::Unknown) => "dot--x",
        _ => "dot--s",
    }
}

/// What everybody expects is not worth a word.
fn status(entry: &Entry<Moment>, scene: &Scene<'_>) -> Option<String> {
    if entry.fields.superseded {
        return Some(scene.text("note-status-superseded"));
    }
    let status = entry.fact.status.as_str();
    let (prefix, usual): (&str, &[&str]) = match entry.fields.kind {
        MomentKind::Visit => ("encounter-", &["finished"]),
        MomentKind::Procedure | MomentKind::Immunization => ("event-", &["completed"]),
        MomentKind::Report => ("finding-", &["final"]),
        MomentKind::Note => ("note-status-", &["final"]),
    };
    (!status.is_empty() && !usual.contains(&status)).then(|| scene.coded(prefix, status))
}

/// The section's page, opened where the item stands.
fn href(entry: &Entry<Moment>, banner: &Banner) -> String {
    let moment = &entry.fields;
    let anchor = match moment.kind {
        MomentKind::Visit => format!("v-{}", moment.at),
        MomentKind::Note => format!("n-{}", entry.fact.id),
        _ => format!("e-{}", moment.at),
    };
    let mut href = format!("/patients/{}/{}", banner.person, moment.section.slug());
    if !moment.at.is_empty() {
        href.push_str("?at=");
        push_encoded(&mut href, &moment.at);
        href.push('#');
        push_encoded(&mut href, &anchor);
    }
    href
}
