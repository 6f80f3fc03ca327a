//! Both portals on one database, the canary hospitals, and everybody who knocks.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use testbed::{Answer, Database, Region, TestPortal, Visitor};

use super::canary::{A, B, C, Canaries, Canary, Class, D, Person};
use super::hospital::Hospital;

/// Which portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Internal,
    External,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Internal, Self::External];

    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
        }
    }
}

/// Somebody, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Anonymous,
    PatientA,
    PatientB,
    /// Has a relation to A.
    Clinician,
    /// Has a relation to A too, but results are denied to them.
    Denied,
    /// Has a relation to nobody.
    Stranger,
    Researcher,
    /// Holds a part of the administration.
    Delegate,
    Administrator,
}

impl Who {
    pub const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::PatientA,
        Self::PatientB,
        Self::Clinician,
        Self::Denied,
        Self::Stranger,
        Self::Researcher,
        Self::Delegate,
        Self::Administrator,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::PatientA => "patient-A",
            Self::PatientB => "patient-B",
            Self::Clinician => "treats-A",
            Self::Denied => "denied",
            Self::Stranger => "clinician",
            Self::Researcher => "researcher",
            Self::Delegate => "delegate",
            Self::Administrator => "administrator",
        }
    }

    /// In the sandbox's directory.
    pub fn username(self) -> Option<&'static str> {
        match self {
            Self::Anonymous | Self::PatientA | Self::PatientB => None,
            Self::Clinician => Some("li.wei"),
            Self::Denied => Some("lin.zhiyuan"),
            Self::Stranger => Some("wang.fang"),
            Self::Researcher => Some("zhou.ming"),
            Self::Delegate => Some("ma.qiang"),
            Self::Administrator => Some("admin"),
        }
    }

    /// Are they the patient of this letter?
    pub fn is(self, letter: &str) -> bool {
        self.patient().is_some_and(|person| person.letter.to_string() == letter)
    }

    fn patient(self) -> Option<Person> {
        match self {
            Self::PatientA => Some(A),
            Self::PatientB => Some(B),
            _ => None,
        }
    }

    /// The one portal where they can sign in.
    pub fn home(self) -> Option<Side> {
        match self {
            Self::Anonymous => None,
            Self::PatientA | Self::PatientB => Some(Side::External),
            _ => Some(Side::Internal),
        }
    }

    /// May they see this word anywhere at all?
    pub fn may_see(self, canary: &Canary) -> bool {
        let searched = matches!(canary.person, 'A' | 'B');
        match (self, canary.class) {
            (_, Class::Covered) => false,
            (Self::PatientA, Class::Identity | Class::Record) => canary.person == 'A',
            (Self::PatientB, Class::Identity | Class::Record) => canary.person == 'B',
            (Self::Clinician | Self::Denied | Self::Stranger, Class::Identity) => searched,
            (Self::Clinician | Self::Denied, Class::Record | Class::Held) => canary.person == 'A',
            _ => false,
        }
    }
}

/// A browser at one of the portals, with a token for its forms.
#[derive(Clone)]
pub struct Browser {
    pub visitor: Visitor,
    pub token: String,
}

impl Browser {
    async fn at(mut visitor: Visitor, page: &str) -> Result<Self> {
        let page = visitor.page(page).await?;
        let token = page.csrf_token().with_context(|| format!("no form: {} {}", page.status, page.body))?;
        Ok(Self { visitor, token })
    }

    /// A request as our own pages and programs make it.
    pub async fn knock(&mut self, method: &str, path: &str, body: Option<(&str, String)>) -> Result<Answer> {
        let accept = if path.starts_with("/api/") { "application/json" } else { "text/html" };
        let mut headers = vec![("accept", accept)];
        let base = self.visitor.base().to_owned();
        let token = self.token.clone();
        if !matches!(method, "GET" | "HEAD") {
            headers.extend([("origin", base.as_str()), ("sec-fetch-site", "same-origin"), ("x-csrf-token", &token)]);
        }
        if let Some((kind, _)) = &body {
            headers.push(("content-type", kind));
        }
        self.visitor.knock(method, path, &headers, body.map(|(_, text)| text)).await
    }

    /// JSON to an operation.
    pub async fn send(&mut self, method: &str, path: &str, body: &serde_json::Value) -> Result<Answer> {
        self.knock(method, path, Some(("application/json", body.to_string()))).await
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.knock("GET", path, None).await
    }
}

/// Everything.
pub struct Stage {
    pub internal: TestPortal,
    pub external: TestPortal,
    pub canaries: Canaries,
    /// The same, and D where A was.
    pub hill: Hospital,
    hill_before: Canaries,
    /// Sends what is C's with what is A's.
    _harbour: Hospital,
    /// Regional ids by letter.
    pub ids: BTreeMap<char, String>,
    /// A search for A by [`Who::Clinician`].
    pub search: String,
    browsers: BTreeMap<(Who, Side), Browser>,
    _database: Database,
    db: DatabaseConnection,
}

