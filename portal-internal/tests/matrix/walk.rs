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

fn form(name: &'static str, text: &str) -> Body {
    (name, Some((FORM, text.to_owned())))
}

fn json(name: &'static str, text: &str) -> Body {
    (name, Some((JSON, text.to_owned())))
}

fn bodies_of_connections(pattern: &str) -> Option<Vec<Body>> {
    Some(match pattern {
        "/connections/new/:source" | "/connections/reset" | "/connections/:connection/disconnect" => {
            vec![form("nobody's", "")]
        }
        "/connections/callback" | "/connections/callback/:source" => {
            vec![form("made-up", "state=ZqState&code=ZqCode"), form("empty", "")]
        }
        "/connections/:connection/copy" => vec![form("nobody's", "step=start"), form("bad", "step=")],
        "/api/v1/connections/{id}/copy" => vec![json("nobody's", "{\"step\": \"start\"}"), json("bad", "[]")],
        _ => return None,
    })
}

/// Nothing is entrusted by them: the walk is of people who may see their own alone.
fn bodies_of_sharing(pattern: &str) -> Option<Vec<Body>> {
    Some(match pattern {
        "/sharing/new" => vec![form("question", "step=called&called=Zq"), form("bad", "step=trusts&called=Zq")],
        "/sharing/accept" => vec![form("made-up", "code=0000-0000-0000-0000"), form("empty", "code=")],
        "/sharing/invitations/:invitation/withdraw" | "/sharing/proxies/:proxy/end" => vec![form("nobody's", "")],
        _ => return None,
    })
}

/// Nothing is planned: whoever may book is told that there is no such session.
fn bodies_of_booking(pattern: &str) -> Option<Vec<Body>> {
    const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
    let wanted = || json("nobody's", &format!("{{\"clinic_session\": \"{NOBODY}\", \"person\": \"{NOBODY}\"}}"));
    Some(match pattern {
        "/people/:person/bookings" => {
            vec![form("nobody's", &format!("session={NOBODY}&at=1&key=k")), form("bad", "session=Zq&at=x&key=")]
        }
        "/people/:person/waits" => vec![form("nobody's", &format!("session={NOBODY}")), form("bad", "session=Zq")],
        "/people/:person/waits/:wait" => vec![form("nobody's", "step=leave"), form("bad", "step=marry")],
        "/people/:person/bookings/:booking/cancel" | "/people/:person/missed/:penalty" => vec![form("nobody's", "")],
        "/api/v1/bookings" | "/api/v1/bookings/{id}/reschedule" => vec![wanted(), json("bad", "[]")],
        "/api/v1/bookings/{id}/cancel" => vec![json("nobody's", "{}")],
        "/admin/schedules/import" => vec![form("no file", "do=look")],
        "/admin/schedules/missed/:penalty" => vec![form("nobody's", "")],
        "/admin/schedules/sessions/:session" => vec![form("nobody's", "do=close"), form("bad", "do=marry")],
        "/admin/schedules/sessions/:session/suspend" => vec![form("nobody's", "why=other"), form("bad", "move_to=Zq")],
        _ => return None,
    })
}

