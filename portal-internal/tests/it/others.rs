//! A region that has nothing to do with the sandbox: another directory, other hospitals, other people, another number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::openldap::OpenLdap;
use testbed::{Answer, Database, Directory, Hospital, Region, Staff, TestPortal, Visitor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Not the sandbox's.
const RESIDENT_ID: &str = "https://ids.example.org/resident";
/// Numbers of an area that is not assigned: nobody can hold them.
const WENONA: &str = "999009196403180328";
const YICHUAN: &str = "99900920100228121X";

#[tokio::test(flavor = "multi_thread")]
async fn a_region_nobody_has_described_is_read_as_it_is() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let ldap = OpenLdap::start()?;
    let (harbour, hill) = (harbour().await?, hill().await?);
    let region = region(&ldap, &harbour, &hill)?;
    let portal = TestPortal::internal_with(&Database::sqlite().await?, &region, |table| {
        table["identifiers"]["resident_id"] = toml::Value::Array(vec![RESIDENT_ID.into()]);
    })
    .await?;
    let mut clinician = portal.clinician("li.wei").await?.speaking("en");
    assert!(clinician.get("/").await?.body.contains("李伟"), "the directory's name of the person signed in");

    // By family name, by resident ID, by record number: one person each time, known to both.
    let wenona = super::find(&mut clinician, WENONA).await?;
    for query in ["Cormier", "cormier", "HB-1001"] {
        assert_eq!(found(&mut clinician, query).await?, [("Wenona Cormier".to_owned(), wenona.clone())], "{query}");
    }
    let yichuan = super::find(&mut clinician, YICHUAN).await?;
    assert_eq!(found(&mut clinician, "何一川").await?, [("何一川".to_owned(), yichuan.clone())]);
    assert_ne!(wenona, yichuan);
    assert_eq!(found(&mut clinician, "陈玉兰").await?, [], "somebody of the sandbox's");

    let searched = clinician.post_form("/patients", &[("q", WENONA)]).await?;
    assert_eq!(searched.status, 303, "{}", searched.body);
    let results = clinician.get(searched.location()).await?;
    assert!(results.body.contains("Wenona Cormier") && !results.body.contains(WENONA), "{}", results.body);

    let own = ["harbour Observation/h-k1", "harbour Observation/h-k2", "harbour Observation/h-k3"];
    let own = [own.as_slice(), &["harbour Observation/h-na", "harbour Observation/h-glu"]].concat();
    let others = ["hill Observation/1", "hill Observation/2", "hill Observation/4"];
    reads(&mut clinician, &wenona, "Wenona Cormier", &[own, others.to_vec()].concat()).await?;
    // Two hospitals, one of which answers a page of two at a time.
    assert!(harbour.pages("Observation") >= 3, "the second page was never asked for");
    reads(&mut clinician, &yichuan, "何一川", &["harbour Observation/h-yi"]).await
}

/// Record and pages of a person hold the results of `expected` (hospital and resource), and nothing else.
async fn reads(clinician: &mut Visitor, id: &str, name: &str, expected: &[&str]) -> Result<()> {
    let labs = clinician.get(&format!("/api/v1/patients/{id}/record/lab-results")).await?.json();
    assert_eq!(labs["complete"], true, "{}", labs["sources"]);
    assert_eq!(labs["items"].as_array().map(Vec::len), Some(expected.len()), "{labs}");
    let expected: BTreeSet<String> = expected.iter().map(|&one| one.to_owned()).collect();
    assert_eq!(origins(&labs), expected);
    let hospitals: BTreeSet<&str> = expected.iter().filter_map(|one| one.split(' ').next()).collect();
    let people = clinician.get(&format!("/api/v1/patients/{id}/record/demographics")).await?.json();
    assert_eq!(people["complete"], true, "{}", people["sources"]);
    let registered: BTreeSet<String> = origins(&people);
    let registered: BTreeSet<&str> = registered.iter().filter_map(|one| one.split(' ').next()).collect();
    assert_eq!(registered, hospitals, "{people}");
    for section in ["demographics", "lab-results"] {
        let page = clinician.get(&format!("/patients/{id}/{section}")).await?;
        assert_eq!(page.status, 200, "{section}: {}", page.body);
        assert!(page.body.contains(name) && page.body.contains("Harbour Clinic"), "{section}: {}", page.body);
        assert!(page.body.contains("St Hilda on the Hill"), "not in the ledger of {section}: {}", page.body);
        of_this_region_alone(&page);
    }
    Ok(())
}

