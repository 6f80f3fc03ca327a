//! `/api/v1/sources`: the hospitals that are asked, and how. `ETag` is the definition's rev, which a change names in `If-Match`.

mod auth;
mod health;
mod launch;

use std::sync::Arc;

use access::Fault;
use jiff::Timestamp;
use poem::{http::StatusCode, web::Data};
use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Header, Path},
    payload::Json,
};
use sources::{Auth, Defined, Definition, Environment, FieldProblem, GivenSecrets, Source, SourceError};
use web::{Failure, Visit};

use auth::AuthValues;
use health::{SourceBreaker, SourceHealth};
use launch::LaunchValues;

use super::if_match::rev;
use crate::{
    pages::sources::{TEST, patient_id, words_of},
    portal::Portal,
    who::Staff,
};

/// Hospitals.
pub struct SourcesApi;

/// Whose data a source holds.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
enum Kind {
    /// Real patients'.
    Production,
    /// Made up.
    Sandbox,
}

/// A header that is sent with every request to a source.
#[derive(Object)]
struct Extra {
    /// One of the names that are allowed; never a credential.
    name: String,
    /// Printable ASCII.
    value: String,
}

/// How a hospital is asked.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct Values {
    /// 简体中文
    name_zh: String,
    /// English
    name_en: String,
    /// For cards and rows; without, the name.
    #[oai(default)]
    short_name_zh: String,
    /// The same in English.
    #[oai(default)]
    short_name_en: String,
    /// Id of a platform file.
    platform: String,
    /// Whose data it holds.
    environment: Kind,
    /// Base address of the FHIR server.
    base_url: String,
    /// Longest wait for one section, in milliseconds.
    timeout_ms: u64,
    /// In place of the platform's.
    page_size: Option<u32>,
    /// `http://`, `https://` or `socks5://`.
    proxy: Option<String>,
    /// Without: an open server.
    auth: Option<AuthValues>,
    /// System of `Patient.identifier` that is the resident ID there, beside the region's.
    resident_id_system: Option<String>,
    /// Further headers.
    #[oai(default)]
    headers: Vec<Extra>,
    /// From where its own system sends staff here, if it does.
    launch: Option<LaunchValues>,
    /// May the index list its patients?
    #[oai(default)]
    sweep: bool,
    /// Not asked until it is resumed.
    #[oai(default)]
    paused: bool,
}

/// A hospital that is to be asked.
#[derive(Object)]
struct NewSource {
    /// In JSON, metrics and links, for ever: lower-case letters, digits and `-`.
    id: String,
    /// How it is asked.
    definition: Values,
}

/// One source.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct SourceItem {
    id: String,
    /// An entry of the configuration, which is changed there.
    configured: bool,
    /// `asked`, `paused`, `removed` or `unusable`.
    standing: String,
    /// To be given back in `If-Match`; absent for entries of the configuration.
    rev: Option<i64>,
    /// Who changed it last.
    changed_by: Option<String>,
    /// When, RFC 3339.
    changed_at: Option<String>,
    /// How it is asked.
    definition: Values,
    /// How it is doing.
    health: SourceHealth,
    /// Whether it is left alone for a while.
    breaker: SourceBreaker,
}

/// All sources.
#[derive(Object)]
struct Sources {
    /// In the order of every page.
    items: Vec<SourceItem>,
}

/// Whom a test asks for.
#[derive(Object)]
struct NewTest {
    /// Id of a patient there; without, the server's first one.
    patient: Option<String>,
}

/// One step of a test. Of a patient's data nothing is told but types and numbers.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct TestStep {
    /// What was looked at, in words.
    name: String,
    /// `good`, `warning`, `failed` or `skipped`.
    end: String,
    /// What came of it: `name-not-found`, `too-slow`, `search-refused`, …
    code: String,
    /// The same in words.
    said: String,
    /// HTTP status.
    status: Option<u16>,
    /// What the server said, shortened: text from outside.
    answer: String,
    /// What was expected, where something else came.
    expected: Option<String>,
    /// What to do.
    cure: Option<String>,
    /// In milliseconds.
    took_ms: u64,
}

/// What a test found.
#[derive(Object)]
struct TestResult {
    /// No step failed, and none had to be left out.
    good: bool,
    /// In their order.
    steps: Vec<TestStep>,
}

