//! `Patient` rows as registrations for the page and identities for the index.

use fhir::{Reference, rows};
use patients::{Identifier, ResidentId, SourcePatient, mask_identifier, mask_phone};
use url::Url;

use crate::{MaskedIdentifier, Origin, Registration};

/// FHIR ids have 64 characters at most; some servers' are longer.
const LONGEST_ID: usize = 200;
const LONGEST_NAME: usize = 100;
pub(super) const MOST_NAMES: usize = 16;
const MOST_ALIASES: usize = 16;
/// Telephones and addresses that the index compares.
const MOST_WEAK: usize = 8;
/// Numbers, telephones, addresses and contacts kept of one registration, of each: real ones have a handful, and regions that
/// joined their hospitals' numbers a dozen. A page of 16 MiB has room for a hundred thousand.
const MOST_OF_A_KIND: usize = 32;
/// Bytes of one number, address or contact. An address in words has some two hundred.
const LONGEST_LINE: usize = 1_000;
/// <https://hl7.org/fhir/R4/valueset-administrative-gender.html>
const GENDERS: [&str; 4] = ["male", "female", "other", "unknown"];

pub(super) fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

/// A FHIR `date`: `2021`, `2021-03`, `2021-03-05`.
fn is_date(text: &str) -> bool {
    crate::ClinicalTime::parse(text).is_some_and(|time| time.precision() != crate::Precision::Instant)
}

/// What the index needs of a patient. `None` for a resource without an id.
pub(crate) fn identity(row: &rows::Patient<'_>, source: &str, base: &Url, systems: &[String]) -> Option<SourcePatient> {
    let linked = |wanted: &'static str| {
        row.link.iter().filter(move |link| link.kind == Some(wanted)).filter_map(|link| {
            match Reference::parse(link.other?.reference?, base) {
                Reference::Local { kind: "Patient", id, .. } if id.len() <= LONGEST_ID => Some(id.to_owned()),
                _ => None,
            }
        })
    };
    // What goes into the index is bounded: one hospital's odd record must not refuse everybody's search.
    let id = row.id.filter(|id| id.len() <= LONGEST_ID && !id.contains('\0'))?;
    Some(SourcePatient {
        source: source.to_owned(),
        patient: id.to_owned(),
        names: names(row.name).into_iter().take(MOST_NAMES).map(|name| shortened(&name)).collect(),
        sex: row.gender.filter(|sex| GENDERS.contains(sex)).map(str::to_owned),
        birth_date: row.birth_date.filter(|date| is_date(date)).map(str::to_owned),
        resident_id: resident_id(row.identifier, systems),
        identifiers: bounded(row.identifier.iter().filter_map(|one| shown(one, systems)), identifier_len).kept,
        phones: whole_phones(row.telecom)
            .filter(|phone| !phone.contains('\0'))
            .take(MOST_WEAK)
            .map(shortened)
            .collect(),
        addresses: row.address.iter().filter_map(address).take(MOST_WEAK).map(|text| shortened(&text)).collect(),
        replaced_by: linked("replaced-by").next(),
        replaces: linked("replaces").take(MOST_ALIASES).collect(),
    })
}

/// One FHIR `Patient` in JSON, as a line of a bulk export has it, read as a hospital's answer is.
///
/// # Errors
/// What is wrong with it, never what stands in it.
pub fn patient_of_json(line: &[u8], source: &str, base: &Url, systems: &[String]) -> Result<SourcePatient, NoPatient> {
    let mut found: Option<Result<SourcePatient, NoPatient>> = None;
    let mut take = |entry: fhir::Entry<'_, rows::Patient<'_>>| {
        let is_patient = entry.row.resource_type == Some("Patient");
        let read = identity(&entry.row, source, base, systems).ok_or(NoPatient::NoId);
        found = Some(if is_patient { read } else { Err(NoPatient::AnotherType) });
    };
    let page = fhir::bundle::read_resource::<fhir::kinds::Patient>(line, &mut take);
    let patient = match (found, page.resource_type.as_deref()) {
        (Some(read), _) => read?,
        // One that says it is a patient and was not handed out ends in the middle.
        (None, None | Some("Patient")) => return Err(NoPatient::Form),
        (None, Some(_)) => return Err(NoPatient::AnotherType),
    };
    match patient.names.iter().any(|name| !patients::search_form(name).is_empty()) {
        true => Ok(patient),
        false => Err(NoPatient::NoName),
    }
}

