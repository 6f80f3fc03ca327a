//! A hospital as an administrator defines it: values alone, no logic and no secret.

use outbound::{OutboundError, is_this_machine};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Auth, AuthKind, Environment, Launching, maker::Maker};

/// Of a name, in characters.
pub const LONGEST_NAME: usize = 80;
/// Of a short name, in characters.
pub const LONGEST_SHORT_NAME: usize = 20;
/// Of an address, in bytes.
const LONGEST_ADDRESS: usize = 300;
/// Of a header's value, in bytes.
const LONGEST_VALUE: usize = 200;
/// Headers of one source.
const MOST_HEADERS: usize = 8;

/// Headers that a definition may add. They say for which client, organisation or tenant is asked; what proves who asks
/// (`Authorization`, cookies, keys of APIs) or changes where a request goes is none of them.
pub const HEADERS: [&str; 8] = [
    "Accept-Language",
    "Epic-Client-ID",
    "Prefer",
    "X-Client-ID",
    "X-Facility-ID",
    "X-Organization-ID",
    "X-Practice-ID",
    "X-Tenant-ID",
];

/// A header that is sent with every request to the source, and to nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// One of [`HEADERS`].
    pub name: String,
    /// Printable ASCII.
    pub value: String,
}

/// Everything about a hospital but its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// 简体中文
    pub name_zh: String,
    /// English
    pub name_en: String,
    /// For cards and rows; empty: the name.
    #[serde(default)]
    pub short_name_zh: String,
    /// The same in English.
    #[serde(default)]
    pub short_name_en: String,
    /// Id of a platform file.
    pub platform: String,
    /// Real patients or made-up ones.
    pub environment: Environment,
    /// Base address of the FHIR server.
    pub base_url: String,
    /// Longest wait for one section, in milliseconds: 100 to 60,000.
    pub timeout_ms: u64,
    /// In place of the platform's: 1 to 1000.
    #[serde(default)]
    pub page_size: Option<u32>,
    /// `http://`, `https://` or `socks5://`.
    #[serde(default)]
    pub proxy: Option<String>,
    /// How the portal proves who it is.
    #[serde(default)]
    pub auth: Auth,
    /// System of `Patient.identifier` that is the resident ID there, beside the region's.
    #[serde(default)]
    pub resident_id_system: Option<String>,
    /// Further headers.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// From where its own system sends staff here, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launching>,
    /// May the index list its patients?
    #[serde(default)]
    pub sweep: bool,
    /// Not asked until it is resumed.
    #[serde(default)]
    pub paused: bool,
}

/// What has to be put right, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldProblem {
    /// Name of the field, as in JSON and forms.
    pub field: &'static str,
    /// A key of the words: `missing`, `too-long`, `malformed`, `range`, `taken`, `removed`, `unknown`, `credentials`, `query`,
    /// `loopback`, `address`, `plain`, `header-name`, `header-value`, `too-many`, `again`, `launch-scopes`, `launched`, `personal`.
    pub what: &'static str,
}

impl Definition {
    /// Of a row's content; `None` where a newer program wrote it in a form that this one does not read.
    pub(crate) fn of(content: &str) -> Option<Self> {
        serde_json::from_str(content).ok()
    }

    /// What stands for one that can't be read.
    pub(crate) fn unreadable(id: &str) -> Self {
        Self {
            name_zh: id.to_owned(),
            name_en: id.to_owned(),
            short_name_zh: String::new(),
            short_name_en: String::new(),
            platform: String::new(),
            environment: Environment::Production,
            base_url: String::new(),
            timeout_ms: 8_000,
            page_size: None,
            proxy: None,
            auth: Auth::default(),
            resident_id_system: None,
            headers: Vec::new(),
            launch: None,
            sweep: false,
            paused: false,
        }
    }

