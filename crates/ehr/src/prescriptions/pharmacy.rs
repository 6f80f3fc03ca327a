//! What the pharmacy of one source made of its prescriptions.

use std::collections::HashMap;

use fhir::rows::MedicationDispense;

use super::{NOTHING_DISPENSED, PrescriptionFields};
use crate::ClinicalTime;
use crate::medication::{amount_of, local_id};

/// Dispenses by the prescription that authorises them.
#[derive(Debug, Default)]
pub(crate) struct Pharmacy {
    by_request: HashMap<String, Vec<Handed>>,
}

#[derive(Clone, Debug)]
struct Handed {
    id: String,
    status: String,
    at: Option<ClinicalTime>,
    quantity: Option<String>,
}

impl Pharmacy {
    /// Takes a resource that has been checked to be the patient's.
    pub fn add(&mut self, row: &MedicationDispense<'_>, base: &url::Url) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let at = row.when_handed_over.or(row.when_prepared).and_then(ClinicalTime::parse);
        let handed = Handed {
            id: row.id.unwrap_or_default().to_owned(),
            status: if status.is_empty() { "unknown".to_owned() } else { status.to_owned() },
            at,
            quantity: row.quantity.as_ref().and_then(amount_of),
        };
        for prescription in row.authorizing_prescription {
            if let Some(request) = local_id(Some(prescription), "MedicationRequest", base) {
                self.by_request.entry(request).or_default().push(handed.clone());
            }
        }
    }

    /// What became of the prescription `request`. Without an answer in full (`whole`), silence means nothing.
    pub fn tell(&self, request: &str, whole: bool, fields: &mut PrescriptionFields) {
        let Some(mut all) = self.by_request.get(request).cloned() else {
            fields.dispensed = whole.then(|| NOTHING_DISPENSED.to_owned());
            return;
        };
        // Pages overlap, and the order in which they come means nothing.
        all.sort_by(|one, other| (&one.at, &one.id).cmp(&(&other.at, &other.id)));
        all.dedup_by(|one, other| one.id == other.id);
        let done: Vec<&Handed> = all.iter().filter(|one| one.status == "completed").collect();
        let Some(last) = done.last().copied().or(all.last()) else { return };
        fields.dispensed = Some(last.status.clone());
        fields.dispensed_at.clone_from(&last.at);
        fields.dispensed_quantity.clone_from(&last.quantity);
        fields.dispensed_times = (done.len() > 1).then_some(done.len());
    }
}
