//! Orders that are no medicines: tests, examinations, operations, nursing and diet.

use super::{Chart, Making, Order, OrderKind};
use crate::clock::DAY;

/// Orders are kept for so many days.
const DAYS: i64 = 2 * 365;

pub(super) fn write(making: &Making<'_>, charts: &mut [Chart]) {
    let since = making.today.midnight() - DAYS * DAY;
    let dialysis = &making.reference.script.words.dialysis;
    let words = &making.reference.care.orders;
    for chart in charts {
        let mut orders = Vec::new();
        let once = |kind, text: &str, at, encounter| Order {
            kind,
            text: text.to_owned(),
            at,
            until: None,
            long_term: false,
            status: "completed",
            encounter,
        };
        let of_dialysis = |encounter: Option<usize>| {
            encounter.and_then(|at| chart.encounters.get(at)).is_some_and(|one| one.department == *dialysis)
        };
        for report in chart.reports.iter().filter(|report| report.at > since && !of_dialysis(report.encounter)) {
            orders.push(once(OrderKind::Laboratory, &report.title, report.at - 1800, report.encounter));
        }
        for exam in &chart.exams {
            orders.push(once(OrderKind::Examination, &exam.zh, exam.at - 1800, exam.encounter));
        }
        for operation in chart.procedures.iter().filter(|operation| operation.start > since) {
            let Some(row) = making.reference.operation(&operation.code) else { continue };
            orders.push(once(OrderKind::Procedure, &row.zh, operation.start - DAY / 2, operation.encounter));
        }
        for (index, encounter) in chart.encounters.iter().enumerate().filter(|(_, one)| one.class == "IMP") {
            let status = if encounter.open { "active" } else { "completed" };
            let until = (!encounter.open).then_some(encounter.end);
            let lasting = |kind, text: &String| Order {
                kind,
                text: text.clone(),
                at: encounter.start + 1800,
                until,
                long_term: true,
                status,
                encounter: Some(index),
            };
            orders.extend(words.long_term.iter().map(|text| lasting(OrderKind::Nursing, text)));
            let diet = words.diets.get(index % words.diets.len().max(1));
            orders.extend(diet.map(|text| lasting(OrderKind::Diet, text)));
            for text in &words.one_off {
                orders.push(once(OrderKind::Laboratory, text, encounter.start + 2400, Some(index)));
            }
        }
        orders.sort_by_key(|order| order.at);
        chart.orders = orders;
    }
}
