use ldap3::asn1::{StructureTag, Tag, parse_tag};
use ldap3::{LdapResult, ResultEntry, SearchEntry};
use proptest::prelude::*;

use super::*;

fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => element.push(short),
        _ => {
            element.push(0x84);
            element.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        }
    }
    element.extend(content);
    element
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    ber(0x30, &[ber(0x02, &[id]).as_slice(), operation].concat())
}

fn result(tag: u8, code: u8, more: &[u8]) -> Vec<u8> {
    let parts = [ber(0x0a, &[code]), ber(0x04, b"dc=x"), ber(0x04, "诊断".as_bytes()), more.to_vec()];
    ber(tag, &parts.concat())
}

fn entry(dn: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| ber(0x04, value)).collect();
    let attribute = ber(0x30, &[ber(0x04, b"cn"), ber(0x31, &values)].concat());
    ber(0x64, &[ber(0x04, dn), ber(0x30, &attribute)].concat())
}

/// A guard that has seen a bind (1), a search (2) and an extended request (3).
fn asked() -> Guard {
    let mut guard = Guard::new();
    for (id, tag) in [(1, operation::BIND_REQUEST), (2, operation::SEARCH_REQUEST), (3, operation::EXTENDED_REQUEST)] {
        guard.request(&message(id, &ber(tag, b""))).unwrap();
    }
    guard
}

fn check(bytes: &[u8]) -> Result<Vec<u8>, Violation> {
    let mut pass = Vec::new();
    asked().reply(bytes, &mut pass).map(|()| pass)
}

fn good_messages() -> Vec<Vec<u8>> {
    let control = ber(0xa0, &ber(0x30, &[ber(0x04, b"1.2.3"), ber(0x01, &[0xff]), ber(0x04, b"v")].concat()));
    let referral = ber(0xa3, &ber(0x04, b"ldap://elsewhere/"));
    vec![
        message(2, &entry(b"uid=a,dc=x", &[b"A", "张伟".as_bytes(), &[0xff, 0x00]])),
        message(2, &[entry(b"uid=b,dc=x", &[]), control].concat()),
        message(2, &result(0x65, 0, b"")),
        message(1, &result(0x61, 10, &referral)),
        message(3, &result(0x78, 0, &[ber(0x8a, b"1.2"), ber(0x8b, &[0xff])].concat())),
    ]
}

#[test]
fn good_messages_pass_unchanged() {
    let stream = good_messages().concat();
    assert_eq!(check(&stream).unwrap(), stream);
}

#[test]
fn nesting_is_refused_without_recursion() {
    let mut nested = Vec::new();
    for _ in 0..20_000 {
        nested = [vec![0x30, 0x84], u32::try_from(nested.len()).unwrap().to_be_bytes().to_vec(), nested].concat();
    }
    assert_eq!(check(&nested), Err(Violation::Depth));
}

#[test]
fn nesting_is_allowed_to_depth_32() {
    let nested = |depth: usize| (0..depth).fold(Vec::new(), |inner, _| ber(0x30, &inner));
    // An unknown part of a result may hold anything that is well-formed; message and operation are two levels.
    assert!(check(&message(1, &result(0x61, 0, &nested(30)))).is_ok());
    assert_eq!(check(&message(1, &result(0x61, 0, &nested(31)))), Err(Violation::Depth));
}

