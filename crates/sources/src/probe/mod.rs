//! A test of a connection: name, connection, clock, discovery, capabilities, differences from the platform file, a patient,
//! and one search for each type of each section.
//!
//! It asks as a record is asked, by the same client and platform, and keeps nothing of what it reads about people.

mod answer;
mod sections;
mod step;

use std::time::Duration;

use fhir::Platform;
use jiff::Timestamp;
use outbound::{Answer, OutboundError, Target};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

pub use answer::Discovered;
pub use step::{End, Look, Step};

use crate::{AuthKind, Source, sign_in::SignIn};
use answer::{Capability, Smart, bundle, issues, read};
pub(crate) use sections::SECTIONS;

/// FHIR JSON, or the plain type that older servers know.
const ACCEPT: &str = "application/fhir+json, application/json;q=0.9";
/// A clock that is off by more makes signatures and tokens fail (RFC 7519 grants a few minutes).
const CLOCK_FAILED: i64 = 300;
/// A clock that is off by more is worth a word.
const CLOCK_WARNING: i64 = 60;

/// What is tested.
pub(crate) struct Probe<'p> {
    target: &'p Target,
    /// The same for what a server tells everybody.
    anonymous: Target,
    sign_in: Option<&'p SignIn>,
    /// The system that sends staff here.
    launch: Option<&'p Source>,
    platform: &'p Platform,
    deadline: Instant,
    now: Timestamp,
    steps: Vec<Step>,
    capability: Option<Capability>,
    smart: Option<Smart>,
    /// What a patient is named by in searches.
    patient: Option<String>,
}

/// What came of a question.
struct Asked {
    answer: Result<Answer, OutboundError>,
    took: Duration,
}

impl<'p> Probe<'p> {
    /// All steps together take no longer than `within`.
    pub(crate) fn new(target: &'p Target, platform: &'p Platform, within: Duration, now: Timestamp) -> Self {
        Self {
            target,
            anonymous: target.anonymous(),
            sign_in: None,
            launch: None,
            platform,
            deadline: Instant::now() + within,
            now,
            steps: Vec::new(),
            capability: None,
            smart: None,
            patient: None,
        }
    }

    /// With what the portal signs in there.
    pub(crate) fn signing_in(mut self, sign_in: Option<&'p SignIn>) -> Self {
        self.sign_in = sign_in;
        self
    }

    /// With the system that sends staff here.
    pub(crate) fn launched_from(mut self, launch: Option<&'p Source>) -> Self {
        self.launch = launch;
        self
    }

    /// What the server says of itself, for a form.
    pub(crate) async fn discover(mut self) -> Discovered {
        if self.reach().await {
            self.describe().await;
        }
        Discovered::of(self.steps, self.capability.as_ref(), self.smart.as_ref())
    }

    /// All steps. `patient` is the id of a patient to ask for; otherwise the server's first one.
    pub(crate) async fn run(mut self, patient: Option<&str>) -> Vec<Step> {
        self.ask_all(patient).await;
        // Another server, which may be well when this is not.
        self.launch().await;
        self.steps
    }

    async fn ask_all(&mut self, patient: Option<&str>) {
        if !(self.reach().await && self.describe().await) {
            self.skip_rest("step-before");
            return;
        }
        self.differences();
        if !self.sign_in().await {
            let personal = self.sign_in.is_some_and(|sign_in| sign_in.auth.kind == AuthKind::SmartPatient);
            self.skip_rest(if personal { "patients-only" } else { "step-before" });
            return;
        }
        self.find_patient(patient).await;
        self.search_sections().await;
    }

    /// Name, connection and clock, by one question for what needs no sign-in.
    async fn reach(&mut self) -> bool {
        let begun = Instant::now();
        let found = self.target.look_up(self.deadline).await;
        let named = match &found {
            Ok(addresses) => Step::new(Look::Name, End::Good, "name-found").saying(addresses.join(", ")),
            Err(error) => failed(Look::Name, error),
        };
        self.steps.push(named.after(begun.elapsed()));
        if found.is_err() {
            return false;
        }
        let asked = self.ask_of(&self.anonymous, &["metadata"], &[]).await;
        let plain = self.target.base_url().scheme() == "http";
        let (step, date) = match &asked.answer {
            Ok(answer) if plain => {
                (Step::new(Look::Connection, End::Warning, "connected-plainly"), answer.date.clone())
            }
            Ok(answer) => (Step::new(Look::Connection, End::Good, "connected"), answer.date.clone()),
            Err(error) => (failed(Look::Connection, error), None),
        };
        self.steps.push(step.after(asked.took));
        if asked.answer.is_err() {
            return false;
        }
        self.steps.push(clock(date.as_deref(), self.now));
        self.take_capability(asked);
        true
    }

