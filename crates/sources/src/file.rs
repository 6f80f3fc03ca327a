//! `sources.toml`: the hospitals of the configuration.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fhir::{Client, Platform};
use outbound::TargetSettings;
use toml::{Table, Value};
use url::Url;

mod auth;

use crate::{
    Auth, AuthKind, Environment, LocalCodes, Name, Problem, Source, Standing,
    breaker::Breaker,
    maker::Maker,
    sign_in::{SecretAt, SignIn},
    table::Fields,
};
use auth::{Door, auth, is_plain, launch};

const KEYS: [&str; 13] = [
    "id",
    "name",
    "short_name",
    "platform",
    "environment",
    "base_url",
    "auth",
    "launch",
    "timeout_ms",
    "sweep",
    "proxy",
    "ca_file",
    "local_codes",
];

/// The sources of `file`, in its order, and what made them.
pub(crate) fn read(file: &Path, platforms: &Path) -> Result<(Vec<Arc<Source>>, Maker), Vec<Problem>> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        vec![Problem::new(&shown, format!("can't be read: {error}"), "check [sources] file and its permissions")]
    })?;
    let table: Table = toml::from_str(&text)
        .map_err(|error| vec![Problem::new(&shown, error.to_string(), "mend the syntax at the place shown")])?;
    let mut problems = Vec::new();
    let maker = Maker::new(platforms, file, &mut problems);
    for key in table.keys().filter(|key| *key != "source") {
        let cure = "remove it; the file holds [[source]] tables only";
        problems.push(Problem::new(format!("{shown}: {key}"), "unknown key", cure));
    }
    let entries = match table.get("source") {
        Some(Value::Array(entries)) => entries.as_slice(),
        None => &[],
        Some(_) => {
            let cure = "write each source as a table under [[source]]";
            problems.push(Problem::new(format!("{shown}: source"), "not a list of tables", cure));
            &[]
        }
    };
    let mut reading = Reading { file, maker: &maker, ids: HashSet::new(), launches: HashSet::new(), problems };
    let sources: Vec<_> = entries.iter().enumerate().filter_map(|(at, entry)| reading.source(at, entry)).collect();
    if reading.problems.is_empty() { Ok((sources, maker)) } else { Err(reading.problems) }
}

