//! Bodies of pages, good ones and bad ones.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{FOREIGN, Hospital, Whose, observation, resources::other_patient};

/// A searchset of resources given as texts.
pub(super) fn searchset(entries: &[String], next: Option<&str>) -> String {
    let entries: Vec<String> = entries.iter().map(|one| format!(r#"{{"resource":{one}}}"#)).collect();
    let link = next.map(|next| format!(r#""link":[{}],"#, json!({ "relation": "next", "url": next })));
    let link = link.unwrap_or_default();
    format!(r#"{{"resourceType":"Bundle","type":"searchset",{link}"entry":[{}]}}"#, entries.join(","))
}

/// The number that a `next` of ours carries.
pub(super) fn page_of(path: &str) -> usize {
    let (_, after) = path.split_once("_page=").unwrap_or_default();
    after.split('&').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl Hospital {
    /// A result of the patient's own.
    fn own(&self, id: &str, value: Value) -> Value {
        let mut result = observation(id, json!({ "reference": format!("Patient/{}", self.id) }), 0.0, "钾");
        result["valueQuantity"]["value"] = value;
        result
    }

    /// The address of another page.
    pub(super) fn page(&self, kind: &str, number: usize) -> String {
        format!("{}/{kind}?_page={number}", self.base())
    }

    /// Results like the patient's own, changed by `change`, on page after page.
    pub(super) fn endless(&self, kind: &str, path: &str, count: usize, resource: impl Fn(&str) -> String) -> String {
        let page = page_of(path);
        let entries: Vec<String> = (0..count).map(|nth| resource(&format!("p{page}-{nth}"))).collect();
        searchset(&entries, Some(&self.page(kind, page + 1)))
    }

    /// A result with a value of `size` bytes.
    pub(super) fn fat(&self, id: &str, size: usize) -> String {
        let mut result = self.own(id, json!(4.0));
        if let Some(members) = result.as_object_mut() {
            members.remove("valueQuantity");
            members.insert("valueString".to_owned(), "x".repeat(size).into());
        }
        result.to_string()
    }

    /// A result with `count` components that say nothing.
    pub(super) fn crowded(&self, id: &str, count: usize) -> String {
        let components = vec!["{}"; count].join(",");
        format!(r#"{},"component":[{components}]}}"#, open(&self.own_result(id, 4.0)))
    }

    /// A report that lists `count` results.
    pub(super) fn long_report(&self, id: &str, count: usize) -> String {
        let results = vec![r#"{"reference":"Observation/own-0"}"#; count].join(",");
        format!(
            r#"{{"resourceType":"DiagnosticReport","id":"{id}","status":"final","subject":{{"reference":"Patient/{}"}},
            "category":[{{"coding":[{{"code":"LAB"}}]}}],"code":{{"text":"{id}"}},"result":[{results}]}}"#,
            self.id
        )
    }

    /// The patient's results with a member that stands in `depth` lists.
    pub(super) fn deep(&self, depth: usize) -> String {
        let (opening, closing) = ("[".repeat(depth), "]".repeat(depth));
        let deep = format!(r#"{},"extension":{opening}{closing}}}"#, open(&self.own_result("deep", 4.0)));
        searchset(&[deep], None)
    }

    /// The patient's results, values, ids and codes of which stand twice.
    pub(super) fn duplicated(&self) -> String {
        let twice = |one: &String| {
            format!(r#"{},"id":"second","valueQuantity":{{"value":99.9}},"code":{{"text":"{FOREIGN}"}}}}"#, open(one))
        };
        let entries: Vec<String> = self.results().iter().map(twice).collect();
        searchset(&entries, None)
    }

    /// One good result and many with numbers that are none.
    pub(super) fn wild(&self) -> String {
        let long = "9".repeat(100_000);
        let numbers = ["NaN", "-Infinity", "1e999999999", "-1e-999999999", "0x10", "1.", ".5", "--1", long.as_str()];
        let wild = numbers.iter().enumerate().map(|(nth, number)| {
            self.own(&format!("wild-{nth}"), json!("WILD")).to_string().replace(r#""WILD""#, number)
        });
        let entries: Vec<String> = self.results().into_iter().chain(wild).collect();
        searchset(&entries, None)
    }

    /// A page of bytes: the patient's results, one text of them in GBK.
    pub(super) fn gbk(&self) -> Vec<u8> {
        let page = searchset(&self.results(), None);
        let (before, after) = page.split_once('钾').unwrap_or((&page, ""));
        [before.as_bytes(), b"\xbc\xd8", after.as_bytes()].concat()
    }

    /// The patient's own results and entries that are not hers.
    pub(super) fn whose(&self, whose: Whose, path: &str) -> String {
        let (base, value) = (self.base(), 66.6);
        let foreign = |nth: usize| whose.resource(&format!("foreign-{nth}"), &self.id, &base, value);
        let own = self.results();
        match whose {
            Whose::NextPage if page_of(path) == 0 => searchset(&own, Some(&self.page("Observation", 1))),
            Whose::NextPage => searchset(&[foreign(1), foreign(2)], None),
            Whose::PatientReplaced | Whose::Own => searchset(&own, None),
            Whose::Included => {
                let include = |one: &str| format!(r#"{{"search":{{"mode":"include"}},"resource":{one}}}"#);
                let page = searchset(&own, None);
                let beside = [other_patient("somebody-else").to_string(), foreign(1)].map(|one| include(&one));
                format!("{},{}]}}", page.strip_suffix("]}").unwrap_or_default(), beside.join(","))
            }
            _ => searchset(&[own, vec![foreign(1), foreign(2)]].concat(), None),
        }
    }
}

/// The text of a resource without its last brace.
fn open(resource: &str) -> &str {
    resource.strip_suffix('}').unwrap_or(resource)
}

/// Some MiB of blanks, compressed: a thousandth of that.
pub(super) fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let blanks = vec![b' '; 1 << 20];
    // Writing into memory does not fail.
    let _ = (0..mebibytes).try_for_each(|_| bomb.write_all(&blanks));
    bomb.finish().unwrap_or_default()
}

/// A gzip member that holds nothing.
pub(super) fn empty_member() -> Vec<u8> {
    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()).finish().unwrap_or_default()
}
