//! What the JSON looks like, as JSON schemas for the description of the API (OpenAPI 3.0): made of the types that are written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    DemographicsFields, LabFields, Links, MyPatientsJson, Patients, Record, RecordSearchJson, SummaryFields,
    VisitFields,
};
use crate::{ClinicalTime, Decimal, Named, SafeHtml, Section, labs::Flag, listing};

/// The schemas of all answers.
#[derive(Clone, Debug)]
pub struct Schemas {
    /// Of `GET …/record/{section}`: one of the sections, told apart by `section`.
    pub record: Value,
    /// Of `GET …/links`.
    pub links: Value,
    /// Of `POST /api/v1/patient-searches`.
    pub patients: Value,
    /// Of `POST …/record-search`.
    pub record_search: Value,
    /// Of `GET /api/v1/my-patients`.
    pub mine: Value,
    /// What they refer to, by name, for `#/components/schemas`.
    pub components: Map<String, Value>,
}

/// Makes them.
pub fn schemas() -> Schemas {
    let mut generator = SchemaSettings::openapi3().for_serialize().into_generator();
    let mut sections = vec![
        (Section::Demographics, Record::<DemographicsFields<'_>>::json_schema(&mut generator)),
        (Section::Summary, Record::<SummaryFields<'_>>::json_schema(&mut generator)),
        (Section::Outpatient, Record::<VisitFields<'_>>::json_schema(&mut generator)),
        (Section::Inpatient, Record::<VisitFields<'_>>::json_schema(&mut generator)),
        (Section::LabResults, Record::<LabFields<'_>>::json_schema(&mut generator)),
    ];
    sections.extend(listing::schemas(&mut generator));
    let links = generator.subschema_for::<Links<'_>>().to_value();
    let patients = generator.subschema_for::<Patients<'_>>().to_value();
    let record_search = generator.subschema_for::<RecordSearchJson<'_>>().to_value();
    let mine = generator.subschema_for::<MyPatientsJson<'_>>().to_value();
    let (mut one_of, mut mapping) = (Vec::new(), Map::new());
    for (section, schema) in sections {
        let (slug, mut schema) = (section.slug(), schema.to_value());
        schema["properties"]["section"] = json!({ "type": "string", "enum": [slug] });
        let reference = format!("#/components/schemas/Record-{slug}");
        one_of.push(json!({ "$ref": reference }));
        mapping.insert(slug.to_owned(), reference.into());
        generator.definitions_mut().insert(format!("Record-{slug}"), schema);
    }
    let record = json!({ "oneOf": one_of, "discriminator": { "propertyName": "section", "mapping": mapping } });
    // Says it as OpenAPI 3.0 does (`nullable` and the like).
    let components = generator.take_definitions(true);
    Schemas { record, links, patients, record_search, mine, components }
}

/// Types that write themselves as another.
macro_rules! written_as {
    ($($type:ty: $as:ty,)+) => {
        $(impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$as>::json_schema(generator)
            }
        })+
    };
}

written_as! {
    ClinicalTime: String,
    Decimal: String,
    Flag: String,
    Named: Option<String>,
    SafeHtml: String,
}
