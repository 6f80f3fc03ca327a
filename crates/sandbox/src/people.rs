//! Who lives in the region: identities, and how each hospital registered them.

pub(crate) mod resident_id;

use jiff::civil::Date;

use crate::{
    SandboxError,
    clock::{self, DAY},
    dice::{Dice, digest},
    reference::{
        Reference,
        courses::Course,
        names::plain_pinyin,
        script::{HospitalScript, PersonScript},
    },
};

/// Ages of courses are turned into birth dates as of this day, so that identities never depend on today.
const REFERENCE_DAY: Date = jiff::civil::date(2026, 11, 20);

/// Eighteen years.
const GROWN_DAYS: i64 = 18 * 365;

/// One person, and where they are known.
pub(crate) struct Person {
    pub(crate) role: Option<String>,
    pub(crate) han: String,
    /// With tone marks, surname first.
    pub(crate) pinyin: String,
    /// FHIR administrative gender.
    pub(crate) sex: String,
    pub(crate) born: Date,
    /// The number that is truly theirs.
    pub(crate) resident_id: String,
    pub(crate) phone: String,
    pub(crate) address: Address,
    pub(crate) contact: Option<(String, String)>,
    pub(crate) registrations: Vec<Registration>,
    /// Index of the clinical course in [`Reference::courses`].
    pub(crate) course: usize,
    /// Staff who have them on their list without an encounter of their department.
    pub(crate) listed_by: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) city: String,
    pub(crate) district: String,
    pub(crate) line: String,
}

/// What one hospital's registration desk wrote down.
pub(crate) struct Registration {
    /// Index of the hospital in the script.
    pub(crate) hospital: usize,
    pub(crate) patient_id: String,
    pub(crate) record_number: String,
    pub(crate) resident_id: String,
    pub(crate) han: String,
    /// Issue code that the hospital adds to every answer about them.
    pub(crate) warned: Option<u32>,
}

impl Person {
    /// Age in days at this second of the Unix epoch.
    pub(crate) fn age_days(&self, at: i64) -> i64 {
        (at - clock::seconds(self.born, jiff::civil::Time::midnight())) / DAY
    }

    /// Registered, and nothing else.
    pub(crate) fn is_blank(&self) -> bool {
        self.role.as_deref() == Some("blank")
    }

    /// Does one of their hospitals send what no reader should trust?
    pub(crate) fn is_garbled(&self) -> bool {
        self.role.as_deref() == Some("garbled")
    }

    /// Is the chart written in the script rather than drawn?
    pub(crate) fn is_curated(&self) -> bool {
        self.role.as_deref() == Some("show")
    }

    /// Pinyin without tones.
    pub(crate) fn plain_pinyin(&self) -> String {
        plain_pinyin(&self.pinyin)
    }
}

/// Makes everybody: first the chosen people of the script, then people from the seed.
pub(crate) fn populate(reference: &Reference, seed: u64) -> Result<Vec<Person>, SandboxError> {
    let mut free: Vec<usize> = (0..reference.courses.len()).collect();
    let mut people = Vec::new();
    for chosen in &reference.script.people {
        people.push(chosen_person(reference, seed, chosen, &mut free, &people)?);
    }
    for population in &reference.script.populations {
        let hospitals = &reference.script.hospitals;
        let known = |at: &String| hospitals.iter().position(|hospital| hospital.id == *at);
        let places: Vec<usize> = population.at.iter().filter_map(known).collect();
        for _ in 0..population.count {
            let made = made_person(reference, seed, &places, &mut free, &people)?;
            people.push(Person { listed_by: population.listed_by.clone(), ..made });
        }
    }
    Ok(people)
}

