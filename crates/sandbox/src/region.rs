//! The region before it listens: people, their charts, every hospital's books.

use jiff::Timestamp;

use crate::{
    Config, SandboxError,
    beyond::{self, Beyond},
    clinical::{self, Chart, Making},
    clock::Today,
    hospital::{platform, records::Records, write::Scribe},
    people::{self, Person},
    reference::Reference,
    running::{PersonKnown, StaffAccount},
    treatments::{self, Treatment},
};

/// A generated region.
pub struct Region {
    pub(crate) reference: Reference,
    pub(crate) people: Vec<Person>,
    /// In the order of the script.
    pub(crate) hospitals: Vec<Records>,
    pub(crate) treatments: Vec<Treatment>,
    /// Where the configuration has a door for people.
    pub(crate) beyond: Option<Beyond>,
    today: Today,
}

impl Region {
    /// Generates the region of this seed and date; without a configured date, of the current date in China.
    ///
    /// # Errors
    /// [`SandboxError::Reference`] when the embedded data contradict themselves.
    pub fn generate(config: &Config) -> Result<Self, SandboxError> {
        let mut reference = Reference::load()?;
        let people = people::populate(&reference, config.seed)?;
        let today = Today::new(config.today, Timestamp::now());
        let making = Making { reference: &reference, seed: config.seed, today };
        let charts = people.iter().map(|person| clinical::charts(&making, person)).collect::<Result<Vec<_>, _>>()?;
        let treatments = treatments::of(&reference, &people, &charts, today);
        let hospitals = std::thread::scope(|scope| {
            let books: Vec<_> = (0..reference.script.hospitals.len())
                .map(|index| {
                    scope.spawn({
                        let (reference, people, charts) = (&reference, &people, &charts);
                        move || books(reference, config.seed, index, people, charts)
                    })
                })
                .collect();
            books
                .into_iter()
                .map(|book| {
                    book.join()
                        .unwrap_or_else(|_| Err(SandboxError::reference("region.toml", "a hospital's books failed")))
                })
                .collect::<Result<Vec<_>, _>>()
        })?;
        let beyond = match config.people_door {
            Some(_) => Some(beyond::made(&mut reference, config.seed, today, &people)?),
            None => None,
        };
        Ok(Self { reference, people, hospitals, treatments, beyond, today })
    }

    /// Hexadecimal hash of everything generated: equal for equal seed and date. Not cryptographic.
    pub fn fingerprint(&self) -> String {
        const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        let hash = self.hospitals.iter().fold(FNV_OFFSET, |hash, records| records.fingerprint(hash));
        format!("{hash:016x}")
    }

    /// The date that clinical times are relative to.
    pub fn today(&self) -> jiff::civil::Date {
        self.today.date()
    }

    /// Everybody, and where they are known.
    pub fn patients(&self) -> Vec<PersonKnown> {
        let id =
            |index: usize| self.reference.script.hospitals.get(index).map(|row| row.id.clone()).unwrap_or_default();
        let known = |person: &Person| PersonKnown {
            name: person.han.clone(),
            name_pinyin: person.plain_pinyin(),
            resident_id: person.resident_id.clone(),
            birth_date: person.born,
            sex: person.sex.clone(),
            hospitals: person.registrations.iter().map(|at| (id(at.hospital), at.patient_id.clone())).collect(),
        };
        self.people.iter().map(known).collect()
    }

    /// Index in [`Region::patients`] of a person with this role in the script.
    pub(crate) fn index_of(&self, role: &str) -> Result<usize, SandboxError> {
        let position = self.people.iter().position(|person| person.role.as_deref() == Some(role));
        position.ok_or_else(|| SandboxError::reference("region.toml", format_args!("nobody is {role}")))
    }

    /// The staff and their demo passwords.
    pub fn staff(&self) -> Vec<StaffAccount> {
        let account = |staff: &crate::reference::script::StaffScript| StaffAccount {
            username: staff.uid.clone(),
            password: staff.password.clone(),
            name: staff.cn.clone(),
            groups: staff.groups.clone(),
        };
        self.reference.script.staff.iter().map(account).collect()
    }
}

/// Everything one hospital wrote down.
fn books(
    reference: &Reference,
    seed: u64,
    index: usize,
    people: &[Person],
    charts: &[Vec<Chart>],
) -> Result<Records, SandboxError> {
    let missing = |what: &str| SandboxError::reference("region.toml", format_args!("{what} {index}"));
    let hospital = reference.script.hospitals.get(index).ok_or_else(|| missing("no hospital"))?;
    let platform = platform::named(&hospital.platform).ok_or_else(|| missing("unknown platform of hospital"))?;
    let mut scribe = Scribe::new(reference, hospital, platform, seed);
    scribe.staff()?;
    for (person, charts) in people.iter().zip(charts) {
        for (registration, chart) in person.registrations.iter().zip(charts) {
            if registration.hospital == index {
                scribe.write(person, registration, chart)?;
            }
        }
    }
    Ok(scribe.finish())
}