/// What `hill` says after A's record number there was given to D.
fn turned(before: &Canaries, all: &Canaries) -> Vec<serde_json::Value> {
    let text = serde_json::to_string(&all.resources).unwrap_or_default();
    let theirs: Vec<serde_json::Value> =
        serde_json::from_str(&text.replace("ZqDhillpid", "ZqAhillpid")).unwrap_or_default();
    let others = before.resources.iter().filter(|one| !one.to_string().contains("ZqAhillpid")).cloned();
    theirs.into_iter().chain(others).collect()
}

impl Stage {
    pub async fn set() -> Result<Self> {
        let (mut harbour, mut hill, mut d) = (Canaries::default(), Canaries::default(), Canaries::default());
        for person in [&A, &B, &C] {
            harbour.add(person, "harbour");
        }
        for person in [&A, &B] {
            hill.add(person, "hill");
        }
        d.add(&D, "hill");
        let mut canaries = d.clone();
        canaries.words.extend(harbour.words.iter().chain(&hill.words).cloned());
        canaries.words.sort_by(|a, b| a.word.cmp(&b.word));
        canaries.words.dedup_by(|a, b| a.word == b.word);
        let leaks = ("ZqAharbourpid".to_owned(), "ZqCharbourpid".to_owned());
        let harbour = Hospital::start(harbour.resources, Some(leaks)).await?;
        let hill_server = Hospital::start(hill.resources.clone(), None).await?;
        let region = region(&[("harbour", &harbour), ("hill", &hill_server)]).await;
        let database = Database::sqlite().await?;
        let internal = TestPortal::internal_with(&database, &region, |table| {
            table["record"]["treatment_relation"] = "required".into();
        })
        .await?;
        let patients = [patient(&A), patient(&B)];
        let external = TestPortal::external(&database, &region, &[&patients[0], &patients[1]]).await?;
        let db = database.connect().await?;
        let mut stage = Self {
            internal,
            external,
            canaries,
            hill: hill_server,
            hill_before: hill,
            _harbour: harbour,
            ids: BTreeMap::new(),
            search: String::new(),
            browsers: BTreeMap::new(),
            _database: database,
            db,
        };
        stage.everybody_arrives().await?;
        stage.relations_and_grants().await?;
        Ok(stage)
    }

    async fn everybody_arrives(&mut self) -> Result<()> {
        for who in Who::ALL {
            let home = match who.home() {
                Some(side) => Some((side, self.arrive(who).await?)),
                None => None,
            };
            for side in Side::ALL {
                let browser = match &home {
                    Some((own, browser)) if *own == side => browser.clone(),
                    // The session of the other portal, as if it were one of this.
                    Some((own, browser)) => self.smuggle(side, *own, browser).await?,
                    None => Browser::at(self.portal(side).visitor()?, "/sign-in").await?,
                };
                self.browsers.insert((who, side), browser);
            }
        }
        Ok(())
    }

    /// Signs somebody in, in a new browser at their own portal.
    pub async fn arrive(&self, who: Who) -> Result<Browser> {
        let visitor = match (who.username(), who.patient()) {
            (Some(username), _) => self.internal.clinician(username).await?,
            (_, Some(person)) => self.external.patient(&patient(&person)).await?,
            _ => self.internal.visitor()?,
        };
        Browser::at(visitor, "/").await
    }

    async fn smuggle(&self, to: Side, from: Side, browser: &Browser) -> Result<Browser> {
        let mut visitor = self.portal(to).visitor()?;
        let mut theirs = browser.visitor.clone();
        let name = |side: Side| format!("portal-{}", side.name());
        let session = theirs.cookies().get(&name(from)).cloned().context("a session cookie")?;
        visitor.cookies().insert(name(to), session);
        Browser::at(visitor, "/sign-in").await
    }

    async fn relations_and_grants(&mut self) -> Result<()> {
        for person in [&A, &B] {
            for who in [Who::Clinician, Who::Stranger] {
                let q = serde_json::json!({ "q": person.resident_id });
                let found = self.browser(who, Side::Internal).send("POST", "/api/v1/patient-searches", &q).await?;
                ensure!(found.status == 200, "{}: {}", found.status, found.body);
                let id = found.json()["items"][0]["id"].as_str().context("nobody found")?.to_owned();
                self.ids.insert(person.letter, id);
            }
        }
        self.find().await?;
        for who in [Who::Clinician, Who::Denied] {
            let opened = self.break_glass(who, 'A', &[]).await?;
            ensure!(opened.status == 201, "{}: {}", opened.status, opened.body);
        }
        self.grant(Who::Denied, "user", "record:lab-results", "deny").await?;
        self.grant(Who::Delegate, "security-administrator", "section:admin", "allow").await?;
        self.internal.stop();
        self.internal.serve().await
    }