struct Reading<'f> {
    file: &'f Path,
    maker: &'f Maker,
    ids: HashSet<String>,
    /// FHIR servers from which staff are sent here.
    launches: HashSet<String>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn source(&mut self, at: usize, entry: &Value) -> Option<Arc<Source>> {
        let place = format!("{}: source[{at}]", self.file.display());
        let Value::Table(table) = entry else {
            self.problems.push(Problem::new(place, "not a table", "write each source under [[source]]"));
            return None;
        };
        let mut problems = Vec::new();
        let mut fields = Fields::new(table, place.clone(), &KEYS, &mut problems);
        let id = id(&mut fields);
        if id.is_some_and(|id| !self.ids.insert(id.to_owned())) {
            fields.wrong("id", "another source has this id", "give each source an id of its own");
        }
        let name = name(&mut fields);
        let short_name = short_name(&mut fields).or_else(|| name.clone());
        let platform_id = fields.text("platform", "plain");
        let environment = environment(&mut fields);
        let auth = auth(&mut fields, self.file);
        let launch = launch(&mut fields, self.file);
        let timeout_ms = fields.number("timeout_ms", 8_000, 100, 60_000);
        let sweep = fields.boolean("sweep", false);
        let settings = target(&mut fields, id.unwrap_or("?"), timeout_ms, self.file);
        let signs_in = auth.as_ref().is_some_and(|(auth, _)| auth.kind != AuthKind::None);
        if signs_in && settings.as_ref().is_some_and(|settings| is_plain(&settings.base_url)) {
            fields.wrong("base_url", "a secret would be sent in the clear", "write https://");
        }
        let codes = local_codes(&mut fields, self.file, &place);
        let platform = match platform_id.map(|id| self.maker.platforms.find(id)) {
            Some(Err(problem)) => {
                problems.extend(problem.map(|(what, cure)| Problem::new(format!("{place}.platform"), what, cure)));
                None
            }
            Some(Ok(platform)) => Some(platform.clone()),
            None => None,
        };
        let made = settings.zip(auth).and_then(|(settings, (auth, secret))| {
            let platform = platform?;
            let server = self.server((settings.clone(), &auth, secret), &platform, &place, &mut problems)?;
            let launch = match launch? {
                Some(one) => Some(self.launching((settings, one), &auth, &platform, &place, &mut problems)?),
                None => None,
            };
            Some((server, launch))
        });
        self.problems.append(&mut problems);
        let ((client, sign_in), launch) = made?;
        let source = Source {
            breaker: Arc::new(Breaker::new(id?)),
            id: id?.to_owned(),
            name: name?,
            short_name: short_name?,
            mark: at,
            environment: environment?,
            client,
            sign_in,
            launch: None,
            copies: None,
            timeout: Duration::from_millis(timeout_ms),
            sweep,
            resident_id: None,
            standing: Standing::Asked,
            rev: 0,
            codes: codes?,
            health: Arc::default(),
            quality: Arc::default(),
        };
        Some(Arc::new(match launch {
            Some(door) => Source { launch: Some(Arc::new(source.behind(door))), ..source },
            None => source,
        }))
    }

    /// Asks a server.
    fn server(
        &self,
        (settings, auth, secret): (TargetSettings, &Auth, SecretAt),
        platform: &Arc<Platform>,
        place: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Asking> {
        match self.maker.signed_in(settings, auth, secret) {
            Ok((target, sign_in)) => Some((Client::new(target, platform.clone()), sign_in)),
            Err(error) => {
                let cure = "check base_url, proxy and ca_file of this source";
                problems.push(Problem::new(format!("{place}.base_url"), error.to_string(), cure));
                None
            }
        }
    }

    /// The same of the server that sends staff here.
    fn launching(
        &mut self,
        (settings, launching): (TargetSettings, Door),
        auth: &Auth,
        platform: &Arc<Platform>,
        place: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Asking> {
        let place = format!("{place}.launch");
        let base_url = launching.base.unwrap_or_else(|| settings.base_url.clone());
        if auth.kind == AuthKind::SmartPatient {
            let cure = "remove it; staff read nothing of a hospital that patients connect themselves";
            problems.push(Problem::new(&place, "nobody is sent from here", cure));
            return None;
        }
        if !self.launches.insert(base_url.as_str().trim_end_matches('/').to_owned()) {
            let cure = "give each source the FHIR server of its own launches";
            problems.push(Problem::new(format!("{place}.base_url"), "another source is launched from there", cure));
            return None;
        }
        if is_plain(&base_url) {
            let what = "a secret would be sent in the clear";
            problems.push(Problem::new(format!("{place}.base_url"), what, "write https://"));
            return None;
        }
        let settings = TargetSettings { base_url, ..settings };
        self.server((settings, &launching.auth, launching.secret), platform, &place, problems)
    }
}

/// What a server is asked with.
type Asking = (Client, Option<Arc<SignIn>>);

/// A source's or platform's id.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn id<'t>(fields: &mut Fields<'t, '_>) -> Option<&'t str> {
    let id = fields.text("id", "city-first")?;
    if !is_name(id) {
        fields.wrong("id", "not a name", "lower-case letters, digits and -, at most 64");
        return None;
    }
    Some(id)
}

fn name(fields: &mut Fields<'_, '_>) -> Option<Name> {
    let table = fields.table("name", "{ zh = \"…\", en = \"…\" }")?;
    let name = bilingual(table);
    if name.is_none() {
        fields.wrong("name", "not a name in both languages", "write name = { zh = \"…\", en = \"…\" }");
    }
    name
}

/// Absent is no mistake.
fn short_name(fields: &mut Fields<'_, '_>) -> Option<Name> {
    let value = fields.optional("short_name")?;
    let name = value.as_table().and_then(bilingual);
    if name.is_none() {
        let cure = "write short_name = { zh = \"…\", en = \"…\" }, or leave it out";
        fields.wrong("short_name", "not a name in both languages", cure);
    }
    name
}

/// A name in both languages, and nothing else.
fn bilingual(table: &Table) -> Option<Name> {
    let text = |key: &str| table.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let (zh, en) = (text("zh")?, text("en")?);
    (table.len() == 2).then_some(Name { zh, en })
}