fn chosen_person(
    reference: &Reference,
    seed: u64,
    script: &PersonScript,
    free: &mut Vec<usize>,
    others: &[Person],
) -> Result<Person, SandboxError> {
    let area = script.area.as_ref().unwrap_or(&reference.script.resident_id.area);
    let own = resident_id::compose(area, script.born, script.sequence);
    let course = nearest_course(&reference.courses, script, free)?;
    let mut registrations = Vec::new();
    for (index, hospital) in reference.script.hospitals.iter().enumerate() {
        if !script.at.contains(&hospital.id) {
            continue;
        }
        let presented = match script.presents.get(&hospital.id).map(String::as_str) {
            None => own.clone(),
            Some("mistyped") => resident_id::mistype(&own),
            Some("swapped") => resident_id::swap(&own),
            Some("fifteen") => resident_id::fifteen(&own),
            Some(role) => others
                .iter()
                .find(|other| other.role.as_deref() == Some(role))
                .map(|other| other.resident_id.clone())
                .ok_or_else(|| SandboxError::reference("region.toml", format_args!("nobody is {role}")))?,
        };
        let han = script.spelled.get(&hospital.id).unwrap_or(&script.han).clone();
        let warned = script.warned.get(&hospital.id).copied();
        registrations
            .push(Registration { warned, ..registration(seed, index, hospital, others.len(), presented, han) });
    }
    let mut dice = Dice::new(seed, &format!("person {}", others.len()));
    Ok(Person {
        role: script.role.clone(),
        han: script.han.clone(),
        pinyin: script.pinyin.clone(),
        sex: script.sex.clone(),
        born: script.born,
        resident_id: own,
        phone: phone(&mut dice),
        address: address(reference, &mut dice),
        contact: contact(reference, &mut dice),
        registrations,
        course,
        listed_by: script.listed_by.clone(),
    })
}

fn made_person(
    reference: &Reference,
    seed: u64,
    hospitals: &[usize],
    free: &mut Vec<usize>,
    others: &[Person],
) -> Result<Person, SandboxError> {
    let mut dice = Dice::new(seed, &format!("person {}", others.len()));
    let course_index = draw_course(reference, &mut dice, hospitals.len() > 1, free)?;
    let course = reference.courses.get(course_index).ok_or_else(no_course)?;
    let born = birth_date(course, dice.between(-150, 150));
    let male = course.sex == "male";
    let sequence = (dice.between(1, 499) * 2 + i64::from(male)) as u16;
    let own = resident_id::compose(&reference.script.resident_id.area, born, sequence);
    let (han, pinyin) = unused_name(reference, &mut dice, &course.sex, others)?;
    let registrations = hospitals
        .iter()
        .filter_map(|index| Some((*index, reference.script.hospitals.get(*index)?)))
        .map(|(index, hospital)| registration(seed, index, hospital, others.len(), own.clone(), han.clone()))
        .collect();
    Ok(Person {
        role: None,
        han,
        pinyin,
        sex: course.sex.clone(),
        born,
        resident_id: own,
        phone: phone(&mut dice),
        address: address(reference, &mut dice),
        contact: contact(reference, &mut dice),
        registrations,
        course: course_index,
        listed_by: Vec::new(),
    })
}

/// A free course; it is free no more. People known twice are grown while there are grown ones left.
fn draw_course(
    reference: &Reference,
    dice: &mut Dice,
    grown_first: bool,
    free: &mut Vec<usize>,
) -> Result<usize, SandboxError> {
    let grown = |at: &usize| {
        free.get(*at).and_then(|index| reference.courses.get(*index)).is_some_and(|course| course.age_days > GROWN_DAYS)
    };
    let mut candidates: Vec<usize> = (0..free.len()).filter(|at| !grown_first || grown(at)).collect();
    if free.is_empty() {
        // more people than courses: two may have had the same, years apart
        free.extend(0..reference.courses.len());
    }
    if candidates.is_empty() {
        candidates = (0..free.len()).collect();
    }
    dice.pick(&candidates).map(|at| free.swap_remove(*at)).ok_or_else(no_course)
}

fn no_course() -> SandboxError {
    SandboxError::reference("courses.json.gz", "no course left")
}

