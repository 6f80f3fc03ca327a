//! Documents of one source about money, as they come.

use fhir::rows::{
    Account, BillDiagnosis, BillInsurance, BillItem, ChargeItem, Claim, CodeableConcept, Coverage,
    ExplanationOfBenefit, Identifier, Invoice, InvoiceLine, Money, Quantity, ResourceReference, When,
};
use url::Url;

use super::{ChargeLine, FeeClass, bills::AdmissionDiagnosis};
use crate::concept::{Concept, has_code, some_words};
use crate::joined::RowSource;
use crate::sheet::{Named, Span};
use crate::{ClinicalTime, Decimal, Fact, Part};

/// The kind of total that says what was asked for
/// (<https://terminology.hl7.org/CodeSystem-adjudication.html>), and the one that says what is borne.
const SUBMITTED: &str = "submitted";
const BENEFIT: &str = "benefit";

/// A claim, settlement, invoice or charge item.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub kind: &'static str,
    pub fact: Fact,
    /// Does its sum count, by its status and use?
    pub counts: bool,
    pub category: Option<String>,
    pub period: Option<Span>,
    pub lines: Vec<ChargeLine>,
    /// Of the lines of an invoice: the charge items they stand for.
    pub line_items: Vec<Option<String>>,
    pub total: Option<Decimal>,
    pub currency: Option<String>,
    pub paid: Option<Decimal>,
    pub payer: Named,
    /// `system|value` of its own number.
    pub number: Option<String>,
    /// `Type/id` of what is part of the same bill.
    pub links: Vec<String>,
    pub accounts: Vec<String>,
    pub coverages: Vec<String>,
    pub diagnoses: Vec<AdmissionDiagnosis>,
}

/// An account or a coverage.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub fact: Fact,
    pub words: Option<String>,
    pub period: Option<Span>,
    pub payer: Named,
    /// Of an account: its coverages.
    pub coverages: Vec<String>,
}

/// What one source gave about money.
#[derive(Debug)]
pub(crate) struct BillRows {
    pub source: RowSource,
    pub base: Url,
    pub documents: Vec<Document>,
    pub accounts: Vec<Holder>,
    pub coverages: Vec<Holder>,
    /// Resources without an id that could be looked up again, by part.
    pub broken: Vec<Part>,
}

/// What a settlement and a claim have in common.
struct Billed<'r, 'a> {
    identifier: &'a [Identifier<'a>],
    status: &'r str,
    usage: Option<&'a str>,
    kind: Option<&'r CodeableConcept<'a>>,
    period: Option<fhir::rows::Period<'a>>,
    created: Option<&'a str>,
    insurer: Option<&'r ResourceReference<'a>>,
    insurance: &'a [BillInsurance<'a>],
    diagnosis: &'a [BillDiagnosis<'a>],
    item: &'a [BillItem<'a>],
}

impl BillRows {
    pub fn new(source: RowSource, base: Url) -> Self {
        let (documents, accounts, coverages, broken) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { source, base, documents, accounts, coverages, broken }
    }

    /// An empty list of the same source: each of several searches that run at once fills one of its own.
    pub fn another(&self) -> Self {
        Self::new(self.source.clone(), self.base.clone())
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.documents.extend(other.documents);
        self.accounts.extend(other.accounts);
        self.coverages.extend(other.coverages);
        self.broken.extend(other.broken);
    }

    /// Takes a resource that has been checked to be the patient's.
    pub fn benefit(&mut self, row: &ExplanationOfBenefit<'_>) {
        let status = row.status.unwrap_or_default();
        let fact = self.source.fact("ExplanationOfBenefit", row.id, row.meta, &Concept::default(), None, status);
        let common = Billed {
            identifier: row.identifier,
            status,
            usage: row.usage,
            kind: row.kind.as_ref(),
            period: row.billable_period,
            created: row.created,
            insurer: row.insurer.as_ref(),
            insurance: row.insurance,
            diagnosis: row.diagnosis,
            item: row.item,
        };
        let Some(mut document) = self.document("ExplanationOfBenefit", Part::Benefits, fact, &common) else { return };
        let of = |code: &str| row.total.iter().find(|total| has_code(total.category.as_slice(), code));
        document.said(of(SUBMITTED).and_then(|total| total.amount));
        document.paid = of(BENEFIT).and_then(|total| amount(total.amount));
        document.links.extend(self.local(row.claim.as_ref(), "Claim"));
        self.documents.push(document);
    }

    /// As [`Self::benefit`].
    pub fn claim(&mut self, row: &Claim<'_>) {
        let status = row.status.unwrap_or_default();
        let fact = self.source.fact("Claim", row.id, row.meta, &Concept::default(), None, status);
        let common = Billed {
            identifier: row.identifier,
            status,
            usage: row.usage,
            kind: row.kind.as_ref(),
            period: row.billable_period,
            created: row.created,
            insurer: row.insurer.as_ref(),
            insurance: row.insurance,
            diagnosis: row.diagnosis,
            item: row.item,
        };
        let Some(mut document) = self.document("Claim", Part::Claims, fact, &common) else { return };
        document.said(row.total);
        self.documents.push(document);
    }