/// Bodies of unsafe requests: every one of them has to be here, good and bad.
fn bodies(door: &Door) -> Option<Vec<Body>> {
    let search = format!("{{\"q\": \"{}\"}}", A.resident_id);
    Some(match (door.method.as_str(), door.pattern.as_str()) {
        ("GET" | "HEAD", _) => vec![("", None)],
        ("POST", "/sign-in") => vec![form("empty", "username=&password=")],
        ("POST", "/sign-out") => vec![form("", "")],
        ("POST", "/patients") => vec![form("good", &format!("q={}", A.resident_id)), form("bad", "q=")],
        // Said back to whoever typed it.
        ("POST", "/search") => vec![form("good", "q=desk"), form("bad", "q=")],
        ("POST", "/patients/:person/search" | "/people/:person/record/search") => {
            vec![form("good", "q=ZqA"), form("bad", "q=")]
        }
        ("POST", "/api/v1/patients/{id}/record-search" | "/api/v1/people/{id}/record-search") => {
            vec![json("good", "{\"q\": \"ZqA\"}"), json("bad", "{\"q\": 5}")]
        }
        ("POST", pattern) if pattern.contains("/connections/") => bodies_of_connections(pattern)?,
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
        ("POST", "/admin/roles/change") => vec![
            form("nobody's", "what=end&id=00000000-0000-7000-8000-000000000001"),
            form("beyond", "what=grant&object=section:record&subject=g:nurse&role=manager&effect=allow"),
            form("bad", "what=&object=&role="),
        ],
        ("POST", "/api/v1/grants") => vec![
            json("beyond", "{\"subject\": \"g:nurse\", \"role\": \"manager\", \"object\": \"section:record\"}"),
            json("bad", "[]"),
        ],
        ("POST", "/api/v1/inheritance-blocks") => {
            vec![json("beyond", "{\"object\": \"section:record\", \"role\": \"user\"}"), json("bad", "[]")]
        }
        ("POST", "/api/v1/staff-memberships") => {
            vec![json("beyond", "{\"member\": \"d:region/cn=friends\", \"group\": \"clinician\"}"), json("bad", "[]")]
        }
        (
            "DELETE",
            "/api/v1/grants/{rule}" | "/api/v1/inheritance-blocks/{rule}" | "/api/v1/staff-memberships/{rule}",
        ) => vec![("nobody's", None)],
        ("POST", "/admin/articles/:article") => vec![
            form("preview", "do=preview&zh_title=ZqTitle"),
            form("stale", "do=save&rev=99&slug=zq&topic=heart&audience=public&zh_title=ZqTitle"),
        ],
        ("POST", "/admin/articles/:article/steps") => {
            vec![form("nobody's", "do=publish&rev=1"), form("bad", "do=marry&rev=1")]
        }
        ("POST", "/admin/articles/:article/images") => vec![form("no file", "alt_zh=Zq")],
        ("POST", "/admin/notices") => vec![form("empty", "zh=&en=")],
        ("POST", "/admin/notices/:notice") => vec![form("empty", "zh=&en=&rev=1")],
        ("POST", "/admin/notices/:notice/withdraw") => vec![form("nobody's", "rev=1")],
        ("POST", "/api/v1/session") => vec![json("bad", "{}")],
        ("DELETE", "/api/v1/session" | "/api/v1/connections/{id}") => vec![("", None)],
        ("POST", "/api/v1/patient-searches") => vec![json("good", &search), json("bad", "{\"q\": 5}")],
        ("POST", "/api/v1/patients/{id}/break-glass") => {
            vec![json("empty", "{\"reason\": \"\", \"password\": \"\"}"), json("bad", "[]")]
        }
        ("POST", pattern) if pattern.starts_with("/sharing/") => bodies_of_sharing(pattern)?,
        ("POST", pattern) if bodies_of_booking(pattern).is_some() => bodies_of_booking(pattern)?,
        _ => return bodies_of_pages(door).or_else(|| bodies_of_sources(door)),
    })
}

/// Those of routes that define hospitals.
fn bodies_of_sources(door: &Door) -> Option<Vec<Body>> {
    Some(match (door.method.as_str(), door.pattern.as_str()) {
        ("POST", "/admin/sources/new") => vec![form("bad", "do=save&id=&base_url=ftp%3A%2F%2Fzq")],
        ("POST", "/admin/sources/keys") => vec![form("bad", "do=import&key=Zq")],
        ("POST", "/admin/sources/brands") => vec![form("no file", "search=Zq")],
        ("POST", "/admin/sources/:source/edit") => vec![form("nobody's", "do=save&rev=1&name_zh=Zq")],
        ("POST", "/admin/sources/:source/steps") => {
            vec![form("nobody's", "do=pause&rev=1"), form("bad", "do=marry&rev=1")]
        }
        ("POST", "/admin/sources/:source/tests") => vec![form("nobody's", "patient=")],
        ("POST", "/admin/sources/:source/tries") => vec![form("nobody's", "")],
        ("POST", "/api/v1/sources") => vec![json("bad", "{}")],
        ("PUT", "/api/v1/sources/{source}") => vec![json("bad", "{}")],
        ("DELETE", "/api/v1/sources/{source}") => vec![("unsaid rev", None)],
        ("POST", "/api/v1/sources/{source}/tests") => vec![json("nobody's", "{}")],
        ("POST", "/api/v1/sources/{source}/tries") => vec![json("nobody's", "{}")],
        _ => return None,
    })
}