fn environment(fields: &mut Fields<'_, '_>) -> Option<Environment> {
    match fields.text("environment", "production")? {
        "production" => Some(Environment::Production),
        "sandbox" => Some(Environment::Sandbox),
        _ => {
            fields.wrong("environment", "neither of the two", "\"production\", or \"sandbox\" for made-up data");
            None
        }
    }
}

fn target(fields: &mut Fields<'_, '_>, id: &str, timeout_ms: u64, file: &Path) -> Option<TargetSettings> {
    let base = address(fields, "base_url", "https://fhir.hospital.example/r4", &["http", "https"]);
    let proxy = match fields.optional("proxy") {
        Some(_) => Some(address(fields, "proxy", "socks5://proxy.example:1080", &["http", "https", "socks5"])?),
        None => None,
    };
    let ca_file = fields.optional_text("ca_file", "secrets/hospital-ca.pem").map(|name| beside(file, name));
    let mut settings = TargetSettings::new(id, base?);
    settings.timeout = Duration::from_millis(timeout_ms);
    settings.proxy = proxy;
    settings.ca_file = ca_file;
    Some(settings)
}

fn address(fields: &mut Fields<'_, '_>, key: &str, example: &str, schemes: &[&str]) -> Option<Url> {
    let text = fields.text(key, example)?;
    let url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host());
    let Some(url) = url else {
        fields.wrong(key, "not an address", format!("{}://…, e.g. {example}", schemes.join(":// or ")));
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        fields.wrong(key, "holds a user name or password", "secrets are never written into this file");
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        fields.wrong(key, "holds a query or fragment", format!("only scheme, host, port and path, e.g. {example}"));
        return None;
    }
    Some(url)
}

fn local_codes(fields: &mut Fields<'_, '_>, file: &Path, place: &str) -> Option<LocalCodes> {
    let mut codes = LocalCodes::default();
    let example = "[{ system = \"https://hospital.example/codes\", file = \"codes.csv\" }]";
    let tables = match fields.optional("local_codes") {
        None => return Some(codes),
        Some(Value::Array(tables)) => tables,
        Some(_) => {
            fields.wrong("local_codes", "not a list", format!("write local_codes = {example}"));
            return None;
        }
    };
    let mut good = true;
    for (at, table) in tables.iter().enumerate() {
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        let known =
            table.as_table().is_some_and(|t| t.keys().all(|k| matches!(k.as_str(), "system" | "file" | "table")));
        let (Some(system), Some(name), true) = (text("system"), text("file"), known) else {
            fields.wrong("local_codes", "not a code table", format!("write local_codes = {example}"));
            good = false;
            continue;
        };
        let place = format!("{place}.local_codes[{at}]");
        if let Err(problem) = codes.read(system, &beside(file, name), text("table"), &place) {
            fields.push(problem);
            good = false;
        }
    }
    good.then_some(codes)
}