    fn document(
        &mut self,
        kind: &'static str,
        part: Part,
        fact: Option<Fact>,
        of: &Billed<'_, '_>,
    ) -> Option<Document> {
        if of.status == "entered-in-error" {
            return None;
        }
        let Some(mut fact) = fact else {
            self.broken.push(part);
            return None;
        };
        let period = Span::read(of.period);
        fact.time =
            period.as_ref().and_then(|span| span.start.clone()).or_else(|| of.created.and_then(ClinicalTime::parse));
        let items = of.item.iter();
        let encounters = items.flat_map(|item| item.encounter).filter_map(|at| self.local(Some(at), "Encounter"));
        let mut document = Document {
            // An estimate is no bill: nothing was done for it yet.
            counts: matches!(of.status, "" | "active") && of.usage.is_none_or(|usage| usage == "claim"),
            category: some_words(of.kind),
            period,
            payer: Named::read(of.insurer, &self.base),
            number: number(of.identifier),
            links: encounters.collect(),
            coverages: of.insurance.iter().filter_map(|one| self.local(one.coverage.as_ref(), "Coverage")).collect(),
            diagnoses: of.diagnosis.iter().filter_map(|one| self.diagnosis(one)).collect(),
            ..Document::new(kind, fact)
        };
        for item in of.item {
            let net = item.net.or(item.unit_price);
            document.currency_of(net);
            document.lines.push(line(item));
        }
        document.total = Decimal::sum(document.lines.iter().map(|line| line.amount)).filter(|_| !of.item.is_empty());
        Some(document)
    }

    fn diagnosis(&self, row: &BillDiagnosis<'_>) -> Option<AdmissionDiagnosis> {
        let concept = Concept::read(row.concept.as_ref());
        let condition = self.local(row.reference.as_ref(), "Condition");
        (!concept.is_empty() || condition.is_some()).then(|| AdmissionDiagnosis {
            concept,
            condition,
            principal: has_code(row.kind, "principal"),
            state: some_words(row.on_admission.as_ref()),
        })
    }

    /// As [`Self::benefit`].
    pub fn charge_item(&mut self, row: &ChargeItem<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let period = match row.occurrence {
            Some(When::Period(period)) => Span::read(Some(period)),
            _ => None,
        };
        let time = match row.occurrence {
            Some(When::DateTime(text)) => ClinicalTime::parse(text),
            _ => period.as_ref().and_then(|span| span.start.clone()),
        };
        let Some(fact) = self.source.fact("ChargeItem", row.id, row.meta, &concept, time, status) else {
            return self.broken.push(Part::ChargeItems);
        };
        let class = FeeClass::of(row.code.as_ref());
        let mut document = Document {
            counts: matches!(status, "" | "billable" | "billed" | "unknown"),
            period,
            number: number(row.identifier),
            links: self.local(row.context.as_ref(), "Encounter").into_iter().collect(),
            accounts: row.account.iter().filter_map(|one| self.local(Some(one), "Account")).collect(),
            ..Document::new("ChargeItem", fact)
        };
        if document.links.is_empty() {
            // Without a visit, what is on one account is one bill.
            document.links = document.accounts.clone();
        }
        document.said(row.price_override);
        document.lines.push(ChargeLine {
            name: Some(concept.code.text).filter(|text| !text.is_empty()),
            class: class.map(|class| class.name.clone()),
            class_number: class.map(|class| class.number),
            quantity: row.quantity.as_ref().and_then(quantity),
            amount: document.total,
            ..ChargeLine::default()
        });
        self.documents.push(document);
    }

    /// As [`Self::benefit`].
    pub fn invoice(&mut self, row: &Invoice<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let time = row.date.and_then(ClinicalTime::parse);
        let Some(fact) = self.source.fact("Invoice", row.id, row.meta, &Concept::default(), time, status) else {
            return self.broken.push(Part::Invoices);
        };
        let items: Vec<Option<String>> =
            row.line_item.iter().map(|line| self.local(line.reference.as_ref(), "ChargeItem")).collect();
        let mut document = Document {
            counts: matches!(status, "" | "issued" | "balanced"),
            category: some_words(row.kind.as_ref()),
            number: number(row.identifier),
            links: items.iter().flatten().cloned().collect(),
            accounts: self.local(row.account.as_ref(), "Account").into_iter().collect(),
            lines: row.line_item.iter().map(invoice_line).collect(),
            line_items: items,
            ..Document::new("Invoice", fact)
        };
        document.said(row.total_gross.or(row.total_net));
        self.documents.push(document);
    }

