//! For every guard, what is to be seen when it is missing. With all guards standing a probe finds nothing.

use std::collections::BTreeMap;

use access::Safeguard;
use anyhow::{Result, ensure};
use sha2::{Digest as _, Sha256};
use testbed::hostile_ldap::{HostileLdap, Manner};
use testbed::{Database, TestPortal};

use super::canary::A;
use super::stage::{Browser, Side, Stage, Who};
use super::walk::{Knock, Walk};

/// The portal whose guard it is tried on.
pub fn side(guard: Safeguard) -> Side {
    match guard {
        Safeguard::OwnRecord | Safeguard::ReleasePolicy => Side::External,
        _ => Side::Internal,
    }
}

/// What the missing guard lets through, in words; empty when it stands. `usual` is the walk with every guard.
pub async fn probe(stage: &mut Stage, guard: Safeguard, usual: &Walk) -> Result<Vec<String>> {
    match guard {
        Safeguard::EmptyPassword => empty_password(stage).await,
        Safeguard::SessionRevoked => session_revoked(stage).await,
        Safeguard::SessionIdle => session_late(stage, "last_seen_at = last_seen_at - 16 * 60000").await,
        Safeguard::SessionAge => session_late(stage, "expires_at = created_at - 1").await,
        Safeguard::CsrfOrigin => csrf(stage, "https://evil.example", true).await,
        Safeguard::CsrfToken => csrf(stage, "", false).await,
        Safeguard::FreshSignIn => glass(stage, &[("password", "ZqWrong")]).await,
        Safeguard::StatedReason => glass(stage, &[("reason", "急")]).await,
        Safeguard::GlassAudit => glass_with_a_full_log(stage).await,
        Safeguard::RelationEnd => relation_ended(stage).await,
        Safeguard::ReadIntent => read_with_a_full_log(stage).await,
        Safeguard::RefusalAudit => refusal_remembered(stage).await,
        Safeguard::LinkContradiction => contradiction(stage).await,
        Safeguard::SearchMaker => anothers_search(stage).await,
        Safeguard::RouteGate
        | Safeguard::OperationGate
        | Safeguard::DomainPolicy
        | Safeguard::TreatmentRelation
        | Safeguard::RelationReader
        | Safeguard::RelationPerson
        | Safeguard::OwnRecord
        | Safeguard::Compartment
        | Safeguard::ReleasePolicy
        | Safeguard::Masking
        | Safeguard::UniformNotFound
        | Safeguard::NoStore => walked(stage, guard, usual).await,
    }
}

/// The part of the matrix that is about a guard.
pub fn is_about(guard: Safeguard, knock: &Knock) -> bool {
    let read = knock.door.method == "GET";
    let pattern = knock.door.pattern.as_str();
    let record = read && matches!(knock.target, "A" | "B");
    let record = record && matches!(knock.variant.as_str(), "lab-results" | "demographics");
    match guard {
        Safeguard::RouteGate => matches!(pattern, "/patients" | "/api/docs"),
        Safeguard::OperationGate => pattern.starts_with("/api/v1/") && knock.variant.ends_with("bad"),
        Safeguard::NoStore => read && pattern == "/patients",
        Safeguard::UniformNotFound => record || pattern == "/patients",
        _ => record,
    }
}

/// That part, walked again.
async fn walked(stage: &mut Stage, guard: Safeguard, usual: &Walk) -> Result<Vec<String>> {
    // A found list is kept for ten minutes, and the walk before this may have taken longer.
    stage.find().await?;
    let again = Walk::of(stage, side(guard), |knock| is_about(guard, knock)).await?;
    ensure!(!again.cells.is_empty(), "{}: nothing was walked", guard.name());
    Ok(again.unlike(usual))
}

impl Walk {
    /// What is not as usual, and what must never be.
    fn unlike(self, usual: &Walk) -> Vec<String> {
        // The address of a found list is another one each time: what a knock is about says which one it is.
        let about = |knock: &Knock| (knock.door.clone(), knock.variant.clone(), knock.target);
        let usual: BTreeMap<_, _> = usual.cells.iter().map(|(knock, cells)| (about(knock), cells)).collect();
        let changed = self.cells.iter().map(|(knock, cells)| (knock, cells, usual.get(&about(knock)).copied()));
        let changed = changed.filter(|(_, cells, before)| *before != Some(*cells)).map(|(knock, cells, before)| {
            let (door, variant, target) = (&knock.door, &knock.variant, knock.target);
            format!("{} {} {variant} {target}: {cells:?}, not {before:?}", door.method, door.pattern)
        });
        changed.chain(self.breaches.iter().cloned()).collect()
    }
}

