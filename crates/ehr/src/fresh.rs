//! What is new to a reader in a section: an original that was not there when they looked last, or not in this version.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use reviews::{Look, MOST_SEEN, NewLook, News, Print, Seen, Waiting};

use crate::labs::LabResult;
use crate::sheet::Fields;
use crate::{Gathered, Origin, Section, Sheet, Visits};

/// An item of a section, by what it was made of.
#[derive(Clone, Debug)]
pub struct LookedItem {
    id: String,
    own: Vec<Print>,
    /// Notes and diagnoses that hang on it.
    hanging: Vec<Print>,
    /// It stands inside another item: marked, and not counted once more.
    inner: bool,
}

/// `said` tells a correction where a server has no versions.
fn print(origin: &Origin, said: &str) -> Print {
    Print::new(&origin.source, &origin.resource, origin.version.as_deref().unwrap_or(said))
}

impl LookedItem {
    fn new<'o>(id: &str, origins: impl IntoIterator<Item = &'o Origin>, said: &str) -> Self {
        let own = origins.into_iter().map(|origin| print(origin, said)).collect();
        Self { id: id.to_owned(), own, hanging: Vec::new(), inner: false }
    }

    fn with<'o>(self, hanging: impl IntoIterator<Item = &'o Origin>) -> Self {
        Self { hanging: hanging.into_iter().map(|origin| print(origin, "")).collect(), ..self }
    }

    /// New when nothing of it was there; changed when something of it was.
    fn news(&self, seen: &Seen) -> News {
        let mut own = self.own.iter().map(|print| seen.news(*print)).peekable();
        if own.peek().is_some() && own.by_ref().all(|news| news == News::New) {
            return News::New;
        }
        let all = self.own.iter().chain(&self.hanging);
        let unknown = |print: &Print| seen.news(*print) != News::Known;
        if all.copied().any(|print| unknown(&print)) { News::Changed } else { News::Known }
    }

    fn prints(&self) -> impl Iterator<Item = Print> {
        self.own.iter().chain(&self.hanging).copied()
    }
}

/// Items of a section that is a list of facts.
pub(crate) fn looked<F: Fields>(sheet: &Sheet<F>) -> Vec<LookedItem> {
    let item = |entry: &crate::Entry<F>| {
        let (fact, fields) = (&entry.fact, &entry.fields);
        let time = fact.time.as_ref().map(crate::ClinicalTime::as_str);
        let said = format!("{} {} {time:?} {:?}", fact.status, fact.code.text, fields.stated());
        LookedItem::new(&fact.id, &fact.origins, &said).with(fields.hanging())
    };
    sheet.entries.iter().map(item).collect()
}

impl Visits {
    /// Its items, for [`crate::Charts::fresh`].
    pub fn looked(&self) -> Vec<LookedItem> {
        let mut all = Vec::new();
        for visit in &self.visits {
            let said = format!("{} {:?}", visit.fact.status, visit.ended);
            let notes = visit.notes.iter().map(|note| &note.origin);
            let diagnoses = visit.diagnoses.iter().flat_map(|diagnosis| &diagnosis.origins);
            all.push(LookedItem::new(&visit.fact.id, &visit.fact.origins, &said).with(notes.chain(diagnoses)));
            let inner =
                |note: &crate::Note| LookedItem { inner: true, ..LookedItem::new(&note.id, [&note.origin], "") };
            all.extend(visit.notes.iter().map(inner));
        }
        all.extend(self.loose_notes.iter().map(|note| LookedItem::new(&note.id, [&note.origin], "")));
        all
    }
}

impl Gathered<LabResult> {
    /// Its items, for [`crate::Charts::fresh`].
    pub fn looked(&self) -> Vec<LookedItem> {
        self.items.iter().map(|one| LookedItem::new(&one.id, &one.origins, &one.print())).collect()
    }
}