    /// As [`Self::benefit`].
    pub fn account(&mut self, row: &Account<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.kind.as_ref());
        let period = Span::read(row.service_period);
        let time = period.as_ref().and_then(|span| span.start.clone());
        let Some(fact) = self.source.fact("Account", row.id, row.meta, &concept, time, status) else {
            return self.broken.push(Part::Accounts);
        };
        let words = some_words(row.kind.as_ref()).or_else(|| row.name.map(str::to_owned));
        let coverages = row.coverage.iter().filter_map(|one| self.local(one.coverage.as_ref(), "Coverage")).collect();
        self.accounts.push(Holder { fact, words, period, payer: Named::default(), coverages });
    }

    /// As [`Self::benefit`].
    pub fn coverage(&mut self, row: &Coverage<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.kind.as_ref());
        let period = Span::read(row.period);
        let time = period.as_ref().and_then(|span| span.start.clone());
        let Some(fact) = self.source.fact("Coverage", row.id, row.meta, &concept, time, status) else {
            return self.broken.push(Part::Coverages);
        };
        let words = some_words(row.kind.as_ref());
        let payer = row.payor.iter().map(|payor| Named::read(Some(payor), &self.base)).find(|named| !named.is_empty());
        self.coverages.push(Holder { fact, words, period, payer: payer.unwrap_or_default(), coverages: Vec::new() });
    }

    /// `Type/id` of a reference to a resource of this type at this source.
    pub fn local(&self, reference: Option<&ResourceReference<'_>>, wanted: &str) -> Option<String> {
        match fhir::Reference::parse(reference?.reference?, &self.base) {
            fhir::Reference::Local { kind, id, .. } if kind == wanted => Some(format!("{kind}/{id}")),
            _ => None,
        }
    }
}

impl Document {
    fn new(kind: &'static str, fact: Fact) -> Self {
        Self {
            kind,
            fact,
            counts: false,
            category: None,
            period: None,
            lines: Vec::new(),
            line_items: Vec::new(),
            total: None,
            currency: None,
            paid: None,
            payer: Named::default(),
            number: None,
            links: Vec::new(),
            accounts: Vec::new(),
            coverages: Vec::new(),
            diagnoses: Vec::new(),
        }
    }

    /// `Type/id`
    pub fn name(&self) -> &str {
        self.fact.origins.first().map_or("", |origin| origin.resource.as_str())
    }

    /// The sum that it says itself goes before what its lines come to.
    fn said(&mut self, money: Option<Money<'_>>) {
        if let Some(total) = amount(money) {
            self.total = Some(total);
            // What it says of its sum holds for the sum.
            self.currency = None;
        }
        self.currency_of(money);
    }

    fn currency_of(&mut self, money: Option<Money<'_>>) {
        let said = money.and_then(|money| money.currency).map(str::trim).filter(|said| !said.is_empty());
        if self.currency.is_none() {
            self.currency = said.map(str::to_owned);
        }
    }
}

fn amount(money: Option<Money<'_>>) -> Option<Decimal> {
    Decimal::parse(money?.value?.text())
}

fn number(identifiers: &[Identifier<'_>]) -> Option<String> {
    identifiers.iter().find_map(|one| Some(format!("{}|{}", one.system?.trim(), one.value?.trim())))
}

fn quantity(quantity: &Quantity<'_>) -> Option<String> {
    let unit = quantity.unit.map(str::trim).unwrap_or_default();
    Some(format!("{} {unit}", quantity.value?.text()).trim().to_owned())
}

fn line(item: &BillItem<'_>) -> ChargeLine {
    let unit_price = amount(item.unit_price);
    let count = item.quantity.and_then(|quantity| Decimal::parse(quantity.value?.text()));
    let class = FeeClass::of(item.category.as_ref());
    ChargeLine {
        name: some_words(item.product_or_service.as_ref()),
        class: class.map(|class| class.name.clone()).or_else(|| some_words(item.category.as_ref())),
        class_number: class.map(|class| class.number),
        quantity: item.quantity.as_ref().and_then(quantity),
        unit_price,
        amount: amount(item.net).or_else(|| unit_price?.times(count?)),
    }
}

fn invoice_line(line: &InvoiceLine<'_>) -> ChargeLine {
    let parts = || line.price_component.iter().filter(|part| part.kind != Some("informational"));
    let class = FeeClass::of(line.concept.as_ref());
    ChargeLine {
        name: some_words(line.concept.as_ref())
            .or_else(|| line.reference.and_then(|reference| reference.display).map(str::to_owned)),
        class: class.map(|class| class.name.clone()),
        class_number: class.map(|class| class.number),
        // Deductions are written with either sign: only what consists of one base price is certain.
        amount: match (parts().count(), parts().next()) {
            (1, Some(part)) if matches!(part.kind, None | Some("base")) => amount(part.amount),
            _ => None,
        },
        ..ChargeLine::default()
    }
}
