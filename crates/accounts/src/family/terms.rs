//! What is entrusted, and until when.

use std::collections::BTreeSet;

use access::{Sections, Trust};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::json;
use store::{StoreError, from_millis};

use super::{FamilyError, WantedProblem};

/// The longest name that somebody calls a proxy by, in characters.
pub const LONGEST_NAME: usize = 40;

/// What somebody wants to entrust.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How they call whom they invite: `我女儿`.
    pub called: String,
    /// What.
    pub trusts: BTreeSet<Trust>,
    /// Of the record.
    pub sections: Sections,
    /// The last whole day, where it is not without an end.
    pub last_day: Option<Date>,
}

/// What is entrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What.
    pub trusts: BTreeSet<Trust>,
    /// Of the record.
    pub sections: Sections,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// It ends then because the person is old enough to be asked anew.
    pub by_age: bool,
}

/// When whoever was born then is as old as that: at a date known to the year or month alone, the earliest it can be.
fn of_age(birth_date: &str, years: i16, zone: &TimeZone) -> Option<Timestamp> {
    let whole = match birth_date.len() {
        4 => format!("{birth_date}-01-01"),
        7 => format!("{birth_date}-01"),
        _ => birth_date.get(..10)?.to_owned(),
    };
    let date: Date = whole.parse().ok()?;
    date.checked_add(i64::from(years).years()).ok()?.to_zoned(zone.clone()).ok().map(|at| at.timestamp())
}

/// The end of a whole day.
fn end_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.tomorrow().ok()?.to_zoned(zone.clone()).ok().map(|at| at.timestamp())
}

impl Wanted {
    /// As it will hold: never longer than until the person may say it anew.
    pub(super) fn terms(
        self,
        birth_date: Option<&str>,
        (age, zone): (i16, &TimeZone),
        now: Timestamp,
    ) -> Result<(String, Terms), FamilyError> {
        let called = self.called.trim().to_owned();
        if called.is_empty() || called.chars().count() > LONGEST_NAME || called.chars().any(char::is_control) {
            return Err(WantedProblem::Called.into());
        }
        let views = self.trusts.contains(&Trust::View);
        let none = matches!(&self.sections, Sections::These(slugs) if slugs.is_empty());
        if self.trusts.is_empty() || (views && none) {
            return Err(WantedProblem::Nothing.into());
        }
        let day = self.last_day.map(|day| end_of(day, zone).ok_or(WantedProblem::LastDay)).transpose()?;
        if day.is_some_and(|end| end <= now) {
            return Err(WantedProblem::LastDay.into());
        }
        let grown = birth_date.and_then(|born| of_age(born, age, zone)).filter(|at| *at > now);
        let by_age = grown.is_some_and(|grown| day.is_none_or(|day| grown < day));
        let until = if by_age { grown } else { day };
        let sections = if views { self.sections } else { Sections::These(BTreeSet::new()) };
        Ok((called, Terms { trusts: self.trusts, sections, until, by_age }))
    }
}

impl Terms {
    /// From the two columns that keep them.
    pub(super) fn read(
        (trusts, sections): (&str, Option<&str>),
        until: Option<i64>,
        by_age: bool,
    ) -> Result<Self, StoreError> {
        let unreadable = |error: serde_json::Error| StoreError::from(sea_orm::DbErr::Json(error.to_string()));
        let trusts: Vec<String> = serde_json::from_str(trusts).map_err(unreadable)?;
        let sections = match sections {
            Some(slugs) => Sections::These(serde_json::from_str(slugs).map_err(unreadable)?),
            None => Sections::All,
        };
        // What a later release entrusts this one knows nothing of.
        let trusts = trusts.iter().filter_map(|one| Trust::parse(one)).collect();
        Ok(Self { trusts, sections, until: until.map(from_millis), by_age })
    }

