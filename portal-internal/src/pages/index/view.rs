//! `index.html`: what was found, in words.

use jiff::Timestamp;
use patients::{Decided, Explained, Field, Pair, PairConflict, PairRow, Person, Queue, Seen, Side};
use poem::http::StatusCode;
use record_view::{Scene, mark_letter};
use serde::Serialize;
use sources::Catalogue;
use web::render::Arg;

/// `index.html`
#[derive(Debug, Serialize)]
pub struct IndexPage {
    pub queue: QueueView,
    pub pair: Option<PairView>,
    pub person: Option<PersonView>,
    pub recent: Vec<DecidedView>,
    pub kept_apart: u64,
    /// Names of sources that were never listed in full.
    pub not_swept: String,
    /// As typed.
    pub number: String,
    /// `link`, `do-not-link`, `undo`: what was just decided.
    pub done: Option<&'static str>,
    /// As typed.
    pub reason: String,
    /// End of message keys.
    pub problem: Option<&'static str>,
    pub shortest: usize,
    pub longest: usize,
}

/// What has to be put right.
#[derive(Clone, Copy, Debug)]
pub enum Problem {
    /// No reason, or no decision.
    Reason,
    /// Nobody has this number.
    Number,
    /// Not possible as things stand.
    Conflict(PairConflict),
}

