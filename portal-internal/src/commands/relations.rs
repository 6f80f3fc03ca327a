//! `relations import FILE`: who treats whom, by a hospital's own list.
//!
//! Relations come of encounters; until a portal reads them there itself, hospitals export who has whom on the list. Every
//! line is checked by itself: the good ones are carried out, the others named, and the corrected list may be imported
//! again. A relation only ever opens the record of one patient to one member of staff who may read records anyhow.

mod list;
mod shown;

use std::{collections::HashMap, path::Path, process::ExitCode, sync::Arc};

use access::{Care, PersonId, Policy, Relations, SubjectId, SystemContext};
use directory::{Directory, SignInError};
use ehr::{Charts, Registered};
use jiff::Timestamp;
use patients::{Index, names_agree};
use sources::Catalogue;

use super::{FAILED, complain, could_not_run, refused, say, serve};
use crate::{config::Config, portal};
use list::{Line, Named};
pub use shown::relations_list;

/// Begins the relations of the list `file`; exit code 1 when a line of it could not be carried out.
pub async fn relations_import(config: &Path, file: &Path, organisation: Option<&str>, dry_run: bool) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let read = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()));
    let lines = read.and_then(|text| list::read(&text).map_err(|wrong| format!("{}: {wrong}", file.display())));
    let lines = match lines {
        Ok(lines) => lines,
        Err(wrong) => return refused(&wrong),
    };
    let catalogue = match serve::catalogue(&config.sources) {
        Ok(catalogue) => catalogue,
        Err(problems) => return complain(&problems),
    };
    match import(config, &catalogue, lines, organisation, dry_run).await {
        Ok(count) => count.tell(dry_run),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

/// What came of the lines.
#[derive(Default)]
struct Count {
    begun: usize,
    standing: usize,
    asked: usize,
    wrong: usize,
}

impl Count {
    fn tell(&self, dry_run: bool) -> ExitCode {
        let Self { begun, standing, asked, wrong } = self;
        match dry_run {
            false => say(format_args!("{begun} relations begun, {standing} stood already, {wrong} lines are wrong")),
            true => say(format_args!(
                "{begun} relations would begin, {standing} stand already, for {asked} a hospital would be asked who it \
                 is, {wrong} lines are wrong; nothing was written"
            )),
        }
        if *wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
    }
}

async fn import(
    config: Config,
    catalogue: &Arc<Catalogue>,
    lines: Vec<(u64, Result<Line, String>)>,
    organisation: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Count> {
    let store = serve::open(&config, catalogue).await?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let index = serve::index(&config, &store, &audit);
    let envelope = config.keys.sealing.envelope(store.clone());
    let charts = serve::charts(&config, &store, &policy, &audit, catalogue, &index, &envelope);
    let directory = Directory::new(config.directories).map_err(|problems| {
        anyhow::anyhow!("{}", problems.iter().map(|one| one.what.as_str()).collect::<Vec<_>>().join("; "))
    })?;
    let relations = charts.relations();
    let context = SystemContext::new("relations-import", portal::DOMAIN);
    let mut desk = Desk { directory, organisation, charts, index, relations, context, staff: HashMap::new(), dry_run };
    let mut count = Count::default();
    for (number, line) in lines {
        let done = match line {
            Ok(line) => desk.carry_out(&line, Timestamp::now()).await?,
            Err(wrong) => Done::Wrong(wrong),
        };
        match done {
            Done::Begun => count.begun += 1,
            Done::Standing => count.standing += 1,
            Done::ToBeAsked => count.asked += 1,
            Done::Wrong(what) => {
                say(format_args!("line {number}: {what}"));
                count.wrong += 1;
            }
        }
    }
    Ok(count)
}

/// What came of one line.
enum Done {
    Begun,
    Standing,
    /// In a dry run, of a patient whom nobody has looked for yet.
    ToBeAsked,
    /// Why not, without a name or number of the patient.
    Wrong(String),
}

struct Desk<'a> {
    directory: Directory,
    organisation: Option<&'a str>,
    charts: Charts,
    index: Index,
    relations: Relations,
    context: SystemContext,
    /// Looked up once each.
    staff: HashMap<String, Result<SubjectId, String>>,
    dry_run: bool,
}

/// Whose record it is, as far as a line says.
enum Whose {
    Person(PersonId),
    /// Nobody has looked for them yet, and a dry run does not.
    ToBeAsked,
    Wrong(String),
}

impl Desk<'_> {
    async fn carry_out(&mut self, line: &Line, now: Timestamp) -> anyhow::Result<Done> {
        if let Err(wrong) = line.check_end(now) {
            return Ok(Done::Wrong(wrong));
        }
        let staff = match self.staff(&line.staff).await? {
            Ok(staff) => staff,
            Err(wrong) => return Ok(Done::Wrong(wrong)),
        };
        let person = match self.whose(&line.patient, now).await? {
            Whose::Person(person) => person,
            Whose::ToBeAsked => return Ok(Done::ToBeAsked),
            Whose::Wrong(wrong) => return Ok(Done::Wrong(wrong)),
        };
        let until = Some(line.until);
        if self.dry_run {
            let standing = self.relations.care(&staff, person, now, until).await?;
            return Ok(if standing.is_some() { Done::Standing } else { Done::Begun });
        }
        match self.relations.begin_care(&self.context, &staff, person, line.how, now, until).await? {
            Care::Begun(_) => Ok(Done::Begun),
            Care::Standing(_) => Ok(Done::Standing),
        }
    }

    async fn staff(&mut self, username: &str) -> Result<Result<SubjectId, String>, SignInError> {
        if let Some(known) = self.staff.get(username) {
            return Ok(known.clone());
        }
        let found = match self.directory.find(self.organisation, username).await {
            Ok(identity) => Ok(identity.subject().clone()),
            Err(SignInError::Refused(reason)) => Err(format!("staff `{username}`: {reason}")),
            // A directory that is away is no mistake of the list.
            Err(error) => return Err(error),
        };
        self.staff.insert(username.to_owned(), found.clone());
        Ok(found)
    }

    async fn whose(&self, patient: &Named, now: Timestamp) -> anyhow::Result<Whose> {
        match patient {
            Named::Record { source, id, name } => {
                let found = self.of_record(source, id, now).await?;
                match (&found, name) {
                    (Whose::Person(person), Some(name)) => self.called(*person, name).await,
                    _ => Ok(found),
                }
            }
            Named::Number { number, name } => {
                // A number is its holder's for good, whatever ids hospitals give: who is known need not be asked for.
                if let Some(holder) = self.index.holder(number).await? {
                    return self.called(holder, name).await;
                }
                if self.dry_run {
                    return Ok(Whose::ToBeAsked);
                }
                let found = self.charts.identify(&self.context, number.expose(), name, now).await?;
                let unknown = || Whose::Wrong("nobody of this name is known to hold this resident_id".to_owned());
                Ok(found.map_or_else(unknown, Whose::Person))
            }
        }
    }

    /// The person, if the line calls them by their name.
    async fn called(&self, person: PersonId, name: &str) -> anyhow::Result<Whose> {
        let known = self.index.person(person).await?;
        let wrong = || Whose::Wrong("the patient of this id bears another name".to_owned());
        Ok(if names_agree(&known.name, name) { Whose::Person(person) } else { wrong() })
    }

    async fn of_record(&self, source: &str, id: &str, now: Timestamp) -> anyhow::Result<Whose> {
        let Some(source) = self.charts.catalogue().get(source) else {
            return Ok(Whose::Wrong(format!("source `{source}`: no hospital of the catalogue has this id")));
        };
        if self.dry_run {
            let known = self.index.linked_to(&source.id, id).await?;
            return Ok(known.map_or(Whose::ToBeAsked, Whose::Person));
        }
        let at = &source.id;
        Ok(match self.charts.registered(&self.context, &source, id, now).await? {
            Registered::Person(person) => Whose::Person(person),
            Registered::Nobody => Whose::Wrong(format!("{at} has no patient of this id")),
            Registered::Silent => Whose::Wrong(format!("{at} does not answer: import the list again later")),
        })
    }
}
