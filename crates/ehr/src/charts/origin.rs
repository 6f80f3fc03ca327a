//! Where a value comes from, and why this reader sees it.
//!
//! The section is read as the reader sees it; what it names is explained, and nothing else is there. So whatever is held,
//! foreign or gone in a list is so here, whichever section it is, without a rule of its own.

mod find;
mod original;

use std::sync::Arc;

use access::{Act, Object, Outcome, PersonId, Step, audit::action};
use jiff::Timestamp;
use serde_json::json;
use sources::Source;

use super::authorize::Allowed;
use super::{Charts, Reader, RecordQuery};
use crate::{ClinicalTime, EhrError, Origin, Section, SourceReport};

pub use original::SourceJson;

/// Longer names are nobody's.
const LONGEST: usize = 600;

/// Which original: a resource of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginAddress {
    /// Source id.
    pub source: String,
    /// `Type/id` at that source.
    pub resource: String,
}

/// An original, explained.
#[derive(Clone, Debug)]
pub struct ExplainedOrigin {
    /// The section that shows it.
    pub section: Section,
    /// What it says, as the section shows it.
    pub item: ExplainedItem,
    /// The original.
    pub origin: Origin,
    /// Other originals that state the same and were put together with it.
    pub others: Vec<Origin>,
    /// The search that brings such resources there, without the patient's id; `None` where they are read one by one.
    pub asked: Option<String>,
    /// The ledger of the section, one per configured source, in configuration order.
    pub sources: Vec<SourceReport>,
    /// Why the reader sees it.
    pub because: Because,
    /// The hospital's own JSON, when it was asked for.
    pub json: Option<SourceJson>,
    /// When it was read.
    pub as_of: Timestamp,
}

/// What the section says where it names the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainedItem {
    /// Id of the section's item.
    pub id: String,
    /// What it is about, as the source says it.
    pub text: Option<String>,
    /// Value with unit, of results.
    pub value: Option<String>,
    /// When.
    pub time: Option<ClinicalTime>,
    /// Status as sent.
    pub status: Option<String>,
    /// How many other items contradict it.
    pub conflicts: usize,
}

/// Why somebody sees something.
#[derive(Clone, Debug)]
pub struct Because {
    /// The relation to the patient, as the audit log names it: `encounter`, `break-glass`, `own-record`, ….
    pub relation: &'static str,
    /// When the record closes to them again, if they broke the glass.
    pub until: Option<Timestamp>,
    /// The rules of the policy that let them read this section.
    pub steps: Vec<Step>,
    /// Was it let through by the release policy? It stands between patients and their records alone.
    pub released: bool,
    /// May they read the hospital's own JSON?
    pub may_read_json: bool,
}

impl Charts {
    /// Explains an original that a section shows to the reader; `with_json` reads it once more, for the hospital's own JSON.
    ///
    /// # Errors
    /// As [`Charts::demographics`]; [`EhrError::NotFound`] for whatever this section does not show this reader now, and for
    /// JSON that they may not read.
    pub async fn origin(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        address: &OriginAddress,
        with_json: bool,
        now: Timestamp,
    ) -> Result<ExplainedOrigin, EhrError> {
        let allowed = self.open(reader, person, section, now).await?;
        let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
        if with_json && self.may(reader.context(), &object, Act::ReadSourceJson).is_err() {
            let error = EhrError::NotFound;
            self.refused(reader.context(), action::RECORD_READ_REFUSED, person, SOURCE_JSON, &error, now).await?;
            return Err(error);
        }
        let source = self.source_of(address, &allowed).ok_or(EhrError::NotFound)?;
        let detail = json!({ "section": section.slug(), "source": address.source, "resource": address.resource });
        let what = if with_json { SOURCE_JSON } else { "origin" };
        let read = self.begin(reader, &allowed, what, detail, now).await?;
        let explained = self.explained(reader, &allowed, section, (address, &source), with_json, now).await;
        let (outcome, detail) = match &explained {
            Ok(explained) => (Outcome::Ok, json!({ "json": explained.json.as_ref().map(SourceJson::told) })),
            Err(EhrError::NotFound | EhrError::Forbidden) => (Outcome::Refused, json!({})),
            Err(_) => (Outcome::Failed, json!({})),
        };
        read.finish(outcome, detail, now).await?;
        explained
    }

    /// The source of an address that can be one of this person.
    fn source_of(&self, address: &OriginAddress, allowed: &Allowed) -> Option<Arc<Source>> {
        let linked = allowed.person.links.iter().any(|link| link.source == address.source);
        let source = self.inner.catalogue.named(&address.source)?;
        (linked && address.resource.len() <= LONGEST && address.resource.contains('/')).then_some(source)
    }

    async fn explained(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        section: Section,
        (address, source): (&OriginAddress, &Source),
        with_json: bool,
        now: Timestamp,
    ) -> Result<ExplainedOrigin, EhrError> {
        let (person, everything) = (allowed.person.id, RecordQuery::default());
        let told = self.record_json(reader, person, section, &everything, now).await?;
        let found = find::find(&told, address)?.ok_or(EhrError::NotFound)?;
        let json = match with_json {
            true => Some(self.source_json(allowed, address, now).await?),
            false => None,
        };
        let object = Object::record(section.slug()).ok_or(EhrError::NotFound)?;
        let (ctx, policy) = (reader.context(), &self.inner.policy);
        Ok(ExplainedOrigin {
            section,
            item: found.item,
            origin: found.origin,
            others: found.others,
            asked: asked(source, section, &address.resource),
            sources: find::ledger(&self.inner.catalogue, found.sources),
            because: Because {
                relation: allowed.why,
                until: allowed.glass_until,
                steps: policy.explain(ctx, &object, Act::ReadRecord),
                released: crate::release::applies(reader),
                may_read_json: policy.decide(ctx, &object, Act::ReadSourceJson),
            },
            json,
            as_of: now,
        })
    }
}

/// What the audit log calls a look at a hospital's own JSON.
const SOURCE_JSON: &str = "source-json";

/// As the source is asked for resources of this type in this section.
fn asked(source: &Source, section: Section, resource: &str) -> Option<String> {
    let (kind, _) = resource.split_once('/')?;
    // Results stand in the summary as the section of results asks for them.
    let slug = match (section, kind) {
        (Section::Demographics, _) => return None,
        (Section::Summary, "Observation") => Section::LabResults.slug(),
        _ => section.slug(),
    };
    let platform = source.client.platform();
    if platform.asked_by(slug, kind) == "_id" {
        return None;
    }
    let query = platform.query(slug, kind, "…");
    let unreliable = query.trust == fhir::FilterTrust::Unreliable;
    let params = query.by_patient_only.filter(|_| unreliable).unwrap_or(query.params);
    let params: Vec<String> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(format!("{kind}?{}", params.join("&")))
}