/// What has to be put right.
#[derive(Object)]
struct WrongField {
    /// Name of the field.
    field: String,
    /// `missing`, `too-long`, `malformed`, `range`, `taken`, `removed`, `unknown`, `credentials`, `query`, `loopback`, `address`,
    /// `plain`, `header-name`, `header-value`, `too-many`, `again`, `launch-scopes`, `launched` or `personal`.
    what: String,
}

/// A refusal with what a caller can do something about.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct SourceProblem {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    request_id: String,
    /// Fields that have to be put right.
    problems: Option<Vec<WrongField>>,
    /// What stands now.
    current: Option<SourceItem>,
}

#[derive(ApiResponse)]
enum Answer {
    /// The source as it is now.
    #[oai(status = 200)]
    Done(Json<SourceItem>, #[oai(header = "ETag")] Option<String>),
    /// Somebody changed it first, or it is an entry of the configuration: nothing was changed.
    #[oai(status = 409, content_type = "application/problem+json")]
    Conflict(Json<SourceProblem>),
    /// Fields have to be put right.
    #[oai(status = 422, content_type = "application/problem+json")]
    Refused(Json<SourceProblem>),
}

#[derive(ApiResponse)]
enum Made {
    /// A new source: every replica asks it within a second.
    #[oai(status = 201)]
    Created(Json<SourceItem>, #[oai(header = "ETag")] Option<String>),
    /// Fields have to be put right.
    #[oai(status = 422, content_type = "application/problem+json")]
    Refused(Json<SourceProblem>),
}

/// What a caller gave beside values.
struct Secrets {
    own: Option<String>,
    launch: Option<String>,
}

impl Secrets {
    fn given(&self) -> GivenSecrets<'_> {
        GivenSecrets { own: self.own.as_deref(), launch: self.launch.as_deref() }
    }
}

impl Values {
    /// A definition, and the secrets that its sign-ins need.
    fn read(mut self) -> Result<(Definition, Secrets), SourceError> {
        let (auth, own) = self.auth.take().map(AuthValues::read).transpose()?.unwrap_or_default();
        let (launch, of_launch) = self.launch.take().map(LaunchValues::read).transpose()?.unzip();
        Ok((Definition { auth, launch, ..self.into() }, Secrets { own, launch: of_launch.flatten() }))
    }
}

impl From<Values> for Definition {
    fn from(values: Values) -> Self {
        Self {
            auth: Auth::default(),
            launch: None,
            name_zh: values.name_zh,
            name_en: values.name_en,
            short_name_zh: values.short_name_zh,
            short_name_en: values.short_name_en,
            platform: values.platform,
            environment: match values.environment {
                Kind::Production => Environment::Production,
                Kind::Sandbox => Environment::Sandbox,
            },
            base_url: values.base_url,
            timeout_ms: values.timeout_ms,
            page_size: values.page_size,
            proxy: values.proxy,
            resident_id_system: values.resident_id_system,
            headers: values
                .headers
                .into_iter()
                .map(|one| sources::Header { name: one.name, value: one.value })
                .collect(),
            sweep: values.sweep,
            paused: values.paused,
        }
    }
}

fn kind(environment: Environment) -> Kind {
    match environment {
        Environment::Production => Kind::Production,
        Environment::Sandbox => Kind::Sandbox,
    }
}

fn values(definition: &Definition) -> Values {
    let definition = definition.clone();
    Values {
        name_zh: definition.name_zh,
        name_en: definition.name_en,
        short_name_zh: definition.short_name_zh,
        short_name_en: definition.short_name_en,
        platform: definition.platform,
        environment: kind(definition.environment),
        base_url: definition.base_url,
        timeout_ms: definition.timeout_ms,
        page_size: definition.page_size,
        proxy: definition.proxy,
        auth: Some(AuthValues::of(definition.auth)),
        resident_id_system: definition.resident_id_system,
        launch: definition.launch.map(LaunchValues::of),
        headers: definition.headers.into_iter().map(|one| Extra { name: one.name, value: one.value }).collect(),
        sweep: definition.sweep,
        paused: definition.paused,
    }
}

/// What an entry of the configuration would be as a definition.
fn values_of(source: &Source) -> Values {
    Values {
        name_zh: source.name.zh.clone(),
        name_en: source.name.en.clone(),
        short_name_zh: source.short_name.zh.clone(),
        short_name_en: source.short_name.en.clone(),
        platform: source.client.platform().id.clone(),
        environment: kind(source.environment),
        base_url: source.client.base().to_string(),
        timeout_ms: u64::try_from(source.timeout.as_millis()).unwrap_or(u64::MAX),
        page_size: None,
        proxy: None,
        auth: Some(AuthValues::of(Auth { kind: source.signed_in().0, ..Auth::default() })),
        resident_id_system: None,
        launch: LaunchValues::of_source(source),
        headers: Vec::new(),
        sweep: source.sweep,
        paused: false,
    }
}

fn item(portal: &Portal, id: &str, defined: Option<&Defined>, now: Timestamp) -> Result<SourceItem, Failure> {
    let source = portal.catalogue.named(id).ok_or_else(|| Failure::new(Fault::NotFound))?;
    Ok(SourceItem {
        id: id.to_owned(),
        configured: defined.is_none(),
        standing: source.standing.as_str().to_owned(),
        rev: defined.map(|one| one.rev),
        changed_by: defined.map(|one| one.changer.clone()),
        changed_at: defined.map(|one| one.changed_at.to_string()),
        definition: defined.map_or_else(|| values_of(&source), |one| values(&one.definition)),
        health: SourceHealth::of(&source, now),
        breaker: SourceBreaker::of(&source, now),
    })
}

fn tag(rev: i64) -> String {
    format!("\"{rev}\"")
}

fn problem(visit: &Visit, status: StatusCode, kind: &str) -> SourceProblem {
    SourceProblem {
        r#type: format!("/problems/{kind}"),
        title: kind.replace('-', " "),
        status: status.as_u16(),
        detail: status.canonical_reason().unwrap_or_default().to_owned(),
        request_id: visit.request.0.clone(),
        problems: None,
        current: None,
    }
}

/// What of an error is told in full; the others are as everywhere.
enum Told {
    Conflict(SourceProblem),
    Refused(SourceProblem),
}

fn told(portal: &Portal, visit: &Visit, error: SourceError) -> Result<Told, Failure> {
    let conflict = |kind| problem(visit, StatusCode::CONFLICT, kind);
    Ok(match error {
        SourceError::Invalid(problems) => {
            let wrong = |one: FieldProblem| WrongField { field: one.field.to_owned(), what: one.what.to_owned() };
            let problems = Some(problems.into_iter().map(wrong).collect());
            Told::Refused(SourceProblem { problems, ..problem(visit, StatusCode::UNPROCESSABLE_ENTITY, "invalid") })
        }
        SourceError::Stale(now) => {
            let current = Some(item(portal, &now.id, Some(&now), visit.now)?);
            Told::Conflict(SourceProblem { current, ..conflict("conflict") })
        }
        SourceError::Configured => Told::Conflict(conflict("source-configured")),
        SourceError::Removed => Told::Conflict(conflict("source-removed")),
        error => return Err(error.into()),
    })
}

fn answered(portal: &Portal, visit: &Visit, done: Result<Defined, SourceError>) -> poem::Result<Answer> {
    Ok(match done {
        Ok(defined) => {
            Answer::Done(Json(item(portal, &defined.id, Some(&defined), visit.now)?), Some(tag(defined.rev)))
        }
        Err(error) => match told(portal, visit, error)? {
            Told::Conflict(problem) => Answer::Conflict(Json(problem)),
            Told::Refused(problem) => Answer::Refused(Json(problem)),
        },
    })
}

#[OpenApi]
impl SourcesApi {
    /// Every source with how it is asked and how it is doing, those that were taken away too.
    #[oai(path = "/sources", method = "get", operation_id = "source_list")]
    async fn list(&self, portal: Data<&Arc<Portal>>, visit: &Visit, staff: Staff) -> poem::Result<Json<Sources>> {
        let defined = portal.definitions.list(&staff.context).await.map_err(Failure::from)?;
        let of = |id: &str| defined.iter().find(|one| one.id == id);
        let all = portal.catalogue.all().map(|source| {
            let own = of(&source.id).filter(|_| source.rev > 0);
            item(&portal, &source.id, own, visit.now)
        });
        Ok(Json(Sources { items: all.collect::<Result<_, _>>()? }))
    }

