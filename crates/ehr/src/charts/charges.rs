//! 费用表单 of every linked source: bills, each counted once.

use access::PersonId;
use fhir::{Cause, Kind as _, SearchReport, kinds, rows};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::checked::{Asking, Checked};
use super::fan_out::Tally;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::charges::{BillRows, ChargeFields};
use crate::joined::newest_first;
use crate::sheet::{SheetRows, differ};
use crate::{ClinicalTime, EhrError, Entry, Part, Section, Sheet};

/// Where charge items are had by visit: so many visits, the newest. Further ones make the part incomplete.
const MOST_VISITS: usize = 48;
/// Accounts that are had one by one.
const MOST_ACCOUNTS: usize = 48;
/// As many requests of these at a time.
const AT_ONCE: usize = 4;
/// The front page asks for the same.
pub(super) const SLUG: &str = "charges";

struct Charges;

impl Charts {
    /// Bills, coverages and accounts of all linked sources, newest first. A patient gets what may be shown to them now; the
    /// rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn charges(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<ChargeFields>, EhrError> {
        self.sheet::<Charges>(reader, person, query, now).await
    }
}

impl SheetKind for Charges {
    const SECTION: Section = Section::Charges;
    const PARTS: &'static [Part] =
        &[Part::Benefits, Part::Claims, Part::Accounts, Part::ChargeItems, Part::Invoices, Part::Coverages];
    type Fields = ChargeFields;

    async fn ask(asking: &Asking<'_>, mut rows: SheetRows<ChargeFields>) -> (SheetRows<ChargeFields>, Tally) {
        let mut tally = Tally::default();
        let none = BillRows::new(rows.source.clone(), rows.base.clone());
        let bills = ask_bills(asking, none, Visits::Unasked, &mut tally).await;
        bills.entries(&mut rows);
        (rows, tally)
    }

    /// Bills, then who pays: an insurance is no charge among charges.
    fn arrange(mut entries: Vec<Entry<ChargeFields>>) -> Vec<Entry<ChargeFields>> {
        let is_coverage = |entry: &Entry<ChargeFields>| entry.fact.kind == "Coverage";
        entries.sort_by(|one, other| {
            is_coverage(one).cmp(&is_coverage(other)).then_with(|| newest_first(&one.fact, &other.fact))
        });
        entries
    }

    fn contradict(one: &Entry<ChargeFields>, other: &Entry<ChargeFields>) -> bool {
        differ(&one.fields, &other.fields)
    }

    fn part(entry: &Entry<ChargeFields>) -> Part {
        entry.fields.part()
    }

    /// What was charged for tells what was done, and so does what kind of bill it was.
    fn said(entry: &Entry<ChargeFields>) -> Vec<&str> {
        let lines = entry.fields.items.iter().flat_map(|line| [&line.name, &line.class]);
        lines.chain([&entry.fields.category]).flatten().map(String::as_str).collect()
    }
}

/// The visits that charge items are asked for by, where a server has them by visit alone.
pub(super) enum Visits {
    /// Nobody asks for them but this.
    Unasked,
    /// They are being asked for, and come as soon as they are known.
    Coming(oneshot::Receiver<KnownVisits>),
}

/// Visits with their times.
#[derive(Default)]
pub(super) struct KnownVisits {
    pub visits: Vec<(Option<ClinicalTime>, String)>,
    /// Why some may be missing.
    pub missing: Option<&'static str>,
}

impl KnownVisits {
    pub fn add(&mut self, row: &rows::Encounter<'_>) {
        let time = row.period.and_then(|period| period.start).and_then(ClinicalTime::parse);
        self.visits.extend(row.id.map(|id| (time, format!("{}/{id}", kinds::Encounter::TYPE))));
    }
}

/// Everything about money at one source.
pub(super) async fn ask_bills(asking: &Asking<'_>, mut all: BillRows, visits: Visits, tally: &mut Tally) -> BillRows {
    let (mut benefits, mut claims, mut invoices) = (all.another(), all.another(), all.another());
    let (mut coverages, mut accounts) = (all.another(), all.another());
    let accounts_by_id = asking.asked_by::<kinds::Account>(SLUG) == "_id";
    let of_accounts = async {
        if accounts_by_id {
            return None;
        }
        let take = |row: &rows::Account<'_>| accounts.account(row);
        Some(asking.search::<kinds::Account>(SLUG, &[], take, |_| {}).await)
    };
    let take_benefit = |row: &rows::ExplanationOfBenefit<'_>| benefits.benefit(row);
    let take_claim = |row: &rows::Claim<'_>| claims.claim(row);
    let take_invoice = |row: &rows::Invoice<'_>| invoices.invoice(row);
    let take_coverage = |row: &rows::Coverage<'_>| coverages.coverage(row);
    let (of_benefits, of_claims, of_invoices, of_coverages, of_accounts, (items, of_items)) = tokio::join!(
        asking.search::<kinds::ExplanationOfBenefit>(SLUG, &[], take_benefit, |_| {}),
        asking.search::<kinds::Claim>(SLUG, &[], take_claim, |_| {}),
        asking.search::<kinds::Invoice>(SLUG, &[], take_invoice, |_| {}),
        asking.search::<kinds::Coverage>(SLUG, &[], take_coverage, |_| {}),
        of_accounts,
        ask_items(asking, visits, all.another()),
    );
    count_part(tally, Part::Benefits, &of_benefits);
    count_part(tally, Part::Claims, &of_claims);
    count_part(tally, Part::Invoices, &of_invoices);
    count_part(tally, Part::Coverages, &of_coverages);
    count_items(tally, &of_items);
    for rows in [benefits, claims, invoices, coverages, items] {
        all.take_in(rows);
    }
    match of_accounts {
        Some(found) => {
            count_part(tally, Part::Accounts, &found);
            all.take_in(accounts);
        }
        None => read_accounts(asking, &mut all, tally).await,
    }
    all
}