    fn take_capability(&mut self, asked: Asked) {
        let look = Look::Capability;
        let step = match &asked.answer {
            Err(error) => failed(look, error),
            Ok(answer) => match (answer.status, read(&answer.body).as_ref().and_then(Capability::of)) {
                (200, Some(capability)) => {
                    let r4 = capability.version.starts_with("4.0");
                    let step = match r4 {
                        true => Step::new(look, End::Good, "capability"),
                        false => Step::new(look, End::Failed, "not-r4"),
                    };
                    let step = step.saying(capability.describe());
                    self.capability = Some(capability);
                    step
                }
                (status, _) => of_status(look, status, answer, true),
            }
            .with_status(answer.status),
        };
        self.steps.push(step.after(asked.took));
    }

    /// Discovery. False where nothing that follows could be understood.
    async fn describe(&mut self) -> bool {
        let asked = self.ask_of(&self.anonymous, &[".well-known", "smart-configuration"], &[]).await;
        let from_metadata = self.capability.as_ref().and_then(|capability| capability.oauth.clone());
        let step = match &asked.answer {
            Ok(answer) => {
                let smart = (answer.status == 200).then(|| read(&answer.body)).flatten().as_ref().and_then(Smart::of);
                match (smart, from_metadata) {
                    (Some(smart), _) => {
                        let step = Step::new(Look::Discovery, End::Good, "smart").saying(smart.describe());
                        self.smart = Some(smart);
                        step
                    }
                    (None, Some(uris)) => Step::new(Look::Discovery, End::Warning, "oauth-uris").saying(uris),
                    (None, None) if self.capability.is_some() => Step::new(Look::Discovery, End::Good, "open"),
                    (None, None) => of_status(Look::Discovery, answer.status, answer, true),
                }
                .with_status(answer.status)
            }
            Err(error) => failed(Look::Discovery, error),
        };
        // It is looked for first wherever it is shown.
        let at = self.steps.iter().position(|step| step.look == Look::Capability).unwrap_or(self.steps.len());
        self.steps.insert(at, step.after(asked.took));
        self.capability.as_ref().is_some_and(|capability| capability.version.starts_with("4.0"))
    }

    /// The platform file against the CapabilityStatement.
    fn differences(&mut self) {
        let Some(capability) = &self.capability else { return };
        let mut kinds: Vec<&str> = SECTIONS.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let absent: Vec<&str> = kinds.into_iter().filter(|kind| !capability.has(kind)).collect();
        let says = self.platform.everything.as_ref().map(|fact| fact.value);
        let step = match (absent.is_empty(), says.is_some_and(|says| says != capability.everything)) {
            (true, false) => Step::new(Look::Differences, End::Good, "as-described"),
            (false, _) => Step::new(Look::Differences, End::Warning, "types-absent").saying(absent.join(", ")),
            (true, true) => Step::new(Look::Differences, End::Warning, "everything-differs"),
        };
        self.steps.push(step);
    }

