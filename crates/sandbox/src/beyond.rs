//! A hospital outside the region that people of the region have been to: its books, made after those of all others and without
//! touching them.

use crate::{
    SandboxError,
    clinical::{self, Making},
    clock::Today,
    hospital::{
        platform::{self, Platform},
        records::Records,
        write::Scribe,
    },
    people::{Person, Registration},
    reference::{Reference, courses::Course, script::BeyondPatient},
    smart::DoorPatient,
};

/// Its books, and whom it knows.
pub(crate) struct Beyond {
    pub(crate) id: String,
    pub(crate) platform: &'static Platform,
    pub(crate) records: Records,
    pub(crate) patients: Vec<DoorPatient>,
}

/// Makes it. It becomes the last hospital of the script: those before keep their places.
pub(crate) fn made(
    reference: &mut Reference,
    seed: u64,
    today: Today,
    people: &[Person],
) -> Result<Beyond, SandboxError> {
    let wrong = |why: &str| SandboxError::reference("region.toml", why);
    let hospital = reference.script.beyond.hospital.clone();
    let index = reference.script.hospitals.len();
    reference.script.hospitals.push(hospital.clone());
    let reference = &*reference;
    let platform = platform::named(&hospital.platform).ok_or_else(|| wrong("unknown platform beyond the region"))?;
    let mut patients = Vec::new();
    for (number, row) in reference.script.beyond.patients.iter().enumerate() {
        let person = people.iter().find(|one| one.han == row.han && one.born == row.born);
        let person = person.ok_or_else(|| wrong("nobody of this name and birth date is in the region"))?;
        patients.push(patient(reference, person, row, (index, number)));
    }
    let making = Making { reference, seed, today };
    let charts = patients.iter().map(|person| clinical::charts(&making, person)).collect::<Result<Vec<_>, _>>()?;
    let mut scribe = Scribe::new(reference, &hospital, platform, seed);
    scribe.staff()?;
    for (person, charts) in patients.iter().zip(&charts) {
        for (registration, chart) in person.registrations.iter().zip(charts) {
            scribe.write(person, registration, chart)?;
        }
    }
    let records = scribe.finish();
    let known = |person: &Person| {
        person.registrations.first().map(|at| DoorPatient {
            id: at.patient_id.clone(),
            name: at.han.clone(),
            resident_id: Some(at.resident_id.clone()).filter(|number| !number.is_empty()),
        })
    };
    Ok(Beyond { id: hospital.id, platform, records, patients: patients.iter().filter_map(known).collect() })
}

/// The same person as this hospital knows them: with a course of its own, so that nothing is told twice.
fn patient(reference: &Reference, person: &Person, row: &BeyondPatient, (hospital, number): (usize, usize)) -> Person {
    let registration = Registration {
        hospital,
        patient_id: format!("lk-{}", 70_001 + number * 43),
        record_number: format!("LK{:07}", 2_000_311 + number * 71),
        resident_id: if row.unnumbered { String::new() } else { person.resident_id.clone() },
        han: person.han.clone(),
        warned: None,
    };
    Person {
        role: None,
        han: person.han.clone(),
        pinyin: person.pinyin.clone(),
        sex: person.sex.clone(),
        born: person.born,
        resident_id: person.resident_id.clone(),
        phone: person.phone.clone(),
        address: person.address.clone(),
        contact: person.contact.clone(),
        registrations: vec![registration],
        course: another_course(&reference.courses, person.course),
        listed_by: Vec::new(),
    }
}

/// The course of the same sex that is nearest in age, and not the same.
fn another_course(courses: &[Course], own: usize) -> usize {
    let Some(known) = courses.get(own) else { return own };
    let others = courses.iter().enumerate().filter(|(index, course)| *index != own && course.sex == known.sex);
    others.min_by_key(|(_, course)| (course.age_days - known.age_days).abs()).map_or(own, |(index, _)| index)
}
