//! Medicines that resources name by reference: read one by one where they did not come along.

use fhir::{kinds, rows};
use futures_util::StreamExt as _;

use super::checked::Asking;
use crate::medication::Book;

/// Requests with the Medications that they name.
pub(super) const INCLUDE_OF_REQUESTS: [(&str, &str); 1] = [("_include", "MedicationRequest:medication")];

/// Medications that one page reads one by one.
const MOST: usize = 24;
/// As many of them at a time.
const AT_ONCE: usize = 4;

/// Reads Medications by id. Why some can't be had, if so.
pub(super) async fn read_medications(
    asking: &Asking<'_>,
    ids: &[String],
    add: impl for<'a> Fn(&str, &rows::Medication<'a>) + Sync,
) -> Option<&'static str> {
    let reads = ids.iter().take(MOST).map(|id| {
        let add = &add;
        async move {
            let take = |row: &rows::Medication<'_>| add(id, row);
            asking.read::<kinds::Medication>(id, take).await
        }
    });
    let reports: Vec<fhir::SearchReport> =
        futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
    let too_many = (ids.len() > MOST).then_some("why-too-many-entries");
    too_many.or_else(|| reports.iter().find_map(|report| report.outcome.key()))
}

/// Reads Medications that have not come along into `book`. Why a medicine may have no name.
pub(super) async fn name_missing(asking: &Asking<'_>, book: &mut Book, missing: &[String]) -> &'static str {
    let read = std::sync::Mutex::new(book);
    let add = |id: &str, row: &rows::Medication<'_>| {
        let mut book = read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        book.add(id, row.code.as_ref(), row.ingredient);
    };
    read_medications(asking, missing, add).await.unwrap_or("why-medicine-unnamed")
}