/// A directory that takes a name without a password for a sign-in, as the protocol has it.
async fn empty_password(stage: &Stage) -> Result<Vec<String>> {
    let peer = HostileLdap::start(Manner::Unauthenticated).await?;
    let url = peer.url.clone();
    let mut portal = TestPortal::internal_with(&Database::sqlite().await?, testbed::region().await, |table| {
        let Some(directory) = table["directory"][0].as_table_mut() else { return };
        for key in ["ca_file", "group_base_dn", "role"] {
            directory.remove(key);
        }
        for (key, value) in [
            ("urls", toml::Value::from(vec![url])),
            ("starttls", false.into()),
            ("insecure", true.into()),
            ("base_dn", "dc=x".into()),
            ("bind_dn", "cn=service,dc=x".into()),
        ] {
            directory.insert(key.to_owned(), value);
        }
    })
    .await?;
    if let Some(guards) = stage.internal.without() {
        let guards: Vec<&str> = guards.iter().map(String::as_str).collect();
        portal.serve_without(&guards).await?;
    }
    let mut found = Vec::new();
    for password in ["", "ZqWrong"] {
        let before = peer.binds();
        let mut visitor = portal.visitor()?;
        // By the API: the form asks for a password by itself.
        let asked = serde_json::json!({ "username": "li.wei", "password": password });
        let answer = visitor.json(poem::http::Method::POST, "/api/v1/session", Some(&asked)).await?;
        let binds = peer.binds() - before;
        let inside = visitor.get("/api/v1/session").await?.status == 200;
        // Somebody who has typed something is asked for; the control of this probe.
        ensure!(
            password.is_empty() || (binds == 2 && !inside),
            "the directory is not asked: {binds} {}",
            answer.status
        );
        if password.is_empty() && (inside || binds > 0) {
            found.push(format!("an empty password: {}, {binds} binds, signed in: {inside}", answer.status));
        }
    }
    Ok(found)
}

