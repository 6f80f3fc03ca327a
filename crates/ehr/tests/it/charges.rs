//! Bills: one bill in many hands is counted once, and money is what was written.

use ehr::{ChargeFields, ChargeTotals, Entry, Part, Reader, RecordQuery, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FAULTS, FOREIGN_WORDS, Hospital, World};

async fn charges(world: &World) -> Sheet<ChargeFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.charges(Reader::Staff(&clinician), world.person, &query, now()).await.expect("charges")
}

fn cny(amount: &str) -> Value {
    // As text on the way in: what a double would make of it must not matter.
    json!({ "value": serde_json::from_str::<serde_json::Number>(amount).expect("number"), "currency": "CNY" })
}

fn line(name: &str, class: &str, net: &str, visit: &str) -> Value {
    json!({
        "sequence": 1, "category": { "text": class }, "productOrService": { "text": name }, "quantity": { "value": 1 },
        "net": cny(net), "encounter": [{ "reference": format!("Encounter/{visit}") }],
    })
}

fn claim(id: &str, visit: &str) -> Value {
    json!({
        "resourceType": "Claim", "id": id, "status": "active", "use": "claim", "patient": { "reference": "Patient/p1" },
        "type": { "coding": [{ "code": "institutional" }] }, "created": "2026-03-15T10:00:00+08:00",
        "billablePeriod": { "start": "2026-03-09", "end": "2026-03-15" },
        "item": [line("床位费", "一般医疗服务费", "0.1", visit), line("血常规", "（6）实验室诊断费", "0.2", visit)],
        "total": cny("0.30"),
    })
}

fn benefit(id: &str, claim_id: &str, visit: &str) -> Value {
    let mut benefit = claim(id, visit);
    benefit["resourceType"] = json!("ExplanationOfBenefit");
    benefit["claim"] = json!({ "reference": format!("Claim/{claim_id}") });
    benefit["insurer"] = json!({ "display": "市医保中心" });
    benefit["total"] = json!([
        { "category": { "coding": [{ "code": "submitted" }] }, "amount": cny("0.30") },
        { "category": { "coding": [{ "code": "benefit" }] }, "amount": cny("0.24") },
    ]);
    benefit
}

fn item(id: &str, name: &str, amount: &str, status: &str, visit: Option<&str>) -> Value {
    let mut item = json!({
        "resourceType": "ChargeItem", "id": id, "status": status, "code": { "text": name },
        "occurrenceDateTime": "2026-03-10T09:00:00+08:00", "quantity": { "value": 2, "unit": "次" },
        "priceOverride": cny(amount), "account": [{ "reference": "Account/a1" }],
    });
    if let Some(visit) = visit {
        item["context"] = json!({ "reference": format!("Encounter/{visit}") });
    }
    item
}

fn invoice(id: &str, items: &[&str], total: &str, status: &str) -> Value {
    let of = |item: &&str| json!({ "chargeItemReference": { "reference": format!("ChargeItem/{item}") } });
    json!({
        "resourceType": "Invoice", "id": id, "status": status, "date": "2026-03-15",
        "lineItem": items.iter().map(of).collect::<Vec<_>>(), "totalGross": cny(total),
    })
}

fn account() -> Value {
    json!({
        "resourceType": "Account", "id": "a1", "status": "inactive", "type": { "text": "住院账户" },
        "subject": [{ "reference": "Patient/p1" }], "servicePeriod": { "start": "2026-03-09", "end": "2026-03-15" },
        "coverage": [{ "coverage": { "reference": "Coverage/v1" } }],
    })
}

fn coverage() -> Value {
    json!({
        "resourceType": "Coverage", "id": "v1", "status": "active", "type": { "text": "城镇职工基本医疗保险" },
        "beneficiary": { "reference": "Patient/p1" }, "payor": [{ "display": "市医保中心" }],
    })
}

fn bills(sheet: &Sheet<ChargeFields>) -> Vec<&Entry<ChargeFields>> {
    sheet.entries.iter().filter(|entry| entry.fields.is_bill()).collect()
}

