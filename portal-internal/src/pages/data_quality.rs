//! `/admin/data-quality`: what hospitals send that can't be read.

use std::sync::Arc;

use poem::{Response, handler, web::Data};
use serde::Serialize;
use web::{Failure, Lang, Visit};

use crate::{portal::Portal, who::Staff};

/// `data_quality.html`
#[derive(Serialize)]
struct QualityPage {
    hospitals: Vec<Hospital>,
}

/// One source.
#[derive(Serialize)]
struct Hospital {
    id: String,
    name: String,
    mark: &'static str,
    rows: Vec<Row>,
    more: bool,
}

/// One kind of fault at one element.
#[derive(Serialize)]
struct Row {
    path: String,
    fault: &'static str,
    count: u64,
    first: String,
    last: String,
}

/// `GET /admin/data-quality`
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit, _staff: Staff) -> Result<Response, Failure> {
    let words = portal.pages.renderer().words(visit.lang);
    let hospitals = portal.catalogue.iter().map(|source| {
        let notes = source.quality();
        let row = |one: sources::Quality| Row {
            path: one.path,
            fault: one.fault.as_str(),
            count: one.count,
            first: words.minute(one.first),
            last: words.minute(one.last),
        };
        let name = if visit.lang == Lang::En { &source.name.en } else { &source.name.zh };
        Hospital {
            id: source.id.clone(),
            name: name.clone(),
            mark: record_view::source_mark(source.mark),
            rows: notes.items.into_iter().map(row).collect(),
            more: notes.more,
        }
    });
    let page = QualityPage { hospitals: hospitals.collect() };
    portal.pages.page_at(visit, "/admin/data-quality", "data_quality.html", &page)
}