    /// A new token, or the secret that is sent with every request. False where there is none.
    async fn sign_in(&mut self) -> bool {
        let Some(sign_in) = self.sign_in else { return true };
        let begun = Instant::now();
        if sign_in.auth.kind == AuthKind::SmartPatient {
            let step = entrance(Look::SignIn, sign_in, self.target, self.deadline).await;
            self.steps.push(step.after(begun.elapsed()));
            return false;
        }
        let came = sign_in.try_now(self.deadline).await;
        let step = match came.why {
            Some(why) => Step::new(Look::SignIn, End::Failed, why),
            None if came.narrower => Step::new(Look::SignIn, End::Warning, "scopes-narrower"),
            None if came.lives_s.is_some() => Step::new(Look::SignIn, End::Good, "token-granted"),
            None => Step::new(Look::SignIn, End::Good, "secret-sent"),
        };
        let lives = came.lives_s.map(|seconds| format!("{seconds} s"));
        let told = [came.endpoint, Some(came.said), came.scopes, lives].into_iter().flatten();
        let mut step = step.saying(told.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · "));
        step.status = came.status;
        self.steps.push(step.after(begun.elapsed()));
        came.why.is_none()
    }

    /// Where staff sign in when they are sent here: before everything that concerns patients.
    async fn launch(&mut self) {
        let Some((target, sign_in)) = self.launch.and_then(|one| Some((one.client.target(), one.sign_in.as_deref()?)))
        else {
            return;
        };
        let begun = Instant::now();
        let step = entrance(Look::Launch, sign_in, target, self.deadline).await.after(begun.elapsed());
        let at = self.steps.iter().position(|step| step.look == Look::Patient).unwrap_or(self.steps.len());
        self.steps.insert(at, step);
    }

    async fn find_patient(&mut self, wanted: Option<&str>) {
        let look = Look::Patient;
        let asked = match wanted {
            Some(id) => self.ask(&["Patient", id], &[]).await,
            None => self.ask(&["Patient"], &[("_count", "1")]).await,
        };
        let step = match &asked.answer {
            Err(error) => failed(look, error),
            Ok(answer) if answer.status == 200 => {
                let body = read(&answer.body);
                let found = body.as_ref().and_then(|body| match wanted {
                    Some(_) => patient_id(body),
                    None => bundle(body)?.first.as_ref().and_then(patient_id),
                });
                let step = match (&found, body.as_ref().is_some_and(|body| bundle(body).is_some())) {
                    (Some(_), _) => Step::new(look, End::Good, "patient"),
                    (None, true) => Step::new(look, End::Warning, "no-patient"),
                    (None, false) => Step::new(look, End::Failed, "not-fhir"),
                };
                self.patient = found;
                step.with_status(200)
            }
            // Some list nobody without a name; a record is read by ids that a search with a name has found.
            Ok(answer) if wanted.is_none() && matches!(answer.status, 400 | 422) => {
                let said = issues(&answer.body, false);
                Step::new(look, End::Warning, "patients-not-listed").saying(said).with_status(answer.status)
            }
            Ok(answer) => of_status(look, answer.status, answer, false).with_status(answer.status),
        };
        self.steps.push(step.after(asked.took));
    }

    async fn search_sections(&mut self) {
        let patient = self.patient.clone();
        let mut silent = false;
        for (section, kinds) in SECTIONS {
            for kind in kinds {
                let look = Look::Section { section, kind };
                let Some(patient) = patient.as_deref().filter(|_| !silent && Instant::now() < self.deadline) else {
                    let code = if silent { "silent-before" } else { "no-patient-to-ask" };
                    self.steps.push(Step::new(look, End::Skipped, code));
                    continue;
                };
                let step = self.search(look, section, kind, patient).await;
                silent |= step.code == "too-slow";
                self.steps.push(step);
            }
        }
    }

    async fn search(&self, look: Look, section: &str, kind: &str, patient: &str) -> Step {
        if self.platform.asked_by(section, kind) != "patient" {
            return Step::new(look, End::Skipped, "asked-otherwise");
        }
        let query = self.platform.query(section, kind, patient);
        let params: Vec<(&str, &str)> =
            query.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let asked = self.ask(&[kind], &[&params[..], &[("_count", "5")]].concat()).await;
        let step = match &asked.answer {
            Err(error) => failed(look, error),
            Ok(answer) if answer.status == 200 => match read(&answer.body).as_ref().and_then(bundle) {
                Some(page) => Step::new(look, End::Good, "searched").saying(page.describe(kind)),
                None => {
                    Step::new(look, End::Failed, "not-fhir").saying(answer.content_type.clone().unwrap_or_default())
                }
            }
            .with_status(200),
            Ok(answer) if matches!(answer.status, 404 | 405 | 501) => {
                Step::new(look, End::Warning, "unsupported").with_status(answer.status)
            }
            Ok(answer) if matches!(answer.status, 400 | 422) => {
                let said = issues(&answer.body, false);
                let lacks = said.contains("not-supported");
                let (end, code) = if lacks { (End::Warning, "unsupported") } else { (End::Failed, "search-refused") };
                Step::new(look, end, code).saying(said).with_status(answer.status)
            }
            Ok(answer) => of_status(look, answer.status, answer, false).with_status(answer.status),
        };
        step.after(asked.took)
    }

    /// What has not been done is not tried, because of `why`.
    fn skip_rest(&mut self, why: &'static str) {
        let done: Vec<Look> = self.steps.iter().map(|step| step.look).collect();
        let mut plain = vec![Look::Connection, Look::Clock, Look::Discovery, Look::Capability, Look::Differences];
        plain.extend(self.sign_in.map(|_| Look::SignIn));
        plain.push(Look::Patient);
        for look in plain.into_iter().filter(|look| !done.contains(look)) {
            self.steps.push(Step::new(look, End::Skipped, why));
        }
        for (section, kinds) in SECTIONS {
            let skipped = kinds.iter().map(|kind| Look::Section { section, kind });
            self.steps.extend(skipped.map(|look| Step::new(look, End::Skipped, why)));
        }
    }

    async fn ask(&self, path: &[&str], params: &[(&str, &str)]) -> Asked {
        self.ask_of(self.target, path, params).await
    }

    async fn ask_of(&self, target: &Target, path: &[&str], params: &[(&str, &str)]) -> Asked {
        let begun = Instant::now();
        let mut url: Url = self.target.base_url().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        let answer = target.get(&url, ACCEPT, self.deadline).await;
        Asked { answer, took: begun.elapsed() }
    }
}

/// Where people sign in themselves: what comes after that is theirs to try.
async fn entrance(look: Look, sign_in: &SignIn, target: &Target, deadline: Instant) -> Step {
    let found = sign_in.described(&target.anonymous(), deadline).await;
    let found = found.and_then(|(said, _)| Ok((sign_in.entrance(&said, target.base_url())?, said)));
    let (good, unsaid) = match look {
        Look::Launch => ("staff-sign-in", "launch-challenge-unsaid"),
        _ => ("people-sign-in", "challenge-unsaid"),
    };
    match found {
        Err(failed) => Step::new(look, End::Failed, failed.why()),
        Ok((entrance, said)) if said.challenges.is_empty() => {
            Step::new(look, End::Warning, unsaid).saying(entrance.to_string())
        }
        Ok((entrance, _)) => Step::new(look, End::Good, good).saying(entrance.to_string()),
    }
}

fn patient_id(resource: &Value) -> Option<String> {
    let is_patient = resource["resourceType"] == "Patient";
    resource["id"].as_str().filter(|_| is_patient).map(str::to_owned)
}

/// The server's time against ours.
fn clock(date: Option<&str>, now: Timestamp) -> Step {
    let look = Look::Clock;
    let Some(said) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else {
        return Step::new(look, End::Warning, "no-date");
    };
    let off = said.timestamp().as_second() - now.as_second();
    let step = match off.abs() {
        off if off > CLOCK_FAILED => Step::new(look, End::Failed, "clock-off"),
        off if off > CLOCK_WARNING => Step::new(look, End::Warning, "clock-off"),
        _ => Step::new(look, End::Good, "clock"),
    };
    step.saying(format!("{off:+} s"))
}

/// No answer.
fn failed(look: Look, error: &OutboundError) -> Step {
    let code = match error {
        OutboundError::Address { .. } => "address-refused",
        OutboundError::Timeout { .. } | OutboundError::TooSlow { .. } => "too-slow",
        OutboundError::TooLarge { .. } => "too-large",
        OutboundError::Connect { why, .. } => match *why {
            "name not found" => "name-not-found",
            "TLS handshake failed" => "tls-failed",
            "connection refused" => "connection-refused",
            _ => "not-connected",
        },
        OutboundError::Protocol { .. } => "broke-off",
        OutboundError::SignIn { why, .. } => why,
        OutboundError::Origin { .. } | OutboundError::Settings { .. } => "settings",
    };
    Step::new(look, End::Failed, code)
}

/// An answer that is none. What servers say of themselves is told in their words, what they say about people in codes.
fn of_status(look: Look, status: u16, answer: &Answer, in_words: bool) -> Step {
    let code = match status {
        401 | 403 => "refused",
        404 | 410 => "not-there",
        429 => "too-many-requests",
        300..=399 => "redirected",
        500..=599 => "server-error",
        _ => "not-fhir",
    };
    let said = issues(&answer.body, in_words);
    let said = if said.is_empty() { answer.content_type.clone().unwrap_or_default() } else { said };
    Step::new(look, End::Failed, code).saying(said)
}