fn total(sheet: &Sheet<ChargeFields>) -> Vec<(String, String, usize)> {
    let of = |one: ChargeTotals| (one.source, one.total.to_string(), one.bills);
    ChargeTotals::of(&sheet.entries).into_iter().map(of).collect()
}

fn stay() -> Vec<Value> {
    vec![
        claim("c1", "e1"),
        benefit("b1", "c1", "e1"),
        item("i1", "床位费", "0.1", "billed", Some("e1")),
        item("i2", "血常规", "0.2", "billed", Some("e1")),
        invoice("n1", &["i1", "i2"], "0.30", "balanced"),
        account(),
        coverage(),
    ]
}

#[tokio::test]
async fn one_bill_in_five_hands_is_one_entry_and_counted_once() {
    let world = World::new(&[Hospital::with(stay())]).await;
    let sheet = charges(&world).await;
    assert!(sheet.complete() && sheet.silent.is_empty(), "{:?}", sheet.sources);
    let [bill] = bills(&sheet)[..] else { panic!("{:?}", sheet.entries) };
    let fields = &bill.fields;
    assert_eq!(fields.total.map(|total| total.to_string()).as_deref(), Some("0.30"), "0.1 + 0.2");
    assert_eq!((fields.counted, fields.currency.as_deref()), (Some("ExplanationOfBenefit"), Some("CNY")));
    assert_eq!(fields.paid.map(|paid| paid.to_string()).as_deref(), Some("0.24"));
    assert_eq!((fields.category.as_deref(), fields.payer.words()), (Some("住院账户"), Some("市医保中心")));
    assert!(!fields.differs && !fields.uncertain);
    let origins: Vec<&str> = bill.fact.origins.iter().map(|one| one.resource.as_str()).collect();
    for resource in
        ["Claim/c1", "ExplanationOfBenefit/b1", "ChargeItem/i1", "ChargeItem/i2", "Invoice/n1", "Account/a1"]
    {
        assert!(origins.contains(&resource), "{resource} in {origins:?}");
    }
    let classes: Vec<_> = fields.by_class.iter().map(|one| (one.number, one.amount.to_string())).collect();
    assert_eq!(classes, [(Some(1), "0.10".to_owned()), (Some(6), "0.20".to_owned())]);
    let kinds: Vec<_> = fields.documents.iter().map(|one| (one.kind, one.counted)).collect();
    assert_eq!(kinds, [("ExplanationOfBenefit", true), ("Invoice", false), ("Claim", false), ("ChargeItem", false)]);
    assert_eq!(total(&sheet), [("h0".to_owned(), "0.30".to_owned(), 1)]);
    // The coverage stands by itself; the account is part of the bill.
    let parts: Vec<Part> =
        sheet.entries.iter().map(|entry| entry.fields.part()).filter(|part| *part != Part::Benefits).collect();
    assert_eq!(parts, [Part::Coverages]);
    let said = serde_json::to_value(ehr::json::sheet(world.person, ehr::Section::Charges, &sheet)).expect("JSON");
    let of =
        said["items"].as_array().expect("items").iter().find(|item| item["fields"]["total"].is_string()).expect("bill");
    assert_eq!((&of["fields"]["total"], &of["fields"]["items"][1]["amount"]), (&json!("0.30"), &json!("0.20")));
}

#[tokio::test]
async fn what_is_cancelled_estimated_or_withdrawn_never_counts_and_stays_visible() {
    let mut estimate = claim("c2", "e2");
    estimate["use"] = json!("predetermination");
    let mut withdrawn = claim("c3", "e3");
    withdrawn["status"] = json!("entered-in-error");
    let world = World::new(&[Hospital::with([
        invoice("n1", &["i1"], "5.00", "cancelled"),
        invoice("n2", &["i1"], "4.00", "balanced"),
        item("i1", "床位费", "4.00", "billed", Some("e1")),
        item("i2", "会诊费", "60", "aborted", Some("e1")),
        estimate,
        withdrawn,
    ])])
    .await;
    let sheet = charges(&world).await;
    assert_eq!(total(&sheet), [("h0".to_owned(), "4.00".to_owned(), 1)]);
    let text = format!("{:?}", sheet.entries);
    assert!(text.contains("Invoice/n1") && text.contains("ChargeItem/i2") && text.contains("Claim/c2"));
    assert!(!text.contains("Claim/c3"));
    let bill = bills(&sheet).into_iter().find(|one| one.fields.counted.is_some()).expect("bill");
    assert!(!bill.fields.differs, "the cancelled invoice is compared with nothing: {:?}", bill.fields.documents);
}

