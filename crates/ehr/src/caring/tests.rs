//! Tables of statuses and times, and encounters that are no evidence.

use fhir::rows::{Coding, EncounterLocation};
use proptest::prelude::*;

use super::*;

const AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("instant")
}

fn base() -> Url {
    Url::parse("http://h.example/fhir").expect("a URL")
}

fn me() -> KnownAs {
    KnownAs { practitioner: "pr-1".to_owned(), roles: vec!["role-1".to_owned()] }
}

fn reference(text: &str) -> ResourceReference<'_> {
    ResourceReference { reference: Some(text), ..ResourceReference::default() }
}

fn lasting(status: &str, class: &str, start: Option<&str>, end: Option<&str>, left: Option<&str>) -> Option<Lasts> {
    let period = |end| Some(Period { start: None, end });
    let parts = [EncounterParticipant {
        individual: Some(reference("Practitioner/pr-1")),
        period: left.and_then(|left| period(Some(left))),
        ..EncounterParticipant::default()
    }];
    let row = Encounter {
        id: Some("e1"),
        status: Some(status),
        class: Some(Coding { code: Some(class), ..Coding::default() }),
        subject: Some(reference("Patient/p1")),
        period: Some(Period { start, end }),
        participant: &parts,
        ..Encounter::default()
    };
    attended(&row, &me(), &base(), now(), AFTER).map(|one| one.lasts)
}

#[test]
fn how_long_an_encounter_makes_a_relation() {
    let until = |text: &str| Lasts::Until(text.parse().expect("instant"));
    let thirty_days = until("2026-12-21T12:00:00Z");
    for (status, class, start, end, left, expect) in [
        // Going on.
        ("in-progress", "IMP", Some("2026-11-01T08:00:00Z"), None, None, thirty_days),
        ("onleave", "IMP", None, None, None, thirty_days),
        ("arrived", "AMB", Some("2026-11-21T11:00:00Z"), None, None, thirty_days),
        ("in-progress", "EMER", Some("2026-11-20T11:00:00Z"), None, None, thirty_days),
        // Nobody closed the visit: it is over a day after it began.
        ("in-progress", "AMB", Some("2026-11-10T00:00:00Z"), None, None, until("2026-12-11T00:00:00Z")),
        ("in-progress", "AMB", Some("2025-11-10T00:00:00Z"), None, None, Lasts::No),
        ("in-progress", "AMB", None, None, None, Lasts::No),
        // They handed the patient over.
        (
            "in-progress",
            "IMP",
            Some("2026-11-01T08:00:00Z"),
            None,
            Some("2026-11-11T12:00:00Z"),
            until("2026-12-11T12:00:00Z"),
        ),
        ("in-progress", "IMP", Some("2026-08-01T08:00:00Z"), None, Some("2026-09-01T12:00:00Z"), Lasts::No),
        // Over; a day is over when it ends, in China.
        (
            "finished",
            "AMB",
            Some("2026-11-20T08:00:00Z"),
            Some("2026-11-20T09:00:00Z"),
            None,
            until("2026-12-20T09:00:00Z"),
        ),
        ("finished", "IMP", Some("2026-11-01"), Some("2026-11-10"), None, until("2026-12-10T16:00:00Z")),
        ("finished", "IMP", Some("2026-08-01"), Some("2026-10-01"), None, Lasts::No),
        ("finished", "IMP", Some("2026-08-01"), None, None, Lasts::AsItStands),
        ("finished", "AMB", Some("2026-11-20T08:00:00Z"), None, None, until("2026-12-21T08:00:00Z")),
        // A hospital can't open a record for longer by writing an end that is ahead.
        ("finished", "IMP", Some("2026-11-01"), Some("2999-01-01"), None, thirty_days),
        ("in-progress", "IMP", Some("2026-11-01"), Some("2999-01-01"), Some("2999-01-01"), thirty_days),
        // To come: from a week before, until a day after it was to begin.
        ("planned", "AMB", Some("2026-11-24T08:00:00Z"), None, None, until("2026-11-25T08:00:00Z")),
        ("planned", "AMB", Some("2026-12-24T08:00:00Z"), None, None, Lasts::No),
        ("planned", "AMB", Some("2026-11-19T08:00:00Z"), None, None, Lasts::No),
        ("planned", "IMP", None, None, None, Lasts::No),
        // None at all.
        ("cancelled", "IMP", Some("2026-11-20"), None, None, Lasts::No),
        ("entered-in-error", "IMP", Some("2026-11-20"), None, None, Lasts::No),
        ("unknown", "IMP", Some("2026-11-20"), None, None, Lasts::No),
        ("no such status", "IMP", Some("2026-11-20"), None, None, Lasts::No),
    ] {
        assert_eq!(
            lasting(status, class, start, end, left),
            Some(expect),
            "{status} {class} {start:?} {end:?} {left:?}"
        );
    }
}

