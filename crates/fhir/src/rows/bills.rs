//! What was charged for: ChargeItem (<https://hl7.org/fhir/R4/chargeitem.html>), Invoice
//! (<https://hl7.org/fhir/R4/invoice.html>), Claim (<https://hl7.org/fhir/R4/claim.html>), ExplanationOfBenefit
//! (<https://hl7.org/fhir/R4/explanationofbenefit.html>), Account (<https://hl7.org/fhir/R4/account.html>) and Coverage
//! (<https://hl7.org/fhir/R4/coverage.html>).

use super::{CodeableConcept, Identifier, Meta, Number, Period, Quantity, ResourceReference, When};
use crate::lean::object;

object! {
    /// An amount of money.
    pub struct Money<'a> {
        /// The number, text kept.
        pub value: Option<Number<'a>> = "value",
        /// ISO 4217.
        pub currency: Option<&'a str> = "currency",
    }
}

object! {
    /// What a payer settled.
    pub struct ExplanationOfBenefit<'a> {
        /// As sent; other than `ExplanationOfBenefit` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Numbers of the settlement.
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// `active`, `cancelled`, `draft`, `entered-in-error`.
        pub status: Option<&'a str> = "status",
        /// `institutional`, `professional`, `pharmacy`, …
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// `claim`, `preauthorization`, `predetermination`.
        pub usage: Option<&'a str> = "use",
        /// Whose.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// What time it is about.
        pub billable_period: Option<Period<'a>> = "billablePeriod",
        /// When it was made.
        pub created: Option<&'a str> = "created",
        /// Who settles.
        pub insurer: Option<ResourceReference<'a>> = "insurer",
        /// The claim that it settles.
        pub claim: Option<ResourceReference<'a>> = "claim",
        /// By which coverage.
        pub insurance: &'a [BillInsurance<'a>] = "insurance",
        /// What it was for.
        pub diagnosis: &'a [BillDiagnosis<'a>] = "diagnosis",
        /// Its lines.
        pub item: &'a [BillItem<'a>] = "item",
        /// Sums by kind (`submitted`, `benefit`, …).
        pub total: &'a [BillTotal<'a>] = "total",
    }
}

object! {
    /// What a payer is asked for.
    pub struct Claim<'a> {
        /// As sent; other than `Claim` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Numbers of the claim.
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// `active`, `cancelled`, `draft`, `entered-in-error`.
        pub status: Option<&'a str> = "status",
        /// As of a settlement.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// `claim`, `preauthorization`, `predetermination`.
        pub usage: Option<&'a str> = "use",
        /// Whose.
        pub patient: Option<ResourceReference<'a>> = "patient",
        /// What time it is about.
        pub billable_period: Option<Period<'a>> = "billablePeriod",
        /// When it was made.
        pub created: Option<&'a str> = "created",
        /// Who is asked.
        pub insurer: Option<ResourceReference<'a>> = "insurer",
        /// By which coverage.
        pub insurance: &'a [BillInsurance<'a>] = "insurance",
        /// What it was for.
        pub diagnosis: &'a [BillDiagnosis<'a>] = "diagnosis",
        /// Its lines.
        pub item: &'a [BillItem<'a>] = "item",
        /// Its sum.
        pub total: Option<Money<'a>> = "total",
    }
}

object! {
    /// `insurance` of a claim and its settlement.
    pub struct BillInsurance<'a> {
        /// Which coverage.
        pub coverage: Option<ResourceReference<'a>> = "coverage",
    }
}

object! {
    /// `diagnosis` of a claim and its settlement.
    pub struct BillDiagnosis<'a> {
        /// Its place.
        pub sequence: Option<Number<'a>> = "sequence",
        /// What.
        pub concept: Option<CodeableConcept<'a>> = "diagnosisCodeableConcept",
        /// Which condition.
        pub reference: Option<ResourceReference<'a>> = "diagnosisReference",
        /// `principal`, …
        pub kind: &'a [CodeableConcept<'a>] = "type",
        /// Was it there at admission?
        pub on_admission: Option<CodeableConcept<'a>> = "onAdmission",
    }
}

