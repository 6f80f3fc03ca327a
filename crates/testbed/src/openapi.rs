//! A portal's own description of its API (OpenAPI 3.0), and whether answers are as it says.

use anyhow::{Context as _, Result, bail};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Visitor;

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

    /// The schema of this name, for looks inside.
    pub fn schema(&self, name: &str) -> &Value {
        &self.spec["components"]["schemas"][name]
    }

    /// Checks good answers of an operation, more strictly than the document asks: an object has no member that is not
    /// described.
    ///
    /// # Errors
    /// There is no such operation, or its answer has no schema.
    pub fn answers(&self, operation_id: &str) -> Result<Answers> {
        let paths = self.spec["paths"].as_object().context("no paths")?;
        let mut operations = paths.values().flat_map(|operations| operations.as_object().into_iter().flatten());
        let found = operations.find(|(_, operation)| operation["operationId"] == operation_id);
        let (_, operation) = found.with_context(|| format!("no operation {operation_id}"))?;
        let content = operation["responses"]["200"]["content"].as_object().context("no good answer")?;
        let schema = content.values().next().map(|content| &content["schema"]).context("no content")?;
        anyhow::ensure!(schema.as_object().is_some_and(|schema| !schema.is_empty()), "{operation_id}: anything goes");
        let mut strict = json!({ "allOf": [schema], "components": self.spec["components"] });
        as_json_schema(&mut strict);
        Ok(Answers { validator: jsonschema::draft7::new(&strict)? })
    }
}

/// Judges answers of one operation.
pub struct Answers {
    validator: Validator,
}

impl Answers {
    /// Is this one as described?
    ///
    /// # Errors
    /// It is not: with every place and what is wrong there.
    pub fn check(&self, answer: &Value) -> Result<()> {
        let wrong: Vec<String> =
            self.validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n")) }
    }
}

/// OpenAPI 3.0's `nullable` in the words of JSON Schema; and no member that is not described.
fn as_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(as_json_schema),
        Value::Object(members) => {
            members.values_mut().for_each(as_json_schema);
            if members.get("properties").is_some_and(Value::is_object) && members.contains_key("type") {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            if members.remove("nullable") == Some(Value::Bool(true)) {
                let own = std::mem::take(schema);
                *schema = json!({ "anyOf": [own, { "type": "null" }] });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
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
        let answers = Document { spec }.answers("a_read")?;
        for good in [json!({ "one": "1" }), json!({ "one": null, "properties": 2 })] {
            answers.check(&good)?;
        }
        for bad in [json!({}), json!({ "one": 1 }), json!({ "one": "1", "two": 2 }), json!([])] {
            assert!(answers.check(&bad).is_err(), "{bad}");
        }
        Ok(())
    }
}
