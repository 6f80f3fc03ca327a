//! Hospitals that answer the same bytes every time, each after its own delay. Development only.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use poem::{Route, RouteMethod, Server, endpoint::make, listener::TcpAcceptor};
use serde_json::{Value, json};
use testbed::Hospital;

const RESIDENT_ID: &str = "urn:oid:2.16.156.10011.1.3";
/// A number of an area that is not assigned: nobody can hold it.
pub const NUMBER: &str = "999009196403180328";

/// How a hospital behaves.
#[derive(Clone, Copy)]
pub struct Manner {
    /// Before an answer.
    pub delay: Duration,
    /// Laboratory results of the one patient.
    pub results: usize,
    /// Of so many analytes, in turns, a day apart.
    pub analytes: usize,
    /// Takes connections and never answers what is asked about results.
    pub dead: bool,
}

/// Starts a hospital on a thread and runtime of its own, so that it takes none of the measured threads' time.
pub fn start(at: usize, manner: Manner) -> std::io::Result<Hospital> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    std::thread::Builder::new().name(format!("hospital-{at}")).spawn(move || serve(listener, at, manner))?;
    Ok(Hospital {
        id: format!("h{at}"),
        base_url: base(address),
        platform: "plain".to_owned(),
        name: (format!("第{at}医院"), format!("Hospital {at}")),
    })
}

fn base(address: SocketAddr) -> String {
    format!("http://{address}/fhir")
}

fn serve(listener: TcpListener, at: usize, manner: Manner) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let fixed = |body: Value, may_be_dead: bool| {
            let body = bytes::Bytes::from(body.to_string());
            RouteMethod::new().get(make(move |_| {
                let body = body.clone();
                async move {
                    if manner.dead && may_be_dead {
                        std::future::pending::<()>().await;
                    }
                    tokio::time::sleep(manner.delay).await;
                    poem::Response::builder().content_type("application/fhir+json").body(body)
                }
            }))
        };
        let nothing = bundle(Vec::new());
        let app = Route::new()
            .at("/fhir/Patient", fixed(bundle(vec![patient(at)]), false))
            .at("/fhir/Patient/:id", fixed(patient(at), true))
            .at("/fhir/Observation", fixed(bundle(results(at, manner)), true))
            .at("/fhir/*rest", fixed(nothing, true));
        Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await
    })
}

fn bundle(resources: Vec<Value>) -> Value {
    let entries: Vec<Value> = resources.into_iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries })
}

fn patient(at: usize) -> Value {
    json!({
        "resourceType": "Patient", "id": format!("p{at}"), "gender": "female", "birthDate": "1964-03-18",
        "name": [{ "use": "official", "text": "陈玉兰" }],
        "identifier": [{ "system": RESIDENT_ID, "value": NUMBER }],
    })
}

/// Every value is this hospital's own.
fn results(at: usize, manner: Manner) -> Vec<Value> {
    let one = |number: usize| {
        let (analyte, day) = (number % manner.analytes, number / manner.analytes);
        json!({
            "resourceType": "Observation", "id": format!("h{at}-{number}"), "status": "final",
            "meta": { "versionId": "1", "lastUpdated": "2026-11-20T08:10:00Z" },
            "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory" }] }],
            "code": { "coding": [{ "system": format!("urn:h{at}"), "code": format!("A{analyte}") }], "text": format!("项目{analyte}") },
            "subject": { "reference": format!("Patient/p{at}") },
            "effectiveDateTime": format!("2026-{:02}-{:02}T08:{at:02}:00+08:00", 1 + day / 28 % 12, 1 + day % 28),
            "valueQuantity": { "value": 4.0 + number as f64 / 100.0, "unit": "mmol/L" },
            "referenceRange": [{ "low": { "value": 3.5 }, "high": { "value": 5.3 }, "text": "3.5-5.3" }],
        })
    };
    (0..manner.results).map(one).collect()
}