    /// Define a source.
    #[oai(path = "/sources", method = "post", operation_id = "source_add")]
    async fn add(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        new: Json<NewSource>,
    ) -> poem::Result<Made> {
        let NewSource { id, definition } = new.0;
        let added = match definition.read() {
            Ok((definition, secrets)) => {
                portal.definitions.add(&staff.context, &id, definition, secrets.given(), visit.now).await
            }
            Err(error) => Err(error),
        };
        Ok(match added {
            Ok(defined) => {
                Made::Created(Json(item(&portal, &defined.id, Some(&defined), visit.now)?), Some(tag(defined.rev)))
            }
            Err(error) => match told(&portal, visit, error)? {
                Told::Conflict(problem) | Told::Refused(problem) => Made::Refused(Json(problem)),
            },
        })
    }

    /// One source.
    #[oai(path = "/sources/:source", method = "get", operation_id = "source_read")]
    async fn read(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        source: Path<String>,
    ) -> poem::Result<Answer> {
        match portal.definitions.one(&staff.context, &source).await {
            Err(SourceError::Configured) => Ok(Answer::Done(Json(item(&portal, &source, None, visit.now)?), None)),
            read => answered(&portal, visit, read),
        }
    }

    /// Change how a source is asked: edit, pause, resume, or promote it from sandbox to production.
    #[oai(path = "/sources/:source", method = "put", operation_id = "source_change")]
    async fn change(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        source: Path<String>,
        /// The rev that the change is meant for.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        new: Json<Values>,
    ) -> poem::Result<Answer> {
        let rev = rev(if_match.as_deref())?;
        let changed = match new.0.read() {
            Ok((new, secrets)) => {
                portal.definitions.change(&staff.context, (&source, rev), new, secrets.given(), visit.now).await
            }
            Err(error) => Err(error),
        };
        answered(&portal, visit, changed)
    }

