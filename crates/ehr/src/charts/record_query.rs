//! What part of a section is asked for.

use jiff::{Timestamp, civil::Date, tz};
use patients::Person;
use serde_json::{Value, json};
use sources::{Source, Standing};

use super::fan_out::Ids;
use crate::{ClinicalTime, Held, SourceReport, SourceState};

/// What part of a section is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// Not before this day (in China); what is undated stays.
    pub since: Option<Date>,
    /// Not after this day.
    pub until: Option<Date>,
    /// Only from this source.
    pub source: Option<String>,
}

impl RecordQuery {
    /// From the texts of a URL; empty ones are none. `None` when a date is not `YYYY-MM-DD`.
    pub fn from_texts(since: Option<String>, until: Option<String>, source: Option<String>) -> Option<Self> {
        let date = |text: Option<String>| match text.filter(|text| !text.is_empty()) {
            None => Some(None),
            Some(text) => text.parse::<Date>().ok().filter(|_| text.len() == 10).map(Some),
        };
        Some(Self { since: date(since)?, until: date(until)?, source: source.filter(|source| !source.is_empty()) })
    }

    /// Is something of this time asked for?
    pub(crate) fn includes(&self, time: Option<&ClinicalTime>) -> bool {
        let Some(time) = time else { return true };
        let zone = tz::TimeZone::fixed(tz::offset(8));
        let Ok(at) = Timestamp::from_second(time.epoch_seconds()) else { return true };
        let day = at.to_zoned(zone).date();
        // A year or month counts as its first day towards the end, and is kept at the beginning if any of it is inside.
        let text = time.date();
        let from = self.since.map(|since| since.to_string());
        from.is_none_or(|since| text.len() < 10 && text >= &since[..text.len()] || day.to_string() >= since)
            && self.until.is_none_or(|until| day <= until)
    }

    pub(super) fn for_audit(&self) -> Value {
        json!({ "source": self.source, "since": self.since, "until": self.until })
    }

    /// The ids to ask for, at the source wanted alone.
    pub(super) fn wanted(&self, ids_at: impl Fn(&Source) -> Option<Ids>) -> impl Fn(&Source) -> Option<Ids> {
        let only = self.source.clone();
        move |source| {
            // One that was taken away is never asked, and has to be hidden like the others.
            let gone = source.standing == Standing::Removed;
            let asked_for = gone || only.as_ref().is_none_or(|only| *only == source.id);
            if asked_for { ids_at(source) } else { None }
        }
    }

    /// Not asked is not answered: a view of one hospital is never complete where another may know more.
    pub(super) fn hide_others(&self, person: &Person, sources: &mut [SourceReport]) {
        let Some(only) = &self.source else { return };
        let linked = |report: &SourceReport| person.links.iter().any(|link| link.source == report.id);
        for report in sources.iter_mut().filter(|report| report.id != *only && linked(report)) {
            report.state = SourceState::Hidden;
        }
    }

    /// What is held is counted over all days, and not at all where one hospital alone was asked: counts that follow the
    /// filters would say when and where it is.
    pub(super) fn blur(&self, held: &mut Vec<Held>) {
        if self.source.is_some() {
            held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(time: &str, since: Option<&str>, until: Option<&str>, expect: bool) {
        let query = RecordQuery::from_texts(since.map(str::to_owned), until.map(str::to_owned), None).expect("dates");
        assert_eq!(query.includes(ClinicalTime::parse(time).as_ref()), expect, "{time} in {since:?}–{until:?}");
    }

    #[test]
    fn days_are_chinese_days() {
        check("2026-11-20T08:00:00+08:00", Some("2026-11-20"), Some("2026-11-20"), true);
        check("2026-11-19T17:00:00Z", Some("2026-11-20"), None, true);
        check("2026-11-20T17:00:00Z", None, Some("2026-11-20"), false);
        check("2026-11-20", Some("2026-11-21"), None, false);
        check("2026-11", Some("2026-11-20"), None, true);
        check("2026", Some("2027-01-01"), None, false);
        check("nonsense", Some("2026-11-20"), Some("2026-11-20"), true);
        assert_eq!(RecordQuery::from_texts(Some("yesterday".into()), None, None), None);
        let empty = RecordQuery::from_texts(Some(String::new()), None, Some(String::new()));
        assert_eq!(empty, Some(RecordQuery::default()));
    }
}