#[test]
fn a_claimed_length_is_refused_before_it_is_buffered() {
    assert_eq!(check(b"\x30\x84\x7f\xff\xff\xff"), Err(Violation::Frame(0x7fff_ffff + 6)));
    assert_eq!(check(b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff"), Err(Violation::Frame(usize::MAX)));
    assert_eq!(check(b"\x30\x89\x01"), Err(Violation::Length));
    assert_eq!(check(b"\x30\x80"), Err(Violation::Length));
    assert_eq!(check(b"HTTP/1.1 400"), Err(Violation::Grammar("the message is not a sequence")));
}

#[test]
fn what_makes_ldap3_panic_is_refused() {
    let bad_utf8 = ber(0x61, &[ber(0x0a, &[0]), ber(0x04, &[0xff]), ber(0x04, b"")].concat());
    for operation in [
        ber(0x61, b""),
        ber(0x61, &ber(0x0a, b"")),
        ber(0x61, &ber(0x0a, &[0])),
        ber(0x61, &[ber(0x02, &[0]), ber(0x04, b""), ber(0x04, b"")].concat()),
        bad_utf8,
        ber(0x41, b""),
        result(0x61, 0, &ber(0x83, b"not a sequence")),
        result(0x61, 0, &ber(0xa3, &ber(0x04, &[0xff]))),
        result(0x61, 0, &ber(0x8a, &[0xff])),
        [result(0x61, 0, b""), ber(0xa0, &ber(0x04, b"1.2"))].concat(),
        [result(0x61, 0, b""), ber(0xa0, &ber(0x30, b""))].concat(),
        [result(0x61, 0, b""), ber(0xa0, &ber(0x30, &[ber(0x04, b"1"), ber(0x01, b"")].concat()))].concat(),
        [result(0x61, 0, b""), ber(0xa0, &ber(0x30, &[ber(0x04, b"1"), ber(0x02, b"1")].concat()))].concat(),
        [result(0x61, 0, b""), ber(0x04, b"")].concat(),
    ] {
        assert!(check(&message(1, &operation)).is_err(), "{operation:02x?}");
    }
    for operation in [ber(0x64, b""), entry(&[0xff], &[]), ber(0x64, &[ber(0x04, b""), ber(0x04, b"")].concat())] {
        assert!(check(&message(2, &operation)).is_err(), "{operation:02x?}");
    }
    assert!(check(b"\x30\x00").is_err());
    assert!(check(&ber(0x30, &ber(0x02, &[1, 1, 1, 1, 1]))).is_err());
}

#[test]
fn an_answer_must_fit_what_was_asked() {
    let unexpected = |id, operation| Err(Violation::Unexpected { id, operation });
    assert_eq!(check(&message(9, &result(0x61, 0, b""))), unexpected(9, 0x61));
    assert_eq!(check(&message(1, &entry(b"dc=x", &[]))), unexpected(1, 0x64));
    assert_eq!(check(&message(2, &result(0x61, 0, b""))), unexpected(2, 0x61));
    let twice = [message(1, &result(0x61, 0, b"")), message(1, &result(0x61, 0, b""))].concat();
    assert_eq!(check(&twice), unexpected(1, 0x61));
    assert_eq!(check(&message(0, &result(0x78, 52, b""))), Err(Violation::Disconnected));
}

#[test]
fn search_references_and_intermediate_answers_are_dropped() {
    let reference = message(2, &ber(0x73, &ber(0x04, b"ldap://elsewhere/")));
    let intermediate = message(2, &ber(0x79, b""));
    let done = message(2, &result(0x65, 0, b""));
    assert_eq!(check(&[reference, intermediate, done.clone()].concat()).unwrap(), done);
}

#[test]
fn a_flood_is_refused() {
    let crowd = message(2, &entry(b"uid=a", &vec![b"".as_slice(); 20_000]));
    assert_eq!(check(&crowd.repeat(3)), Err(Violation::Flood));
    let bulk = message(2, &entry(b"uid=a", &[&vec![b'a'; 1_000_000]]));
    assert_eq!(check(&bulk.repeat(9)), Err(Violation::Flood));
}

/// What ldap3 does with a message, panics included.
fn digest(frame: &[u8]) {
    let (rest, tag) = parse_tag(frame).unwrap();
    assert!(rest.is_empty());
    let mut parts = tag.expect_constructed().unwrap();
    let operation: StructureTag = parts.remove(1);
    if operation.id == 4 {
        SearchEntry::construct(ResultEntry::new(operation));
    } else {
        let _ = LdapResult::from(Tag::StructureTag(operation));
    }
}

fn split_and_feed(bytes: &[u8], cuts: &[usize]) -> Result<Vec<u8>, Violation> {
    let mut guard = asked();
    let mut pass = Vec::new();
    let mut rest = bytes;
    for &cut in cuts {
        let (part, after) = rest.split_at(cut.min(rest.len()));
        guard.reply(part, &mut pass)?;
        rest = after;
    }
    guard.reply(rest, &mut pass).map(|()| pass)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_cut_anywhere_never_panic(bytes in any::<Vec<u8>>(), cuts in prop::collection::vec(0..40_usize, 0..20)) {
        let _ = split_and_feed(&bytes, &cuts);
        let mut guard = Guard::new();
        let _ = guard.request(&bytes);
    }

    #[test]
    fn good_messages_pass_however_they_are_cut(cuts in prop::collection::vec(0..40_usize, 0..40)) {
        let stream = good_messages().concat();
        prop_assert_eq!(split_and_feed(&stream, &cuts).unwrap(), stream);
    }

    /// Good messages with a few bytes changed: what passes, ldap3 digests.
    #[test]
    fn ldap3_digests_whatever_passes(
        which in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = good_messages().swap_remove(which);
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        let mut pass = Vec::new();
        if asked().reply(&bytes, &mut pass).is_ok() && !pass.is_empty() {
            let mut frames = Frames::default();
            frames.push(&pass);
            while let Some(frame) = frames.next().unwrap() {
                digest(frame);
            }
        }
    }
}