/// Neither people nor hospitals of the sandbox, nor a number in full.
fn of_this_region_alone(page: &Answer) {
    for foreign in ["市第一人民医院", "大学附属医院", "City First", "陈玉兰", "Mallory", WENONA, YICHUAN]
    {
        assert!(!page.body.contains(foreign), "{foreign}: {}", page.body);
    }
}

/// `hospital Type/id` of everything in a section.
fn origins(record: &Value) -> BTreeSet<String> {
    let items = record["items"].as_array().into_iter().flatten();
    let origins = items.flat_map(|item| item["origins"].as_array().into_iter().flatten());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    origins.map(|one| format!("{} {}", text(&one["source"]), text(&one["resource"]))).collect()
}

/// Names and regional ids of the people a search finds.
async fn found(visitor: &mut Visitor, query: &str) -> Result<Vec<(String, String)>> {
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&json!({ "q": query }))).await?;
    anyhow::ensure!(answer.status == 200, "{query}: {} {}", answer.status, answer.body);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = answer.json();
    let items = found["items"].as_array().context("no list")?.iter();
    Ok(items.map(|one| (text(&one["name"]), text(&one["id"]))).collect())
}

fn region(ldap: &OpenLdap, harbour: &Server, hill: &Server) -> Result<Region> {
    let hospital = |id: &str, server: &Server, zh: &str, en: &str| Hospital {
        id: id.to_owned(),
        base_url: server.base_url.clone(),
        platform: "plain".to_owned(),
        name: (zh.to_owned(), en.to_owned()),
    };
    let directory = Directory {
        url: ldap.url.clone(),
        starttls: true,
        ca_pem: std::fs::read_to_string(&ldap.ca_file)?,
        base_dn: ldap.base_dn.clone(),
        group_base_dn: ldap.group_base_dn.clone(),
        bind_dn: ldap.bind_dn.clone(),
        bind_password: ldap.bind_password.clone(),
        user_filter: "(&(objectClass=inetOrgPerson)(uid={uid}))".to_owned(),
        // 李伟 is in it by way of `cardiology`.
        roles: vec![(format!("cn=physicians,{}", ldap.group_base_dn), "clinician".to_owned())],
    };
    let li_wei =
        Staff { username: "li.wei".into(), password: "correct horse".into(), roles: vec!["clinician".to_owned()] };
    let hospitals = vec![
        hospital("harbour", harbour, "港口诊所", "Harbour Clinic"),
        hospital("hill", hill, "山上圣希尔达医院", "St Hilda on the Hill"),
    ];
    Ok(Region::of(hospitals, directory, vec![li_wei]))
}

