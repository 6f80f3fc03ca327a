//! Brands bundles: a realistic one that is messy, hostile ones, and a good one with anything changed in it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use sources::{Bundle, BundleError, Left, MOST_BYTES, MOST_ENDPOINTS};
use url::Url;

const SAMPLE: &str = include_str!("brands.json");

fn read(bundle: &Value) -> Result<Bundle, BundleError> {
    Bundle::read(bundle.to_string().as_bytes())
}

fn endpoint(id: &str, address: &str) -> Value {
    json!({ "resource": {
        "resourceType": "Endpoint", "id": id, "status": "active", "name": id,
        "connectionType": { "code": "hl7-fhir-rest" }, "address": address,
    } })
}

fn bundle(entries: Vec<Value>) -> Value {
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

#[test]
fn what_a_messy_bundle_says_and_what_is_left_out() {
    let read = Bundle::read(SAMPLE.as_bytes()).expect("a bundle");
    let of = |name: &str| read.brands.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(read.brands.len(), 32);
    let first = of("仁济医院");
    assert_eq!(first.names(), ("仁济医院", "Renji Hospital"));
    assert_eq!((first.address.as_str(), first.portal.as_str()), ("https://fhir0.example/r4", "MyHealth"));
    assert_eq!((&first.cities[..], &first.postcodes[..]), (&["上海".to_owned()][..], &["200127".to_owned()][..]));
    assert_eq!((first.website.as_str(), first.fhir_version.as_str()), ("https://my.h0.example", "4.0.1"));
    // By the organisation above, by urn:uuid, inside the organisation, and offered by nobody.
    assert_eq!(of("Riverside Clinic").address, "https://fhir1.example/r4");
    assert_eq!(of("Lakeside Hospital").address, "https://fhir90.example/r4");
    assert_eq!(of("Harbour Hospital").address, "https://fhir91.example/r4");
    assert!(!of("Alone <script>alert(1)</script>").is_secure());
    let left = [
        (Left::Unreadable, 1),
        (Left::OtherType, 1),
        (Left::Duplicate, 1),
        (Left::Inactive, 1),
        (Left::Connection, 1),
        (Left::Version, 1),
        (Left::Address, 2),
        (Left::Nameless, 2),
        (Left::Dangling, 1),
        (Left::NoEndpoint, 1),
    ];
    assert_eq!(read.left, BTreeMap::from(left));
}

#[test]
fn what_is_no_bundle_is_refused() {
    let check = |file: &[u8], expect| assert_eq!(Bundle::read(file), Err(expect));
    check(b"", BundleError::NotABundle);
    check(b"<Bundle/>", BundleError::NotABundle);
    check(b"[]", BundleError::NotABundle);
    check(br#"{"resourceType":"Patient"}"#, BundleError::NotABundle);
    check(br#"{"resourceType":"Bundle","entry":{}}"#, BundleError::NotABundle);
    check(br#"{"resourceType":"Bundle"}"#, BundleError::Nothing);
    check(&vec![b' '; MOST_BYTES + 1], BundleError::TooLarge);
    check("[".repeat(1 << 20).as_bytes(), BundleError::NotABundle);
}

#[test]
fn a_deep_entry_harms_no_other() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let good = endpoint("a", "https://a.example/fhir");
    let file = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{deep}}},{good}]}}"#);
    let read = Bundle::read(file.as_bytes()).expect("a bundle");
    assert_eq!((read.brands.len(), read.left), (1, BTreeMap::from([(Left::Unreadable, 1)])));
}

#[test]
fn the_same_id_twice_leads_to_neither() {
    let with = |url: &str, address: &str| {
        let mut one = endpoint("a", address);
        one["fullUrl"] = json!(format!("{url}/Endpoint/a"));
        one
    };
    let hospital = json!({ "resource": {
        "resourceType": "Organization", "name": "H", "endpoint": [{ "reference": "Endpoint/a" }],
    } });
    let entries = vec![
        hospital,
        with("https://one.example", "https://one.example"),
        with("https://two.example", "https://two.example"),
    ];
    let read = read(&bundle(entries)).expect("a bundle");
    assert!(read.brands.iter().all(|one| one.name != "H"), "{:?}", read.brands);
    assert_eq!(read.left.get(&Left::Dangling), Some(&1));
}

#[test]
fn no_more_is_kept_than_is_said() {
    let all = (0..=MOST_ENDPOINTS).map(|n| endpoint(&format!("e{n}"), &format!("https://h{n}.example")));
    let read = read(&bundle(all.collect())).expect("a bundle");
    assert_eq!((read.brands.len(), read.left), (MOST_ENDPOINTS, BTreeMap::from([(Left::TooMany, 1)])));
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("javascript:alert(1)")),
        Just(json!("https://user@x.example/")),
        Just(json!("HTTPS://X.example:443/../a")),
        Just(json!(["Endpoint/e1", { "reference": "Endpoint/e1" }])),
    ]
}

/// The `at`th value of a tree becomes `new`.
fn change(tree: &mut Value, at: &mut usize, new: &Value) -> bool {
    if *at == 0 {
        *tree = new.clone();
        return true;
    }
    *at -= 1;
    match tree {
        Value::Array(all) => all.iter_mut().any(|one| change(one, at, new)),
        Value::Object(all) => all.iter_mut().any(|(_, one)| change(one, at, new)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_is_changed_addresses_are_addresses(changes in prop::collection::vec((0usize..3_000, any_value()), 1..40)) {
        let mut tree: Value = serde_json::from_str(SAMPLE).expect("JSON");
        for (at, new) in changes {
            change(&mut tree, &mut { at }, &new);
        }
        for one in read(&tree).map(|read| read.brands).unwrap_or_default() {
            let url = Url::parse(&one.address).expect("an address");
            prop_assert!(matches!(url.scheme(), "http" | "https") && url.has_host());
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert!(!one.name.is_empty());
        }
    }
}