fn session_row(browser: &mut Browser) -> String {
    let cookie = browser.visitor.cookies().get("portal-internal").cloned().unwrap_or_default();
    Sha256::digest(cookie.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Somebody keeps the cookie of a session that its owner has ended.
async fn session_revoked(stage: &mut Stage) -> Result<Vec<String>> {
    let mut browser = stage.arrive(Who::Researcher).await?;
    let mut thief = browser.clone();
    let out = browser.knock("POST", "/sign-out", Some(("application/x-www-form-urlencoded", String::new()))).await?;
    ensure!(out.status == 303, "signing out: {}", out.status);
    still_in(&mut thief, "signed out").await
}

async fn session_late(stage: &mut Stage, change: &str) -> Result<Vec<String>> {
    let mut browser = stage.arrive(Who::Researcher).await?;
    let row = session_row(&mut browser);
    stage.sql(&format!("UPDATE staff_session SET {change} WHERE id_hash = '{row}'")).await?;
    still_in(&mut browser, change).await
}

async fn still_in(browser: &mut Browser, after: &str) -> Result<Vec<String>> {
    let answer = browser.get("/api/v1/session").await?;
    ensure!(matches!(answer.status, 200 | 401), "{}: {}", answer.status, answer.body);
    Ok(if answer.status == 200 { vec![format!("a session lives on: {after}")] } else { Vec::new() })
}

/// A form from another site, or without the token.
async fn csrf(stage: &mut Stage, origin: &str, with_token: bool) -> Result<Vec<String>> {
    let browser = stage.browser(Who::Clinician, Side::Internal);
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend((!origin.is_empty()).then_some(("origin", origin)));
    let token = browser.token.clone();
    headers.extend(with_token.then_some(("x-csrf-token", token.as_str())));
    let answer = browser.visitor.knock("POST", "/patients", &headers, Some("q=".to_owned())).await?;
    Ok(if answer.status == 403 { Vec::new() } else { vec![format!("a foreign form was taken: {}", answer.status)] })
}

/// B's record, by somebody who has no business there, with something missing.
async fn glass(stage: &mut Stage, change: &[(&str, &str)]) -> Result<Vec<String>> {
    let answer = stage.break_glass(Who::Stranger, 'B', change).await?;
    let open = stage.count("SELECT COUNT(*) AS n FROM treatment_relation WHERE reason LIKE 'emergency%'").await? - 2;
    // Closed again for those who come after.
    let subject = stage.subject(Who::Stranger).await?;
    stage.sql(&format!("DELETE FROM treatment_relation WHERE staff = '{subject}'")).await?;
    let broken = answer.status < 400 || open != 0;
    Ok(if broken { vec![format!("the glass broke: {} {change:?}", answer.status)] } else { Vec::new() })
}

async fn glass_with_a_full_log(stage: &mut Stage) -> Result<Vec<String>> {
    stage.log_is_full_for("relation.break-glass").await?;
    let seen = glass(stage, &[]).await;
    stage.log_is_emptied().await?;
    seen
}

/// Before its end and after it, by the clock: how long everybody has been walked through the doors does not matter.
async fn relation_ended(stage: &mut Stage) -> Result<Vec<String>> {
    let path = format!("/api/v1/patients/{}/record/demographics", stage.ids[&'A']);
    let subject = stage.subject(Who::Clinician).await?;
    let hour = 3_600_000;
    let mut statuses = Vec::new();
    for left in [60_000, -1, hour] {
        let end = jiff::Timestamp::now().as_millisecond() + left;
        let change = format!("since = {}, until = {end}", end - hour);
        let all = format!("UPDATE treatment_relation SET {change} WHERE staff = '{subject}' AND until IS NOT NULL");
        stage.sql(&all).await?;
        if left < hour {
            statuses.push(stage.browser(Who::Clinician, Side::Internal).get(&path).await?.status);
        }
    }
    ensure!(statuses[0] == 200, "closed before its end: {}", statuses[0]);
    Ok(if statuses[1] == 403 { Vec::new() } else { vec![format!("open after its end: {}", statuses[1])] })
}

async fn read_with_a_full_log(stage: &mut Stage) -> Result<Vec<String>> {
    let path = format!("/patients/{}/lab-results", stage.ids[&'A']);
    stage.log_is_full_for("record.read.intent").await?;
    let answer = stage.browser(Who::Clinician, Side::Internal).get(&path).await;
    stage.log_is_emptied().await?;
    let answer = answer?;
    let shown = stage.canaries.in_text(&answer.body).next();
    let refused = answer.status >= 500 && shown.is_none();
    Ok(if refused { Vec::new() } else { vec![format!("read without a trace: {}", answer.status)] })
}

async fn refusal_remembered(stage: &mut Stage) -> Result<Vec<String>> {
    let (patient, count) = (stage.ids[&'B'].clone(), "SELECT COUNT(*) AS n FROM audit_event WHERE outcome = 'refused'");
    let before = stage.count(count).await?;
    let answer = stage.browser(Who::Stranger, Side::Internal).get(&format!("/patients/{patient}/demographics")).await?;
    ensure!(answer.status == 403, "{}", answer.status);
    let after = stage.count(count).await?;
    Ok(if after > before { Vec::new() } else { vec!["nobody remembers the refusal".to_owned()] })
}

/// The hospital has given A's record number to D.
async fn contradiction(stage: &mut Stage) -> Result<Vec<String>> {
    let path = format!("/api/v1/patients/{}/record/lab-results", stage.ids[&'A']);
    stage.hill_turns();
    let answer = stage.browser(Who::Clinician, Side::Internal).get(&path).await;
    stage.hill_turns_back();
    let answer = answer?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
    let foreign = stage.canaries.in_text(&answer.body).filter(|canary| canary.person == 'D');
    Ok(foreign.map(|canary| format!("sees {} of D", canary.field)).collect())
}

/// The address of a list that a colleague has found.
async fn anothers_search(stage: &mut Stage) -> Result<Vec<String>> {
    stage.find().await?;
    let path = format!("/patients?search={}", stage.search);
    let own = stage.browser(Who::Clinician, Side::Internal).get(&path).await?;
    ensure!(own.body.contains(&A.name()), "one's own list: {} {}", own.status, own.body);
    let others = stage.browser(Who::Stranger, Side::Internal).get(&path).await?;
    let shown = others.body.contains(&A.name());
    Ok(if shown { vec!["a colleague's list".to_owned()] } else { Vec::new() })
}

/// Nobody reads anybody's words in the log, whatever has happened.
pub fn in_logs(stage: &Stage) -> Vec<String> {
    let mut found = Vec::new();
    for side in Side::ALL {
        let log = stage.portal(side).log();
        let words = stage.canaries.in_text(&log).map(|canary| format!("{} of {}", canary.field, canary.person));
        found.extend(words.map(|word| format!("the {} log holds {word}", side.name())));
        for secret in ["ZqReason", "ZqWrong", "demo-li.wei"] {
            found.extend(log.contains(secret).then(|| format!("the {} log holds {secret}", side.name())));
        }
        for id in stage.ids.values() {
            found.extend(
                log.contains(id.as_str()).then(|| format!("the {} log names whom a page is about", side.name())),
            );
        }
    }
    found
}

/// What the audit log says of a route that somebody was refused: once a minute, with the route and not the path.
pub async fn refused_routes(stage: &mut Stage) -> Result<()> {
    stage.internal.stop();
    stage.internal.serve().await?;
    let id = stage.ids[&'A'].clone();
    let count = "SELECT COUNT(*) AS n FROM audit_event WHERE action = 'route.refused' \
                 AND object_id = '/patients/:person/:section' AND person IS NOT NULL";
    let before = stage.count(count).await?;
    for section in ["lab-results", "demographics", "summary"] {
        let answer = stage.browser(Who::Researcher, Side::Internal).get(&format!("/patients/{id}/{section}")).await?;
        ensure!(answer.status == 404, "{}", answer.status);
    }
    let rows = stage.count(count).await? - before;
    ensure!(rows == 1, "{rows} rows for three refusals within a minute");
    Ok(())
}

/// Who was shown to whom is in the log: by a search, by its list, and on a patient's first page.
pub async fn shown_is_remembered(stage: &mut Stage) -> Result<()> {
    let patient = stage.ids[&'A'].clone();
    for (what, action, filter) in [
        ("a search", "patient.search", format!("outcome = 'ok' AND detail LIKE '%{patient}%'")),
        ("a list", "patient.search.shown", format!("detail LIKE '%{patient}%'")),
        ("the first page", "record.read.intent", "domain = 'external' AND object_id = 'cover'".to_owned()),
        ("links", "record.read.refused", "domain = 'internal' AND reason = 'break-glass-required'".to_owned()),
    ] {
        let count = format!("SELECT COUNT(*) AS n FROM audit_event WHERE action = '{action}' AND {filter}");
        ensure!(stage.count(&count).await? > 0, "{what} is not in the audit log");
    }
    Ok(())
}

/// The whole way through the page: refused with what is wrong, then open.
pub async fn form(stage: &mut Stage) -> Result<()> {
    let id = stage.ids[&'B'].clone();
    let path = format!("/patients/{id}/break-glass");
    let browser = stage.browser(Who::Clinician, Side::Internal);
    let page = browser.get(&path).await?;
    ensure!(page.status == 403 && page.body.contains("紧急调阅"), "{} {}", page.status, page.body);
    let form = |fields: &[(&str, &str)]| {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Some(("application/x-www-form-urlencoded", body))
    };
    let reason = "ZqReasonUnconscious, brought in at 21:10";
    for (fields, field) in [
        (vec![("grounds", ""), ("reason", reason), ("password", "demo-li.wei")], "grounds-emergency"),
        (vec![("grounds", "emergency"), ("reason", ""), ("password", "demo-li.wei")], "reason"),
        (vec![("grounds", "emergency"), ("reason", reason), ("password", "")], "password"),
        (vec![("grounds", "emergency"), ("reason", reason), ("password", "ZqWrong")], "password"),
    ] {
        let page = browser.knock("POST", &path, form(&fields)).await?;
        ensure!(page.status == 422, "{field}: {} {}", page.status, page.body);
        let summary = format!("<li><a href=\"#{field}\">");
        ensure!(page.body.contains("<title>错误：") && page.body.contains(&summary), "{field}: {}", page.body);
        ensure!(page.body.contains(&format!("id=\"{field}\"")), "{field} leads nowhere");
        ensure!(fields[1].1.is_empty() || page.body.contains(reason), "what was typed is gone");
        ensure!(!page.body.contains("demo-li.wei") && !page.body.contains("ZqWrong"), "the password comes back");
    }
    let good = [("grounds", "on-duty"), ("reason", reason), ("password", "demo-li.wei")];
    let opened = browser.knock("POST", &path, form(&good)).await?;
    ensure!(opened.status == 303 && opened.location() == format!("/patients/{id}"), "{}", opened.body);
    let record = browser.get(&format!("/api/v1/patients/{id}/record/demographics")).await?;
    ensure!(record.status == 200, "{}", record.body);
    let told = "SELECT COUNT(*) AS n FROM audit_event WHERE action = 'relation.break-glass' AND outcome = 'ok' \
                AND reason LIKE 'on-duty: ZqReason%'";
    ensure!(stage.count(told).await? == 1, "the reason is not in the audit log");
    let read = "SELECT COUNT(*) AS n FROM audit_event WHERE action = 'record.read.intent' AND reason = 'break-glass'";
    ensure!(stage.count(read).await? > 0, "the relation is not named in the audit log");
    // Twice as open is not twice as long.
    let again = stage.browser(Who::Clinician, Side::Internal).get(&path).await?;
    ensure!(again.status == 303, "{}", again.status);
    Ok(())
}