    /// The clinician finds A, and `search` is the address of what was found.
    pub async fn find(&mut self) -> Result<()> {
        let form = format!("q={}", A.resident_id);
        let clinician = self.browser(Who::Clinician, Side::Internal);
        let found = clinician.knock("POST", "/patients", Some(("application/x-www-form-urlencoded", form))).await?;
        self.search = found.location().rsplit('=').next().unwrap_or_default().to_owned();
        Ok(())
    }

    /// Through the API, with a good reason and the right password but for what `change` says.
    pub async fn break_glass(&mut self, who: Who, letter: char, change: &[(&str, &str)]) -> Result<Answer> {
        let password = format!("demo-{}", who.username().unwrap_or_default());
        let mut body = serde_json::json!({
            "grounds": "emergency", "reason": "ZqReasonUnconscious, brought in at 21:10", "password": password,
        });
        for (field, value) in change {
            body[field] = (*value).into();
        }
        let path = format!("/api/v1/patients/{}/break-glass", self.ids[&letter]);
        self.browser(who, Side::Internal).send("POST", &path, &body).await
    }

    async fn grant(&self, who: Who, role: &str, object: &str, effect: &str) -> Result<()> {
        let subject = self.subject(who).await?;
        self.sql(&format!(
            "INSERT INTO role_grant (id, subject, domain, role, object, effect, created_by, created_at) \
             VALUES (randomblob(16), '{subject}', 'internal', '{role}', '{object}', '{effect}', 's:test', 0); \
             UPDATE policy_version SET version = version + 1"
        ))
        .await
    }

    /// How the policy and the audit log call them.
    pub async fn subject(&self, who: Who) -> Result<String> {
        let name = who.username().unwrap_or_default();
        let sql =
            format!("SELECT subject AS it FROM staff_session WHERE identity LIKE '%\"username\":\"{name}\"%' LIMIT 1");
        self.text(&sql).await?.with_context(|| format!("{name} has no session"))
    }

    pub fn portal(&self, side: Side) -> &TestPortal {
        match side {
            Side::Internal => &self.internal,
            Side::External => &self.external,
        }
    }

    pub fn portal_mut(&mut self, side: Side) -> &mut TestPortal {
        match side {
            Side::Internal => &mut self.internal,
            Side::External => &mut self.external,
        }
    }

    /// Somebody's browser at a portal.
    pub fn browser(&mut self, who: Who, side: Side) -> &mut Browser {
        self.browsers.get_mut(&(who, side)).expect("everybody has a browser at both portals")
    }

    /// From now on A's number at `hill` is D's.
    pub fn hill_turns(&self) {
        self.hill.now_holds(turned(&self.hill_before, &self.canaries));
    }

    pub fn hill_turns_back(&self) {
        self.hill.now_holds(self.hill_before.resources.clone());
    }

    /// What somebody with the database would do: time that passes, a log that is full.
    #[expect(clippy::disallowed_methods, reason = "what only the database can bring about")]
    pub async fn sql(&self, statements: &str) -> Result<()> {
        self.db.execute_unprepared(statements).await?;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "what no page shows yet")]
    pub async fn count(&self, sql: &str) -> Result<i64> {
        let row = self.db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql.to_owned())).await?;
        Ok(row.context("a count")?.try_get("", "n")?)
    }

    #[expect(clippy::disallowed_methods, reason = "what no page shows")]
    async fn text(&self, sql: &str) -> Result<Option<String>> {
        let row = self.db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql.to_owned())).await?;
        Ok(row.map(|row| row.try_get("", "it")).transpose()?)
    }

    /// A log that takes no more rows of an action.
    pub async fn log_is_full_for(&self, action: &str) -> Result<()> {
        self.sql(&format!(
            "CREATE TRIGGER full BEFORE INSERT ON audit_event WHEN NEW.action = '{action}' \
             BEGIN SELECT RAISE(ABORT, 'full'); END"
        ))
        .await
    }

    pub async fn log_is_emptied(&self) -> Result<()> {
        self.sql("DROP TRIGGER full").await
    }
}

fn patient(person: &Person) -> testbed::Patient {
    testbed::Patient {
        name: person.name(),
        pinyin: format!("canary {}", person.letter),
        resident_id: person.resident_id.to_owned(),
        hospitals: Vec::new(),
    }
}

async fn region(hospitals: &[(&str, &Hospital)]) -> Region {
    let sandbox = testbed::region().await;
    let hospital = |(id, server): &(&str, &Hospital)| testbed::Hospital {
        id: (*id).to_owned(),
        base_url: server.base_url.clone(),
        platform: "plain".to_owned(),
        name: (format!("{id}医院"), (*id).to_owned()),
    };
    let hospitals = hospitals.iter().map(hospital).collect();
    Region::of(hospitals, sandbox.directory.clone(), sandbox.staff.clone())
}
