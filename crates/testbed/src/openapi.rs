//! A portal's own description of its API (OpenAPI 3.0), and whether answers are as it says.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::Visitor;

/// Sections of a record and the `fields` that others rely on (INTERFACE). More may be added; none of these may go.
pub const FIELDS: [(&str, &[&str]); 15] = [
    ("demographics", &["names", "sex", "birth_date", "identifiers", "phones", "addresses", "contacts"]),
    ("summary", &["part"]),
    ("outpatient", VISIT),
    ("inpatient", VISIT),
    ("orders", &["duration", "category", "ordered", "dose", "orderer", "period"]),
    ("prescriptions", &["group", "medication", "dose", "route", "frequency", "days", "prescriber", "dispensed"]),
    ("medications", &["event", "medication", "dose", "route", "quantity", "by"]),
    ("lab-results", &["value", "range", "flag", "specimen", "report", "group"]),
    ("exam-reports", &["conclusion", "text", "documents", "images", "performer"]),
    ("surgery", &["performed", "team", "anaesthesia", "asa", "outcome", "complications", "notes"]),
    ("nursing", &["what", "value", "range", "text"]),
    (
        "discharge",
        &["admitted", "discharged", "admission_diagnoses", "discharge_diagnoses", "course", "plan", "document"],
    ),
    ("charges", &["category", "items", "total", "currency", "payer"]),
    (
        "front-page",
        &["composed", "main_diagnosis", "other_diagnoses", "operations", "admission_state", "discharge_mode", "totals"],
    ),
    ("personal-record", &["what", "value", "text", "self_reported", "entered_by"]),
];
const VISIT: &[&str] =
    &["class", "type", "department", "clinicians", "reason", "diagnoses", "period", "location", "notes"];
/// Members of a record, of an item, and of a source in its ledger.
const AROUND: [(&str, &[&str]); 3] = [
    ("", &["patient", "section", "complete", "items", "sources"]),
    ("items", &["id", "kind", "code", "time", "status", "fields", "origins", "conflict"]),
    ("sources", &["id", "state", "detail", "queries", "pages", "entries", "dropped", "retrieved_at", "age_s"]),
];

/// `/api/openapi.json`
pub struct Document {
    spec: Value,
}

impl Document {
    /// As the portal of this visitor serves it.
    ///
    /// # Errors
    /// No answer came.
    pub async fn of(visitor: &mut Visitor) -> Result<Self> {
        Ok(Self { spec: visitor.get("/api/openapi.json").await?.json() })
    }

    /// Describes everything of [`FIELDS`].
    ///
    /// # Errors
    /// A section or a field of it is not described.
    pub fn describes_records(&self) -> Result<()> {
        for (section, fields) in FIELDS {
            let record = &self.spec["components"]["schemas"][format!("Record-{section}")];
            for (member, names) in AROUND {
                let of = if member.is_empty() { record } else { self.within(&record["properties"][member]["items"]) };
                has(of, names).with_context(|| format!("{section}: {member}"))?;
            }
            let item = self.within(&record["properties"]["items"]["items"]);
            let own = self.within(&item["properties"]["fields"]);
            let kinds = own["oneOf"].as_array().map_or(std::slice::from_ref(own), Vec::as_slice);
            kinds.iter().try_for_each(|kind| has(kind, fields)).with_context(|| format!("{section}: fields"))?;
        }
        Ok(())
    }

    /// What a schema refers to, when it does.
    fn within<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
        reference.and_then(|reference| self.spec.pointer(reference.trim_start_matches('#'))).unwrap_or(schema)
    }

    /// Checks good answers of an operation, more strictly than the document asks: an object has no member that is not
    /// described.
    ///
    /// # Errors
    /// There is no such operation, or its answer has no schema.
    pub fn answers(&self, operation_id: &str) -> Result<Answers<'_>> {
        let paths = self.spec["paths"].as_object().context("no paths")?;
        let mut operations = paths.values().flat_map(|operations| operations.as_object().into_iter().flatten());
        let found = operations.find(|(_, operation)| operation["operationId"] == operation_id);
        let (_, operation) = found.with_context(|| format!("no operation {operation_id}"))?;
        let content = operation["responses"]["200"]["content"].as_object().context("no good answer")?;
        let schema = content.values().next().map(|content| &content["schema"]).context("no content")?;
        ensure!(schema.as_object().is_some_and(|schema| !schema.is_empty()), "{operation_id}: anything goes");
        Ok(Answers { document: self, schema })
    }
}

/// Judges answers of one operation.
pub struct Answers<'d> {
    document: &'d Document,
    schema: &'d Value,
}

impl Answers<'_> {
    /// Is this one as described?
    ///
    /// # Errors
    /// It is not: with the first place found and what is wrong there.
    pub fn check(&self, answer: &Value) -> Result<()> {
        self.document.judge(self.schema, answer, "answer")
    }
}

