//! What has been answered of an invitation so far: one question a page, the answers before it in hidden fields.

use std::collections::BTreeSet;

use access::{Sections, Trust};
use accounts::family::{LONGEST_NAME, Wanted, WantedProblem};
use ehr::Section;
use jiff::{Timestamp, civil::Date};
use url::form_urlencoded;
use web::render::local;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Whom.
    Called,
    /// What.
    Trusts,
    /// Which sections of the record.
    Sections,
    /// Until when.
    LastDay,
}

impl Step {
    const ALL: [Self; 4] = [Self::Called, Self::Trusts, Self::Sections, Self::LastDay];

    /// In forms and message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Trusts => "trusts",
            Self::Sections => "sections",
            Self::LastDay => "last-day",
        }
    }
}

/// Where a problem is put right.
pub fn step_of(problem: WantedProblem) -> Step {
    match problem {
        WantedProblem::Called => Step::Called,
        WantedProblem::Nothing => Step::Trusts,
        WantedProblem::LastDay | WantedProblem::TooMany => Step::LastDay,
    }
}

/// A field of a form; empty when it is not there.
pub fn field(body: &str, name: &str) -> String {
    let found = form_urlencoded::parse(body.as_bytes()).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Answers as they came.
#[derive(Default)]
pub struct Answers {
    step: Option<Step>,
    pub called: String,
    pub trusts: BTreeSet<Trust>,
    /// All sections, those to come too.
    pub whole: bool,
    pub sections: BTreeSet<String>,
    /// There is an end.
    ends: bool,
    /// As typed.
    pub last_day: String,
}

impl Answers {
    /// From a form. What no form of ours says is left out.
    pub fn read(body: &str) -> Self {
        let all = |wanted: &'static str| {
            form_urlencoded::parse(body.as_bytes()).filter(move |(name, _)| name == wanted).map(|(_, value)| value)
        };
        let step = field(body, "step");
        Self {
            step: Step::ALL.into_iter().find(|one| one.as_str() == step),
            called: field(body, "called"),
            trusts: all("trust").filter_map(|value| Trust::parse(&value)).collect(),
            whole: field(body, "whole") == "yes",
            sections: all("section").filter(|slug| Section::from_slug(slug).is_some()).map(Into::into).collect(),
            ends: field(body, "ends") != "never",
            last_day: field(body, "last_day"),
        }
    }

    /// What is wrong with what was just answered.
    pub fn problem(&self, now: Timestamp) -> Option<(Step, WantedProblem)> {
        let step = self.step?;
        let called = self.called.trim();
        let wrong = match step {
            Step::Called => {
                (called.is_empty() || called.chars().count() > LONGEST_NAME).then_some(WantedProblem::Called)
            }
            Step::Trusts => self.trusts.is_empty().then_some(WantedProblem::Nothing),
            Step::Sections => (!self.whole && self.sections.is_empty()).then_some(WantedProblem::Nothing),
            Step::LastDay => {
                let over = |day: Date| day < local(now).date();
                (self.ends && self.day().is_none_or(over)).then_some(WantedProblem::LastDay)
            }
        };
        wrong.map(|wrong| (step, wrong))
    }

    fn day(&self) -> Option<Date> {
        self.last_day.trim().parse().ok()
    }

    /// The next question; `None` after the last. A form of no step of ours begins anew.
    pub fn next(&self) -> Option<Step> {
        match self.step {
            None => Some(Step::Called),
            Some(Step::Called) => Some(Step::Trusts),
            Some(Step::Trusts) if self.trusts.contains(&Trust::View) => Some(Step::Sections),
            Some(Step::Trusts | Step::Sections) => Some(Step::LastDay),
            Some(Step::LastDay) => None,
        }
    }

    /// All of them.
    pub fn wanted(&self) -> Wanted {
        let last_day = if self.ends { self.day() } else { None };
        let sections = if self.whole { Sections::All } else { Sections::These(self.sections.clone()) };
        Wanted { called: self.called.clone(), trusts: self.trusts.clone(), sections, last_day }
    }
}
