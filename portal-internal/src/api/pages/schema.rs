//! What bodies and answers look like, as JSON schemas for the description of the API (OpenAPI 3.0): made of the types that are
//! read and written.

use pages::{Change, Conflict, Draft, Listed, NewPage, Op, Page, Parked, Problem, Revision, Saved, Warning};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Body of `PUT /pages/{page}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// In order.
    pub ops: Vec<Op>,
}

/// Body of `POST /pages/{page}/publish`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publishing {
    /// Why, for the list of revisions; at most 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// Body of `POST /pages/{page}/rollback`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// Number of the revision.
    pub revision: i64,
}

/// A file of `GET /pages/{page}/file`.
#[derive(Deserialize, Serialize, JsonSchema)]
struct PageFile {
    /// `portal-page`
    format: String,
    /// 1
    version: u32,
    page: Page,
}

/// A list.
#[derive(Serialize, JsonSchema)]
pub struct Items<T> {
    /// All of it.
    pub items: Vec<T>,
}

/// What a refusal says beside what every problem says (RFC 9457).
#[derive(Default, Serialize, JsonSchema)]
pub struct PageProblem {
    /// What kind of problem: a path that stays the same.
    pub r#type: String,
    /// The kind in words.
    pub title: String,
    /// As the answer's.
    pub status: u16,
    /// As the answer's, in words.
    pub detail: String,
    /// Say it when you ask for help.
    pub request_id: String,
    /// What one can do something about.
    #[serde(flatten)]
    pub why: Why,
}

/// One of these.
#[derive(Default, Serialize, JsonSchema)]
pub struct Why {
    /// Somebody saved first: both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
    /// Why the page would not be sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problems: Option<Vec<Problem>>,
    /// Changes that can't be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<Vec<Parked>>,
    /// Widgets that this installation does not have, or whose settings it does not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misfits: Option<Vec<Warning>>,
}

/// Schemas under names that no other part of the API uses.
struct Named {
    generator: SchemaGenerator,
    prefix: &'static str,
}

impl Named {
    fn of<T: JsonSchema>(&mut self) -> Value {
        renamed(&self.generator.subschema_for::<T>().to_value(), self.prefix)
    }

    fn components(mut self) -> Map<String, Value> {
        let all = self.generator.take_definitions(true);
        all.into_iter()
            .map(|(name, schema)| (format!("{}{name}", self.prefix), renamed(&schema, self.prefix)))
            .collect()
    }
}

fn renamed(schema: &Value, prefix: &str) -> Value {
    match schema {
        Value::String(text) => match text.strip_prefix("#/components/schemas/") {
            Some(name) => Value::from(format!("#/components/schemas/{prefix}{name}")),
            None => schema.clone(),
        },
        Value::Array(list) => list.iter().map(|one| renamed(one, prefix)).collect(),
        Value::Object(map) => map.iter().map(|(key, one)| (key.clone(), renamed(one, prefix))).collect(),
        _ => schema.clone(),
    }
}

/// The OpenAPI document with the bodies and answers of pages. A text that is no such document stays as it is.
pub fn describe(document: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(document) else { return document.to_owned() };
    let settings = SchemaSettings::openapi3;
    let mut read = Named { generator: settings().for_deserialize().into_generator(), prefix: "PageInput-" };
    let mut written = Named { generator: settings().for_serialize().into_generator(), prefix: "PageAnswer-" };
    let bodies = [
        ("page_create", read.of::<NewPage>()),
        ("page_save", read.of::<Changes>()),
        ("page_publish", read.of::<Publishing>()),
        ("page_rollback", read.of::<Return>()),
        ("page_import", read.of::<PageFile>()),
    ];
    let draft = written.of::<Draft>();
    let revision = written.of::<Revision>();
    let answers = [
        ("page_list", written.of::<Items<Listed>>()),
        ("page_create", draft.clone()),
        ("page_import", draft.clone()),
        ("page_read", draft.clone()),
        ("page_undo", draft.clone()),
        ("page_restore", draft),
        ("page_save", written.of::<Saved>()),
        ("page_publish", revision.clone()),
        ("page_rollback", revision),
        ("page_revisions", written.of::<Items<Revision>>()),
        ("page_changes", written.of::<Items<Change>>()),
        ("page_export", written.of::<PageFile>()),
    ];
    let refused = written.of::<PageProblem>();
    for operation in document["paths"].as_object_mut().into_iter().flatten().flat_map(|(_, path)| path.as_object_mut())
    {
        for (_, operation) in operation {
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let of =
                |list: &[(&str, Value)]| list.iter().find(|(name, _)| *name == id).map(|(_, schema)| schema.clone());
            if let Some(schema) = of(&bodies) {
                set(operation, "/requestBody/content", &schema);
            }
            if let Some(schema) = of(&answers) {
                for status in ["200", "201"] {
                    set(operation, &format!("/responses/{status}/content"), &schema);
                }
                for status in ["409", "422"] {
                    set(operation, &format!("/responses/{status}/content"), &refused);
                }
            }
        }
    }
    let mut all = read.components();
    all.extend(written.components());
    for (name, schema) in all {
        document["components"]["schemas"][name] = schema;
    }
    document.to_string()
}

/// Says what stands there, where something does.
fn set(operation: &mut Value, at: &str, schema: &Value) {
    let contents = operation.pointer_mut(at).and_then(Value::as_object_mut);
    for (_, content) in contents.into_iter().flatten() {
        content["schema"] = schema.clone();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_referred_to_is_there() {
        let spec = json!({ "paths": { "/a": { "put": {
            "operationId": "page_save",
            "requestBody": { "content": { "application/json": {} } },
            "responses": { "200": { "content": { "application/json": {} } }, "409": { "content": { "x": {} } } },
        } } } });
        let text = describe(&spec.to_string());
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let mut parts = text.split("\"$ref\":\"").skip(1);
        assert!(parts.clone().count() > 20, "{text}");
        assert!(parts.all(|part| {
            let name = part.split('"').next().unwrap_or_default();
            name.strip_prefix("#/components/schemas/").is_some_and(|name| schemas.contains_key(name))
        }));
        let operation = &document["paths"]["/a"]["put"];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(body, "#/components/schemas/PageInput-Changes");
        assert_eq!(
            operation["responses"]["409"]["content"]["x"]["schema"]["$ref"],
            "#/components/schemas/PageAnswer-PageProblem"
        );
        assert_eq!(describe("none"), "none");
    }
}
