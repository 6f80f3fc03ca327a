//! Everybody knocks on every door: what each answer is, and what it must not hold.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use testbed::Answer;

use super::canary::{A, Canary};
use super::stage::{Browser, Side, Stage, Who};

/// A row of the live registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    pub side: Side,
    pub pattern: String,
    pub method: String,
    pub guard: String,
    pub operation: String,
}

/// One request as it is made of a door.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Knock {
    pub door: Door,
    /// Section, or form of the body.
    pub variant: String,
    /// Whose record.
    pub target: &'static str,
    path: String,
    body: Option<(&'static str, String)>,
}

/// What came of a walk.
#[derive(Default)]
pub struct Walk {
    /// One answer per column.
    pub cells: BTreeMap<Knock, Vec<String>>,
    /// What must not be.
    pub breaches: Vec<String>,
    /// Canaries that somebody saw who may: a walk that shows nothing proves nothing.
    pub seen: BTreeSet<(Who, String)>,
}

/// A result of A's that everybody may see who may see A's results, and one that is held back from A.
const RESULT: &str = "ZqAhillpid-obs";
const HELD: &str = "ZqAhillpid-held";

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const SECTIONS: [&str; 16] = [
    "demographics",
    "summary",
    "outpatient",
    "inpatient",
    "orders",
    "prescriptions",
    "medications",
    "lab-results",
    "exam-reports",
    "surgery",
    "nursing",
    "discharge",
    "charges",
    "front-page",
    "personal-record",
    "nothing",
];
const TARGETS: [(&str, &str); 4] =
    [("A", ""), ("B", ""), ("unknown", "00000000-0000-7000-8000-000000000000"), ("malformed", "not-an-id")];

/// The doors of a running portal, as its own program lists them.
pub fn doors(stage: &Stage, side: Side) -> Result<Vec<Door>> {
    let listed = stage.portal(side).tool(&["routes"])?;
    ensure!(listed.status.success(), "routes: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout)?;
    let door = |line: &str| {
        let (route, rest) = line.split_once("; ")?;
        let ((method, pattern), (guard, operation)) = (route.split_once(' ')?, rest.split_once("; ")?);
        let [pattern, method, guard, operation] = [pattern, method, guard, operation].map(str::to_owned);
        Some(Door { side, pattern, method, guard, operation })
    };
    listed.lines().map(|line| door(line).with_context(|| format!("not a route: {line}"))).collect()
}

/// What is said of a body, and the body with its type; a request without one has none.
type Body = (&'static str, Option<(&'static str, String)>);

/// Bodies of unsafe requests: every one of them has to be here, good and bad.
fn bodies(door: &Door) -> Option<Vec<Body>> {
    let form = |name, text: &str| (name, Some((FORM, text.to_owned())));
    let json = |name, text: &str| (name, Some((JSON, text.to_owned())));
    let search = format!("{{\"q\": \"{}\"}}", A.resident_id);
    Some(match (door.method.as_str(), door.pattern.as_str()) {
        ("GET" | "HEAD", _) => vec![("", None)],
        ("POST", "/sign-in") => vec![form("empty", "username=&password=")],
        ("POST", "/sign-out") => vec![form("", "")],
        ("POST", "/patients") => vec![form("good", &format!("q={}", A.resident_id)), form("bad", "q=")],
        ("POST", "/patients/:person/break-glass") => vec![form("empty", "grounds=&reason=&password=")],
        ("POST", "/patients/:person/reviews/:section/:item") => {
            vec![form("stale", "seen=0&note=ZqNote"), form("empty", "")]
        }
        ("POST", "/patients/:person/reviews/:section/:item/acknowledge") => vec![form("stale", "seen=0")],
        ("POST", "/patients/:person/reviews/:section/:item/withdraw") => {
            vec![form("nobody's", "review=00000000-0000-7000-8000-000000000001"), form("bad", "review=")]
        }
        ("POST", "/api/v1/patients/{id}/reviews") => vec![
            json("stale", "{\"section\": \"lab-results\", \"item\": \"hill.ZqAhillpid-obs\", \"seen\": \"0\"}"),
            json("bad", "[]"),
        ],
        ("POST", "/api/v1/patients/{id}/acknowledgements") => {
            vec![json("stale", "{\"item\": \"hill.ZqAhillpid-obs\", \"seen\": \"0\"}"), json("bad", "[]")]
        }
        ("POST", "/api/v1/patients/{id}/reviews/{review}/withdraw") => vec![("nobody's", None)],
        ("POST", "/admin/index/pairs/:pair") => {
            vec![form("good", "decision=link&reason=told+by+telephone"), form("bad", "decision=&reason=")]
        }
        ("POST", "/api/v1/index/pairs/{id}") => vec![
            json("good", "{\"decision\": \"link\", \"reason\": \"told by telephone\"}"),
            json("bad", "{\"decision\": \"marry\", \"reason\": \"told by telephone\"}"),
        ],
        ("POST", "/api/v1/session") => vec![json("bad", "{}")],
        ("DELETE", "/api/v1/session") => vec![("", None)],
        ("POST", "/api/v1/patient-searches") => vec![json("good", &search), json("bad", "{\"q\": 5}")],
        ("POST", "/api/v1/patients/{id}/break-glass") => {
            vec![json("empty", "{\"reason\": \"\", \"password\": \"\"}"), json("bad", "[]")]
        }
        _ => return None,
    })
}

