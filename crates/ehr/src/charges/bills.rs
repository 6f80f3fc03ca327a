//! Which documents are one bill, and what it comes to.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::documents::{BillRows, Document, Holder};
use super::{ChargeDocument, ChargeFields, totals};
use crate::concept::Concept;
use crate::joined::unique;
use crate::labs::Code;
use crate::sheet::{Named, SheetRows};
use crate::{Decimal, Fact, Part};

/// Documents that say the same sum, the one that counts first: what was settled is what the bill came to.
const COUNTED: [(&str, Part); 4] = [
    ("ExplanationOfBenefit", Part::Benefits),
    ("Invoice", Part::Invoices),
    ("Claim", Part::Claims),
    ("ChargeItem", Part::ChargeItems),
];

/// A diagnosis of a claim or settlement.
#[derive(Clone, Debug)]
pub(crate) struct AdmissionDiagnosis {
    pub concept: Concept,
    /// `Condition/id`, where it is named so.
    pub condition: Option<String>,
    pub principal: bool,
    /// 入院病情, in the source's words or code.
    pub state: Option<String>,
}

/// One bill.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    pub fact: Fact,
    pub fields: ChargeFields,
    /// The number of a document that counts: the same bill at another source has it too.
    pub number: Option<String>,
    /// `Encounter/id` of every visit that it is about.
    pub encounters: Vec<String>,
    pub diagnoses: Vec<AdmissionDiagnosis>,
}

impl BillRows {
    /// Bills, and the accounts and coverages that are part of none.
    pub fn bills(&mut self) -> Vec<Bill> {
        self.documents.sort_by(|one, other| one.name().cmp(other.name()));
        self.documents.dedup_by(|one, other| one.name() == other.name());
        let documents = std::mem::take(&mut self.documents);
        let mut groups: BTreeMap<usize, Vec<Document>> = BTreeMap::new();
        for (document, group) in grouped(documents) {
            groups.entry(group).or_default().push(document);
        }
        let (accounts, coverages) = (by_name(&self.accounts), by_name(&self.coverages));
        let mut bills: Vec<Bill> = groups.into_values().map(|all| bill(all, &accounts, &coverages)).collect();
        doubt(&mut bills);
        bills
    }

    /// Everything as entries of the section.
    pub fn entries(mut self, rows: &mut SheetRows<ChargeFields>) {
        for part in &self.broken {
            rows.push(*part, None, None, Vec::new(), ChargeFields::default());
        }
        for bill in self.bills() {
            let key = bill.number.clone();
            rows.push(bill.fields.part(), Some(bill.fact), key.clone(), key.into_iter().collect(), bill.fields);
        }
        for (part, holders) in [(Part::Coverages, &self.coverages), (Part::Accounts, &self.accounts)] {
            let mut holders: Vec<&Holder> = holders.iter().collect();
            holders.sort_by_key(|holder| name(&holder.fact).to_owned());
            holders.dedup_by_key(|holder| name(&holder.fact).to_owned());
            let known: HashSet<String> =
                rows.rows.iter().flat_map(|row| &row.item.fact.origins).map(|one| one.resource.clone()).collect();
            for holder in holders.into_iter().filter(|holder| !known.contains(name(&holder.fact))) {
                let fields = ChargeFields {
                    category: holder.words.clone(),
                    period: holder.period.clone(),
                    payer: holder.payer.clone(),
                    part: Some(part),
                    ..ChargeFields::default()
                };
                rows.push(part, Some(holder.fact.clone()), None, Vec::new(), fields);
            }
        }
    }
}

/// Accounts or coverages by `Type/id`.
type Holders<'h> = HashMap<&'h str, &'h Holder>;

fn by_name(holders: &[Holder]) -> Holders<'_> {
    // The first of each.
    holders.iter().rev().map(|holder| (name(&holder.fact), holder)).collect()
}

