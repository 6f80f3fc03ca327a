//! 费用表单

use std::collections::BTreeSet;

use ehr::{ChargeDocument, ChargeFields, ChargeLine, ChargeTotals, ClassTotal, Decimal, Entry, Section};
use web::render::Arg;

use crate::Scene;
use crate::facts::SourceMark;
use crate::sheet::{
    Cell, Cells, Digest, DigestColumn, DigestRow, Form, FormPart, Labelled, Look, SheetView, Tag, status_tag,
};

/// Bills, coverages and accounts.
pub struct ChargesView;

impl SheetView for ChargesView {
    type Fields = ChargeFields;
    const SECTION: Section = Section::Charges;
    const COLUMNS: &'static [&'static str] = &["charges-period", "charges-total", "charges-paid", "charges-payer"];

    fn row(entry: &Entry<ChargeFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        Cells {
            title: Some(title(entry, scene)),
            sub: counted(fields, scene),
            tag: tag(entry, scene),
            cells: vec![
                Cell { number: true, ..Cell::lines(period(fields, scene)) },
                Cell::number(fields.total.map(|total| money(total, fields.currency.as_deref(), scene))),
                Cell::number(fields.paid.map(|paid| money(paid, fields.currency.as_deref(), scene))),
                Cell::text(fields.payer.words().map(str::to_owned)),
            ],
            texts: said(fields, scene),
            forms: lines(fields, scene).into_iter().collect(),
            ..Cells::default()
        }
    }

    fn group(entry: &Entry<ChargeFields>, look: &Look<'_>) -> Option<String> {
        let key = if entry.fact.kind == "Coverage" { "charges-group-coverage" } else { "charges-group-bills" };
        Some(look.scene.text(key))
    }

    fn digest(entries: &[&Entry<ChargeFields>], look: &Look<'_>) -> Option<Digest> {
        let scene = &look.scene;
        let mut totals = ChargeTotals::of(entries.iter().copied());
        // In the order of the catalogue, as everywhere.
        totals.sort_by_key(|one| look.reports.iter().position(|report| report.id == one.source));
        (!totals.is_empty()).then(|| Digest {
            title: scene.text("charges-by-class"),
            remark: scene.text("charges-remark"),
            columns: std::iter::once(DigestColumn::text("charges-class", scene))
                .chain(totals.iter().map(|one| column_of(one, look)))
                .collect(),
            rows: std::iter::once(sums(&totals, scene)).chain(rows_by_class(&totals, scene)).collect(),
        })
    }

    fn statement(entry: &Entry<ChargeFields>, look: &Look<'_>) -> String {
        let fields = &entry.fields;
        let total = fields.total.map(|total| money(total, fields.currency.as_deref(), &look.scene));
        total.unwrap_or_else(|| look.scene.text("not-said"))
    }
}

/// Its kind: the source's words, or the portal's for FHIR's codes.
fn title(entry: &Entry<ChargeFields>, scene: &Scene<'_>) -> String {
    match (&entry.fields.category, entry.fact.kind) {
        (Some(words), "Coverage") => words.clone(),
        (Some(words), _) => scene.coded("bill-", words),
        (None, "Coverage") => scene.text("part-name-coverages"),
        (None, _) => scene.text("bill-unnamed"),
    }
}

/// Which documents the sum is taken from: the others say the same once more.
fn counted(fields: &ChargeFields, scene: &Scene<'_>) -> Option<String> {
    let kind = fields.counted?;
    let of = fields.documents.iter().filter(|document| document.kind == kind && document.counted).count();
    let name = scene.text(&format!("bill-of-{}", slug(kind)));
    Some(scene.with("charges-counted", &[("kind", Arg::from(name)), ("count", Arg::from(of))]))
}

/// `ExplanationOfBenefit` as in message keys.
fn slug(kind: &str) -> &'static str {
    match kind {
        "ExplanationOfBenefit" => "benefit",
        "Invoice" => "invoice",
        "Claim" => "claim",
        _ => "item",
    }
}

fn tag(entry: &Entry<ChargeFields>, scene: &Scene<'_>) -> Option<Tag> {
    let warn = |key: &str| Some(Tag { text: scene.text(key), tone: "warn" });
    match &entry.fields {
        fields if fields.uncertain => warn("charges-uncertain"),
        fields if fields.differs => warn("charges-differs"),
        fields if fields.is_bill() && fields.counted.is_none() => {
            status_tag("bill-status-", &entry.fact.status, &[], scene)
        }
        _ => status_tag(
            "bill-status-",
            &entry.fact.status,
            &["active", "inactive", "balanced", "issued", "billed"],
            scene,
        ),
    }
}

fn period(fields: &ChargeFields, scene: &Scene<'_>) -> Vec<String> {
    let Some(period) = &fields.period else { return Vec::new() };
    let said =
        |at: &Option<ehr::ClinicalTime>| at.as_ref().map_or_else(|| scene.text("charges-open"), |at| scene.minute(at));
    vec![scene.with("charges-span", &[("from", Arg::from(said(&period.start))), ("to", Arg::from(said(&period.end)))])]
}