impl Problem {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Number => "number",
            Self::Conflict(conflict) => conflict.as_str(),
        }
    }

    pub fn status(self) -> StatusCode {
        match self {
            Self::Reason | Self::Number => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct QueueView {
    pub items: Vec<QueueRow>,
    pub count: usize,
    pub more: bool,
    /// `2026-11-20 09:12`
    pub oldest: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct QueueRow {
    pub href: String,
    pub current: bool,
    pub names: (String, String),
    pub score: String,
    pub contested: bool,
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct PairView {
    pub id: String,
    pub names: (String, String),
    pub heads: [Head; 2],
    pub rows: Vec<FieldView>,
    pub against: usize,
    pub contested: bool,
    pub state: String,
    pub score: String,
    /// Where the mark stands on the scale, in its units.
    pub mark: i32,
    pub low: i32,
    pub high: i32,
    pub listed: String,
    pub first: String,
    pub links: Vec<LinksView>,
    pub decisions: Vec<DecidedView>,
}

/// A column of the comparison.
#[derive(Debug, Serialize)]
pub struct Head {
    pub source: SourceView,
    pub number: String,
}

#[derive(Debug, Serialize)]
pub struct SourceView {
    pub name: String,
    pub mark: &'static str,
}

#[derive(Debug, Serialize)]
pub struct FieldView {
    pub name: String,
    pub a: Vec<String>,
    pub b: Vec<String>,
    pub tone: &'static str,
    pub icon: &'static str,
    pub seen: String,
    pub weight: String,
    /// `dif`, `opp` or nothing: class of the row.
    pub class: &'static str,
}

/// Records of one of the two people.
#[derive(Debug, Serialize)]
pub struct LinksView {
    pub number: String,
    pub items: Vec<LinkView>,
}

#[derive(Debug, Serialize)]
pub struct LinkView {
    pub id: String,
    pub source: SourceView,
    pub patient: String,
    pub how: String,
    pub evidence: String,
    pub by: String,
    pub at: String,
    pub decisions: Vec<DecidedView>,
    pub separable: bool,
}

#[derive(Debug, Serialize)]
pub struct PersonView {
    pub name: String,
    pub number: String,
    pub links: LinksView,
}

#[derive(Debug, Serialize)]
pub struct DecidedView {
    pub pair: String,
    pub names: (String, String),
    pub kind: String,
    pub tone: &'static str,
    pub by: String,
    pub at: String,
    pub reason: String,
    /// In words; then it cannot be taken back again.
    pub undone: Option<String>,
}

/// What a page is drawn with.
pub struct Scenery<'a> {
    pub scene: Scene<'a>,
    pub catalogue: &'a Catalogue,
    /// Ids of sources that were never listed in full.
    pub not_listed: Vec<String>,
}

/// Width of the scale of scores, and what score its end stands for.
const SCALE: i32 = 580;
const SCALE_END: i32 = 400;

/// `13.6`, `−1.0`
fn bits(tenths: i32) -> String {
    let sign = if tenths < 0 { "−" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

fn at(tenths: i32) -> i32 {
    10 + tenths.clamp(0, SCALE_END) * SCALE / SCALE_END
}

/// What a side of a pair says of one field.
type SideTexts<'s> = fn(&Scenery<'s>, &Side) -> Vec<String>;

impl Scenery<'_> {
    fn source(&self, id: &str) -> SourceView {
        match self.catalogue.named(id) {
            Some(source) => {
                let english = self.scene.words.lang().tag().starts_with("en");
                let name = if english { &source.short_name.en } else { &source.short_name.zh };
                SourceView { name: name.clone(), mark: mark_letter(source.mark) }
            }
            None => SourceView { name: id.to_owned(), mark: "x" },
        }
    }

    fn minute(&self, at: Timestamp) -> String {
        self.scene.words.minute_today(at, self.scene.now)
    }

    pub fn not_swept(&self) -> String {
        self.scene.list(&self.not_listed.iter().map(|id| self.source(id).name).collect::<Vec<_>>())
    }

    pub fn queue(&self, queue: &Queue, chosen: Option<uuid::Uuid>) -> QueueView {
        let row = |pair: &PairRow| QueueRow {
            href: format!("/admin/index?pair={}", pair.id),
            current: Some(pair.id) == chosen,
            names: (called(&pair.a), called(&pair.b)),
            score: bits(pair.score),
            contested: pair.contested,
            text: self.scene.with(
                "index-queue-row",
                &[
                    ("a", Arg::from(self.source(&pair.a.source).name)),
                    ("b", Arg::from(self.source(&pair.b.source).name)),
                    ("at", Arg::from(self.minute(pair.found_at))),
                ],
            ),
        };
        QueueView {
            items: queue.items.iter().map(row).collect(),
            count: queue.items.len(),
            more: queue.more,
            oldest: queue.oldest.map(|at| self.minute(at)),
        }
    }

    pub fn pair(&self, pair: &Pair) -> PairView {
        let row = &pair.row;
        let mut links = vec![self.links(&row.a.number, &pair.links_a)];
        if row.a.person != row.b.person {
            links.push(self.links(&row.b.number, &pair.links_b));
        }
        let rows: Vec<FieldView> = row.evidence.iter().map(|one| self.field(row, one)).collect();
        let head = |side: &Side| Head { source: self.source(&side.source), number: side.number.clone() };
        PairView {
            id: row.id.to_string(),
            names: (called(&row.a), called(&row.b)),
            heads: [head(&row.a), head(&row.b)],
            against: rows.iter().filter(|field| field.class == "opp").count(),
            rows,
            contested: row.contested,
            state: row.state.clone(),
            score: bits(row.score),
            mark: at(row.score),
            low: at(patients::LISTED),
            high: at(patients::FIRST),
            listed: bits(patients::LISTED),
            first: bits(patients::FIRST),
            links,
            decisions: pair.decisions.iter().map(|one| self.decided(one)).collect(),
        }
    }

    fn field(&self, row: &PairRow, evidence: &patients::Evidence) -> FieldView {
        let (key, of): (&str, SideTexts<'_>) = match evidence.field {
            Field::Name => ("name", |_, side| named(side)),
            Field::Sex => ("sex", |of, side| side.sex.iter().map(|sex| of.scene.coded("sex-", sex)).collect()),
            Field::BirthDate => ("birth-date", |_, side| side.birth_date.iter().cloned().collect()),
            Field::ResidentId => ("resident-id", |_, side| numbers(side, "resident-id")),
            Field::Phone => ("phone", |_, side| side.phones.clone()),
            Field::Address => ("address", |_, side| side.addresses.clone()),
            Field::RecordNumber => ("record-number", |_, side| numbers(side, "record-number")),
        };
        let (seen, tone, icon, class) = match evidence.seen {
            Seen::Same => ("same", "ok", "circle-check", ""),
            Seen::Compatible => ("compatible", "ok", "circle-check", ""),
            Seen::SoundsSame => ("sounds-same", "warn", "triangle-alert", "dif"),
            Seen::Near => ("near", "warn", "triangle-alert", "dif"),
            Seen::GivenSame => ("given-same", "warn", "triangle-alert", "dif"),
            Seen::Differs => ("differs", "bad", "circle-x", "opp"),
            Seen::OneMissing => ("one-missing", "off", "circle-minus", ""),
            Seen::BothMissing => ("both-missing", "off", "circle-minus", ""),
            Seen::NotComparable => ("not-comparable", "off", "circle-minus", ""),
        };
        let weight = match evidence.weight {
            0 => "0".to_owned(),
            some @ 1.. => format!("+{}", bits(some)),
            some => bits(some),
        };
        FieldView {
            name: self.scene.text(&format!("index-field-{key}")),
            a: of(self, &row.a),
            b: of(self, &row.b),
            tone,
            icon,
            seen: self.scene.text(&format!("index-seen-{seen}")),
            weight,
            class,
        }
    }

    fn links(&self, number: &str, links: &[Explained]) -> LinksView {
        let item = |link: &Explained| LinkView {
            id: link.id.to_string(),
            source: self.source(&link.source),
            patient: link.patient.clone(),
            how: self.scene.coded("link-how-", &link.how),
            evidence: self
                .scene
                .list(&link.evidence.iter().map(|code| self.scene.coded("evidence-", code)).collect::<Vec<_>>()),
            by: self.scene.text(if link.by.starts_with("s:") { "index-by-portal" } else { "index-by-search" }),
            at: self.minute(link.at),
            decisions: link.decisions.iter().map(|one| self.decided(one)).collect(),
            separable: link.separable,
        };
        LinksView { number: number.to_owned(), items: links.iter().map(item).collect() }
    }

    pub fn person(&self, person: &Person, links: &[Explained]) -> PersonView {
        PersonView {
            name: person.name.clone(),
            number: person.number.clone(),
            links: self.links(&person.number, links),
        }
    }

    pub fn decided(&self, decided: &Decided) -> DecidedView {
        let undone = decided.undone.as_ref().map(|(by, at, reason)| {
            let args = [
                ("by", Arg::from(by.clone())),
                ("at", Arg::from(self.minute(*at))),
                ("reason", Arg::from(reason.clone())),
            ];
            self.scene.with("index-undone-by", &args)
        });
        DecidedView {
            pair: decided.pair.to_string(),
            names: decided.names.clone(),
            kind: self.scene.coded("index-kind-", &decided.kind),
            tone: if decided.kind == "link" { "ok" } else { "high" },
            by: decided.by.clone(),
            at: self.minute(decided.at),
            reason: decided.reason.clone(),
            undone,
        }
    }
}

/// The name to call a record by.
fn called(side: &Side) -> String {
    side.names.first().cloned().unwrap_or_else(|| side.patient.clone())
}

/// Names, each Han one with its pinyin.
fn named(side: &Side) -> Vec<String> {
    let with = |name: &String| match patients::pinyin(name) {
        Some(pinyin) => format!("{name} {pinyin}"),
        None => name.clone(),
    };
    side.names.iter().map(with).collect()
}

fn numbers(side: &Side, kind: &str) -> Vec<String> {
    side.identifiers.iter().filter(|one| one.kind == kind).map(|one| one.shown.clone()).collect()
}
