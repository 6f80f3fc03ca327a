//! What every operation's description says beside its own answers: how it refuses.

pub mod origin;

use serde_json::{Value, json};

/// The OpenAPI document `spec` (JSON text) with the `default` answer of every operation: a problem (RFC 9457), as the
/// shell and the guards answer with. A text that is no OpenAPI document stays as it is.
pub fn with_problems(spec: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(spec) else { return spec.to_owned() };
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
            "get": {"responses": {"200": {"description": "ok"}}}, "post": {"responses": {}}
        }}}"#;
        let document: Value = serde_json::from_str(&with_problems(spec)).expect("JSON");
        for method in ["get", "post"] {
            let content = &document["paths"]["/a"][method]["responses"]["default"]["content"];
            assert_eq!(content["application/problem+json"]["schema"]["$ref"], "#/components/schemas/Problem");
        }
        assert!(document["paths"]["/a"]["get"]["responses"]["200"].is_object(), "its own answers stay");
        assert_eq!(with_problems("none"), "none");
    }
}
