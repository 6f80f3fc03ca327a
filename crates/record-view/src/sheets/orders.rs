//! 医嘱表单

use ehr::{DoseWords, Entry, OrderDuration, OrderFields, Section, Span, Succession};

use crate::Scene;
use crate::sheet::{Cell, Cells, Labelled, Look, SheetView, Tag};
use crate::usage;

/// Orders, long-term and one-off.
pub struct OrdersView;

impl SheetView for OrdersView {
    type Fields = OrderFields;
    const SECTION: Section = Section::Orders;
    const COLUMNS: &'static [&'static str] =
        &["orders-category", "medicine-dose", "medicine-usage", "orders-orderer", "orders-period"];

    fn row(entry: &Entry<OrderFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let mut amounts = usage::amounts(&fields.dose);
        amounts.extend(fields.quantity.clone().map(|sum| scene.with("in-all", &[("quantity", sum.into())])));
        let about: Vec<String> =
            fields.details.iter().chain(&fields.body_site).chain(&fields.reasons).cloned().collect();
        Cells {
            title: title(entry, scene),
            sub: Some(scene.list(&about)).filter(|sub| !sub.is_empty()),
            tag: Some(tag(entry, scene)),
            cells: vec![
                Cell::lines(category(entry, scene)),
                Cell::lines(amounts),
                Cell::lines(usage::ways(&fields.dose, scene)),
                Cell::text(fields.orderer.words().map(str::to_owned)),
                Cell::lines(fields.period.as_ref().map(|span| span_words(span, scene)).unwrap_or_default()),
            ],
            related: look.targets.words(&fields.succession, scene),
            texts: texts(&fields.dose, fields.status_reason.as_ref(), &fields.notes, scene),
            ..Cells::default()
        }
    }

    fn successions(entry: &Entry<OrderFields>) -> Vec<&Succession> {
        vec![&entry.fields.succession]
    }

    fn group(entry: &Entry<OrderFields>, look: &Look<'_>) -> Option<String> {
        Some(look.scene.text(match entry.fields.duration {
            Some(OrderDuration::LongTerm) => "orders-long-term",
            Some(OrderDuration::OneOff) => "orders-one-off",
            None => "orders-not-said",
        }))
    }
}

/// A medicine without a name is said to be one.
pub(super) fn nameless(text: &str, scene: &Scene<'_>) -> Option<String> {
    text.is_empty().then(|| scene.text("medicine-not-named"))
}

fn title(entry: &Entry<OrderFields>, scene: &Scene<'_>) -> Option<String> {
    let medicine = entry.fact.kind == "MedicationRequest" && entry.fact.code.codings.is_empty();
    medicine.then(|| nameless(&entry.fact.code.text, scene)).flatten()
}

/// State, and what makes it another than a plain order.
fn tag(entry: &Entry<OrderFields>, scene: &Scene<'_>) -> Tag {
    let fields = &entry.fields;
    let status = entry.fact.status.as_str();
    let state = match status {
        "" => scene.text("order-status-not-said"),
        status => scene.coded("order-status-", status),
    };
    let marks = [
        fields.do_not_perform.then(|| scene.text("orders-forbidden")),
        fields.intent.as_deref().map(|intent| scene.coded("order-intent-", intent)),
        fields.priority.as_deref().map(|priority| scene.coded("order-priority-", priority)),
    ];
    let replaced = fields.succession.superseded;
    let state = match status {
        // What its hospital never brought up to date is said, and not believed.
        "active" | "on-hold" if replaced => scene.with("order-replaced-still", &[("status", state.into())]),
        _ if replaced => scene.list(&[scene.text("order-replaced"), state]),
        _ => state,
    };
    let marks: Vec<String> = marks.into_iter().flatten().chain([state]).collect();
    let tone = match status {
        _ if replaced || fields.do_not_perform || fields.intent.is_some() => "warn",
        "active" => "ok",
        "completed" => "",
        _ => "warn",
    };
    Tag { text: scene.list(&marks), tone }
}

/// What kind of order, and where it was given.
fn category(entry: &Entry<OrderFields>, scene: &Scene<'_>) -> Vec<String> {
    let kind = match &entry.fields.category {
        Some(category) => scene.coded("orders-category-", category),
        None => scene.text(match entry.fact.kind {
            "MedicationRequest" => "orders-kind-medication",
            "NutritionOrder" => "orders-kind-nutrition",
            _ => "orders-kind-service",
        }),
    };
    [kind].into_iter().chain(entry.fields.setting.map(|setting| scene.coded("orders-setting-", setting))).collect()
}

/// `自 2026-03-09 08:30`, `至 2026-03-18`
pub(super) fn span_words(span: &Span, scene: &Scene<'_>) -> Vec<String> {
    let from = span.start.as_ref().map(|start| scene.with("span-from", &[("time", scene.minute(start).into())]));
    let to = span.end.as_ref().map(|end| scene.with("span-until", &[("time", scene.minute(end).into())]));
    from.into_iter().chain(to).collect()
}

/// Texts below a row: label and lines, where there are any.
fn labelled(key: &str, lines: &[String], scene: &Scene<'_>) -> Option<Labelled> {
    (!lines.is_empty()).then(|| Labelled { label: scene.text(key), text: lines.join("\n") })
}

/// Below the row of a medicine or an order: how it is used, why it is what it is, what else was written. A note that only
/// repeats the reason is not said twice.
pub(super) fn texts(dose: &DoseWords, reason: Option<&String>, notes: &[String], scene: &Scene<'_>) -> Vec<Labelled> {
    let instruction: Vec<String> = usage::instruction(dose, scene).into_iter().collect();
    let notes: Vec<String> = notes.iter().filter(|note| Some(*note) != reason).cloned().collect();
    let reason: Vec<String> = reason.into_iter().cloned().collect();
    let all = [("medicine-instruction", instruction), ("orders-status-reason", reason), ("sheet-remarks", notes)];
    all.into_iter().filter_map(|(key, lines)| labelled(key, &lines, scene)).collect()
}