impl Document {
    /// The words of OpenAPI 3.0's schemas that this API uses; any other is an error.
    fn judge(&self, schema: &Value, value: &Value, place: &str) -> Result<()> {
        if value.is_null() && schema["nullable"] == true {
            return Ok(());
        }
        for (word, rule) in schema.as_object().with_context(|| format!("{place}: no schema: {schema}"))? {
            let rules = rule.as_array().map(Vec::as_slice).unwrap_or_default();
            let fitting = || rules.iter().filter(|one| self.judge(one, value, place).is_ok()).count();
            match word.as_str() {
                "$ref" => {
                    let meant = self.within(schema);
                    ensure!(!std::ptr::eq(meant, schema), "{place}: {rule} leads nowhere");
                    self.judge(meant, value, place)?;
                }
                "allOf" => rules.iter().try_for_each(|one| self.judge(one, value, place))?,
                "anyOf" => ensure!(fitting() > 0, "{place}: fits none: {value}"),
                "oneOf" => self.judge_one_of(rules, value, place)?,
                "enum" => ensure!(rules.contains(value), "{place}: {value} is none of {rule}"),
                "type" => ensure!(is_a(value, rule), "{place}: {value} is no {rule}"),
                "required" => {
                    let missing = rules.iter().find(|name| value.get(name.as_str().unwrap_or_default()).is_none());
                    ensure!(missing.is_none(), "{place}: without {rule}: {value}");
                }
                "properties" => {
                    // Of a map it is described what stands behind every name.
                    let others = schema.get("additionalProperties").filter(|others| others.is_object());
                    for (name, own) in value.as_object().into_iter().flatten() {
                        let described = rule.get(name).or(others);
                        let described = described.with_context(|| format!("{place}: {name} is not described"))?;
                        self.judge(described, own, &format!("{place}.{name}"))?;
                    }
                }
                "additionalProperties" => {
                    let all = value.as_object().into_iter().flatten().filter(|_| schema.get("properties").is_none());
                    for (name, own) in all {
                        ensure!(rule.is_object(), "{place}: {name} is not described");
                        self.judge(rule, own, &format!("{place}.{name}"))?;
                    }
                }
                "items" => {
                    let mut all = value.as_array().into_iter().flatten().enumerate();
                    all.try_for_each(|(nth, own)| self.judge(rule, own, &format!("{place}[{nth}]")))?;
                }
                "maxLength" => {
                    let length = value.as_str().map_or(0, |text| text.chars().count());
                    let longest = rule.as_u64().and_then(|most| usize::try_from(most).ok());
                    ensure!(longest.is_some_and(|most| length <= most), "{place}: longer than {rule}: {value}");
                }
                "maxItems" | "minItems" => {
                    let count = value.as_array().map_or(0, Vec::len);
                    let bound = rule.as_u64().and_then(|bound| usize::try_from(bound).ok());
                    let fits = |bound| if word == "maxItems" { count <= bound } else { count >= bound };
                    ensure!(bound.is_some_and(fits), "{place}: {count} items, {word} is {rule}");
                }
                "nullable" | "default" | "description" | "title" | "format" | "discriminator" | "minimum"
                | "maximum" => {}
                _ => bail!("{place}: {word} is not known here"),
            }
        }
        Ok(())
    }

    fn judge_one_of(&self, rules: &[Value], value: &Value, place: &str) -> Result<()> {
        let judged: Vec<Result<()>> = rules.iter().map(|one| self.judge(one, value, place)).collect();
        let fitting = judged.iter().filter(|one| one.is_ok()).count();
        // The deepest complaint is of the schema that was meant.
        let told = judged.into_iter().filter_map(Result::err).map(|error| error.to_string());
        let told = told.max_by_key(|text| text.split(": ").next().map_or(0, str::len)).unwrap_or_default();
        ensure!(fitting == 1, "{fitting} of one-of fit; {told}");
        Ok(())
    }
}

fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => false,
    }
}

fn has(schema: &Value, names: &[&str]) -> Result<()> {
    let missing: Vec<&&str> = names.iter().filter(|name| schema["properties"][**name].is_null()).collect();
    ensure!(missing.is_empty(), "{missing:?} is not described");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_described_is_noticed() -> Result<()> {
        let a = json!({
            "type": "object", "required": ["one"], "properties": {
                "one": { "type": "string", "nullable": true }, "properties": { "type": "integer" },
            },
        });
        let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/A" } } });
        let read = json!({ "operationId": "a_read", "responses": { "200": { "content": content } } });
        let spec = json!({ "paths": { "/a": { "get": read } }, "components": { "schemas": { "A": a } } });
        let document = Document { spec };
        let answers = document.answers("a_read")?;
        for good in [json!({ "one": "1" }), json!({ "one": null, "properties": 2 })] {
            answers.check(&good)?;
        }
        for bad in [json!({}), json!({ "one": 1 }), json!({ "one": "1", "two": 2 }), json!([])] {
            assert!(answers.check(&bad).is_err(), "{bad}");
        }
        Ok(())
    }
}
