//! The form that defines a hospital.

use poem::Response;
use serde::{Deserialize, Serialize};
use sources::{
    Auth, AuthKind, AuthorizeBy, ClientProof, Defined, Definition, Discovered, Environment, FieldProblem, GivenSecrets,
    HEADERS, Header, LAUNCH_SCOPES, LONGEST_NAME, LONGEST_SHORT_NAME, Launching, ResponseMode,
};
use web::{Failure, Visit};

use super::steps::{StepView, views};
use crate::portal::Portal;

/// How the portal proves itself, where nobody says so: patients sign in themselves, and PKCE is enough.
pub fn usual_proof(kind: AuthKind) -> ClientProof {
    if kind == AuthKind::SmartPatient { ClientProof::Public } else { ClientProof::default() }
}

/// Scopes, where nobody names any: a whole record of one patient that can be read until they withdraw it
/// (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>). What a portal asks for itself has to be said.
pub fn usual_scopes(kind: AuthKind) -> &'static str {
    match kind {
        AuthKind::SmartPatient => "openid fhirUser launch/patient offline_access patient/*.read",
        _ => "",
    }
}

/// How the portal proves itself to a system that sends staff here, in the order of the form.
const LAUNCH_PROOFS: [ClientProof; 4] =
    [ClientProof::Public, ClientProof::PrivateKeyJwt, ClientProof::ClientSecretBasic, ClientProof::ClientSecretPost];

/// What the form is for.
pub enum Asked {
    /// A hospital that nobody has defined.
    New,
    /// One that is there, by id.
    Change(String),
}

/// The form, as typed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub id: String,
    pub rev: i64,
    name_zh: String,
    name_en: String,
    short_name_zh: String,
    short_name_en: String,
    platform: String,
    environment: String,
    base_url: String,
    /// In milliseconds.
    timeout_ms: String,
    page_size: String,
    proxy: String,
    resident_id_system: String,
    auth: String,
    client_id: String,
    proof: String,
    token_url: String,
    authorize_url: String,
    response_mode: String,
    authorize_by: String,
    redirect_url: String,
    scopes: String,
    audience: String,
    /// Read and never shown again.
    #[serde(skip_serializing)]
    secret: String,
    launch_client_id: String,
    launch_base_url: String,
    launch_proof: String,
    launch_scopes: String,
    launch_authorize_url: String,
    launch_token_url: String,
    /// Read and never shown again.
    #[serde(skip_serializing)]
    launch_secret: String,
    /// `Name: value`, one a line.
    headers: String,
    /// `yes`, or absent.
    sweep: String,
    /// `begin`, `discover` or `save`.
    r#do: String,
}

impl Typed {
    pub fn fresh() -> Self {
        Self {
            platform: "plain".to_owned(),
            environment: Environment::Sandbox.as_str().to_owned(),
            timeout_ms: "8000".to_owned(),
            auth: AuthKind::None.as_str().to_owned(),
            ..Self::default()
        }
    }

    pub fn of(defined: &Defined) -> Self {
        let Definition { headers, .. } = &defined.definition;
        let definition = defined.definition.clone();
        let launch = definition.launch.clone();
        let proof = launch.as_ref().map(|launch| launch.proof.as_str().to_owned()).unwrap_or_default();
        let launch = launch.unwrap_or_default();
        let lines: Vec<String> = headers.iter().map(|one| format!("{}: {}", one.name, one.value)).collect();
        Self {
            id: defined.id.clone(),
            rev: defined.rev,
            name_zh: definition.name_zh,
            name_en: definition.name_en,
            short_name_zh: definition.short_name_zh,
            short_name_en: definition.short_name_en,
            platform: definition.platform,
            environment: definition.environment.as_str().to_owned(),
            base_url: definition.base_url,
            timeout_ms: definition.timeout_ms.to_string(),
            page_size: definition.page_size.map(|size| size.to_string()).unwrap_or_default(),
            proxy: definition.proxy.unwrap_or_default(),
            resident_id_system: definition.resident_id_system.unwrap_or_default(),
            auth: definition.auth.kind.as_str().to_owned(),
            client_id: definition.auth.client_id,
            proof: definition.auth.proof.as_str().to_owned(),
            token_url: definition.auth.token_url.unwrap_or_default(),
            authorize_url: definition.auth.authorize_url.unwrap_or_default(),
            response_mode: definition.auth.response_mode.as_str().to_owned(),
            authorize_by: definition.auth.authorize_by.as_str().to_owned(),
            redirect_url: definition.auth.redirect_url.unwrap_or_default(),
            scopes: definition.auth.scopes,
            audience: definition.auth.audience.unwrap_or_default(),
            secret: String::new(),
            launch_client_id: launch.client_id,
            launch_base_url: launch.base_url.unwrap_or_default(),
            launch_proof: proof,
            launch_scopes: launch.scopes,
            launch_authorize_url: launch.authorize_url.unwrap_or_default(),
            launch_token_url: launch.token_url.unwrap_or_default(),
            launch_secret: String::new(),
            headers: lines.join("\n"),
            sweep: if definition.sweep { "yes".to_owned() } else { String::new() },
            r#do: String::new(),
        }
    }