/// Names as text and in parts; two results a page whatever is asked for; reports are there, but none of these people.
async fn harbour() -> Result<Server> {
    let patient = |id: &str, number: &str, text: &str, (family, given): (&str, &str), birth: &str, mr: &str| {
        json!({
            "resourceType": "Patient", "id": id, "birthDate": birth,
            // The number says it too: an odd sequence is a man's.
            "gender": if number.as_bytes()[16] % 2 == 1 { "male" } else { "female" },
            "name": [{ "use": "official", "text": text, "family": family, "given": [given] }],
            "identifier": [
                { "system": RESIDENT_ID, "value": number },
                { "system": "urn:harbour:mr", "value": mr, "type": { "coding": [{ "code": "MR" }] } },
            ],
        })
    };
    let of = |id: &str, whom: &str, code: (&str, &str), day: u8, value: (f64, &str)| {
        observation(id, &format!("Patient/{whom}"), "laboratory", code, &format!("2026-11-{day:02}"), value)
    };
    let (k, mmol) = (("2823-3", "Potassium"), "mmol/L");
    let heart_rate =
        observation("h-hr", "Patient/w-1", "vital-signs", ("8867-4", "Heart rate"), "2026-11-03", (71.0, "/min"));
    let resources = vec![
        patient("w-1", WENONA, "Wenona Cormier", ("Cormier", "Wenona"), "1964-03-18", "HB-1001"),
        patient("y-1", YICHUAN, "何一川", ("何", "一川"), "2010-02-28", "HB-1002"),
        patient("m-1", "999009198507120177", "Mallory Vance", ("Vance", "Mallory"), "1985-07-12", "HB-1003"),
        of("h-k1", "w-1", k, 1, (4.1, mmol)),
        heart_rate,
        of("h-other", "m-1", k, 2, (5.9, mmol)),
        of("h-k2", "w-1", k, 2, (4.4, mmol)),
        of("h-k3", "w-1", k, 3, (4.6, mmol)),
        of("h-na", "w-1", ("2951-2", "Sodium"), 3, (140.0, mmol)),
        of("h-yi", "y-1", k, 4, (3.9, mmol)),
        of("h-glu", "w-1", ("2345-7", "Glucose"), 3, (98.0, "mg/dL")),
    ];
    Server::start(resources, &["Patient", "Observation", "DiagnosticReport"], 2).await
}

/// Names in parts only, ids that are numbers, and no reports at all: asked for them it answers 404.
async fn hill() -> Result<Server> {
    let of = |id: &str, whom: &str, code: (&str, &str), day: u8, value: f64| {
        observation(id, &format!("Patient/{whom}"), "laboratory", code, &format!("2026-10-{day:02}"), (value, "mmol/L"))
    };
    let patient = |id: &str, number: &str, family: &str, given: &str, birth: &str| {
        json!({
            "resourceType": "Patient", "id": id, "gender": "female", "birthDate": birth,
            "name": [{ "family": family, "given": [given] }],
            "identifier": [{ "use": "official", "system": RESIDENT_ID, "value": number }],
        })
    };
    let resources = vec![
        patient("77", WENONA, "Cormier", "Wenona", "1964-03-18"),
        patient("78", "999009201906150087", "Vance", "Mallory", "2019-06-15"),
        of("1", "77", ("2823-3", "K"), 1, 4.0),
        of("2", "77", ("2951-2", "Na"), 1, 139.0),
        of("3", "78", ("2823-3", "K"), 1, 4.9),
        of("4", "77", ("2160-0", "Creatinine"), 2, 0.08),
    ];
    Server::start(resources, &["Patient", "Observation"], 500).await
}

fn observation(
    id: &str,
    subject: &str,
    category: &str,
    (code, text): (&str, &str),
    day: &str,
    (value, unit): (f64, &str),
) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/observation-category";
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "subject": { "reference": subject },
        "category": [{ "coding": [{ "system": system, "code": category }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }], "text": text },
        "effectiveDateTime": format!("{day}T08:10:00+00:00"), "valueQuantity": { "value": value, "unit": unit },
    })
}

/// A FHIR R4 server that does what the specification says of the searches it is asked, and no more. Stops when dropped.
struct Server {
    base_url: String,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// With these resources, searches in `types`, and never more than `most` resources a page.
    async fn start(resources: Vec<Value>, types: &'static [&'static str], most: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/fhir/r4", listener.local_addr()?);
        let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
        let hospital = Arc::new(Records { resources, types, most, base_url: base_url.clone() });
        let heard = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, hospital.clone(), heard.clone()));
            }
        });
        Ok(Self { base_url, requests, task })
    }

    /// How many pages of `kind` were asked for.
    fn pages(&self, kind: &str) -> usize {
        let requests = self.requests.lock().expect("no panic while it was held");
        requests.iter().filter(|path| path.starts_with(kind)).count()
    }
}

