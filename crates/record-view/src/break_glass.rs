//! The page that stands where a record would, when the clinician has no treatment relation with the patient: who it is,
//! and how to open the record in an emergency.

use access::{GlassReason, Grounds};
use ehr::{Banner, Section};
use serde::Serialize;

use crate::{RecordShell, Scene};

/// The first of the grounds on the page: where a link to "choose one" leads.
const FIRST_GROUNDS: &str = "grounds-emergency";

/// `break_glass.html`.
#[derive(Debug, Serialize)]
pub struct BreakGlassPage {
    /// Who, as a search shows them.
    pub shell: Option<RecordShell>,
    /// Where the form goes; its own page too.
    pub action: String,
    /// To choose from.
    pub grounds: Vec<GroundsChoice>,
    /// As typed.
    pub reason: String,
    /// What has to be put right, in the order of the fields.
    pub problems: Vec<ProblemView>,
    /// Key of the problem at the grounds.
    pub wrong_grounds: Option<&'static str>,
    /// Key of the problem at the reason.
    pub wrong_reason: Option<&'static str>,
    /// Key of the problem at the password.
    pub wrong_password: Option<&'static str>,
    /// In characters.
    pub shortest: usize,
    /// In characters.
    pub longest: usize,
}

/// One of the grounds.
#[derive(Debug, Serialize)]
pub struct GroundsChoice {
    /// Of the form, and the end of its message keys.
    pub value: &'static str,
    /// Chosen before.
    pub chosen: bool,
}

/// A problem: `break-glass-problem-{key}` at the field whose id is `field`.
#[derive(Debug, Serialize)]
pub struct ProblemView {
    /// Message key's end.
    pub key: &'static str,
    /// `id` of the field.
    pub field: &'static str,
}

/// What was typed, and what is wrong with it. The password never comes back.
#[derive(Debug, Default)]
pub struct GlassForm {
    /// What was chosen.
    pub grounds: Option<Grounds>,
    /// What was typed.
    pub reason: String,
    /// What is wrong.
    pub problems: Vec<GlassProblem>,
}

/// Why the record was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlassProblem {
    /// Nothing chosen.
    Grounds,
    /// Too short or too long.
    Reason,
    /// No password.
    Password,
    /// A wrong one.
    PasswordRefused,
    /// Too many wrong ones.
    TooMany,
}

impl GlassProblem {
    fn view(self) -> ProblemView {
        let (key, field) = match self {
            Self::Grounds => ("grounds", FIRST_GROUNDS),
            Self::Reason => ("reason", "reason"),
            Self::Password => ("password", "password"),
            Self::PasswordRefused => ("password-refused", "password"),
            Self::TooMany => ("too-many", "password"),
        };
        ProblemView { key, field }
    }
}

/// The page with an empty form.
pub fn page(banner: Option<&Banner>, scene: &Scene<'_>) -> BreakGlassPage {
    let person = banner.map(|banner| banner.person.to_string()).unwrap_or_default();
    let page = BreakGlassPage {
        shell: banner.map(|banner| RecordShell::new(banner, Section::Demographics, scene)),
        action: format!("/patients/{person}/break-glass"),
        grounds: Vec::new(),
        reason: String::new(),
        problems: Vec::new(),
        wrong_grounds: None,
        wrong_reason: None,
        wrong_password: None,
        shortest: GlassReason::SHORTEST,
        longest: GlassReason::LONGEST,
    };
    page.with(GlassForm::default())
}

impl BreakGlassPage {
    /// With the form as it was sent.
    #[must_use]
    pub fn with(self, form: GlassForm) -> Self {
        let offered = Grounds::ALL.into_iter().filter(|grounds| *grounds != Grounds::Other);
        let choice =
            |grounds: Grounds| GroundsChoice { value: grounds.as_str(), chosen: form.grounds == Some(grounds) };
        let problems: Vec<ProblemView> = form.problems.into_iter().map(GlassProblem::view).collect();
        let wrong = |field: &str| problems.iter().find(|problem| problem.field == field).map(|problem| problem.key);
        Self {
            wrong_grounds: wrong(FIRST_GROUNDS),
            wrong_reason: wrong("reason"),
            wrong_password: wrong("password"),
            grounds: offered.map(choice).collect(),
            reason: form.reason,
            problems,
            ..self
        }
    }
}