/// Doors that end or begin a session: they are tried in a browser of their own.
fn ends_session(door: &Door) -> bool {
    matches!((door.method.as_str(), door.pattern.as_str()), ("POST", "/sign-out") | ("DELETE", "/api/v1/session"))
}

/// Every request of a door.
pub fn knocks(stage: &Stage, door: &Door) -> Result<Vec<Knock>> {
    let Some(bodies) = bodies(door) else {
        bail!("{} {}: the matrix has no body for this route; give it one", door.method, door.pattern)
    };
    let parts: Vec<&str> = door.pattern.split('/').collect();
    let has = |names: [&str; 2]| parts.iter().any(|part| names.contains(part));
    let targets = if has([":person", "{id}"]) { &TARGETS[..] } else { &[("-", "")] };
    let explains = door.pattern.contains("/origins");
    let sections = match has([":section", "{section}"]) {
        // Whatever the section, an original is explained in one way: by what the section shows.
        true if explains => &["lab-results", "outpatient", "nothing"][..],
        true => &SECTIONS[..],
        false => &[""],
    };
    let mut all = Vec::new();
    let head = door.method == "HEAD";
    for (target, id) in targets {
        // Nobody has a section: three of them say it as well as sixteen. HEAD runs what GET runs.
        let nobody = matches!(*target, "unknown" | "malformed");
        if head && nobody {
            continue;
        }
        let few =
            |section: &&&str| !(head || nobody) || matches!(**section, "" | "demographics" | "lab-results" | "nothing");
        let id = target.chars().next().and_then(|letter| stage.ids.get(&letter)).map_or(*id, String::as_str);
        for section in sections.iter().filter(few) {
            let path: Vec<&str> = parts
                .iter()
                .map(|part| match *part {
                    ":person" | "{id}" => Ok(id),
                    ":section" | "{section}" => Ok(*section),
                    ":source" => Ok("hill"),
                    ":kind" if explains => Ok("Observation"),
                    ":resource" if explains => Ok(RESULT),
                    // Old enough that the patient may open it too.
                    ":kind" => Ok("DiagnosticReport"),
                    ":resource" => Ok("ZqAhillpid-exa"),
                    ":number" => Ok("0"),
                    ":item" => Ok("hill.ZqAhillpid-obs"),
                    "{review}" => Ok("00000000-0000-7000-8000-000000000001"),
                    // Nobody's: no two of these people are taken for one.
                    ":pair" => Ok("00000000-0000-7000-8000-000000000001"),
                    "*path" => Ok("portal.css"),
                    part if part.starts_with([':', '{', '*']) => Err(part),
                    part => Ok(part),
                })
                .collect::<Result<_, &str>>()
                .map_err(|part| anyhow::anyhow!("{}: the matrix does not know the parameter {part}", door.pattern))?;
            let asked = match explains && door.pattern.starts_with("/api/") {
                true => format!("?source=hill&resource=Observation/{RESULT}"),
                false => String::new(),
            };
            for (form, body) in &bodies {
                let (variant, path) = (format!("{section}{form}"), format!("{}{asked}", path.join("/")));
                all.push(Knock { door: door.clone(), variant, target, path, body: body.clone() });
            }
        }
    }
    if explains {
        let held = all.iter().filter(|knock| knock.variant == "lab-results").cloned();
        let held =
            held.map(|knock| Knock { variant: "held result".into(), path: knock.path.replace(RESULT, HELD), ..knock });
        all.extend(held.collect::<Vec<_>>());
    }
    if door.pattern == "/patients" && matches!(door.method.as_str(), "GET" | "HEAD") {
        let path = format!("/patients?search={}", stage.search);
        let variant = "search of treats-A".to_owned();
        all.push(Knock { door: door.clone(), variant, target: "-", path, body: None });
    }
    Ok(all)
}