/// An amount with its currency as sent; none said is none shown.
pub(super) fn money(amount: Decimal, currency: Option<&str>, scene: &Scene<'_>) -> String {
    let digits = amount.to_string();
    match currency {
        Some("CNY") => scene.with("money-cny", &[("amount", Arg::from(digits))]),
        Some(other) => scene.with("money-other", &[("amount", Arg::from(digits)), ("currency", Arg::from(other))]),
        None => digits,
    }
}

/// Every document of a bill that is more than one.
fn said(fields: &ChargeFields, scene: &Scene<'_>) -> Vec<Labelled> {
    if fields.documents.len() < 2 {
        return Vec::new();
    }
    let one = |document: &ChargeDocument| {
        let name = scene.text(&format!("bill-of-{}", slug(document.kind)));
        let total = document.total.map(|total| money(total, fields.currency.as_deref(), scene));
        let total = total.unwrap_or_else(|| scene.text("not-said"));
        let key = if document.counted { "charges-document-counted" } else { "charges-document" };
        scene.with(key, &[("kind", Arg::from(name)), ("total", Arg::from(total))])
    };
    let all: Vec<String> = fields.documents.iter().map(one).collect();
    vec![Labelled { label: scene.text("charges-documents"), text: scene.list(&all) }]
}

fn lines(fields: &ChargeFields, scene: &Scene<'_>) -> Option<Form> {
    let amount = |amount: Option<Decimal>| amount.map_or_else(|| scene.text("not-said"), |amount| amount.to_string());
    let row = |line: &ChargeLine| {
        vec![
            line.name.clone().unwrap_or_else(|| scene.text("name-not-said")),
            class(line.class_number, line.class.as_deref(), scene),
            line.quantity.clone().unwrap_or_default(),
            line.unit_price.map(|price| price.to_string()).unwrap_or_default(),
            amount(line.amount),
        ]
    };
    let columns = ["charges-item", "charges-class", "charges-quantity", "charges-price", "charges-amount"];
    (!fields.items.is_empty()).then(|| Form {
        title: scene.with("charges-lines", &[("count", Arg::from(fields.items.len()))]),
        open: false,
        parts: vec![FormPart {
            columns: columns.map(|key| scene.text(key)).into(),
            rows: fields.items.iter().map(|line| row(line).into()).collect(),
            ..FormPart::default()
        }],
    })
}

/// A fee class: the form's words in the reader's language, else the source's.
pub(super) fn class(number: Option<u8>, name: Option<&str>, scene: &Scene<'_>) -> String {
    match (number, name) {
        (Some(number), _) => scene.text(&format!("fee-class-{number}")),
        (None, Some(name)) => name.to_owned(),
        (None, None) => scene.text("charges-no-class"),
    }
}

/// One hospital's sums in one currency.
fn column_of(of: &ChargeTotals, look: &Look<'_>) -> DigestColumn {
    let source = SourceMark::of(&of.source, look.reports, &look.scene);
    DigestColumn { text: source.name.clone(), source: Some(source) }
}

/// What each hospital's bills come to, and how many they are.
fn sums(totals: &[ChargeTotals], scene: &Scene<'_>) -> DigestRow {
    let cell = |of: &ChargeTotals| {
        let args = [("count", Arg::from(of.bills)), ("without", Arg::from(of.without_total))];
        let lines = vec![money(of.total, of.currency.as_deref(), scene), scene.with("charges-bills", &args)];
        Cell { number: true, ..Cell::lines(lines) }
    };
    DigestRow { title: scene.text("charges-sum"), cells: totals.iter().map(cell).collect(), source: None }
}

/// What the lines of each class come to at each hospital: the form's classes in its order, then others by their words.
fn rows_by_class(totals: &[ChargeTotals], scene: &Scene<'_>) -> Vec<DigestRow> {
    let mut classes: Vec<(u8, Option<&str>)> =
        totals.iter().flat_map(|of| &of.by_class).map(place_of).collect::<BTreeSet<_>>().into_iter().collect();
    // A class of the form has one row, whatever a source calls it.
    classes.dedup_by(|one, other| one.0 != u8::MAX && one.0 == other.0);
    let row = |wanted: (u8, Option<&str>)| {
        let same = |one: &&ClassTotal| {
            let place = place_of(one);
            place.0 == wanted.0 && (place.0 != u8::MAX || place.1 == wanted.1)
        };
        let cell = |of: &ChargeTotals| {
            let lines = of.by_class.iter().filter(same).map(|one| money(one.amount, of.currency.as_deref(), scene));
            Cell { number: true, ..Cell::lines(lines.collect()) }
        };
        let number = Some(wanted.0).filter(|number| *number != u8::MAX);
        DigestRow { title: class(number, wanted.1, scene), cells: totals.iter().map(cell).collect(), source: None }
    };
    classes.into_iter().map(row).collect()
}

fn place_of(class: &ClassTotal) -> (u8, Option<&str>) {
    (class.number.unwrap_or(u8::MAX), class.name.as_deref())
}