#[tokio::test]
async fn documents_that_disagree_are_said_to_and_two_currencies_are_never_added() {
    let mut dear = invoice("n1", &["i1"], "9.00", "issued");
    let world = World::new(&[Hospital::with([dear.clone(), item("i1", "床位费", "8.00", "billed", Some("e1"))])]).await;
    let sheet = charges(&world).await;
    assert!(bills(&sheet)[0].fields.differs);
    assert_eq!(total(&sheet), [("h0".to_owned(), "9.00".to_owned(), 1)]);
    dear["totalGross"] = json!({ "value": 3, "currency": "USD" });
    dear["lineItem"] = json!([{ "chargeItemReference": { "reference": "ChargeItem/i9" } }]);
    let other = [dear, invoice("n2", &["i9"], "2.00", "issued"), item("i9", "药", "1", "aborted", Some("e9"))];
    let world = World::new(&[Hospital::with(other)]).await;
    let sheet = charges(&world).await;
    assert_eq!((bills(&sheet).len(), bills(&sheet)[0].fields.total), (1, None));
    let totals = ChargeTotals::of(&sheet.entries);
    assert_eq!((totals[0].bills, totals[0].without_total), (0, 1));
}

#[tokio::test]
async fn what_names_no_visit_is_not_added_where_another_document_may_say_it() {
    // The charge items cannot be had: whether the invoice is the claim's bill is not known.
    let hospital = Hospital::with([claim("c1", "e1"), invoice("n1", &["i1"], "0.30", "balanced")]);
    let world = World::new(&[hospital]).await;
    let sheet = charges(&world).await;
    assert_eq!(total(&sheet), [("h0".to_owned(), "0.30".to_owned(), 1)]);
    let loose = bills(&sheet).into_iter().find(|one| one.fact.origins[0].resource == "Invoice/n1").expect("invoice");
    assert!(loose.fields.uncertain && loose.fields.counted.is_none());
}

#[tokio::test]
async fn one_bill_of_two_hospitals_is_one_row_and_two_sums_stand_side_by_side() {
    let numbered = |amount: &str| {
        let mut claim = claim("c1", "e1");
        claim["identifier"] = json!([{ "system": "urn:oid:1.2", "value": "B-7" }]);
        claim["total"] = cny(amount);
        Hospital::with([claim])
    };
    let same = World::new(&[numbered("0.3"), numbered("0.30")]).await;
    let sheet = charges(&same).await;
    assert_eq!((sheet.entries.len(), sheet.entries[0].fact.origins.len()), (1, 2));
    assert_eq!(total(&sheet), [("h0".to_owned(), "0.30".to_owned(), 1)]);
    let other = World::new(&[numbered("0.3"), numbered("0.40")]).await;
    let sheet = charges(&other).await;
    assert_eq!(sheet.entries.len(), 2);
    assert!(sheet.entries.iter().all(|entry| entry.fact.is_contradicted()));
}

#[tokio::test]
async fn charge_items_that_are_had_by_visit_only_are_asked_for_by_visit() {
    let visit = |id: &str, start: &str| json!({ "resourceType": "Encounter", "id": id, "status": "finished", "class": { "code": "AMB" }, "period": { "start": start } });
    let hospital = Hospital::with([
        visit("e1", "2026-03-09T08:00:00Z"),
        visit("e2", "2026-04-09T08:00:00Z"),
        item("i1", "床位费", "0.1", "billed", Some("e1")),
        item("i2", "血常规", "0.2", "billed", Some("e2")),
        account(),
    ]);
    hospital.charge_items_by_visit();
    let world = World::on("cerner-like", std::slice::from_ref(&hospital)).await;
    hospital.asked();
    let sheet = charges(&world).await;
    assert!(sheet.complete(), "{:?}", sheet.sources);
    assert_eq!(total(&sheet), [("h0".to_owned(), "0.30".to_owned(), 2)]);
    let asked = hospital.asked();
    assert!(asked.iter().any(|path| path.starts_with("Account/a1")), "{asked:?}");
    assert!(!asked.iter().any(|path| path.starts_with("Account?")), "{asked:?}");
    assert!(bills(&sheet).iter().all(|bill| bill.fields.category.as_deref() == Some("住院账户")));
}