    /// As [`Terms::read`] reads them.
    pub(super) fn columns(&self) -> (String, Option<String>) {
        let trusts: Vec<&str> = self.trusts.iter().map(|one| one.as_str()).collect();
        let sections = match &self.sections {
            Sections::All => None,
            Sections::These(slugs) => Some(json!(slugs).to_string()),
        };
        (json!(trusts).to_string(), sections)
    }

    /// For the audit log.
    pub(super) fn detail(&self) -> serde_json::Value {
        let trusts: Vec<&str> = self.trusts.iter().map(|one| one.as_str()).collect();
        let sections = match &self.sections {
            Sections::All => json!("all"),
            Sections::These(slugs) => json!(slugs),
        };
        let until = self.until.map(|until| until.to_string());
        json!({ "trusts": trusts, "sections": sections, "until": until, "by_age": self.by_age })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(8))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn wanted(last_day: Option<&str>) -> Wanted {
        Wanted {
            called: " 我女儿 ".to_owned(),
            trusts: BTreeSet::from([Trust::View]),
            sections: Sections::All,
            last_day: last_day.map(|day| day.parse().expect("a day")),
        }
    }

    #[test]
    fn a_last_day_is_whole() {
        let now = at("2026-11-23T04:00:00Z");
        let terms = |day| wanted(Some(day)).terms(None, (14, &zone()), now);
        let (called, today) = terms("2026-11-23").expect("today is long enough");
        assert_eq!((called.as_str(), today.until), ("我女儿", Some(at("2026-11-23T16:00:00Z"))));
        assert!(matches!(terms("2026-11-22"), Err(FamilyError::Wanted(WantedProblem::LastDay))));
        assert_eq!(wanted(None).terms(None, (14, &zone()), now).expect("no end").1.until, None);
    }

    #[test]
    fn a_child_is_asked_anew() {
        let now = at("2026-11-23T04:00:00Z");
        let terms = |day, born| wanted(day).terms(Some(born), (14, &zone()), now).expect("terms").1;
        let grown = at("2029-05-31T16:00:00Z");
        for (day, born) in [(None, "2015-06-01"), (Some("2030-01-01"), "2015-06-01"), (None, "2015-06")] {
            let terms = terms(day, born);
            assert_eq!((terms.until, terms.by_age), (Some(grown), true), "{day:?} {born}");
        }
        let before = terms(Some("2027-01-01"), "2015-06-01");
        assert_eq!((before.until, before.by_age), (Some(at("2027-01-01T16:00:00Z")), false));
        assert_eq!(terms(None, "1980-01-01").until, None);
        assert_eq!(terms(None, "2012").until, None);
        assert_eq!(terms(None, "unknown").until, None);
    }

    #[test]
    fn something_has_to_be_entrusted() {
        let now = at("2026-11-23T04:00:00Z");
        let nothing = Wanted { trusts: BTreeSet::new(), ..wanted(None) };
        let blind = Wanted { sections: Sections::These(BTreeSet::new()), ..wanted(None) };
        for one in [nothing, blind] {
            let refused = one.terms(None, (14, &zone()), now);
            assert!(matches!(refused, Err(FamilyError::Wanted(WantedProblem::Nothing))), "{refused:?}");
        }
        for called in ["", "  ", &"名".repeat(LONGEST_NAME + 1)] {
            let refused = Wanted { called: called.to_owned(), ..wanted(None) }.terms(None, (14, &zone()), now);
            assert!(matches!(refused, Err(FamilyError::Wanted(WantedProblem::Called))), "{refused:?}");
        }
    }

    #[test]
    fn terms_are_read_back() {
        let now = at("2026-11-23T04:00:00Z");
        let (_, terms) = wanted(Some("2026-12-01")).terms(None, (14, &zone()), now).expect("terms");
        let (trusts, sections) = terms.columns();
        let until = terms.until.map(store::to_millis);
        assert_eq!(Terms::read((&trusts, sections.as_deref()), until, false).expect("read"), terms);
    }
}
