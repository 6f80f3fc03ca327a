//! An original in a section as its reader sees it, which is its JSON: of all sections alike.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sources::Catalogue;

use super::super::fan_out::unasked;
use super::{ExplainedItem, OriginAddress};
use crate::{ClinicalTime, Origin, SourceReport, SourceState};

/// What is read again of a section's JSON.
#[derive(Deserialize)]
struct Told<'j> {
    #[serde(borrow)]
    items: Vec<&'j RawValue>,
    sources: Vec<ToldSource>,
}

/// A row of its ledger.
#[derive(Deserialize)]
pub(super) struct ToldSource {
    id: String,
    state: SourceState,
    detail: Option<String>,
    queries: u32,
    pages: u32,
    entries: u32,
    dropped: u32,
    retrieved_at: Option<jiff::Timestamp>,
    age_s: Option<u64>,
}

#[derive(Deserialize)]
struct ToldOrigin {
    source: String,
    resource: String,
    version: Option<String>,
    retrieved_at: jiff::Timestamp,
}

/// Where a section names it.
pub(super) struct Found {
    pub item: ExplainedItem,
    pub origin: Origin,
    pub others: Vec<Origin>,
    pub sources: Vec<ToldSource>,
}

/// Looks for the original at `address` in a section's JSON.
pub(super) fn find(section: &str, address: &OriginAddress) -> Result<Option<Found>, serde_json::Error> {
    let told: Told<'_> = serde_json::from_str(section)?;
    let named = serde_json::to_string(&address.resource)?;
    // Of ten thousand items one or two hold the name at all.
    for item in told.items.iter().filter(|item| item.get().contains(&named)) {
        let item: Value = serde_json::from_str(item.get())?;
        if let Some((holder, origins)) = holder(&item, address) {
            let (mut own, others): (Vec<Origin>, Vec<Origin>) =
                origins.into_iter().partition(|one| is_at(address, &one.source, &one.resource));
            let Some(origin) = own.pop() else { continue };
            let item = explained(&item, holder);
            return Ok(Some(Found { item, origin, others, sources: told.sources }));
        }
    }
    Ok(None)
}

fn is_at(address: &OriginAddress, source: &str, resource: &str) -> bool {
    address.source == source && address.resource == resource
}

/// What names it: the item, or what hangs on the item (a diagnosis or note of a visit). Whatever else the original stands
/// beside is not its own.
fn holder<'v>(value: &'v Value, address: &OriginAddress) -> Option<(&'v Value, Vec<Origin>)> {
    match value {
        Value::Object(members) => {
            let many = members.get("origins").and_then(Value::as_array).into_iter().flatten();
            let origins: Vec<Origin> = many.chain(members.get("origin")).filter_map(read).collect();
            if origins.iter().any(|one| is_at(address, &one.source, &one.resource)) {
                return Some((value, origins));
            }
            members.values().find_map(|member| holder(member, address))
        }
        Value::Array(values) => values.iter().find_map(|value| holder(value, address)),
        _ => None,
    }
}

fn read(origin: &Value) -> Option<Origin> {
    let ToldOrigin { source, resource, version, retrieved_at } = ToldOrigin::deserialize(origin).ok()?;
    Some(Origin { source, resource, version, retrieved_at })
}

fn explained(item: &Value, holder: &Value) -> ExplainedItem {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let value = match &holder["fields"]["value"] {
        Value::Object(value) => {
            let part = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
            let said = part("text").starts_with(['<', '>', '≤', '≥']);
            let comparator = if said { "" } else { part("comparator") };
            Some(format!("{comparator}{} {}", part("text"), part("unit")).trim().to_owned())
        }
        _ => None,
    };
    ExplainedItem {
        id: text(&item["id"]).unwrap_or_default(),
        // A diagnosis of a stay is its words; those of a note are no name.
        text: text(&holder["code"]["text"]).or_else(|| match holder.get("title") {
            Some(title) => text(title),
            None => text(&holder["text"]),
        }),
        value: value.filter(|value| !value.is_empty()),
        time: holder["time"].as_str().or(item["time"].as_str()).and_then(ClinicalTime::parse),
        status: text(&holder["status"]),
        conflicts: holder["conflict"].as_array().map_or(0, Vec::len),
    }
}

/// The ledger with the names of the hospitals.
pub(super) fn ledger(catalogue: &Catalogue, told: Vec<ToldSource>) -> Vec<SourceReport> {
    let report = |told: ToldSource| {
        let source = catalogue.named(&told.id)?;
        Some(SourceReport {
            state: told.state,
            detail: told.detail,
            queries: told.queries,
            pages: told.pages,
            entries: told.entries,
            dropped: told.dropped,
            retrieved_at: told.retrieved_at,
            age_s: told.age_s,
            ..unasked(&source)
        })
    };
    told.into_iter().filter_map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: &str = r#"{"items": [
        {"id": "a", "code": {"text": "钾"}, "time": "2026-11-20", "status": "final", "conflict": ["b"],
         "fields": {"value": {"text": "5.40", "comparator": "<", "unit": "mmol/L"}},
         "origins": [{"source": "one", "resource": "Observation/1", "version": "2", "retrieved_at": "2026-11-21T00:00:00Z"},
                     {"source": "two", "resource": "Observation/1", "version": null, "retrieved_at": "2026-11-21T00:00:00Z"}]},
        {"id": "v", "time": "2026-11-19", "status": "finished", "conflict": null, "fields": {
            "notes": [{"title": "Observation/1", "origin":
                {"source": "one", "resource": "DocumentReference/n", "version": null, "retrieved_at": "2026-11-21T00:00:00Z"}}],
            "diagnoses": [{"code": {"text": "感冒"}, "origins":
                [{"source": "one", "resource": "Condition/c", "version": null, "retrieved_at": "2026-11-21T00:00:00Z"}]}]},
         "origins": [{"source": "one", "resource": "Encounter/e", "version": null, "retrieved_at": "2026-11-21T00:00:00Z"}]}],
      "sources": []}"#;

    fn check(source: &str, resource: &str, expect: Option<(&str, Option<&str>, Option<&str>, usize)>) {
        let address = OriginAddress { source: source.to_owned(), resource: resource.to_owned() };
        let found = find(SECTION, &address).expect("JSON");
        let told = found.as_ref().map(|found| {
            let item = &found.item;
            assert_eq!((found.origin.source.as_str(), found.origin.resource.as_str()), (source, resource));
            (item.id.as_str(), item.text.as_deref(), item.value.as_deref(), found.others.len())
        });
        assert_eq!(told, expect, "{source} {resource}");
    }

    #[test]
    fn what_a_section_names_is_found_where_it_is_named_and_nothing_else() {
        check("one", "Observation/1", Some(("a", Some("钾"), Some("<5.40 mmol/L"), 1)));
        check("two", "Observation/1", Some(("a", Some("钾"), Some("<5.40 mmol/L"), 1)));
        check("one", "Encounter/e", Some(("v", None, None, 0)));
        check("one", "Condition/c", Some(("v", Some("感冒"), None, 0)));
        check("one", "DocumentReference/n", Some(("v", Some("Observation/1"), None, 0)));
        check("two", "Encounter/e", None);
        check("one", "Observation/", None);
        check("one", "Observation/1\"", None);
        check("", "", None);
    }
}