/// How the questions for charge items went.
struct Items {
    visits: Option<Checked>,
    /// Why visits are missing that somebody else asked for.
    missing: Option<&'static str>,
    items: Checked,
    /// Visits that were not asked for.
    left_out: usize,
}

fn count_items(tally: &mut Tally, of: &Items) {
    if let Some(visits) = &of.visits {
        count_part(tally, Part::ChargeItems, visits);
    }
    count_part(tally, Part::ChargeItems, &of.items);
    if let Some(why) = of.missing {
        tally.lacks(Part::ChargeItems, why);
    }
    if of.left_out > 0 {
        tally.lacks(Part::ChargeItems, Cause::TooLarge.key());
    }
}

async fn ask_items(asking: &Asking<'_>, visits: Visits, mut rows: BillRows) -> (BillRows, Items) {
    if asking.asked_by::<kinds::ChargeItem>(SLUG) == "patient" {
        let take = |row: &rows::ChargeItem<'_>| rows.charge_item(row);
        let items = asking.search::<kinds::ChargeItem>(SLUG, &[], take, |_| {}).await;
        return (rows, Items { visits: None, missing: None, items, left_out: 0 });
    }
    let (found, KnownVisits { mut visits, missing }) = match visits {
        // Who asks for them tells before being done; were they given up, nothing would be complete.
        Visits::Coming(told) => {
            let given_up = |_| KnownVisits { missing: Some(Cause::Timeout.key()), ..KnownVisits::default() };
            (None, told.await.unwrap_or_else(given_up))
        }
        Visits::Unasked => {
            let mut known = KnownVisits::default();
            let take = |row: &rows::Encounter<'_>| known.add(row);
            (Some(asking.search::<kinds::Encounter>(SLUG, &[], take, |_| {}).await), known)
        }
    };
    visits.sort_by(|one, other| other.cmp(one));
    visits.dedup_by(|one, other| one.1 == other.1);
    let left_out = visits.len().saturating_sub(MOST_VISITS);
    visits.truncate(MOST_VISITS);
    let questions: Vec<_> = visits
        .into_iter()
        .map(|(_, visit)| {
            let mut own = rows.another();
            async move {
                let take = |row: &rows::ChargeItem<'_>| own.charge_item(row);
                let answer = asking.search_by::<kinds::ChargeItem>(SLUG, &visit, take).await;
                (own, answer)
            }
        })
        .collect();
    let answers: Vec<(BillRows, (SearchReport, u32))> =
        futures_util::stream::iter(questions).buffer_unordered(AT_ONCE).collect().await;
    let mut reports = Vec::with_capacity(answers.len());
    for (own, report) in answers {
        rows.take_in(own);
        reports.push(report);
    }
    (rows, Items { visits: found, missing, items: Checked { reports }, left_out })
}

/// Accounts that charge items and invoices name.
async fn read_accounts(asking: &Asking<'_>, all: &mut BillRows, tally: &mut Tally) {
    let mut named: Vec<String> = all.documents.iter().flat_map(|one| one.accounts.iter().cloned()).collect();
    named.sort();
    named.dedup();
    if named.is_empty() {
        return tally.not_listed(Part::Accounts);
    }
    let left_out = named.len() > MOST_ACCOUNTS;
    named.truncate(MOST_ACCOUNTS);
    let reads: Vec<_> = named
        .iter()
        .map(|name| {
            let (mut own, mut foreign) = (all.another(), 0);
            async move {
                let id = name.rsplit('/').next().unwrap_or_default();
                let take =
                    |row: &rows::Account<'_>| match asking.whose.holds(row.subject.first()) && row.subject.len() == 1 {
                        true => own.account(row),
                        false => foreign += 1,
                    };
                let report = asking.read::<kinds::Account>(id, take).await;
                (own, (report, foreign))
            }
        })
        .collect();
    let answers: Vec<(BillRows, (SearchReport, u32))> =
        futures_util::stream::iter(reads).buffer_unordered(AT_ONCE).collect().await;
    for (own, (report, foreign)) in answers {
        tally.add_part(Part::Accounts, &report, foreign);
        all.take_in(own);
    }
    if left_out {
        tally.lacks(Part::Accounts, Cause::TooLarge.key());
    }
}