impl Walk {
    /// Everybody, at the doors of a portal that `takes` accepts.
    pub async fn of(stage: &mut Stage, side: Side, takes: impl Fn(&Knock) -> bool) -> Result<Self> {
        let mut walk = Self::default();
        for door in doors(stage, side)? {
            let knocks: Vec<Knock> = knocks(stage, &door)?.into_iter().filter(&takes).collect();
            for who in Who::ALL {
                walk.knock(stage, who, &knocks).await?;
            }
        }
        Ok(walk)
    }

    /// One person at all requests of one door.
    async fn knock(&mut self, stage: &mut Stage, who: Who, knocks: &[Knock]) -> Result<()> {
        let mut hidden: BTreeMap<&str, Vec<(&'static str, String)>> = BTreeMap::new();
        for knock in knocks {
            let answer = if ends_session(&knock.door) && who.home() == Some(knock.door.side) {
                let mut browser = stage.arrive(who).await?;
                ask(&mut browser, knock).await?
            } else {
                ask(stage.browser(who, knock.door.side), knock).await?
            };
            self.look(stage, who, knock, &answer);
            // What is missing of one's own is no secret from oneself.
            if answer.status == 404 && !who.is(knock.target) {
                hidden.entry(&knock.variant).or_default().push((knock.target, bare(stage, &answer)));
            }
            self.cells.entry(knock.clone()).or_default().push(cell(&answer));
        }
        for (variant, answers) in hidden {
            for (target, body) in &answers[1..] {
                if *body != answers[0].1 {
                    let door = &knocks[0].door;
                    self.breaches.push(format!(
                        "{} {} {variant}: to {} the 404 of {target} is not that of {}: {}",
                        door.method,
                        door.pattern,
                        who.name(),
                        answers[0].0,
                        difference(body, &answers[0].1)
                    ));
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, stage: &Stage, who: Who, knock: &Knock, answer: &Answer) {
        let what = format!("{} {} ({})", knock.door.method, knock.path, who.name());
        if !(knock.path.starts_with("/static/") && answer.status == 200)
            && answer.header("cache-control") != "private, no-store"
        {
            self.breaches.push(format!("{what}: a cache may keep it"));
        }
        if answer.status >= 500 {
            self.breaches.push(format!("{what}: {}", answer.status));
        }
        let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or("?")));
        let all = format!("{}\n{}", headers.collect::<String>(), answer.body);
        // What somebody asked for by its id is said back to them, in links of the same page, and tells nothing.
        let asked = |canary: &&Canary| knock.path.contains(&canary.word);
        for canary in stage.canaries.in_text(&all).filter(|canary| !asked(canary)) {
            if who.may_see(canary) {
                self.seen.insert((who, canary.word.clone()));
            } else {
                self.breaches.push(format!("{what}: sees {} of {}", canary.field, canary.person));
            }
        }
    }
}

async fn ask(browser: &mut Browser, knock: &Knock) -> Result<Answer> {
    browser.knock(&knock.door.method, &knock.path, knock.body.clone()).await
}

/// `200`, `303>/sign-in`.
fn cell(answer: &Answer) -> String {
    let to = answer.location().split('?').next().unwrap_or_default();
    let hides_id = to.split('/').map(|part| if part.len() == 36 { "{id}" } else { part });
    let to = hides_id.collect::<Vec<_>>().join("/");
    if to.is_empty() { answer.status.to_string() } else { format!("{}>{to}", answer.status) }
}

/// An answer without what is new in each: request id, token, nonce, the minute, and the id that was asked for.
fn bare(stage: &Stage, answer: &Answer) -> String {
    let mut text = answer.body.replace(answer.header("x-request-id"), "{request}");
    for id in stage.ids.values().map(String::as_str).chain(TARGETS.iter().map(|(_, id)| *id)) {
        if !id.is_empty() {
            text = text.replace(id, "{id}");
        }
    }
    for before in ["name=\"csrf_token\" value=\"", "nonce=\"", "nonce&quot;:&quot;", "inlineStyleNonce\":\""] {
        text = blank(&text, before, &['"', '&']);
    }
    text = blank(&text, "<dt>时间</dt><dd class=\"num\">", &['<']);
    let headers = answer.headers.iter().filter(|(name, _)| {
        !matches!(name.as_str(), "x-request-id" | "set-cookie" | "date" | "content-security-policy" | "content-length")
    });
    let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    format!("{}\n{text}", headers.join("\n"))
}

/// The first line that one text has and the other has not.
fn difference(one: &str, other: &str) -> String {
    let mut lines = one.lines().zip(other.lines());
    let told =
        lines.find(|(one, other)| one != other).map(|(one, other)| format!("{one:.2000}\n    beside {other:.2000}"));
    told.unwrap_or_else(|| "one goes on where the other ends".to_owned())
}

/// Takes out what stands behind `before` up to the next of `ends`.
fn blank(text: &str, before: &str, ends: &[char]) -> String {
    let mut parts = text.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let rest = part.find(ends).map_or("", |end| &part[end..]);
        format!("{done}{before}{rest}")
    })
}