fn bill(mut all: Vec<Document>, accounts: &Holders<'_>, coverages: &Holders<'_>) -> Bill {
    fill_lines(&mut all);
    let kind = COUNTED.iter().find(|(kind, _)| all.iter().any(|one| one.kind == *kind && one.counts));
    let first = COUNTED.iter().find(|(kind, _)| all.iter().any(|one| one.kind == *kind));
    let (shown, part) = kind.or(first).copied().unwrap_or(COUNTED[3]);
    let sum = |wanted: &str| {
        let of = all.iter().filter(|one| one.kind == wanted && one.counts == kind.is_some());
        (of.clone().count() > 0).then(|| Decimal::sum(of.map(|one| one.total)))
    };
    let total = sum(shown).flatten();
    // What is counted otherwise in another currency is another bill's: it is said, not compared.
    let others = COUNTED.iter().filter(|(other, _)| *other != shown).filter_map(|(other, _)| sum(other).flatten());
    let differs = kind.is_some() && total.is_some() && others.into_iter().any(|other| Some(other) != total);
    let told = || all.iter().filter(|one| one.kind == shown && one.counts == kind.is_some());
    let mixed = one_currency(told());
    let accounts = held_by(accounts, all.iter().flat_map(|one| &one.accounts));
    let payer = payer(&all, &accounts, coverages);
    let lines: Vec<_> = told().flat_map(|one| one.lines.iter().cloned()).collect();
    let (mut fact, mut encounters) = (Fact::default(), Vec::new());
    for one in told().chain(all.iter().filter(|one| one.kind != shown || one.counts != kind.is_some())) {
        merge(&mut fact, &one.fact);
        encounters.extend(one.links.iter().filter(|link| link.starts_with("Encounter/")).cloned());
    }
    accounts.iter().for_each(|account| merge(&mut fact, &account.fact));
    unique(&mut fact.origins);
    encounters.sort();
    encounters.dedup();
    let category = accounts.iter().find_map(|account| account.words.clone());
    fact.code = Code::default();
    fact.time = told().filter_map(|one| one.fact.time.clone()).min().or(fact.time);
    let fields = ChargeFields {
        category: category.or_else(|| told().find_map(|one| one.category.clone())),
        period: told()
            .find_map(|one| one.period.clone())
            .or_else(|| accounts.iter().find_map(|one| one.period.clone())),
        by_class: totals::by_class(&lines),
        items: lines,
        // Amounts of two currencies are never added.
        total: total.filter(|_| mixed.is_ok()),
        currency: mixed.unwrap_or_default(),
        paid: Decimal::sum(told().map(|one| one.paid)).filter(|_| told().any(|one| one.paid.is_some())),
        payer,
        counted: kind.map(|(kind, _)| *kind),
        documents: documents(&all, kind.map(|(kind, _)| *kind)),
        differs,
        uncertain: false,
        part: Some(part),
    };
    let number = told().find_map(|one| one.number.clone());
    let diagnoses = COUNTED.iter().find_map(|(kind, _)| {
        all.iter().find(|one| one.kind == *kind && !one.diagnoses.is_empty()).map(|one| one.diagnoses.clone())
    });
    Bill { fact, fields, number, encounters, diagnoses: diagnoses.unwrap_or_default() }
}

fn held_by<'h, 'n>(holders: &Holders<'h>, names: impl Iterator<Item = &'n String>) -> Vec<&'h Holder> {
    let mut names: Vec<&String> = names.collect();
    names.sort();
    names.dedup();
    names.into_iter().filter_map(|wanted| holders.get(wanted.as_str()).copied()).collect()
}

/// Who pays: the insurer of the settlement, else the coverage that it, or the account, names.
fn payer(all: &[Document], accounts: &[&Holder], coverages: &Holders<'_>) -> Named {
    let names = all.iter().flat_map(|one| &one.coverages).chain(accounts.iter().flat_map(|one| &one.coverages));
    let coverages = held_by(coverages, names);
    let words = || coverages.iter().find_map(|one| one.words.clone()).map(|words| Named::of(Some(words)));
    let said = all.iter().map(|one| &one.payer).find(|payer| !payer.is_empty()).cloned();
    let payor = || coverages.iter().map(|one| &one.payer).find(|payer| !payer.is_empty()).cloned();
    said.or_else(words).or_else(payor).unwrap_or_default()
}

