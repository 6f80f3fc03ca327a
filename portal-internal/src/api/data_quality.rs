//! `/api/v1/data-quality`: what hospitals send that can't be read.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json};

use crate::{portal::Portal, who::Staff};

/// What hospitals send that can't be read.
pub struct DataQualityApi;

/// All that was noted since this replica started.
#[derive(Object)]
struct DataQuality {
    /// One per configured source, in configuration order.
    sources: Vec<SourceQuality>,
}

/// Of one source.
#[derive(Object)]
struct SourceQuality {
    /// Source id.
    id: String,
    /// By path, then fault.
    items: Vec<QualityItem>,
    /// There are more kinds than are kept.
    more: bool,
}

/// One kind of fault at one element. Never what stood there, nor whose it was.
#[derive(Object)]
struct QualityItem {
    /// FHIR path without indices: `Observation.component.valueQuantity`.
    path: String,
    /// `null`, `string`, `number`, `boolean`, `array`, `object`, `duplicate`, `too-many`, `no-resource`, `unreadable`,
    /// `control-character`, `encoding`, `time`, `too-long` or `no-id`.
    fault: String,
    /// How often it was met.
    count: u64,
    /// When it was met first.
    first: String,
    /// When it was met last.
    last: String,
}

#[OpenApi]
impl DataQualityApi {
    /// Elements that hospitals write so that they had to be dropped.
    #[oai(path = "/data-quality", method = "get", operation_id = "data_quality")]
    async fn read(&self, portal: Data<&Arc<Portal>>, _staff: Staff) -> Json<DataQuality> {
        let sources = portal.catalogue.iter().map(|source| {
            let notes = source.quality();
            let item = |one: sources::Quality| QualityItem {
                path: one.path,
                fault: one.fault.as_str().to_owned(),
                count: one.count,
                first: one.first.to_string(),
                last: one.last.to_string(),
            };
            let items = notes.items.into_iter().map(item).collect();
            SourceQuality { id: source.id.clone(), items, more: notes.more }
        });
        Json(DataQuality { sources: sources.collect() })
    }
}