/// Files are named relative to the file that names them.
fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    const PLAIN: &str = r#"
        id = "plain"
        name = "Plain"
        documentation = "https://hl7.org/fhir/R4/"
        page_size = 100
        page_size_why = "every server can"
    "#;
    const GOOD: &str = r#"
        [[source]]
        id = "city-first"
        name = { zh = "市第一人民医院", en = "First City Hospital" }
        platform = "plain"
        environment = "production"
        base_url = "http://127.0.0.1:9101/fhir"
        auth = { kind = "none" }
        local_codes = [{ system = "urn:his2", file = "codes.csv", table = "HIS2" }]
    "#;

    fn load(text: &str) -> Result<Catalogue, Vec<Problem>> {
        let folder = tempfile::tempdir().expect("folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("sources.toml", text);
        write("plain.toml", PLAIN);
        if text.contains("\"other\"") {
            write("other.toml", PLAIN);
        }
        write("codes.csv", "system,local_code,analyte\nHIS2,K_S,potassium\nHIS2,TMP07,\nHIS4,K_S,sodium\n");
        Catalogue::load(&folder.path().join("sources.toml"), folder.path())
    }

    /// The places of the mistakes, without the file's name.
    fn check(text: &str, expect: &[&str]) {
        let problems = load(text).err().unwrap_or_default();
        let places: Vec<&str> =
            problems.iter().map(|one| one.path.split_once(": ").map_or("", |(_, place)| place)).collect();
        assert_eq!(places, expect, "{problems:#?}");
        assert!(problems.iter().all(|one| !one.what.is_empty() && !one.cure.is_empty()));
    }

    #[test]
    fn a_good_file() {
        let catalogue = load(GOOD).expect("good");
        let source = catalogue.get("city-first").expect("there");
        assert_eq!((source.mark, source.timeout, source.sweep), (0, Duration::from_secs(8), false));
        assert_eq!(source.name.zh, "市第一人民医院");
        assert_eq!(source.short_name, source.name);
        let short = load(&format!("{GOOD}short_name = {{ zh = \"市一院\", en = \"First City\" }}")).expect("good");
        assert_eq!(short.get("city-first").expect("there").short_name.zh, "市一院");
        assert_eq!(source.codes.analyte("urn:his2", "K_S"), Some("potassium"));
        assert_eq!(source.codes.analyte("urn:his2", "TMP07"), None);
        assert_eq!(source.health().is_good(), None);
        assert_eq!(load("").expect("empty").iter().count(), 0);
    }

    #[test]
    fn every_mistake_at_once() {
        let bad = GOOD
            .replace("city-first", "City First")
            .replace("production", "live")
            .replace("http://127", "http://user:secret@127")
            .replace(r#"{ kind = "none" }"#, r#"{ kind = "smart" }"#)
            + "timeout_ms = 5\ncolour = \"red\"\n";
        check(
            &bad,
            &[
                "source[0].colour",
                "source[0].id",
                "source[0].environment",
                "source[0].auth.kind",
                "source[0].timeout_ms",
                "source[0].base_url",
            ],
        );
        check(&format!("{GOOD}{GOOD}"), &["source[1].id"]);
        check(&format!("{GOOD}short_name = \"市一院\""), &["source[0].short_name"]);
        check(&format!("{GOOD}short_name = {{ zh = \"市一院\" }}"), &["source[0].short_name"]);
        check(&GOOD.replace("HIS2\" }", "HIS9\" }"), &["source[0].local_codes[0]"]);
        check(&GOOD.replace("\"plain\"", "\"../plain\""), &["source[0].platform"]);
        check(&GOOD.replace("\"plain\"", "\"absent\""), &["source[0].platform"]);
        check(&GOOD.replace("\"plain\"", "\"other\""), &["id"]);
        check("sources = 1", &["sources"]);
        check("source = 1", &["source"]);
    }

    #[test]
    fn a_sign_in_names_its_files_and_holds_no_secret() {
        let with = |auth: &str| load(&GOOD.replace(r#"{ kind = "none" }"#, auth));
        for (auth, kind) in [
            (r#"{ kind = "basic", username = "portal", password_file = "codes.csv" }"#, AuthKind::Basic),
            (r#"{ kind = "bearer", token_file = "codes.csv" }"#, AuthKind::Bearer),
            (r#"{ kind = "smart-backend", client_id = "portal", scopes = "system/*.read" }"#, AuthKind::SmartBackend),
            (
                r#"{ kind = "smart-backend", client_id = "portal", scopes = "system/*.read", secret_file = "codes.csv",
                     token_url = "http://127.0.0.1:9/t", secret_in = "form" }"#
                    .replace("\n", " ")
                    .as_str(),
                AuthKind::SmartBackend,
            ),
            (r#"{ kind = "smart-patient", client_id = "portal", scopes = "patient/*.read" }"#, AuthKind::SmartPatient),
            (
                r#"{ kind = "smart-patient", client_id = "p", scopes = "s", proof = "private-key-jwt",
                     authorize_url = "http://127.0.0.1:9/a" }"#
                    .replace("\n", " ")
                    .as_str(),
                AuthKind::SmartPatient,
            ),
        ] {
            let catalogue = with(auth).expect("good");
            let source = catalogue.get("city-first").expect("there");
            assert_eq!((source.signed_in().0, source.is_personal()), (kind, kind == AuthKind::SmartPatient), "{auth}");
        }
        for (auth, place) in [
            (r#"{ kind = "basic", username = "portal" }"#, "source[0].auth.password_file"),
            (r#"{ kind = "basic", username = "a:b", password_file = "codes.csv" }"#, "source[0].auth.username"),
            (r#"{ kind = "bearer", token_file = "absent" }"#, "source[0].auth.token_file"),
            (r#"{ kind = "bearer", token = "secret" }"#, "source[0].auth.token"),
            (r#"{ kind = "smart-backend", client_id = "portal" }"#, "source[0].auth.scopes"),
            (
                r#"{ kind = "smart-backend", client_id = "p", scopes = "s", secret_in = "url", secret_file = "codes.csv" }"#,
                "source[0].auth.secret_in",
            ),
            (r#"{ kind = "none", client_id = "portal" }"#, "source[0].auth.client_id"),
            (r#"{ kind = "magic" }"#, "source[0].auth.kind"),
            (r#"{ kind = "smart-patient", client_id = "p", scopes = "s", proof = "word" }"#, "source[0].auth.proof"),
            (
                r#"{ kind = "smart-patient", client_id = "p", scopes = "s", authorize_url = "http://hospital.example/a" }"#,
                "source[0].auth.authorize_url",
            ),
            (
                r#"{ kind = "smart-backend", client_id = "p", scopes = "s", authorize_url = "http://127.0.0.1/a" }"#,
                "source[0].auth.authorize_url",
            ),
        ] {
            let problems = with(auth).expect_err("refused");
            assert!(problems.iter().any(|one| one.path.ends_with(place)), "{auth}: {problems:?}");
            assert!(!format!("{problems:?}").contains("secret\""), "no secret in a problem");
        }
        let plain = GOOD.replace(r#"{ kind = "none" }"#, r#"{ kind = "bearer", token_file = "codes.csv" }"#);
        let plain = plain.replace("127.0.0.1:9101", "fhir.hospital.example");
        check(&plain, &["source[0].base_url"]);
    }

    #[test]
    fn staff_are_sent_from_servers_that_are_named() {
        let with = |launch: &str| load(&format!("{GOOD}launch = {launch}\n"));
        let sent = |catalogue: &Catalogue, iss: &str| catalogue.launching(iss).map(|source| source.id.clone());
        let own = with(r#"{ client_id = "portal" }"#).expect("good");
        assert_eq!(sent(&own, "http://127.0.0.1:9101/fhir/").as_deref(), Some("city-first"));
        assert_eq!(sent(&own, "http://127.0.0.1:9102/fhir"), None);
        assert_eq!(own.get("city-first").expect("there").signed_in().0, AuthKind::None);
        let other = with(r#"{ client_id = "p", base_url = "http://127.0.0.1:9102/fhir", secret_file = "codes.csv" }"#);
        let other = other.expect("good");
        assert_eq!(sent(&other, "http://127.0.0.1:9102/fhir").as_deref(), Some("city-first"));
        assert_eq!(sent(&other, "http://127.0.0.1:9101/fhir"), None);
        assert_eq!(sent(&load(GOOD).expect("good"), "http://127.0.0.1:9101/fhir"), None);
        for (launch, place) in [
            (r#"{ }"#, "source[0].launch.client_id"),
            (r#"{ client_id = "p", kind = "smart-patient" }"#, "source[0].launch.kind"),
            (r#"{ client_id = "p", scopes = "openid launch" }"#, "source[0].launch.scopes"),
            (r#"{ client_id = "p", base_url = "http://ehr.hospital.example/fhir" }"#, "source[0].launch.base_url"),
            (r#"{ client_id = "p", base_url = "nonsense" }"#, "source[0].launch.base_url"),
            (r#"{ client_id = "p", secret_file = "absent" }"#, "source[0].launch.secret_file"),
            (r#""city""#, "source[0].launch"),
        ] {
            let problems = with(launch).expect_err("refused");
            assert!(problems.iter().any(|one| one.path.ends_with(place)), "{launch}: {problems:?}");
        }
        let personal = GOOD.replace(
            r#"{ kind = "none" }"#,
            r#"{ kind = "smart-patient", client_id = "p", scopes = "patient/*.read" }"#,
        );
        check(&format!("{personal}launch = {{ client_id = \"p\" }}"), &["source[0].launch"]);
        let twice = format!("{GOOD}launch = {{ client_id = \"p\" }}\n");
        check(&format!("{twice}{}", twice.replace("city-first", "other-one")), &["source[1].launch.base_url"]);
    }

    #[test]
    fn a_file_that_is_none() {
        assert_eq!(
            Catalogue::load(Path::new("/nowhere/sources.toml"), Path::new("/nowhere")).map_err(|p| p.len()).err(),
            Some(1)
        );
        assert_eq!(load("[[source").map_err(|problems| problems.len()).err(), Some(1));
    }
}