/// What is new to a reader in a section since they looked last, and what they have left unseen in others.
#[derive(Debug, Default)]
pub struct Fresh {
    section: Option<Section>,
    since: Option<Timestamp>,
    too_many: bool,
    complete: bool,
    there: Seen,
    marks: HashMap<String, (News, LookedItem)>,
    drawn: Mutex<BTreeSet<String>>,
    waiting: Vec<Waiting>,
}

/// How a section stands to the look before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreshState {
    /// Nobody looks here.
    Unknown,
    /// The first look: nothing can be called new.
    First,
    /// There is more than a look remembers.
    TooMany,
    /// So many items are new, and so many have changed, since then.
    Since(Timestamp, usize, usize),
}

impl Fresh {
    /// Of what a reader has left unseen, where no section is read.
    pub(crate) fn left(waiting: Vec<Waiting>) -> Self {
        Self { waiting, ..Self::default() }
    }

    pub(crate) fn new(
        section: Section,
        (items, complete): (Vec<LookedItem>, bool),
        last: Option<Look>,
        waiting: Vec<Waiting>,
    ) -> Self {
        let there: Seen = items.iter().flat_map(LookedItem::prints).collect();
        let too_many = there.len() > MOST_SEEN;
        let since = last.as_ref().map(|look| look.at);
        let mut marks = HashMap::new();
        if let Some(look) = last.filter(|_| !too_many) {
            for item in items {
                let news = item.news(&look.seen);
                if news != News::Known {
                    marks.insert(item.id.clone(), (news, item));
                }
            }
        }
        let there = if too_many { Seen::default() } else { there };
        Self { section: Some(section), since, too_many, complete, there, marks, drawn: Mutex::default(), waiting }
    }

    fn drawn(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mark of an item. Whoever asks for it draws the item: it counts as seen from then on.
    pub fn mark(&self, item: &str) -> Option<News> {
        let (news, _) = self.marks.get(item)?;
        self.drawn().insert(item.to_owned());
        Some(*news)
    }

    /// How the section stands.
    pub fn state(&self) -> FreshState {
        let count = |wanted: News| self.marks.values().filter(|(news, item)| *news == wanted && !item.inner).count();
        match (self.section, self.since) {
            (None, _) => FreshState::Unknown,
            _ if self.too_many => FreshState::TooMany,
            (_, None) => FreshState::First,
            (_, Some(since)) => FreshState::Since(since, count(News::New), count(News::Changed)),
        }
    }

    /// How many items of a section are new to the reader, as of when: of the section that is read, now; of others, what
    /// the last look of a day at most has left. `None` where there are none, or nobody knows.
    pub fn count(&self, section: Section, now: Timestamp) -> Option<(usize, Timestamp)> {
        if self.section == Some(section) {
            let count = self.marks.values().filter(|(_, item)| !item.inner).count();
            return (count > 0).then_some((count, now));
        }
        let of = |waiting: &&Waiting| waiting.section == section.slug();
        self.waiting.iter().find(of).map(|waiting| (waiting.items, waiting.at))
    }

    /// The look that is to be remembered; `None` where it changes nothing.
    pub(crate) fn look(&self, now: Timestamp) -> Option<(Section, NewLook)> {
        let drawn = self.drawn();
        let is_drawn = |id: &String| drawn.contains(id);
        let section = self.section?;
        let waiting = self.marks.iter().filter(|(id, (_, item))| !item.inner && !is_drawn(id)).count();
        let told = self.waiting.iter().find(|told| told.section == section.slug()).map_or(0, |told| told.items);
        let again = self.since.is_some_and(|since| now.duration_since(since).as_secs() < 60);
        if self.too_many || drawn.is_empty() && again && waiting == told {
            return None;
        }
        let shown = self.marks.iter().filter(|(id, _)| is_drawn(id)).flat_map(|(_, (_, item))| item.prints()).collect();
        Some((section, NewLook { there: self.there.clone(), shown, waiting, complete: self.complete }))
    }
}