/// Namesakes are chosen, never accidental.
fn unused_name(
    reference: &Reference,
    dice: &mut Dice,
    sex: &str,
    others: &[Person],
) -> Result<(String, String), SandboxError> {
    (0..64)
        .filter_map(|_| reference.names.draw(dice, sex))
        .find(|(han, _)| others.iter().all(|other| other.han != *han))
        .ok_or_else(|| SandboxError::reference("names.toml", "no unused name"))
}

/// The free course of the same sex whose age fits best; it is free no more.
fn nearest_course(courses: &[Course], person: &PersonScript, free: &mut Vec<usize>) -> Result<usize, SandboxError> {
    let age = (clock::seconds(REFERENCE_DAY, jiff::civil::Time::midnight())
        - clock::seconds(person.born, jiff::civil::Time::midnight()))
        / DAY;
    let distance = |index: usize| {
        courses.get(index).map_or(i64::MAX, |course| {
            (course.age_days - age).abs() + if course.sex == person.sex { 0 } else { 1_000_000 }
        })
    };
    let at = (0..free.len())
        .min_by_key(|at| free.get(*at).map_or(i64::MAX, |index| distance(*index)))
        .ok_or_else(no_course)?;
    Ok(free.swap_remove(at))
}

/// The day of birth of a person with this course; `shift` in days tells people of one course apart.
fn birth_date(course: &Course, shift: i64) -> Date {
    let age = (course.age_days + shift).max(course.age_days.min(40));
    clock::date(clock::seconds(REFERENCE_DAY, jiff::civil::Time::midnight()) - age * DAY)
}

fn registration(
    seed: u64,
    index: usize,
    hospital: &HospitalScript,
    number: usize,
    resident_id: String,
    han: String,
) -> Registration {
    let hash = digest(&[&seed.to_string(), &hospital.id, "patient", &number.to_string()]);
    let patient_id = match hospital.platform.as_str() {
        "plain" => format!("p{}", 100_001 + number * 37),
        "cerner-like" => format!("{}", 12_700_011 + number * 53),
        "legacy" => format!("{:08}", 20_417 + number * 19),
        "athena-like" => format!("a-19590.E-{}", 20_017 + number * 41),
        // opaque and case-sensitive, as that vendor's ids are
        _ => format!("e{}{}", hash.get(..12).unwrap_or_default(), hash.get(12..22).unwrap_or_default().to_uppercase()),
    };
    let letters = match index {
        0 => "MZ",
        1 => "U",
        2 => "QX",
        3 => "ZY",
        _ => "BJ",
    };
    let record_number = format!("{letters}{:07}", 4_000_123 + number * 61);
    Registration { hospital: index, patient_id, record_number, resident_id, han, warned: None }
}

/// Mobile numbers in China begin with 13 to 19: nobody can have 120….
fn phone(dice: &mut Dice) -> String {
    format!("120{:08}", dice.between(0, 100_000_000))
}

fn address(reference: &Reference, dice: &mut Dice) -> Address {
    let script = &reference.script;
    let street = dice.pick(&script.addresses.streets).cloned().unwrap_or_default();
    let (number, house, floor, flat) =
        (dice.between(1, 180), dice.between(1, 20), dice.between(1, 18), dice.between(1, 5));
    let line = script.addresses.line.replace("{street}", &street).replace("{number}", &number.to_string());
    Address {
        city: script.addresses.city.clone(),
        district: dice.pick(&script.addresses.districts).cloned().unwrap_or_default(),
        line: line.replace("{house}", &house.to_string()).replace("{room}", &format!("{floor}0{flat}")),
    }
}

fn contact(reference: &Reference, dice: &mut Dice) -> Option<(String, String)> {
    let sex = if dice.chance(0.5) { "male" } else { "female" };
    let (han, _) = reference.names.draw(dice, sex)?;
    Some((han, phone(dice))).filter(|_| dice.chance(0.6))
}