#[tokio::test]
async fn accounts_that_nothing_names_are_not_offered_and_no_part_of_an_answer() {
    let hospital = Hospital::default();
    hospital.charge_items_by_visit();
    let world = World::on("cerner-like", std::slice::from_ref(&hospital)).await;
    let sheet = charges(&world).await;
    let silent: Vec<_> = sheet.silent.iter().map(|(part, silent)| (*part, silent.state)).collect();
    assert_eq!(silent, [(Part::Accounts, SourceState::Unsupported)]);
    assert!(!sheet.complete(), "an account of no charge is no \"none\"");
}

#[tokio::test]
async fn a_patient_sees_bills_but_not_what_one_line_would_tell() {
    let open = [item("i1", "床位费", "45", "billed", Some("e1"))];
    let telling = item("i2", "HIV抗体检测", "60", "billed", Some("e2"));
    let world = World::outside(&[Hospital::with(open.into_iter().chain([telling]))]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let sheet = world.charts.charges(Reader::Patient(&own), world.person, &query, now()).await.expect("charges");
    assert_eq!((sheet.entries.len(), sheet.held.iter().map(|held| held.count).sum::<usize>()), (1, 1));
    assert!(!format!("{sheet:?}").contains("HIV"));
    assert!(sheet.sources.iter().all(|source| source.state == SourceState::Answered));
}

#[tokio::test]
async fn no_fault_of_any_type_is_taken_for_none() {
    let hospital = Hospital::with(stay());
    let world = World::new(&[hospital.clone(), Hospital::default()]).await;
    for (kind, part) in [
        ("ExplanationOfBenefit", Part::Benefits),
        ("Claim", Part::Claims),
        ("ChargeItem", Part::ChargeItems),
        ("Invoice", Part::Invoices),
        ("Account", Part::Accounts),
        ("Coverage", Part::Coverages),
    ] {
        for fault in FAULTS {
            hospital.fail(kind, fault);
            let sheet = charges(&world).await;
            hospital.heal();
            assert!(!sheet.complete(), "{kind} {fault:?}");
            let silent: Vec<Part> = sheet.silent.iter().map(|(part, _)| *part).collect();
            assert_eq!(silent, [part], "{kind} {fault:?}");
            assert!(!format!("{sheet:?}").contains(FOREIGN_WORDS), "{kind} {fault:?}");
            // Whatever is missing, nothing is counted twice.
            let sum = total(&sheet);
            assert!(sum.iter().all(|(_, sum, _)| sum == "0.30" || sum == "0.00"), "{kind} {fault:?}: {sum:?}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    #[test]
    fn the_sum_does_not_depend_on_which_documents_there_are_nor_on_their_order(kept in 1u8..16, turned in 0usize..8) {
        let mut all: Vec<Value> = stay().into_iter().enumerate().filter(|(at, one)| {
            let bit = match one["resourceType"].as_str() {
                Some("Claim") => 0,
                Some("ExplanationOfBenefit") => 1,
                Some("ChargeItem") => 2,
                Some("Invoice") => 3,
                _ => return *at > 0,
            };
            kept & (1 << bit) != 0
        }).map(|(_, one)| one).collect();
        let places = all.len();
        all.rotate_left(turned % places);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let sheet = runtime.block_on(async { charges(&World::new(&[Hospital::with(all)]).await).await });
        proptest::prop_assert_eq!(total(&sheet), vec![("h0".to_owned(), "0.30".to_owned(), 1)]);
    }
}