    /// Without blanks around and inside lines; empty options are absent.
    pub(crate) fn cleaned(mut self) -> Self {
        for text in [
            &mut self.name_zh,
            &mut self.name_en,
            &mut self.short_name_zh,
            &mut self.short_name_en,
            &mut self.platform,
            &mut self.base_url,
        ] {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        for text in [&mut self.proxy, &mut self.resident_id_system] {
            *text = text.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        self.auth = self.auth.cleaned();
        self.launch = self.launch.map(Launching::cleaned);
        for header in &mut self.headers {
            (header.name, header.value) = (header.name.trim().to_owned(), header.value.trim().to_owned());
        }
        self
    }

    /// Every field that has to be put right.
    pub(crate) fn problems(&self, id: &str, maker: &Maker) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut wrong = |field, what: Option<&'static str>| {
            problems.extend(what.map(|what| FieldProblem { field, what }));
        };
        wrong("name_zh", name(&self.name_zh, LONGEST_NAME).or(missing(&self.name_zh)));
        wrong("name_en", name(&self.name_en, LONGEST_NAME).or(missing(&self.name_en)));
        wrong("short_name_zh", name(&self.short_name_zh, LONGEST_SHORT_NAME));
        wrong("short_name_en", name(&self.short_name_en, LONGEST_SHORT_NAME));
        wrong("platform", maker.platforms.get(&self.platform).is_none().then_some("unknown"));
        let base = address(&self.base_url, &["http", "https"], maker);
        let proxy = self.proxy.as_deref().and_then(|proxy| address(proxy, &["http", "https", "socks5"], maker));
        wrong("base_url", base);
        wrong("timeout_ms", (!(100..=60_000).contains(&self.timeout_ms)).then_some("range"));
        wrong("page_size", self.page_size.is_some_and(|size| !(1..=1_000).contains(&size)).then_some("range"));
        wrong("proxy", proxy);
        let token = self.auth.token_url.as_deref().and_then(|url| address(url, &["http", "https"], maker));
        wrong("token_url", token);
        let authorize = self.auth.authorize_url.as_deref().and_then(|url| address(url, &["http", "https"], maker));
        wrong("authorize_url", authorize);
        for (field, what) in self.auth.problems() {
            wrong(field, Some(what));
        }
        if self.auth.kind != AuthKind::None {
            let plain = |url: &str| Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !is_this_machine(&url));
            wrong("base_url", (base.is_none() && plain(&self.base_url)).then_some("plain"));
            let token_url = self.auth.token_url.as_deref().unwrap_or_default();
            wrong("token_url", (token.is_none() && plain(token_url)).then_some("plain"));
            let authorize_url = self.auth.authorize_url.as_deref().unwrap_or_default();
            wrong("authorize_url", (authorize.is_none() && plain(authorize_url)).then_some("plain"));
        }
        wrong("resident_id_system", self.resident_id_system.as_deref().and_then(system));
        let headers = self.headers.iter().find_map(header);
        let headers = headers.or((self.headers.len() > MOST_HEADERS).then_some("too-many"));
        wrong("headers", headers);
        for (field, what) in self.launch.as_ref().map(|launch| self.launch_problems(launch, maker)).unwrap_or_default()
        {
            wrong(field, Some(what));
        }
        // What only the client of all can tell: an address that nobody may connect to.
        if base.is_none() && proxy.is_none() && headers.is_none() && token.is_none() {
            let refused = matches!(maker.target(id, self), Err(OutboundError::Address { .. }));
            wrong("base_url", refused.then_some("address"));
        }
        let refused = matches!(maker.launch_target(id, self), Err(OutboundError::Address { .. }));
        let own = self.launch.as_ref().is_some_and(|launch| launch.base_url.is_some());
        let told = problems.iter().any(|one| one.field.starts_with("launch_"));
        problems
            .extend((refused && own && !told).then_some(FieldProblem { field: "launch_base_url", what: "address" }));
        problems
    }

    fn launch_problems(&self, launch: &Launching, maker: &Maker) -> Vec<(&'static str, &'static str)> {
        let mut problems = launch.problems();
        // Staff read nothing of a hospital that patients connect themselves.
        problems.extend((self.auth.kind == AuthKind::SmartPatient).then_some(("launch_client_id", "personal")));
        let urls = [
            ("launch_base_url", Some(launch.base(&self.base_url))),
            ("launch_authorize_url", launch.authorize_url.as_deref()),
            ("launch_token_url", launch.token_url.as_deref()),
        ];
        for (field, url) in urls {
            // Where it is the definition's own, it is told there what is wrong with it.
            let own = field == "launch_base_url" && launch.base_url.is_none();
            let what = url.filter(|_| !own).and_then(|url| address(url, &["http", "https"], maker));
            let plain = url.filter(|_| what.is_none()).and_then(|url| Url::parse(url).ok());
            let plain = plain.is_some_and(|url| url.scheme() == "http" && !is_this_machine(&url));
            problems.extend(what.or(plain.then_some("plain")).map(|what| (field, what)));
        }
        problems
    }
}

fn missing(text: &str) -> Option<&'static str> {
    text.is_empty().then_some("missing")
}

fn name(text: &str, longest: usize) -> Option<&'static str> {
    (text.chars().count() > longest).then_some("too-long")
}

/// As the file's addresses, and not this machine unless the configuration says so.
fn address(text: &str, schemes: &[&str], maker: &Maker) -> Option<&'static str> {
    if text.is_empty() {
        return Some("missing");
    }
    if text.len() > LONGEST_ADDRESS {
        return Some("too-long");
    }
    let Some(url) = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host()) else {
        return Some("malformed");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("credentials");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some("query");
    }
    (!maker.may_be(&url)).then_some("loopback")
}

/// A URI: of an OID or an address.
fn system(text: &str) -> Option<&'static str> {
    let good = text.contains(':') && text.bytes().all(|byte| byte.is_ascii_graphic());
    match good {
        true => name(text, LONGEST_ADDRESS),
        false => Some("malformed"),
    }
}

fn header(header: &Header) -> Option<&'static str> {
    if !HEADERS.iter().any(|known| known.eq_ignore_ascii_case(&header.name)) {
        return Some("header-name");
    }
    let value = header.value.as_bytes();
    let good = !value.is_empty() && value.len() <= LONGEST_VALUE && value.iter().all(|b| (b' '..=b'~').contains(b));
    (!good).then_some("header-value")
}
