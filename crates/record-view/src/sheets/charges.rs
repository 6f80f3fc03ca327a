//! 费用表单

use ehr::{ChargeDocument, ChargeFields, ChargeLine, ChargeTotals, ClassTotal, Decimal, Entry, Section};
use web::render::Arg;

use crate::Scene;
use crate::facts::SourceMark;
use crate::sheet::{Cell, Cells, Digest, DigestRow, Form, FormPart, Labelled, Look, SheetView, Tag, status_tag};
use crate::sheets::minute;

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
                Cell { lines: period(fields, scene), number: true },
                Cell::number(fields.total.map(|total| money(total, fields.currency.as_deref(), scene))),
                Cell::number(fields.paid.map(|paid| money(paid, fields.currency.as_deref(), scene))),
                Cell::text(fields.payer.words().map(str::to_owned)),
            ],
            texts: said(fields, scene),
            forms: lines(fields, scene).into_iter().collect(),
            ..Cells::default()
        }
    }

    fn digest(entries: &[&Entry<ChargeFields>], look: &Look<'_>) -> Option<Digest> {
        let scene = &look.scene;
        let mut totals = ChargeTotals::of(entries.iter().copied());
        // In the order of the catalogue, as everywhere.
        totals.sort_by_key(|one| look.reports.iter().position(|report| report.id == one.source));
        let rows: Vec<DigestRow> = totals.iter().flat_map(|one| rows_of(one, look)).collect();
        (!rows.is_empty()).then(|| Digest {
            title: scene.text("charges-by-class"),
            remark: scene.text("charges-remark"),
            columns: ["charges-class", "charges-amount"].map(|key| scene.text(key)).into(),
            rows,
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
        (Some(words), "Coverage") => scene.with("charges-coverage", &[("name", Arg::from(words.as_str()))]),
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
    let said = |at: &Option<ehr::ClinicalTime>| at.as_ref().map_or_else(|| scene.text("charges-open"), minute);
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
            rows: fields.items.iter().map(row).collect(),
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

/// One hospital: the sum of its bills, then the sums of their lines.
fn rows_of(of: &ChargeTotals, look: &Look<'_>) -> Vec<DigestRow> {
    let scene = &look.scene;
    let (name, mark) = crate::scene::short_source_of(look.reports, &of.source, scene);
    let sources = vec![SourceMark { name, mark, href: None }];
    let currency = of.currency.as_deref();
    let row = |words: String, amount: Decimal| DigestRow {
        cells: vec![words, money(amount, currency, scene)],
        sources: sources.clone(),
    };
    let bills = scene.with("charges-sum", &[("count", Arg::from(of.bills)), ("without", Arg::from(of.without_total))]);
    let classes = of
        .by_class
        .iter()
        .map(|ClassTotal { number, name, amount }| row(class(*number, name.as_deref(), scene), *amount));
    std::iter::once(row(bills, of.total)).chain(classes).collect()
}