    /// Is it what was found elsewhere, to be gone on with?
    pub fn begins(&self) -> bool {
        self.r#do == "begin"
    }

    /// That, and for the rest what a fresh form says.
    pub fn begun(self) -> Self {
        let Self { timeout_ms, auth, .. } = Self::fresh();
        Self { timeout_ms, auth, ..self }
    }

    /// Is the server to be asked what it is, instead of writing anything?
    pub fn asks(&self) -> bool {
        self.r#do == "discover"
    }

    /// The secrets, where they were typed.
    pub fn secrets(&self) -> GivenSecrets<'_> {
        GivenSecrets { own: typed(&self.secret), launch: typed(&self.launch_secret) }
    }

    /// What can't even be read as values of their kinds.
    pub fn read(&self) -> Result<Definition, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut wrong = |field, what| problems.push(FieldProblem { field, what });
        if Environment::parse(&self.environment).is_none() {
            wrong("environment", "unknown");
        }
        if AuthKind::parse(&self.auth).is_none() && !self.auth.is_empty() {
            wrong("auth", "unknown");
        }
        if ClientProof::parse(&self.proof).is_none() && !self.proof.is_empty() {
            wrong("proof", "unknown");
        }
        if ClientProof::parse(&self.launch_proof).is_none() && !self.launch_proof.is_empty() {
            wrong("launch_proof", "unknown");
        }
        if ResponseMode::parse(&self.response_mode).is_none() && !self.response_mode.is_empty() {
            wrong("response_mode", "unknown");
        }
        if AuthorizeBy::parse(&self.authorize_by).is_none() && !self.authorize_by.is_empty() {
            wrong("authorize_by", "unknown");
        }
        if self.timeout_ms.trim().parse::<u64>().is_err() {
            wrong("timeout_ms", "range");
        }
        if !self.page_size.trim().is_empty() && self.page_size.trim().parse::<u32>().is_err() {
            wrong("page_size", "range");
        }
        if self.header_lines().any(|line| !line.contains(':')) {
            wrong("headers", "header-name");
        }
        if problems.is_empty() { Ok(self.lenient()) } else { Err(problems) }
    }

    fn header_lines(&self) -> impl Iterator<Item = &str> {
        self.headers.lines().map(str::trim).filter(|line| !line.is_empty())
    }

    /// The values, with what can't be read left out.
    pub fn lenient(&self) -> Definition {
        let option = |text: &str| typed(text).map(str::to_owned);
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            Header { name: name.trim().to_owned(), value: value.trim().to_owned() }
        };
        Definition {
            name_zh: self.name_zh.clone(),
            name_en: self.name_en.clone(),
            short_name_zh: self.short_name_zh.clone(),
            short_name_en: self.short_name_en.clone(),
            platform: self.platform.clone(),
            environment: Environment::parse(&self.environment).unwrap_or(Environment::Sandbox),
            base_url: self.base_url.clone(),
            timeout_ms: self.timeout_ms.trim().parse().unwrap_or(8_000),
            page_size: self.page_size.trim().parse().ok(),
            proxy: option(&self.proxy),
            auth: self.auth(),
            resident_id_system: option(&self.resident_id_system),
            headers: self.header_lines().map(header).collect(),
            launch: self.launch(),
            sweep: self.sweep == "yes",
            paused: false,
        }
    }

    fn auth(&self) -> Auth {
        let option = |text: &str| typed(text).map(str::to_owned);
        let kind = AuthKind::parse(&self.auth).unwrap_or_default();
        Auth {
            kind,
            client_id: self.client_id.clone(),
            proof: ClientProof::parse(&self.proof).unwrap_or_else(|| usual_proof(kind)),
            token_url: option(&self.token_url),
            authorize_url: option(&self.authorize_url),
            response_mode: ResponseMode::parse(&self.response_mode).unwrap_or_default(),
            authorize_by: AuthorizeBy::parse(&self.authorize_by).unwrap_or_default(),
            redirect_url: option(&self.redirect_url),
            scopes: option(&self.scopes).unwrap_or_else(|| usual_scopes(kind).to_owned()),
            audience: option(&self.audience),
        }
    }

    /// Somebody is sent here once anything of it is filled in.
    fn launch(&self) -> Option<Launching> {
        let option = |text: &str| typed(text).map(str::to_owned);
        let launching = Launching {
            base_url: option(&self.launch_base_url),
            client_id: self.launch_client_id.clone(),
            proof: ClientProof::parse(&self.launch_proof).unwrap_or(ClientProof::Public),
            scopes: self.launch_scopes.clone(),
            authorize_url: option(&self.launch_authorize_url),
            token_url: option(&self.launch_token_url),
        };
        let texts = [&self.launch_client_id, &self.launch_scopes, &self.launch_secret];
        let is_asked = texts.iter().any(|text| typed(text).is_some())
            || launching.base_url.is_some()
            || launching.authorize_url.is_some()
            || launching.token_url.is_some();
        is_asked.then_some(launching)
    }

    /// Fills what is empty with what the server says of itself.
    pub fn fill(&mut self, found: &Discovered) {
        if found.signs_in && matches!(self.auth.as_str(), "" | "none") {
            self.auth = AuthKind::SmartBackend.as_str().to_owned();
        }
        for name in [&mut self.name_zh, &mut self.name_en] {
            if name.trim().is_empty() {
                name.clone_from(&found.name);
            }
        }
    }
}

