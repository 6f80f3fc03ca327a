//! `GET …/record/summary`

use access::PersonId;
use schemars::JsonSchema;
use serde::Serialize;

use super::record::{Item, LabFields, Record, fact_item, result_item};
use crate::{
    Allergy, ClinicalTime, Device, EarlierDose, Immunization, Medicine, Problem, Procedure, ReportLine, Section,
    Summary, Visit,
};

/// `fields` of an item of the summary: its part, and what that part has. `past` is true for what no longer holds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "part", rename_all = "kebab-case")]
pub enum SummaryFields<'a> {
    /// An allergy, or the statement that there is none (`none_known`: `any`, `medication`, `food`, `environment`).
    Allergies {
        /// No longer holds.
        past: bool,
        /// What there is none of.
        #[serde(skip_serializing_if = "Option::is_none")]
        none_known: Option<&'static str>,
        /// How certain.
        #[serde(skip_serializing_if = "str::is_empty")]
        verification: &'a str,
        /// How dangerous.
        #[serde(skip_serializing_if = "Option::is_none")]
        criticality: Option<&'a str>,
        /// Food, medication, …
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        categories: &'a [String],
        /// What happened.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        reactions: Vec<ReactionJson<'a>>,
        /// When it was written down.
        #[serde(skip_serializing_if = "Option::is_none")]
        recorded: Option<&'a str>,
        /// Remarks.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        notes: &'a [String],
    },
    /// A problem.
    Problems {
        /// No longer holds.
        past: bool,
        /// How certain.
        #[serde(skip_serializing_if = "str::is_empty")]
        verification: &'a str,
        /// ICD-10.
        #[serde(skip_serializing_if = "Option::is_none")]
        icd10: Option<&'a str>,
        /// Since when, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        onset: Option<&'a str>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        ended: Option<&'a str>,
        /// How bad.
        #[serde(skip_serializing_if = "Option::is_none")]
        severity: Option<&'a str>,
        /// When it was written down.
        #[serde(skip_serializing_if = "Option::is_none")]
        recorded: Option<&'a str>,
        /// Remarks.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        notes: &'a [String],
    },
    /// A medicine.
    Medicines {
        /// No longer holds.
        past: bool,
        /// The whole instruction.
        #[serde(skip_serializing_if = "Option::is_none")]
        instruction: Option<&'a str>,
        /// How much.
        #[serde(skip_serializing_if = "Option::is_none")]
        dose: Option<&'a str>,
        /// By which way.
        #[serde(skip_serializing_if = "Option::is_none")]
        route: Option<&'a str>,
        /// How often.
        #[serde(skip_serializing_if = "Option::is_none")]
        frequency: Option<&'a str>,
        /// For how long it was supplied.
        #[serde(skip_serializing_if = "Option::is_none")]
        supply: Option<&'a str>,
        /// Who prescribed it.
        #[serde(skip_serializing_if = "Option::is_none")]
        prescriber: Option<&'a str>,
        /// What for.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        /// First prescribed.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<&'a str>,
        /// Another dose than before.
        dose_changed: bool,
        /// Earlier prescriptions of it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<EarlierJson<'a>>,
    },
    /// A vaccination.
    Immunizations {
        /// Was not given.
        past: bool,
        /// Which dose.
        #[serde(skip_serializing_if = "Option::is_none")]
        dose: Option<&'a str>,
        /// Lot.
        #[serde(skip_serializing_if = "Option::is_none")]
        lot: Option<&'a str>,
        /// Who, or where.
        #[serde(skip_serializing_if = "Option::is_none")]
        performer: Option<&'a str>,
        /// When, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<&'a str>,
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    },
    /// A procedure.
    Procedures {
        /// Was not done.
        past: bool,
        /// When, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Option<&'a str>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        ended: Option<&'a str>,
        /// Where on the body.
        #[serde(skip_serializing_if = "Option::is_none")]
        body_site: Option<&'a str>,
        /// Who.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        performers: &'a [String],
        /// What for.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        /// What came of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<&'a str>,
    },
    /// A device.
    Devices {
        /// No longer in use.
        past: bool,
        /// Maker.
        #[serde(skip_serializing_if = "Option::is_none")]
        manufacturer: Option<&'a str>,
        /// Model.
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a str>,
        /// Use until.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<&'a str>,
    },
    /// The newest result of an analyte; contradicting ones are items of their own.
    Results {
        /// As of a laboratory result.
        #[serde(flatten)]
        result: LabFields<'a>,
    },
    /// A visit or stay.
    Encounters {
        /// Was cancelled.
        past: bool,
        /// `outpatient`, `emergency`, `inpatient`, `unknown`.
        class: &'static str,
        /// The source's own words for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        class_text: Option<&'a str>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        ended: Option<&'a str>,
        /// Hospital.
        #[serde(skip_serializing_if = "Option::is_none")]
        hospital: Option<&'a str>,
        /// Department.
        #[serde(skip_serializing_if = "Option::is_none")]
        department: Option<&'a str>,
        /// Why.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        reasons: &'a [String],
    },
    /// A report other than a laboratory's.
    Reports {
        /// Was cancelled.
        past: bool,
        /// As written.
        #[serde(skip_serializing_if = "Option::is_none")]
        conclusion: Option<&'a str>,
        /// What kind.
        #[serde(skip_serializing_if = "Option::is_none")]
        category: Option<&'a str>,
    },
}

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReactionJson<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
}

/// An earlier prescription.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EarlierJson<'a> {
    time: Option<&'a str>,
    dose: &'a str,
    status: &'a str,
    resources: Vec<&'a str>,
}