/// The cells as a table for people: requests with the same answers share a line.
pub fn table(walks: &[&Walk]) -> String {
    let columns = Who::ALL.map(|who| format!("{:<13} ", who.name())).concat();
    let mut text = format!(
        "# What every route of both portals answers to whom. Columns: people; lines: portal, methods, path; whose record\n\
         # (A: patient-A's, treats-A and denied have broken the glass; B: nobody's); section or form; then the guard.\n\
         # Written by PORTAL_GOLDEN=write cargo test -p portal-internal --test matrix\n\n{columns}\n"
    );
    type Line = (Side, String, String, String, Vec<String>);
    type Asked = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;
    let mut lines: Vec<(Line, Asked)> = Vec::new();
    for (knock, cells) in walks.iter().flat_map(|walk| &walk.cells) {
        let Door { side, pattern, guard, operation, .. } = knock.door.clone();
        let key = (side, pattern, guard, operation, cells.clone());
        let at = match lines.iter().position(|(line, _)| *line == key) {
            Some(at) => at,
            None => {
                lines.push((key, BTreeMap::new()));
                lines.len() - 1
            }
        };
        let (methods, targets) = lines[at].1.entry(knock.variant.clone()).or_default();
        methods.insert(knock.door.method.clone());
        targets.insert(knock.target.to_owned());
    }
    let mut heading = String::new();
    for ((side, pattern, guard, operation, cells), variants) in lines {
        let operation = if operation == "-" { String::new() } else { format!(" {operation}") };
        let now = format!("{} {pattern} [{guard}]{operation}", side.name());
        if now != heading {
            text.push_str(&format!("\n{now}\n"));
            heading = now;
        }
        let mut by_rest: BTreeMap<(Vec<String>, Vec<String>), Vec<String>> = BTreeMap::new();
        for (variant, (methods, targets)) in variants {
            let rest = (methods.into_iter().collect(), targets.into_iter().collect());
            by_rest.entry(rest).or_default().push(variant);
        }
        text.push_str(&cells.iter().map(|cell| format!("{cell:<13} ")).collect::<String>());
        let ways = by_rest.into_iter().map(|((methods, targets), variants)| {
            format!("{} of {}: {}", methods.join("+"), targets.join(","), variants.join(" "))
        });
        text.push_str(&ways.collect::<Vec<_>>().join("; "));
        text.push('\n');
    }
    text
}
