//! Whose resource is it?

use fhir::{Reference, bundle::rows_of, kinds, refers_to};
use url::Url;

fn base() -> Url {
    Url::parse("https://fhir.city-first.example:8443/r4").unwrap()
}

#[test]
fn references_are_told_apart() {
    use Reference::{Contained, Elsewhere, Local, Unreadable, Urn};
    let check = |text: &str, expect: Reference<'_>| assert_eq!(Reference::parse(text, &base()), expect, "{text}");
    let local = |kind, id| Local { kind, id, version: None };
    check("Patient/123", local("Patient", "123"));
    check("Patient/a.b-c_D", local("Patient", "a.b-c_D"));
    check("Patient/123/_history/4", Local { kind: "Patient", id: "123", version: Some("4") });
    check("https://fhir.city-first.example:8443/r4/Patient/123", local("Patient", "123"));
    check("HTTPS://FHIR.City-First.example:8443/r4/Patient/123", local("Patient", "123"));
    for elsewhere in [
        "http://fhir.city-first.example:8443/r4/Patient/123",
        "https://fhir.city-first.example/r4/Patient/123",
        "https://fhir.city-first.example:8443/r5/Patient/123",
        "https://fhir.city-first.example:8443/r4x/Patient/123",
        "https://fhir.city-first.example:8443/r4/tenant/Patient/123",
        "https://fhir.city-first.example:8443/r4/../r5/Patient/123",
        "https://user@fhir.city-first.example:8443/r4/Patient/123",
        "https://evil.example/r4/Patient/123",
        "https://fhir.city-first.example:8443/r4/Patient/123?x=1",
    ] {
        check(elsewhere, Elsewhere(elsewhere));
    }
    check("#p1", Contained("p1"));
    check("#", Contained(""));
    check("urn:uuid:2a1b", Urn("urn:uuid:2a1b"));
    check("URN:oid:1.2", Urn("URN:oid:1.2"));
    for unreadable in
        ["", "Patient", "Patient/", "/Patient/1", "patient/1", "Patient/1/2", "Patient/1?x", "../Patient/1"]
    {
        check(unreadable, Unreadable);
    }
    check("Patient/..", Unreadable);
    check("://", Unreadable);
}

#[test]
fn only_what_certainly_means_the_patient_refers_to_the_patient() {
    let check = |subject: &str, expect: bool| {
        let body = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Observation","subject":{subject}}}}}]}}"#
        );
        let mut found = None;
        rows_of::<kinds::Observation>(&body, |row| {
            found = Some(row.subject.is_some_and(|subject| refers_to(&subject, &base(), "Patient", "123")));
        });
        assert_eq!(found, Some(expect), "{subject}");
    };
    check(r#"{"reference":"Patient/123"}"#, true);
    check(r#"{"reference":"Patient/123","type":"Patient"}"#, true);
    check(r#"{"reference":"https://fhir.city-first.example:8443/r4/Patient/123"}"#, true);
    check(r#"{"reference":"Patient/123","type":"Group"}"#, false);
    check(r#"{"reference":"Patient/1234"}"#, false);
    check(r#"{"reference":"Group/123"}"#, false);
    check(r##"{"reference":"#123"}"##, false);
    check(r#"{"reference":"urn:uuid:123"}"#, false);
    check(r#"{"reference":"https://evil.example/Patient/123"}"#, false);
    check(r#"{"identifier":{"system":"urn:x","value":"123"}}"#, false);
    check(r#"{"display":"Patient/123"}"#, false);
    check(r#""Patient/123""#, false);
}
