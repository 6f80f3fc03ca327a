//! 患者基本信息 of every linked source.

use access::{Outcome, PersonId};
use fhir::kinds;
use jiff::Timestamp;
use patients::SourcePatient;
use serde_json::json;

use super::{
    Charts, Reader,
    fan_out::{Answer, Tally},
    patient,
};
use crate::compartment::Compartment;
use crate::{EhrError, Gathered, Origin, Registration, Section};

impl Charts {
    /// What each hospital says about who the patient is, read live.
    ///
    /// # Errors
    /// [`EhrError::NotFound`], [`EhrError::BreakGlassRequired`] or [`EhrError::Forbidden`] by who reads;
    /// [`EhrError::Store`] and [`EhrError::Audit`] when the read could not be written down. A silent hospital is no
    /// error.
    pub async fn demographics(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Gathered<Registration>, EhrError> {
        let allowed = self.open(reader, person, Section::Demographics, now).await?;
        let read = self.begin(reader, &allowed, Section::Demographics.slug(), json!({}), now).await?;
        let systems = self.inner.settings.resident_id_systems.clone();
        let wanted = self.ids_at(&allowed);
        let (person, index) = (allowed.person.clone(), self.inner.index.clone());
        let (answers, sources) = self
            .ask_each(&wanted, now, move |source, ids, deadline| {
                let systems = source.resident_ids(&systems);
                let base = source.client.base().clone();
                let whose = Compartment::new(base, ids.all(), person.clone(), index.clone(), systems.clone());
                async move {
                    let mut tally = Tally::default();
                    let mut registrations = Vec::new();
                    let mut seen = Vec::new();
                    let base = source.client.base().clone();
                    let (mut dropped, mut left_out) = (0, 0_u32);
                    for id in ids.asked() {
                        let mut take = |entry: fhir::Entry<'_, fhir::rows::Patient<'_>>| {
                            if entry.row.resource_type != Some("Patient") {
                                return;
                            }
                            // A merged record may answer with the one that replaced it.
                            let Some(own) = entry.row.id.filter(|own| ids.includes(own)) else {
                                dropped += 1;
                                return;
                            };
                            let origin = Origin {
                                source: source.id.clone(),
                                resource: format!("Patient/{own}"),
                                version: entry.row.meta.and_then(|meta| meta.version_id).map(str::to_owned),
                                retrieved_at: source.as_of(now),
                            };
                            let another = whose.is_somebody_else(&source.id, &entry.row);
                            if !source.is_personal() {
                                seen.extend(patient::identity(&entry.row, &source.id, &base, &systems));
                            }
                            if another {
                                dropped += 1;
                                return;
                            }
                            let (registration, more) = patient::registration(&entry.row, &systems, origin);
                            registrations.push(registration);
                            left_out = left_out.saturating_add(more);
                        };
                        let report = source.read::<kinds::Patient>(id, deadline, now, &mut take).await;
                        tally.add(&report);
                    }
                    tally.entries = u32::try_from(registrations.len()).unwrap_or(u32::MAX);
                    tally.dropped = dropped;
                    tally.left_out(left_out);
                    Answer { data: (registrations, seen), tally }
                }
            })
            .await;
        let (mut items, mut seen): (Vec<Registration>, Vec<SourcePatient>) = (Vec::new(), Vec::new());
        for (registrations, identities) in answers {
            items.extend(registrations);
            seen.extend(identities);
        }
        items.sort_by(|a, b| (rank(&sources, a), &a.origin).cmp(&(rank(&sources, b), &b.origin)));
        items.dedup_by(|a, b| (&a.origin.source, &a.origin.resource) == (&b.origin.source, &b.origin.resource));
        // What the hospitals say now is what the index knows of these identities; links that it contradicts end. What a person
        // has connected is for their own eyes, and is not in it.
        self.inner.index.observe(reader.context(), &seen, now).await?;
        let detail = json!({ "items": items.len(), "sources": states(&sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(Gathered { items, sources, as_of: now, held: Vec::new(), reviews: Default::default() })
    }
}

fn rank(sources: &[crate::SourceReport], registration: &Registration) -> usize {
    sources.iter().position(|source| source.id == registration.origin.source).unwrap_or(usize::MAX)
}

/// States of sources for the audit log: `{"city-first": "answered"}`.
pub(super) fn states(sources: &[crate::SourceReport]) -> serde_json::Value {
    let of = |source: &crate::SourceReport| {
        let state = match source.dropped {
            0 => json!(source.state.as_str()),
            dropped => json!({ "state": source.state.as_str(), "foreign": dropped }),
        };
        (source.id.clone(), state)
    };
    serde_json::Value::Object(sources.iter().map(of).collect())
}