/// A bill that names no visit may be what another document of the same source says too: where documents of another kind
/// stand by themselves, it is shown and not added.
fn doubt(bills: &mut [Bill]) {
    let rank = |kind: &str| COUNTED.iter().position(|(known, _)| *known == kind);
    let may_be_said = |own: &str| {
        bills.iter().any(|bill| {
            let loose = bill.encounters.is_empty();
            let counted = bill.fields.counted;
            counted.is_some_and(|other| other != own && (!loose || rank(other) < rank(own)))
                && !bill.fields.documents.iter().any(|document| document.kind == own)
        })
    };
    let twice: Vec<&str> = COUNTED.into_iter().map(|(kind, _)| kind).filter(|kind| may_be_said(kind)).collect();
    for bill in bills.iter_mut().filter(|bill| bill.encounters.is_empty()) {
        if bill.fields.counted.is_some_and(|own| twice.contains(&own)) {
            (bill.fields.counted, bill.fields.uncertain) = (None, true);
            bill.fields.documents.iter_mut().for_each(|document| document.counted = false);
        }
    }
}

fn name(fact: &Fact) -> &str {
    fact.origins.first().map_or("", |origin| origin.resource.as_str())
}

/// The first one's identity, everybody's origins: made unique when all have been taken.
fn merge(fact: &mut Fact, other: &Fact) {
    if fact.origins.is_empty() {
        *fact = other.clone();
        return;
    }
    fact.origins.extend_from_slice(&other.origins);
}

/// The one currency of all; an error where there are several.
fn one_currency<'d>(all: impl Iterator<Item = &'d Document>) -> Result<Option<String>, ()> {
    let mut known: Vec<&String> = all.filter_map(|one| one.currency.as_ref()).collect();
    known.sort();
    known.dedup();
    match known.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        _ => Err(()),
    }
}

/// Each kind of document once, charge items as one sum: a stay has hundreds.
fn documents(all: &[Document], counted: Option<&str>) -> Vec<ChargeDocument> {
    let mut told: Vec<ChargeDocument> = Vec::new();
    for (kind, _) in COUNTED {
        let of = all.iter().filter(|one| one.kind == kind);
        let one = |one: &Document| ChargeDocument {
            kind,
            status: one.fact.status.clone(),
            total: one.total,
            counted: one.counts && counted == Some(kind),
        };
        if kind != "ChargeItem" {
            told.extend(of.map(one));
            continue;
        }
        let mut by_status: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
        of.for_each(|one| by_status.entry(&one.fact.status).or_default().push(one));
        told.extend(by_status.into_values().filter_map(|same| {
            let total = Decimal::sum(same.iter().map(|one| one.total));
            same.first().map(|first| ChargeDocument { total, ..one(first) })
        }));
    }
    told
}

/// Lines of invoices say of themselves little: what they stand for says it.
fn fill_lines(all: &mut [Document]) {
    let known: HashMap<String, super::ChargeLine> = all
        .iter()
        .filter(|one| one.kind == "ChargeItem")
        .filter_map(|one| Some((one.name().to_owned(), one.lines.first()?.clone())))
        .collect();
    for document in all.iter_mut() {
        for (line, item) in document.lines.iter_mut().zip(&document.line_items) {
            let Some(of) = item.as_ref().and_then(|item| known.get(item)) else { continue };
            line.name = line.name.take().or_else(|| of.name.clone());
            if line.class_number.is_none() {
                (line.class, line.class_number) = (of.class.clone(), of.class_number);
            }
            line.quantity = line.quantity.take().or_else(|| of.quantity.clone());
            line.amount = line.amount.or(of.amount);
        }
    }
}

/// Every document with the number of its bill: documents that refer to one another, or to the same visit.
fn grouped(documents: Vec<Document>) -> Vec<(Document, usize)> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut parent: Vec<usize> = Vec::new();
    let mut place = |name: &str, parent: &mut Vec<usize>| {
        *known.entry(name.to_owned()).or_insert_with(|| {
            parent.push(parent.len());
            parent.len() - 1
        })
    };
    let mut places = Vec::with_capacity(documents.len());
    for document in &documents {
        let own = place(document.name(), &mut parent);
        for link in &document.links {
            let other = place(link, &mut parent);
            let (one, other) = (root(&mut parent, own), root(&mut parent, other));
            parent[one.max(other)] = one.min(other);
        }
        places.push(own);
    }
    documents.into_iter().zip(places).map(|(document, at)| (document, root(&mut parent, at))).collect()
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        // Halved on the way, so that long chains stay short.
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}
