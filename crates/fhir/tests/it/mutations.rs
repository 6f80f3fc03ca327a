//! Mutated examples: never a panic, never another entry lost, always in step with serde_json.

use fhir::{
    Fault,
    bundle::{read_page, rows_of},
    kinds,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::examples::{bundle, examples};

/// Rows as text, in order.
fn rows(body: &[u8]) -> (Vec<String>, fhir::bundle::Page) {
    let mut rows = Vec::new();
    let page =
        read_page::<kinds::Observation>(body, u32::MAX, &mut |entry: fhir::Entry<'_, fhir::rows::Observation<'_>>| {
            rows.push(format!("{:?}", entry.row));
        });
    (rows, page)
}

fn observations() -> Vec<String> {
    examples("Observation").into_iter().map(|(_, json)| json).collect()
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(|number: f64| Value::from(number)),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("final")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("(code|text|value|coding|low|unit|.{0,4})", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Every place in a value, depth first.
fn places(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| places(item, visit)),
        Value::Object(members) => members.values_mut().for_each(|member| places(member, visit)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_value_in_any_place_leaves_every_entry(which in 0_usize..100, place in 0_usize..400, new in any_json()) {
        let all = observations();
        let (before, _) = rows(bundle(&all).as_bytes());
        let which = which % all.len();
        let mut mutated: Value = serde_json::from_str(&all[which]).unwrap();
        let mut count = 0;
        places(&mut mutated, &mut |_| count += 1);
        // Place 0 is the resource itself: another test's matter.
        let place = 1 + place % (count - 1);
        let mut at = 0;
        places(&mut mutated, &mut |value| {
            if at == place {
                *value = new.clone();
            }
            at += 1;
        });
        let named = mutated["resourceType"].as_str().is_some_and(|kind| kind != "OperationOutcome");
        let mut texts = all.clone();
        texts[which] = mutated.to_string();
        let (after, page) = rows(bundle(&texts).as_bytes());
        if named {
            prop_assert_eq!((after.len(), page.fault), (all.len(), None));
        } else {
            prop_assert_eq!(after.len(), all.len() - 1);
        }
        prop_assert_eq!(&after[..which], &before[..which]);
        prop_assert_eq!(&after[after.len() - (all.len() - 1 - which)..], &before[which + 1..]);
    }

    #[test]
    fn any_bytes_anywhere_keep_the_entries_before(at in 0_usize..100_000, cut in 0_usize..40, new in prop::collection::vec(any::<u8>(), 0..12)) {
        let all = observations();
        let body = bundle(&all);
        let at = at % body.len();
        let mut bytes = body.clone().into_bytes();
        bytes.splice(at..(at + cut).min(body.len()), new);
        let (before, _) = rows(body.as_bytes());
        let (after, page) = rows(&bytes);
        let untouched = (0..all.len()).filter(|n| bundle(&all[..=*n]).len() - 2 < at).count();
        prop_assert!(after.len() >= untouched);
        prop_assert_eq!(&after[..untouched], &before[..untouched]);
        if after.len() < all.len() && page.issues.is_empty() {
            prop_assert!(page.fault.is_some() || !page.notes.is_empty());
        }
    }

    #[test]
    fn what_serde_json_accepts_is_read_and_what_it_refuses_is_never_called_whole(
        at in 0_usize..10_000,
        cut in 0_usize..6,
        new in "[\\{\\}\\[\\]\",:0-9a-z\\\\ .\u{e9}-]{0,6}",
    ) {
        let all = observations();
        let example = &all[at % all.len()];
        let mut place = at % example.len();
        while !example.is_char_boundary(place) {
            place -= 1;
        }
        let mut end = (place + cut).min(example.len());
        while !example.is_char_boundary(end) {
            end += 1;
        }
        let mut text = example.clone();
        text.replace_range(place..end, &new);
        let body = bundle([&text]);
        let whole = serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok();
        let page = rows_of::<kinds::Observation>(&body, |_| {});
        let structural = matches!(page.fault, Some(fhir::Cause::Garbage | fhir::Cause::Truncated));
        if whole {
            prop_assert!(!structural, "{:?}", page.fault);
        } else {
            // Beyond JSON, only bare words are let pass; where they stand for a known leaf there is a note of it.
            let words = structural || serde_json::from_str::<serde::de::IgnoredAny>(&quoted_words(&body)).is_ok();
            prop_assert!(words, "{}", text);
        }
    }
}

/// The same with every bare word put in quotes.
fn quoted_words(body: &str) -> String {
    let mut out = String::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            out.push(c);
            while let Some(c) = chars.next() {
                out.push(c);
                match c {
                    '\\' => out.extend(chars.next()),
                    '"' => break,
                    _ => {}
                }
            }
        } else if c.is_ascii_alphanumeric() || "-+._".contains(c) {
            out.push('"');
            out.push(c);
            while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || "-+._".contains(*c)) {
                out.push(c);
            }
            out.push('"');
        } else {
            out.push(c);
        }
    }
    out
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced_and_said() {
    let all = observations();
    let mut body = bundle(&all).into_bytes();
    let at = body.windows(8).position(|window| window == b"\"status\"").unwrap() + 11;
    body[at] = 0xB5;
    let (rows, page) = rows(&body);
    assert_eq!(rows.len(), all.len());
    assert_eq!(page.fault, Some(fhir::Cause::Encoding));
    assert!(page.notes.iter().any(|note| note.fault == Fault::Encoding));
}