#[test]
fn only_who_treats_in_this_encounter_of_this_hospital() {
    let codings = |code: &'static str| {
        let coding: &'static [Coding<'static>] = Vec::leak(vec![Coding { code: Some(code), ..Coding::default() }]);
        let kinds: &'static [CodeableConcept<'static>] = Vec::leak(vec![CodeableConcept { coding, text: None }]);
        kinds
    };
    let check = |who: &str, kind: &[CodeableConcept<'_>], subject: &str, expect: bool| {
        let parts =
            [EncounterParticipant { individual: Some(reference(who)), kind, ..EncounterParticipant::default() }];
        let row = Encounter {
            id: Some("e1"),
            status: Some("in-progress"),
            class: Some(Coding { code: Some("IMP"), ..Coding::default() }),
            subject: Some(reference(subject)),
            participant: &parts,
            ..Encounter::default()
        };
        assert_eq!(attended(&row, &me(), &base(), now(), AFTER).is_some(), expect, "{who} {kind:?} {subject}");
    };
    for who in ["Practitioner/pr-1", "http://h.example/fhir/Practitioner/pr-1", "PractitionerRole/role-1"] {
        check(who, &[], "Patient/p1", true);
        check(who, codings("CON"), "Patient/p1", true);
        check(who, codings("ESC"), "Patient/p1", false);
        check(who, codings("translator"), "Patient/p1", false);
        check(who, &[], "http://h.example/fhir/Patient/p1", true);
        for subject in ["http://other.example/fhir/Patient/p1", "#p1", "urn:uuid:1", "Group/p1", "Patient/", "p1"] {
            check(who, &[], subject, false);
        }
    }
    for who in [
        "Practitioner/pr-2",
        "Practitioner/pr-1x",
        "PractitionerRole/role-2",
        "PractitionerRole/pr-1",
        "Patient/pr-1",
        "http://other.example/fhir/Practitioner/pr-1",
        "#pr-1",
        "pr-1",
        "",
    ] {
        check(who, &[], "Patient/p1", false);
    }
}

#[test]
fn ward_and_bed_as_the_hospital_writes_them() {
    let at = |display, status| EncounterLocation {
        location: Some(ResourceReference { display: Some(display), ..ResourceReference::default() }),
        status,
        ..EncounterLocation::default()
    };
    let long = "长".repeat(500);
    let check = |location: &[EncounterLocation<'_>], expect: Option<&str>| {
        let row = Encounter { location, ..Encounter::default() };
        assert_eq!(place(&row).as_deref(), expect);
    };
    check(&[at("肾病科病区", None), at("7\u{0}床\n", Some("active"))], Some("肾病科病区 7床"));
    check(&[at("旧病区", Some("completed")), at("新病区", Some("planned"))], None);
    check(&[at(&long, None)], Some(&"长".repeat(100)));
}

proptest! {
    /// Whatever a hospital writes, no relation is open for longer than one of an encounter that goes on this moment, and
    /// what is over by any reading is not opened.
    #[test]
    fn no_hospital_opens_a_record_for_longer(
        status in "planned|arrived|triaged|in-progress|onleave|finished|cancelled|entered-in-error|unknown|.{0,12}",
        class in "IMP|AMB|EMER|SS|.{0,4}",
        start in proptest::option::of("[12][0-9]{3}(-[01][0-9](-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:00Z)?)?)?|.{0,9}"),
        end in proptest::option::of("[12][0-9]{3}(-[01][0-9](-[0-3][0-9])?)?|9999-12-31|.{0,9}"),
        left in proptest::option::of("[12][0-9]{3}(-[01][0-9])?|9999-12-31"),
    ) {
        match lasting(&status, &class, start.as_deref(), end.as_deref(), left.as_deref()) {
            Some(Lasts::Until(until)) => {
                prop_assert!(until > now() && until <= now() + AFTER);
                prop_assert!(!matches!(&*status, "cancelled" | "entered-in-error" | "unknown"));
            }
            Some(Lasts::No | Lasts::AsItStands) => {}
            None => prop_assert!(false, "it is theirs"),
        }
    }
}
