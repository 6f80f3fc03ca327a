//! The hospital's own JSON of one resource, read once more.

use fhir::{Kind, Row as _, SearchReport, kinds, kinds::Raw};
use jiff::Timestamp;
use sources::Source;
use tokio::time::Instant;

use super::super::authorize::Allowed;
use super::super::checked::Asking;
use super::super::fan_out::{Answer, Ids, Tally};
use super::super::labs::any_is_somebody_else;
use super::{Charts, OriginAddress};
use crate::EhrError;
use crate::compartment::Compartment;
use crate::source_json::{Pretty, pretty};

/// What a hospital has of a resource now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceJson {
    /// Its JSON, indented, as sent but for numbers of people and for what is too long.
    Text(Pretty),
    /// It can't be had: why, as a message key (`why-…`, `origin-gone`).
    Missing(&'static str),
}

impl SourceJson {
    /// For the audit log: was it shown?
    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::Text(_) => "shown",
            Self::Missing(why) => why,
        }
    }
}

/// What came of asking.
enum Asked {
    Text(String),
    /// The hospital says that it has no such resource any more.
    Gone,
    /// By now it is another patient's.
    Foreign,
    Failed(&'static str),
}

impl Charts {
    pub(super) async fn source_json(
        &self,
        allowed: &Allowed,
        address: &OriginAddress,
        now: Timestamp,
    ) -> Result<SourceJson, EhrError> {
        let (compartment, ids_at) = (self.compartments(&allowed.person), self.ids_at(allowed));
        let only = address.source.clone();
        let wanted = move |source: &Source| if source.id == only { ids_at(source) } else { None };
        let of = address.clone();
        let (asked, _) = self
            .ask_each(wanted, now, move |source, ids, deadline| {
                let (whose, of) = (compartment(&source, &ids), of.clone());
                async move { ask(&of, &source, &ids, &whose, deadline, now).await }
            })
            .await;
        match asked.into_iter().next() {
            Some(Asked::Text(json)) => Ok(SourceJson::Text(pretty(&json))),
            Some(Asked::Gone) => Ok(SourceJson::Missing("origin-gone")),
            Some(Asked::Failed(why)) => Ok(SourceJson::Missing(why)),
            None => Ok(SourceJson::Missing("why-timeout")),
            Some(Asked::Foreign) => Err(EhrError::NotFound),
        }
    }
}

async fn ask(
    address: &OriginAddress,
    source: &Source,
    ids: &Ids,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> Answer<Asked> {
    let asking = Asking::new(source, ids, whose, deadline, now);
    let mut tally = Tally::default();
    let (another, one) =
        tokio::join!(any_is_somebody_else(source, ids, whose, deadline, now), read(&asking, &address.resource));
    let Some(One { json, foreign, report }) = one else { return Answer { data: Asked::Gone, tally } };
    tally.add(&report);
    if another || foreign {
        tally.disown(&[], 1);
        return Answer { data: Asked::Foreign, tally };
    }
    let data = match (json, report.outcome) {
        (Some(json), _) => Asked::Text(json),
        (None, outcome) => outcome.key().map_or(Asked::Gone, Asked::Failed),
    };
    Answer { data, tally }
}

/// One resource, read.
struct One {
    json: Option<String>,
    foreign: bool,
    report: SearchReport,
}

async fn read_one<K: Kind>(asking: &Asking<'_>, id: &str) -> One {
    let (mut json, mut foreign) = (None, false);
    let take = |of: &<Raw<K> as Kind>::Row<'_>| {
        // A server that answers with another resource than was asked for is not believed.
        if of.id() != Some(id) {
            return;
        }
        let own = if K::TYPE == "Patient" { asking.ids.includes(id) } else { asking.whose.holds(of.subject()) };
        match own {
            true => json = Some(of.json.to_owned()),
            false => foreign = true,
        }
    };
    let report = asking.read::<Raw<K>>(id, take).await;
    One { json, foreign, report }
}

macro_rules! read_kinds {
    ($($kind:ident)+) => {
        /// Reads a resource of a type that sections name; `None` for other types.
        async fn read(asking: &Asking<'_>, resource: &str) -> Option<One> {
            let (kind, id) = resource.split_once('/')?;
            match kind {
                $(stringify!($kind) => Some(read_one::<kinds::$kind>(asking, id).await),)+
                _ => None,
            }
        }
    };
}

read_kinds! {
    Account AllergyIntolerance CarePlan ChargeItem Claim Composition Condition Coverage Device DiagnosticReport
    DocumentReference Encounter ExplanationOfBenefit FamilyMemberHistory Immunization Invoice MedicationAdministration
    MedicationDispense MedicationRequest MedicationStatement NutritionOrder Observation Patient Procedure
    QuestionnaireResponse ServiceRequest
}
