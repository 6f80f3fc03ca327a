//! What the description of the API says beside what poem-openapi knows: how operations refuse, and what answers look like
//! that are written as text.

pub mod article;
pub mod origin;

use serde_json::{Map, Value, json};

/// The OpenAPI document `spec` (JSON text) with the `default` answer of every operation: a problem (RFC 9457), as the
/// shell and the guards answer with. `answers` are schemas of good answers by operation id, `components` what these refer
/// to. A text that is no OpenAPI document stays as it is.
pub fn document(spec: &str, answers: &[(&str, &Value)], components: Map<String, Value>) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(spec) else { return spec.to_owned() };
    let schemas = &mut document["components"]["schemas"];
    for (name, schema) in components {
        schemas[name] = schema;
    }
    document["components"]["schemas"]["Problem"] = json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": { "type": "string", "description": "What kind of problem: a path that stays the same" },
            "title": { "type": "string", "description": "The kind in words" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "request_id": { "type": "string", "description": "Say it when you ask for help" },
        },
    });
    let refused = json!({
        "description": "Refused; or 5xx, when something of ours failed",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (_, operations) in paths {
        for (_, operation) in operations.as_object_mut().into_iter().flatten() {
            operation["responses"]["default"] = refused.clone();
            let answer = answers.iter().find(|(id, _)| operation["operationId"] == *id);
            // Indexing would write down an answer that there is not.
            let contents = operation.pointer_mut("/responses/200/content").and_then(Value::as_object_mut);
            if let (Some((_, schema)), Some(contents)) = (answer, contents) {
                contents.values_mut().for_each(|content| content["schema"] = (*schema).clone());
            }
        }
    }
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_says_how_it_refuses() {
        let spec = r#"{"openapi": "3.0.0", "paths": {"/a": {
            "get": {"operationId": "a_read", "responses": {"200": {"description": "ok", "content": {"application/json": {}}}}},
            "post": {"responses": {}}
        }}}"#;
        let answer = json!({ "$ref": "#/components/schemas/A" });
        let components = Map::from_iter([("A".to_owned(), json!({ "type": "object" }))]);
        let with = |spec: &str| document(spec, &[("a_read", &answer)], components.clone());
        let document: Value = serde_json::from_str(&with(spec)).expect("JSON");
        for method in ["get", "post"] {
            let content = &document["paths"]["/a"][method]["responses"]["default"]["content"];
            assert_eq!(content["application/problem+json"]["schema"]["$ref"], "#/components/schemas/Problem");
        }
        assert!(document["paths"]["/a"]["post"]["responses"].get("200").is_none(), "no answer is made up");
        let good = &document["paths"]["/a"]["get"]["responses"]["200"];
        assert_eq!(good, &json!({ "description": "ok", "content": { "application/json": { "schema": answer } } }));
        assert_eq!(document["components"]["schemas"]["A"], components["A"]);
        assert_eq!(with("none"), "none");
    }
}
