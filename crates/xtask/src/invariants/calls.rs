//! Calls that only certain crates may make.

use super::sources::SourceFile;
use super::{Breach, Role};

/// `(rule, tokens, crates that may, what to do instead)`
type Reserved = (&'static str, &'static [&'static str], &'static [&'static str], &'static str);

const RESERVED: &[Reserved] = &[
    (
        "context",
        &["StaffContext", ":", ":", "establish"],
        &["directory"],
        "a staff context comes from a directory or OpenID Connect sign-in: use StaffIdentity::context",
    ),
    (
        "context",
        &["PatientContext", ":", ":", "establish"],
        &["accounts"],
        "a patient context comes from a patient's sign-in: use accounts",
    ),
    (
        "context",
        &[".", "entrusted_with", "("],
        &["accounts"],
        "what is entrusted is read for each request: use accounts::Family::in_force",
    ),
    ("transaction", &["TransactionTrait"], &["store"], "only the store begins transactions: use Store::write"),
    ("transaction", &["sea_orm", ":", ":", "*"], &["store"], "a glob import brings `begin` with it: name what is used"),
    ("transaction", &[".", "begin", "(", ")"], &["store"], "only the store begins transactions: use Store::write"),
    ("raw-sql", &["execute_unprepared"], &["store", "migrations"], "build the statement with sea_query, values bound"),
    (
        "raw-sql",
        &["Statement", ":", ":", "from_string"],
        &["store", "migrations"],
        "build the statement with sea_query",
    ),
    (
        "raw-sql",
        &["Statement", ":", ":", "from_sql_and_values"],
        &["store", "migrations"],
        "build the statement with sea_query, values bound",
    ),
    ("raw-sql", &["Expr", ":", ":", "cust", "(", "format"], &[], "SQL text made of values can carry input: bind them"),
    (
        "raw-sql",
        &["Expr", ":", ":", "cust", "(", "&", "format"],
        &[],
        "SQL text made of values can carry input: bind them",
    ),
    ("time", &["Timestamp", ":", ":", "now"], WATCHES, "time is an argument below the portals' edge"),
    ("time", &["Zoned", ":", ":", "now"], WATCHES, "time is an argument below the portals' edge"),
    ("time", &["SystemTime", ":", ":", "now"], WATCHES, "time is an argument below the portals' edge"),
];

/// Who may look at the clock: the edge, and the store's leases.
const WATCHES: &[&str] = &["web", "portal-internal", "portal-external", "store"];

/// Panicking, printing and forgotten calls, with what they are followed by.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("unwrap()", &[".", "unwrap", "("]),
    ("panic!", &["panic", "!"]),
    ("unimplemented!", &["unimplemented", "!"]),
    ("unreachable!()", &["unreachable", "!", "(", ")"]),
    ("dbg!", &["dbg", "!"]),
];
/// What an excuse begins with, in a comment on the line or up to three above it.
const NEVER_FAILS: &str = "never fails:";
const CLOCK: &str = "clock:";
const TO_DO: &[&str] = &[concat!("to", "do"), "!"];
const PRINTING: &[&str] = &["println", "print", "eprintln", "eprint"];

/// Everything about calls in one file of the product.
pub fn check(file: &SourceFile) -> Vec<Breach> {
    if file.role == Role::Proof {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (rule, tokens, crates, instead) in RESERVED {
        if !crates.contains(&file.package.as_str()) {
            let lines = file.find(tokens).into_iter().filter(|line| *rule != "time" || !file.excused(CLOCK, *line, 3));
            breaches.extend(lines.map(|line| at(file, line, rule, (*instead).to_owned())));
        }
    }
    for (name, tokens) in FORBIDDEN.iter().chain(std::iter::once(&(concat!("to", "do!"), TO_DO))) {
        breaches.extend(file.find(tokens).into_iter().filter_map(|line| panic_at(file, line, name)));
    }
    breaches.extend(expectations(file).into_iter().filter_map(|line| panic_at(file, line, "expect()")));
    if !file.is_main() {
        for name in PRINTING {
            let found = file.find(&[name, "!"]).into_iter();
            breaches
                .extend(found.map(|line| at(file, line, "printing", format!("{name}! outside `main`: use tracing"))));
        }
    }
    breaches.extend(platform_names(file));
    breaches
}

fn panic_at(file: &SourceFile, line: usize, name: &str) -> Option<Breach> {
    let what = format!("{name} stops the request: return an error, or say why it can't happen: `// never fails: …`");
    (!file.excused(NEVER_FAILS, line, 3)).then(|| at(file, line, "panic", what))
}

/// Lines of `.expect(…)`. A method of that name that returns a result is no panic: it is followed by `?`.
fn expectations(file: &SourceFile) -> Vec<usize> {
    let mut lines = Vec::new();
    for (index, window) in file.product.windows(3).enumerate() {
        if window[0].text != "." || window[1].text != "expect" || window[2].text != "(" {
            continue;
        }
        // The standard library's takes a text; a parser's own `expect(b',')` takes something else.
        let argument = file.product.get(index + 3).map_or("", |token| token.text.as_str());
        if !argument.starts_with('"') && !["&", "format", "concat"].contains(&argument) {
            continue;
        }
        let mut depth = 0_usize;
        let end = file.product[index + 2..].iter().position(|token| {
            depth = match token.text.as_str() {
                "(" => depth + 1,
                ")" => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        let after = end.and_then(|end| file.product.get(index + 2 + end + 1));
        if after.is_none_or(|token| token.text != "?") {
            lines.push(window[1].line);
        }
    }
    lines
}

/// Rule 8: a comparison of a platform's name with a literal is a quirk that belongs into its file.
fn platform_names(file: &SourceFile) -> Vec<Breach> {
    let names = ["platform", "platform_id", "platform_name"];
    let mut breaches = Vec::new();
    for window in file.product.windows(6) {
        let [subject, rest @ ..] = window else { continue };
        if !names.contains(&subject.text.as_str()) {
            continue;
        }
        // `platform == "x"`, `platform != "x"`, and with `.id`, `.name`, `.as_str()` between.
        let texts: Vec<&str> = rest.iter().map(|token| token.text.as_str()).collect();
        let compared = |from: usize| matches!(texts.get(from..from + 3), Some([first, "=", literal]) if (*first == "=" || *first == "!") && literal.starts_with('"'));
        if compared(0) || (texts[0] == "." && compared(2)) {
            let what = "a platform's quirk is data in config/platforms, not a comparison of its name".to_owned();
            breaches.push(at(file, subject.line, "platform", what));
        }
    }
    breaches
}

fn at(file: &SourceFile, line: usize, rule: &'static str, what: String) -> Breach {
    Breach { rule, place: format!("{}:{line}", file.path), what }
}

#[cfg(test)]
mod tests {
    use super::super::sources::product;
    use super::*;

    fn noticed(package: &str, text: &str) -> Vec<&'static str> {
        check(&product(package, text)).into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn a_context_made_elsewhere_is_noticed() {
        assert_eq!(noticed("web", "fn f() { access::StaffContext::establish(a) }"), ["context"]);
        assert_eq!(noticed("directory", "fn f() { StaffContext::establish(a) }"), Vec::<&str>::new());
        assert_eq!(noticed("directory", "fn f() { PatientContext::establish(a) }"), ["context"]);
    }

    #[test]
    fn a_transaction_begun_elsewhere_is_noticed() {
        assert_eq!(noticed("access", "use sea_orm::TransactionTrait;"), ["transaction"]);
        assert_eq!(noticed("access", "use sea_orm::*;"), ["transaction"]);
        assert_eq!(noticed("access", "async fn f() { db.begin().await }"), ["transaction"]);
        assert_eq!(noticed("store", "use sea_orm::TransactionTrait;"), Vec::<&str>::new());
    }

    #[test]
    fn raw_sql_is_noticed() {
        assert_eq!(noticed("patients", "fn f() { db.execute_unprepared(\"x\") }"), ["raw-sql"]);
        assert_eq!(noticed("patients", "fn f() { Statement::from_string(b, s) }"), ["raw-sql"]);
        assert_eq!(noticed("patients", "fn f() { Expr::cust(format!(\"x\")) }"), ["raw-sql"]);
    }

    #[test]
    fn a_look_at_the_clock_is_noticed() {
        assert_eq!(noticed("ehr", "fn f() { jiff::Timestamp::now() }"), ["time"]);
        assert_eq!(noticed("web", "fn f() { jiff::Timestamp::now() }"), Vec::<&str>::new());
        assert_eq!(
            noticed("ehr", "fn f() {\n// clock: a loop of its own\njiff::Timestamp::now() }"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn panics_and_prints_are_noticed() {
        assert_eq!(noticed("ehr", "fn f() { x.unwrap(); }"), ["panic"]);
        assert_eq!(noticed("ehr", "fn f() { x.expect(\"y\"); }"), ["panic"]);
        assert_eq!(noticed("ehr", "fn f() { panic!(); }"), ["panic"]);
        assert_eq!(noticed("ehr", concat!("fn f() { to", "do!(); }")), ["panic"]);
        assert_eq!(noticed("ehr", "fn f() { println!(); }"), ["printing"]);
        assert_eq!(noticed("ehr", "fn f() { scan.expect(b',') }"), Vec::<&str>::new());
        assert_eq!(noticed("ehr", "fn f() { parts.expect(\"y\")?; }"), Vec::<&str>::new());
        assert_eq!(noticed("ehr", "fn f() {\n// never fails: a constant\nx.expect(\"y\"); }"), Vec::<&str>::new());
    }

    #[test]
    fn a_platform_named_in_code_is_noticed() {
        assert_eq!(noticed("fhir", "fn f() { if platform == \"epic\" {} }"), ["platform"]);
        assert_eq!(noticed("fhir", "fn f() { if self.platform.id != \"epic\" {} }"), ["platform"]);
        assert_eq!(noticed("fhir", "fn f() { if platform.pages {} }"), Vec::<&str>::new());
    }
}