async fn answer(
    mut stream: tokio::net::TcpStream,
    hospital: Arc<Records>,
    heard: Arc<std::sync::Mutex<Vec<String>>>,
) -> Option<()> {
    let (mut head, mut chunk) = (Vec::new(), [0; 2048]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&chunk[..read]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split_whitespace().nth(1)?.strip_prefix("/fhir/r4/").unwrap_or("?").to_owned();
    let (status, body) = match hospital.answer(&path) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error" }] })),
    };
    heard.lock().ok()?.push(path);
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/fhir+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()
}

struct Records {
    resources: Vec<Value>,
    types: &'static [&'static str],
    most: usize,
    base_url: String,
}

impl Records {
    /// `Observation?patient=w-1&category=laboratory`, `Patient/w-1`.
    fn answer(&self, path: &str) -> Option<Value> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if let Some((kind, id)) = path.split_once('/') {
            let wanted = |one: &&Value| one["resourceType"] == kind && one["id"] == id;
            return self.resources.iter().find(wanted).cloned();
        }
        self.types.contains(&path).then_some(())?;
        let asked: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let page: usize = asked.get("_page").and_then(|page| page.parse().ok()).unwrap_or_default();
        let count = asked.get("_count").and_then(|count| count.parse().ok()).unwrap_or(self.most).min(self.most);
        let fits =
            |one: &&Value| one["resourceType"] == path && asked.iter().all(|(name, value)| fits(one, name, value));
        let all: Vec<&Value> = self.resources.iter().filter(fits).collect();
        let mut link = Vec::new();
        if all.len() > (page + 1) * count {
            let mut next = url::form_urlencoded::Serializer::new(String::new());
            next.extend_pairs(asked.iter().filter(|(name, _)| *name != "_page"));
            next.append_pair("_page", &(page + 1).to_string());
            link.push(json!({ "relation": "next", "url": format!("{}/{path}?{}", self.base_url, next.finish()) }));
        }
        let entry = all.iter().skip(page * count).take(count).map(|one| {
            let url = format!("{}/{path}/{}", self.base_url, one["id"].as_str().unwrap_or_default());
            json!({ "fullUrl": url, "resource": one, "search": { "mode": "match" } })
        });
        let entry: Vec<Value> = entry.collect();
        Some(json!({ "resourceType": "Bundle", "type": "searchset", "total": all.len(), "link": link, "entry": entry }))
    }
}

/// https://hl7.org/fhir/R4/search.html: a string begins with what is asked for, in any case; a token is the same, with
/// its system where one is named. What a server doesn't know it ignores.
fn fits(resource: &Value, parameter: &str, asked: &str) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match parameter {
        "name" => list(&resource["name"]).iter().any(|name| {
            let parts = [name["text"].clone(), name["family"].clone()].into_iter().chain(list(&name["given"]));
            let begins = |part: &str| part.to_lowercase().starts_with(&asked.to_lowercase());
            parts.filter_map(|part| part.as_str().map(begins)).any(|fits| fits)
        }),
        "identifier" => list(&resource["identifier"]).iter().any(|identifier| match asked.split_once('|') {
            Some((system, value)) => identifier["system"] == system && identifier["value"] == value,
            None => identifier["value"] == asked,
        }),
        "patient" | "subject" => {
            let id = asked.strip_prefix("Patient/").unwrap_or(asked);
            resource["subject"]["reference"] == format!("Patient/{id}")
        }
        "category" => list(&resource["category"]).iter().flat_map(|one| list(&one["coding"])).any(|coding| {
            let code = asked.split_once('|').map_or(asked, |(_, code)| code);
            coding["code"] == code
        }),
        _ => true,
    }
}