object! {
    /// A line of a claim and its settlement.
    pub struct BillItem<'a> {
        /// Kind of benefit, fee class.
        pub category: Option<CodeableConcept<'a>> = "category",
        /// What.
        pub product_or_service: Option<CodeableConcept<'a>> = "productOrService",
        /// How many.
        pub quantity: Option<Quantity<'a>> = "quantity",
        /// One of them.
        pub unit_price: Option<Money<'a>> = "unitPrice",
        /// All of them.
        pub net: Option<Money<'a>> = "net",
        /// At which visits.
        pub encounter: &'a [ResourceReference<'a>] = "encounter",
    }
}

object! {
    /// A sum of a settlement.
    pub struct BillTotal<'a> {
        /// Of what.
        pub category: Option<CodeableConcept<'a>> = "category",
        /// How much.
        pub amount: Option<Money<'a>> = "amount",
    }
}

object! {
    /// Something charged for.
    pub struct ChargeItem<'a> {
        /// As sent; other than `ChargeItem` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Numbers of the charge.
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// `planned`, `billable`, `not-billable`, `aborted`, `billed`, `entered-in-error`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// What.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Who.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// During which visit.
        pub context: Option<ResourceReference<'a>> = "context",
        /// When.
        pub occurrence: Option<When<'a>> = "occurrenceDateTime" | "occurrencePeriod",
        /// How many.
        pub quantity: Option<Quantity<'a>> = "quantity",
        /// The charge, in place of the price of the list.
        pub price_override: Option<Money<'a>> = "priceOverride",
        /// On which accounts.
        pub account: &'a [ResourceReference<'a>] = "account",
    }
}

object! {
    /// What somebody is asked to pay.
    pub struct Invoice<'a> {
        /// As sent; other than `Invoice` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Numbers of the invoice.
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// `draft`, `issued`, `balanced`, `cancelled`, `entered-in-error`.
        pub status: Option<&'a str> = "status",
        /// What kind.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// For whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// When.
        pub date: Option<&'a str> = "date",
        /// On which account.
        pub account: Option<ResourceReference<'a>> = "account",
        /// Its lines.
        pub line_item: &'a [InvoiceLine<'a>] = "lineItem",
        /// Without taxes.
        pub total_net: Option<Money<'a>> = "totalNet",
        /// With taxes.
        pub total_gross: Option<Money<'a>> = "totalGross",
    }
}

object! {
    /// `Invoice.lineItem`
    pub struct InvoiceLine<'a> {
        /// What.
        pub concept: Option<CodeableConcept<'a>> = "chargeItemCodeableConcept",
        /// Which charge.
        pub reference: Option<ResourceReference<'a>> = "chargeItemReference",
        /// What the line consists of.
        pub price_component: &'a [PriceComponent<'a>] = "priceComponent",
    }
}

object! {
    /// `Invoice.lineItem.priceComponent`
    pub struct PriceComponent<'a> {
        /// `base`, `surcharge`, `deduction`, `discount`, `tax`, `informational`.
        pub kind: Option<&'a str> = "type",
        /// How much, calculated.
        pub amount: Option<Money<'a>> = "amount",
    }
}

object! {
    /// What is charged to, and who may pay.
    pub struct Account<'a> {
        /// As sent; other than `Account` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `inactive`, `entered-in-error`, `on-hold`, `unknown`.
        pub status: Option<&'a str> = "status",
        /// What kind.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// What people call it.
        pub name: Option<&'a str> = "name",
        /// Whose; of a family's account, everybody.
        pub subject: &'a [ResourceReference<'a>] = "subject",
        /// What time it is about.
        pub service_period: Option<Period<'a>> = "servicePeriod",
        /// Which coverages.
        pub coverage: &'a [BillInsurance<'a>] = "coverage",
    }
}

object! {
    /// Who pays, and for whom.
    pub struct Coverage<'a> {
        /// As sent; other than `Coverage` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// `active`, `cancelled`, `draft`, `entered-in-error`.
        pub status: Option<&'a str> = "status",
        /// What kind.
        pub kind: Option<CodeableConcept<'a>> = "type",
        /// Who is covered.
        pub beneficiary: Option<ResourceReference<'a>> = "beneficiary",
        /// From–to.
        pub period: Option<Period<'a>> = "period",
        /// Who pays.
        pub payor: &'a [ResourceReference<'a>] = "payor",
    }
}