/// What somebody typed, if anything.
pub fn typed(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// `sources/form.html`
#[derive(Serialize)]
pub struct FormPage {
    action: String,
    /// The name of the one that is changed.
    of: Option<String>,
    back: String,
    form: Typed,
    platforms: Vec<Choice>,
    environments: [&'static str; 2],
    kinds: [&'static str; 5],
    proofs: [&'static str; 4],
    /// Of launches, in the order of the form: what is usual there first.
    launch_proofs: [&'static str; 4],
    response_modes: [&'static str; 3],
    authorize_bys: [&'static str; 2],
    /// Scopes that patients are asked for, where nobody names others.
    patient_scopes: &'static str,
    /// Scopes that staff are asked for, where nobody names others.
    launch_scopes: &'static str,
    /// One is kept, for where it goes now.
    has_secret: bool,
    /// The same of that of launches.
    has_launch_secret: bool,
    headers: [&'static str; 8],
    longest_name: usize,
    longest_short_name: usize,
    problems: Vec<ProblemView>,
    found: Option<FoundView>,
    other: Option<OtherView>,
}

#[derive(Serialize)]
struct Choice {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct ProblemView {
    field: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
struct FoundView {
    good: bool,
    signs_in: bool,
    steps: Vec<StepView>,
}

/// What somebody else made of it meanwhile.
#[derive(Serialize)]
struct OtherView {
    changer: String,
    changed_at: String,
    form: Typed,
}

impl FormPage {
    pub fn new(portal: &Portal, visit: &Visit, asked: Asked, form: Typed) -> Self {
        let platforms = portal.catalogue.platforms().iter();
        let choice =
            |platform: &std::sync::Arc<fhir::Platform>| Choice { id: platform.id.clone(), name: platform.name.clone() };
        let (action, back, of) = match asked {
            Asked::New => ("/admin/sources/new".to_owned(), "/admin/sources".to_owned(), None),
            Asked::Change(id) => {
                let name = portal.catalogue.named(&id).map(|source| super::view::name(&source, visit));
                (format!("/admin/sources/{id}/edit"), format!("/admin/sources/{id}"), name.or(Some(id)))
            }
        };
        Self {
            action,
            of,
            back,
            form,
            platforms: platforms.map(choice).collect(),
            environments: ["sandbox", "production"],
            kinds: AuthKind::ALL.map(AuthKind::as_str),
            proofs: ClientProof::ALL.map(ClientProof::as_str),
            launch_proofs: LAUNCH_PROOFS.map(ClientProof::as_str),
            response_modes: ResponseMode::ALL.map(ResponseMode::as_str),
            authorize_bys: AuthorizeBy::ALL.map(AuthorizeBy::as_str),
            patient_scopes: usual_scopes(AuthKind::SmartPatient),
            launch_scopes: LAUNCH_SCOPES,
            has_secret: false,
            has_launch_secret: false,
            headers: HEADERS,
            longest_name: LONGEST_NAME,
            longest_short_name: LONGEST_SHORT_NAME,
            problems: Vec::new(),
            found: None,
            other: None,
        }
    }

    pub fn with_problems(mut self, problems: &[FieldProblem]) -> Self {
        self.problems = problems.iter().map(|one| ProblemView { field: one.field, what: one.what }).collect();
        self
    }

    pub fn with_secrets(mut self, (own, launch): (bool, bool)) -> Self {
        (self.has_secret, self.has_launch_secret) = (own, launch);
        self
    }

    pub fn with_found(mut self, portal: &Portal, visit: &Visit, found: &Discovered) -> Self {
        let steps = views(portal, visit, &found.steps);
        self.found = Some(FoundView { good: found.good, signs_in: found.signs_in, steps });
        self
    }

    pub fn with_other(mut self, portal: &Portal, visit: &Visit, now: &Defined) -> Self {
        let words = portal.pages.renderer().words(visit.lang);
        let changed_at = words.minute(now.changed_at);
        self.other = Some(OtherView { changer: now.changer.clone(), changed_at, form: Typed::of(now) });
        self
    }

    pub fn draw(&self, portal: &Portal, visit: &Visit) -> Result<Response, Failure> {
        portal.pages.page_at(visit, &self.action, "sources/form.html", self)
    }
}