/// Why a line is no patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPatient {
    /// Not JSON, or not a resource.
    #[error("not in the form of the file")]
    Form,
    /// A resource of another type.
    #[error("not a Patient")]
    AnotherType,
    /// It has no id, or one that is longer than 200 characters.
    #[error("no usable patient id")]
    NoId,
    /// Nobody is called up without a name.
    #[error("no name")]
    NoName,
}

/// What a page keeps of a registration's lists, and what was more than it keeps.
struct Bounded<T> {
    kept: Vec<T>,
    left_out: u32,
}

/// [`MOST_OF_A_KIND`] of them, none longer than [`LONGEST_LINE`].
fn bounded<T>(all: impl Iterator<Item = T>, len: impl Fn(&T) -> usize) -> Bounded<T> {
    let mut bounded = Bounded { kept: Vec::new(), left_out: 0 };
    for one in all {
        if bounded.kept.len() < MOST_OF_A_KIND && len(&one) <= LONGEST_LINE {
            bounded.kept.push(one);
        } else {
            bounded.left_out = bounded.left_out.saturating_add(1);
        }
    }
    bounded
}

fn identifier_len(of: &Identifier) -> usize {
    of.shown.len().max(of.system.as_ref().map_or(0, String::len))
}

/// What the page shows of a patient, and how much more there was than it has room for.
pub(super) fn registration(row: &rows::Patient<'_>, systems: &[String], origin: Origin) -> (Registration, u32) {
    let deceased = row.deceased.and_then(|deceased| match deceased {
        rows::Deceased::Boolean(true) => Some("true".to_owned()),
        rows::Deceased::Boolean(false) => None,
        rows::Deceased::DateTime(at) => Some(at.chars().take(LONGEST_NAME).collect()),
    });
    let names = bounded(names(row.name).into_iter(), String::len);
    let identifiers = bounded(row.identifier.iter().filter_map(|one| shown(one, systems)), identifier_len);
    let phones = bounded(phones(row.telecom), String::len);
    let addresses = bounded(row.address.iter().filter_map(address), String::len);
    let contacts = bounded(row.contact.iter().filter_map(contact), String::len);
    let lists = [names.left_out, identifiers.left_out, phones.left_out, addresses.left_out, contacts.left_out];
    let registration = Registration {
        names: names.kept,
        sex: row.gender.map(shortened),
        birth_date: row.birth_date.map(shortened),
        deceased,
        identifiers: identifiers.kept.into_iter().map(masked).collect(),
        phones: phones.kept,
        addresses: addresses.kept,
        contacts: contacts.kept,
        inactive: row.active == Some(false),
        origin,
    };
    (registration, lists.into_iter().fold(0, u32::saturating_add))
}

fn masked(identifier: Identifier) -> MaskedIdentifier {
    MaskedIdentifier { system: identifier.system, kind: identifier.kind, masked: identifier.shown }
}