type Items<'a> = Vec<Item<'a, SummaryFields<'a>>>;

/// `GET …/record/summary`
pub fn summary(person: PersonId, of: &Summary) -> Record<'_, SummaryFields<'_>> {
    let mut items: Items<'_> = Vec::new();
    let allergies = &of.allergies;
    let statements = allergies.items.iter().chain(&allergies.none_known).map(|one| (one, false));
    items.extend(statements.chain(allergies.past.iter().map(|one| (one, true))).map(allergy));
    items.extend(both(&of.problems.items, &of.problems.past).map(problem));
    items.extend(both(&of.medicines.items, &of.medicines.past).map(medicine));
    items.extend(both(&of.immunizations.items, &of.immunizations.past).map(immunization));
    items.extend(both(&of.procedures.items, &of.procedures.past).map(procedure));
    items.extend(both(&of.devices.items, &of.devices.past).map(device));
    for recent in &of.results.items {
        let results = [&recent.newest].into_iter().chain(&recent.contradicting);
        items.extend(results.map(|one| result_item(one, |result| SummaryFields::Results { result })));
    }
    items.extend(both(&of.encounters.items, &of.encounters.past).map(encounter));
    items.extend(both(&of.reports.items, &of.reports.past).map(report));
    Record::new(person, Section::Summary, items, (&of.sources, &of.held)).with_allergies(allergies.state)
}

fn both<'a, T>(items: &'a [T], past: &'a [T]) -> impl Iterator<Item = (&'a T, bool)> {
    items.iter().map(|one| (one, false)).chain(past.iter().map(|one| (one, true)))
}

fn text(time: &Option<ClinicalTime>) -> Option<&str> {
    time.as_ref().map(ClinicalTime::as_str)
}

fn allergy((of, past): (&Allergy, bool)) -> Item<'_, SummaryFields<'_>> {
    let reactions = of.reactions.iter();
    let reactions = reactions.map(|one| ReactionJson { text: &one.what, severity: one.severity.as_deref() });
    fact_item(
        &of.fact,
        SummaryFields::Allergies {
            past,
            none_known: of.scope.map(crate::NoneScope::as_str),
            verification: &of.verification,
            criticality: of.criticality.as_deref(),
            categories: &of.categories,
            reactions: reactions.collect(),
            recorded: text(&of.recorded),
            notes: &of.notes,
        },
    )
}

fn problem((of, past): (&Problem, bool)) -> Item<'_, SummaryFields<'_>> {
    fact_item(
        &of.fact,
        SummaryFields::Problems {
            past,
            verification: &of.verification,
            icd10: of.icd10.as_deref(),
            onset: of.onset_text.as_deref(),
            ended: text(&of.ended),
            severity: of.severity.as_deref(),
            recorded: text(&of.recorded),
            notes: &of.notes,
        },
    )
}

fn medicine((of, past): (&Medicine, bool)) -> Item<'_, SummaryFields<'_>> {
    fn earlier(of: &EarlierDose) -> EarlierJson<'_> {
        let resources = of.origins.iter().map(|origin| origin.resource.as_str()).collect();
        EarlierJson { time: text(&of.time), dose: &of.text, status: &of.status, resources }
    }
    fact_item(
        &of.fact,
        SummaryFields::Medicines {
            past,
            instruction: of.instruction.as_deref(),
            dose: of.dose.as_deref(),
            route: of.route.as_deref(),
            frequency: of.frequency.as_deref(),
            supply: of.supply.as_deref(),
            prescriber: of.prescriber.as_deref(),
            reason: of.reason.as_deref(),
            since: text(&of.since),
            dose_changed: of.dose_changed,
            earlier: of.earlier.iter().map(earlier).collect(),
        },
    )
}

fn immunization((of, past): (&Immunization, bool)) -> Item<'_, SummaryFields<'_>> {
    fact_item(
        &of.fact,
        SummaryFields::Immunizations {
            past,
            dose: of.dose.as_deref(),
            lot: of.lot.as_deref(),
            performer: of.performer.as_deref(),
            when: of.when_text.as_deref(),
            reason: of.reason.as_deref(),
        },
    )
}

fn procedure((of, past): (&Procedure, bool)) -> Item<'_, SummaryFields<'_>> {
    fact_item(
        &of.fact,
        SummaryFields::Procedures {
            past,
            when: of.when_text.as_deref(),
            ended: text(&of.ended),
            body_site: of.body_site.as_deref(),
            performers: &of.performers,
            reason: of.reason.as_deref(),
            outcome: of.outcome.as_deref(),
        },
    )
}

fn device((of, past): (&Device, bool)) -> Item<'_, SummaryFields<'_>> {
    fact_item(
        &of.fact,
        SummaryFields::Devices {
            past,
            manufacturer: of.manufacturer.as_deref(),
            model: of.model.as_deref(),
            expires: text(&of.expires),
        },
    )
}

fn encounter((of, past): (&Visit, bool)) -> Item<'_, SummaryFields<'_>> {
    fact_item(
        &of.fact,
        SummaryFields::Encounters {
            past,
            class: of.class.as_str(),
            class_text: of.class_text.as_deref(),
            ended: text(&of.ended),
            hospital: of.hospital.as_deref(),
            department: of.department.as_deref(),
            reasons: &of.reasons,
        },
    )
}

fn report((of, past): (&ReportLine, bool)) -> Item<'_, SummaryFields<'_>> {
    let (conclusion, category) = (of.conclusion.as_deref(), of.category.as_deref());
    fact_item(&of.fact, SummaryFields::Reports { past, conclusion, category })
}
