//! `Patient` rows as registrations for the page and identities for the index.

use fhir::{Reference, rows};
use patients::{Identifier, ResidentId, SourcePatient, mask_identifier, mask_phone};
use url::Url;

use crate::{MaskedIdentifier, Origin, Registration};

/// FHIR ids have 64 characters at most; some servers' are longer.
const LONGEST_ID: usize = 200;
const LONGEST_NAME: usize = 100;
const MOST_NAMES: usize = 16;
const MOST_ALIASES: usize = 16;
/// <https://hl7.org/fhir/R4/valueset-administrative-gender.html>
const GENDERS: [&str; 4] = ["male", "female", "other", "unknown"];

fn shortened(text: &str) -> String {
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
        identifiers: row.identifier.iter().filter_map(|identifier| shown(identifier, systems)).collect(),
        replaced_by: linked("replaced-by").next(),
        replaces: linked("replaces").take(MOST_ALIASES).collect(),
    })
}

/// What the page shows of a patient.
pub(super) fn registration(row: &rows::Patient<'_>, systems: &[String], origin: Origin) -> Registration {
    let deceased = row.deceased.and_then(|deceased| match deceased {
        rows::Deceased::Boolean(true) => Some("true".to_owned()),
        rows::Deceased::Boolean(false) => None,
        rows::Deceased::DateTime(at) => Some(at.to_owned()),
    });
    Registration {
        names: names(row.name),
        sex: row.gender.map(str::to_owned),
        birth_date: row.birth_date.map(str::to_owned),
        deceased,
        identifiers: row.identifier.iter().filter_map(|one| shown(one, systems)).map(masked).collect(),
        phones: phones(row.telecom),
        addresses: row.address.iter().filter_map(address).collect(),
        contacts: row.contact.iter().filter_map(contact).collect(),
        inactive: row.active == Some(false),
        origin,
    }
}

fn masked(identifier: Identifier) -> MaskedIdentifier {
    MaskedIdentifier { system: identifier.system, kind: identifier.kind, masked: identifier.shown }
}

/// Names, the official one first; each once.
fn names(all: &[rows::HumanName<'_>]) -> Vec<String> {
    let mut ranked: Vec<_> = all.iter().filter_map(|name| Some((rank(name.usage), whole(name)?))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut names: Vec<String> = Vec::with_capacity(ranked.len());
    for (_, name) in ranked {
        if !names.contains(&name) {
            names.push(name);
        }
    }
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

/// As written; else family and given name in the order that their script has.
fn whole(name: &rows::HumanName<'_>) -> Option<String> {
    if let Some(text) = name.text.map(str::trim).filter(|text| !text.is_empty()) {
        return Some(text.to_owned());
    }
    let given = name.given.join(" ");
    let family = name.family.unwrap_or_default();
    let latin = family.is_ascii() && given.is_ascii();
    let whole = if latin { format!("{given} {family}") } else { format!("{family}{}", name.given.concat()) };
    let whole = whole.trim();
    (!whole.is_empty()).then(|| whole.to_owned())
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

fn phones(telecom: &[rows::ContactPoint<'_>]) -> Vec<String> {
    let is_phone = |point: &&rows::ContactPoint<'_>| matches!(point.system, Some("phone" | "sms") | None);
    let current = telecom.iter().filter(is_phone).filter(|point| point.usage != Some("old"));
    current.filter_map(|point| point.value).map(mask_phone).collect()
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
    let phone = phones(of.telecom).into_iter().next();
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
}