    /// Take a source away. People who are linked to it are told that its record is not asked for any more; its id is never
    /// given again, and it can be brought back on its page.
    #[oai(path = "/sources/:source", method = "delete", operation_id = "source_remove")]
    async fn remove(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        source: Path<String>,
        /// The rev that is meant.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> poem::Result<Answer> {
        let rev = rev(if_match.as_deref())?;
        let removed = portal.definitions.set_removed(&staff.context, (&source, rev), true, visit.now).await;
        answered(&portal, visit, removed)
    }

    /// Ask it again at once, though it failed or asked for patience: the breaker of this replica is closed, and the next question
    /// is sent.
    #[oai(path = "/sources/:source/tries", method = "post", operation_id = "source_try")]
    async fn try_now(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        source: Path<String>,
    ) -> poem::Result<Json<SourceItem>> {
        portal.definitions.try_now(&staff.context, &source, visit.now).await.map_err(Failure::from)?;
        let defined = match portal.definitions.one(&staff.context, &source).await {
            Ok(defined) => Some(defined),
            Err(SourceError::Configured) => None,
            Err(error) => return Err(Failure::from(error).into()),
        };
        Ok(Json(item(&portal, &source, defined.as_ref(), visit.now)?))
    }

    /// Test the connection, step by step, paused or not. An answer of 200 is what the test found, good or bad.
    #[oai(path = "/sources/:source/tests", method = "post", operation_id = "source_test")]
    async fn test(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        source: Path<String>,
        new: Json<NewTest>,
    ) -> poem::Result<Json<TestResult>> {
        let source = portal.catalogue.get(&source).ok_or_else(|| Failure::new(Fault::NotFound))?;
        portal.definitions.note_test(&staff.context, &source.id, visit.now).await.map_err(Failure::from)?;
        let patient = patient_id(new.patient.as_deref().unwrap_or_default())?;
        let steps = portal.catalogue.test(&source, patient, TEST, visit.now).await;
        let words = portal.pages.renderer().words(visit.lang);
        let good = steps.iter().all(|step| !matches!(step.end, sources::End::Failed | sources::End::Skipped));
        let step = |step: &sources::Step| {
            let view = words_of(words, step);
            TestStep {
                name: view.name,
                end: view.end.to_owned(),
                code: step.code.to_owned(),
                said: view.said,
                status: view.status,
                answer: view.answer,
                expected: view.expected,
                cure: view.cure,
                took_ms: step.took_ms,
            }
        };
        Ok(Json(TestResult { good, steps: steps.iter().map(step).collect() }))
    }
}