/// Those of routes that lay pages out, of jobs and of messages.
fn bodies_of_pages(door: &Door) -> Option<Vec<Body>> {
    Some(match (door.method.as_str(), door.pattern.as_str()) {
        ("POST", "/admin/pages") => vec![
            form("good", "op=create&title-zh=%E5%AE%A4&title-en=Room&slug=zq-room&from=template%3Asingle"),
            form("bad", "op=create&title-zh=&title-en=&slug=&from="),
        ],
        ("POST", "/admin/pages/:page") => vec![form("good", "rev=1&do=undo"), form("bad", "rev=x&do=")],
        ("POST", "/admin/pages/:page/publish") => vec![form("good", "rev=1&note="), form("bad", "rev=x")],
        ("POST", "/admin/pages/:page/roll-back") => vec![form("good", "rev=1&to=1"), form("bad", "rev=1")],
        ("POST", "/admin/pages/:page/presence") => vec![form("good", "present=yes"), form("bad", "")],
        ("POST", "/messages") => {
            vec![form("nobody's", "message=00000000-0000-7000-8000-000000000001"), form("all", "")]
        }
        ("POST", "/admin/jobs/:job") => vec![form("nobody's", "do=retry"), form("bad", "do=marry")],
        // What hides something would change what the next doors answer.
        ("POST", "/arrange") => vec![form("good", "do=reset"), form("bad", "do=")],
        ("POST", "/api/v1/pages") => {
            let page =
                "{\"portal\": \"internal\", \"slug\": \"knock\", \"title\": {\"zh\": \"页\", \"en\": \"Page\"}, ";
            let page = format!("{page}\"from\": {{\"copy\": \"p-nowhere\"}}}}");
            vec![json("of nothing", &page), json("bad", "{}")]
        }
        ("PUT", "/api/v1/pages/{page}") => vec![json("unsaid rev", "{\"ops\": []}")],
        ("POST", "/api/v1/pages/{page}/publish") => vec![json("unsaid rev", "{}")],
        ("POST", "/api/v1/pages/{page}/rollback") => vec![json("unsaid rev", "{\"revision\": 1}")],
        ("POST", "/api/v1/pages/{page}/undo" | "/api/v1/pages/{page}/restore") | ("DELETE", "/api/v1/pages/{page}") => {
            vec![("", None)]
        }
        ("POST", "/api/v1/page-files") => vec![json("bad", "{}")],
        _ => return None,
    })
}

/// Doors that end or begin a session: they are tried in a browser of their own.
fn ends_session(door: &Door) -> bool {
    matches!((door.method.as_str(), door.pattern.as_str()), ("POST", "/sign-out") | ("DELETE", "/api/v1/session"))
}

/// What a door wants to be asked behind its path.
fn query(door: &Door, explains: bool) -> String {
    match door.pattern.as_str() {
        "/api/v1/explain" => "?subject=g:nurse&object=section:admin".to_owned(),
        "/admin/roles/change" if door.method != "POST" => "?what=block&object=section:record&role=user".to_owned(),
        pattern if explains && pattern.starts_with("/api/") => format!("?source=hill&resource=Observation/{RESULT}"),
        _ => String::new(),
    }
}

/// What nobody wrote, made or has here; no two of these people are taken for one.
const NOBODY_S: [&str; 14] = [
    ":article",
    ":image",
    ":notice",
    ":job",
    ":flow",
    "{flow}",
    ":connection",
    ":proxy",
    ":invitation",
    ":booking",
    ":wait",
    ":penalty",
    ":session",
    ":pair",
];

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
                    ":source" | "{source}" | ":hospital" => Ok("hill"),
                    ":department" => Ok("nothing-planned"),
                    ":kind" if explains => Ok("Observation"),
                    ":resource" if explains => Ok(RESULT),
                    // Old enough that the patient may open it too.
                    ":kind" => Ok("DiagnosticReport"),
                    ":resource" => Ok("ZqAhillpid-exa"),
                    ":number" => Ok("0"),
                    ":page" if door.side == Side::External => Ok("p-home"),
                    ":page" => Ok("p-home-clinician"),
                    "{page}" => Ok("p-home-clinician"),
                    ":sheet" => Ok("1.css"),
                    ":item" if has([":page", ":page"]) && door.side == Side::External => Ok("newest"),
                    ":item" if has([":page", ":page"]) => Ok("mine"),
                    ":item" => Ok("hill.ZqAhillpid-obs"),
                    "{rule}" => Ok("00000000-0000-7000-8000-000000000001"),
                    "{review}" => Ok("00000000-0000-7000-8000-000000000001"),
                    ":slug" | "{slug}" => Ok("nothing-published"),
                    part if NOBODY_S.contains(&part) => Ok("00000000-0000-7000-8000-000000000001"),
                    "*path" => Ok("portal.css"),
                    part if part.starts_with([':', '{', '*']) => Err(part),
                    part => Ok(part),
                })
                .collect::<Result<_, &str>>()
                .map_err(|part| anyhow::anyhow!("{}: the matrix does not know the parameter {part}", door.pattern))?;
            let asked = query(door, explains);
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
        // The same for everybody, and without a word about anybody.
        let public = ["/static/", "/.well-known/"].iter().any(|folder| knock.path.starts_with(folder));
        let bare = public && answer.status == 200 && answer.header("set-cookie").is_empty();
        if !bare && answer.header("cache-control") != "private, no-store" {
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
    let is_page = |part: &str| {
        part.strip_prefix("p-").is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|one| one.is_ascii_hexdigit()))
    };
    let hides_id = to.split('/').map(|part| if part.len() == 36 || is_page(part) { "{id}" } else { part });
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