/// Names, the official one first; each once.
pub(super) fn names(all: &[rows::HumanName<'_>]) -> Vec<String> {
    let mut ranked: Vec<_> = all.iter().filter_map(|name| Some((rank(name.usage), whole(name)?))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut names: Vec<String> = ranked.into_iter().map(|(_, name)| name).collect();
    crate::joined::unique(&mut names);
    names
}

fn rank(usage: Option<&str>) -> u8 {
    match usage {
        Some("official") => 0,
        Some("usual") => 1,
        None => 2,
        Some("temp" | "nickname" | "anonymous") => 4,
        Some("old" | "maiden") => 5,
        Some(_) => 3,
    }
}

fn whole(name: &rows::HumanName<'_>) -> Option<String> {
    patients::whole_name(name.text, name.family, name.given)
}

/// The resident ID, if the source gives one valid number under a configured system. Two different ones are none.
fn resident_id(identifiers: &[rows::Identifier<'_>], systems: &[String]) -> Option<ResidentId> {
    let mut found = identifiers
        .iter()
        .filter(|identifier| identifier.usage != Some("old") && is_resident_id_system(identifier.system, systems))
        .filter_map(|identifier| ResidentId::parse(identifier.value?).ok());
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

fn is_resident_id_system(system: Option<&str>, systems: &[String]) -> bool {
    system.is_some_and(|system| systems.iter().any(|own| own == system))
}

fn shown(identifier: &rows::Identifier<'_>, systems: &[String]) -> Option<Identifier> {
    let value = identifier.value.map(str::trim).filter(|value| !value.is_empty() && !value.contains('\0'))?;
    let is_record_number = identifier
        .kind
        .is_some_and(|kind| kind.coding.iter().any(|coding| matches!(coding.code, Some("MR" | "MRT" | "PI" | "PT"))));
    let is_resident_id = is_resident_id_system(identifier.system, systems) || ResidentId::parse(value).is_ok();
    let (kind, shown) = match (is_resident_id, is_record_number) {
        (true, _) => ("resident-id", mask_identifier(value)),
        // People are called up by their record number: it is shown whole, and means nothing outside its hospital.
        (false, true) => ("record-number", value.to_owned()),
        (false, false) => ("other", mask_identifier(value)),
    };
    Some(Identifier { system: identifier.system.map(|system| system.replace('\0', "")), kind: kind.to_owned(), shown })
}

fn phones<'t>(telecom: &'t [rows::ContactPoint<'t>]) -> impl Iterator<Item = String> + 't {
    whole_phones(telecom).map(mask_phone)
}

/// Not for the eye.
pub(super) fn whole_phones<'t>(telecom: &'t [rows::ContactPoint<'t>]) -> impl Iterator<Item = &'t str> + 't {
    let is_phone = |point: &&rows::ContactPoint<'_>| matches!(point.system, Some("phone" | "sms") | None);
    let current = telecom.iter().filter(is_phone).filter(|point| point.usage != Some("old"));
    current.filter_map(|point| point.value)
}

fn address(of: &rows::Address<'_>) -> Option<String> {
    if of.usage == Some("old") {
        return None;
    }
    if let Some(text) = of.text.map(str::trim).filter(|text| !text.is_empty()) {
        return Some(text.to_owned());
    }
    // From large to small, as addresses are written in China; Latin ones from small to large.
    let large = [of.state, of.city, of.district].into_iter().flatten();
    let parts: Vec<&str> = large.chain(of.line.iter().copied()).filter(|part| !part.is_empty()).collect();
    let latin = parts.iter().all(|part| part.is_ascii());
    let line = match latin {
        true => parts.iter().rev().copied().collect::<Vec<_>>().join(", "),
        false => parts.concat(),
    };
    (!line.is_empty()).then_some(line)
}

fn contact(of: &rows::Contact<'_>) -> Option<String> {
    let name = of.name.as_ref().and_then(whole)?;
    let mut relation = String::new();
    if let Some(relationship) = of.relationship.first() {
        crate::labs::concept_words(relationship, &mut relation);
    }
    let phone = phones(of.telecom).next();
    let mut line = name;
    if !relation.is_empty() {
        line.push_str(&format!(" ({relation})"));
    }
    if let Some(phone) = phone {
        line.push(' ');
        line.push_str(&phone);
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";

    #[test]
    fn names_in_the_order_of_their_script() {
        let name = |usage, text, family, given| rows::HumanName { usage, text, family, given, period: None };
        let given = ["玉兰"];
        let all = [
            name(Some("old"), Some("陈小兰"), None, &[][..]),
            name(None, None, Some("陈"), &given[..]),
            name(Some("official"), Some(" 陈玉兰 "), None, &[][..]),
        ];
        assert_eq!(names(&all), ["陈玉兰", "陈小兰"]);
        let latin = ["Mary", "Ann"];
        assert_eq!(names(&[name(None, None, Some("Smith"), &latin[..])]), ["Mary Ann Smith"]);
    }

    #[test]
    fn identifiers_are_masked() {
        let systems = [SYSTEM.to_owned()];
        let of = |system, value| rows::Identifier { system: Some(system), value: Some(value), ..Default::default() };
        let id = shown(&of(SYSTEM, "999009196403180328"), &systems).expect("shown");
        assert_eq!((id.kind.as_str(), id.shown.as_str()), ("resident-id", "999***********0328"));
        let elsewhere = shown(&of("urn:other", "999009196403180328"), &systems).expect("shown");
        assert_eq!(elsewhere.shown, "999***********0328");
        assert!(resident_id(&[of("urn:other", "999009196403180328")], &systems).is_none());
        assert!(resident_id(&[of(SYSTEM, "999009196403180328")], &systems).is_some());
        assert!(resident_id(&[of(SYSTEM, "999009196403180328"), of(SYSTEM, "999009198507120177")], &systems).is_none());
        assert!(resident_id(&[of(SYSTEM, "999009196403180321")], &systems).is_none());
    }

    #[test]
    fn lines_of_an_export_are_read_as_answers_are() {
        let base = Url::parse("http://h.example/fhir/").expect("a URL");
        let read = |line: &str| patient_of_json(line.as_bytes(), "h", &base, &[SYSTEM.to_owned()]);
        let whole = r#"{"resourceType":"Patient","id":"2","name":[{"use":"old","text":"陈小兰"},{"family":"陈","given":["玉兰"]}],
            "gender":"female","birthDate":"1964-03-18","telecom":[{"system":"phone","value":"138 0000 0526"}],
            "identifier":[{"system":"urn:oid:2.16.156.10011.1.3","value":"999009196403180328"}],
            "link":[{"type":"replaces","other":{"reference":"http://h.example/fhir/Patient/1"}}]}"#;
        let one = read(whole).expect("a patient");
        assert_eq!((one.names, one.replaces), (vec!["陈玉兰".to_owned(), "陈小兰".to_owned()], vec!["1".to_owned()]));
        assert!(one.resident_id.is_some() && !one.identifiers[0].shown.contains("1964"));
        use NoPatient::{AnotherType, Form, NoId, NoName};
        for (line, problem) in [
            ("", Form),
            ("{", Form),
            ("null", Form),
            ("{}", Form),
            (r#"{"resourceType":"Observation","id":"3"}"#, AnotherType),
            (r#"{"resourceType":"Patient","name":[{"text":"陈玉兰"}]}"#, NoId),
            (r#"{"resourceType":"Patient","id":"3","name":[{"text":" "}]}"#, NoName),
            (r#"{"resourceType":"Patient","id":"3","name":[{"te"#, Form),
        ] {
            assert_eq!(read(line).expect_err("a problem"), problem, "{line}");
        }
    }

    #[test]
    fn a_registration_without_end_is_cut_and_what_was_cut_is_counted() {
        let values: Vec<String> = (0..100_000).map(|nth| format!("no-{nth}")).collect();
        let identifiers: Vec<_> =
            values.iter().map(|value| rows::Identifier { value: Some(value), ..Default::default() }).collect();
        let phones: Vec<_> =
            values.iter().map(|value| rows::ContactPoint { value: Some(value), ..Default::default() }).collect();
        let long = "路".repeat(LONGEST_LINE);
        let addresses = [
            rows::Address { text: Some("四川中路1号"), ..Default::default() },
            rows::Address { text: Some(&long), ..Default::default() },
        ];
        let names: Vec<_> =
            values.iter().map(|name| rows::HumanName { text: Some(name), ..Default::default() }).collect();
        let row = rows::Patient {
            id: Some("p1"),
            identifier: &identifiers,
            telecom: &phones,
            address: &addresses,
            name: &names,
            ..Default::default()
        };
        let retrieved_at = "2026-11-21T12:00:00Z".parse().expect("instant");
        let origin = Origin { source: "h".into(), resource: "Patient/p1".into(), version: None, retrieved_at };
        let (kept, left_out) = registration(&row, &[], origin.clone());
        let counts = [kept.identifiers.len(), kept.phones.len(), kept.names.len(), kept.addresses.len()];
        assert_eq!(counts, [MOST_OF_A_KIND, MOST_OF_A_KIND, MOST_OF_A_KIND, 1]);
        assert_eq!(left_out as usize, 3 * (values.len() - MOST_OF_A_KIND) + 1);
        let base = Url::parse("http://h.example/fhir").expect("a URL");
        let identity = identity(&row, "h", &base, &[]).expect("an identity");
        assert_eq!((identity.identifiers.len(), identity.names.len()), (MOST_OF_A_KIND, MOST_NAMES));
        // An ordinary registration loses nothing.
        let row = rows::Patient { identifier: &identifiers[..3], telecom: &phones[..2], ..row };
        let row = rows::Patient { name: &names[..1], address: &addresses[..1], ..row };
        assert_eq!(registration(&row, &[], origin).1, 0);
    }
}
