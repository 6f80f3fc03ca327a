//! G12: looking people up among a million, beside the bare SQL statement on the same connection pool.
//!
//! `cargo bench -p patients --bench g12_search`. Both take turns, the figure is the ratio of their medians; void
//! unless both find the same people, and a look-up that finds more than it shows says so. How the cost grows is told by a
//! tenth and a hundredth of the people in databases of their own, for look-ups that find as many there. `G12_PEOPLE` makes
//! the region smaller, for trying the program; `G12_DATABASE=postgres` asks PostgreSQL instead of SQLite.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its table and has no public items")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use access::{AuditKey, AuditLog, PersonId};
use patients::{Index, IndexKey, Lookup, ResidentId, bare_phone};
use sea_orm::{
    ConnectionTrait as _, DbBackend, Statement, Value,
    sea_query::{Alias, Expr, Query},
};
use store::{DatabaseConfig, Store, StoreError};
use uuid::Uuid;

#[path = "../../fhir/benches/support/report.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod report;

use report::Report;

const PEOPLE: usize = 1_000_000;
const RATIO: f64 = 1.3;
const P99_MS: f64 = 50.0;
/// Cost of a look-up among all, beside one among a tenth of them: a logarithm grows by a fifth, the rest is for memory that
/// is no longer at hand.
const GROWTH: f64 = 1.6;
const LOOKS: usize = 600;
/// People asked for, and identities that are looked at for them.
const MOST: usize = 100;
const LIMIT: u64 = 401;
/// Values of one statement stay below what every database takes.
const ROWS: usize = 500;
/// People of one transaction. Their terms go in in order: thrown in as they come, a million people take three times as long.
const BATCH: usize = 100_000;
const REGION_KEY: [u8; 32] = [2; 32];

/// Look-ups that find as many among a tenth of the people.
const STEADY: [&str; 5] = ["surname alone", "surname alone in pinyin", "resident ID", "record number", "whole phone"];

const SURNAMES: [(&str, &str); 20] = [
    ("王", "wang"),
    ("李", "li"),
    ("张", "zhang"),
    ("刘", "liu"),
    ("陈", "chen"),
    ("杨", "yang"),
    ("赵", "zhao"),
    ("黄", "huang"),
    ("周", "zhou"),
    ("吴", "wu"),
    ("徐", "xu"),
    ("孙", "sun"),
    ("胡", "hu"),
    ("朱", "zhu"),
    ("高", "gao"),
    ("林", "lin"),
    ("何", "he"),
    ("郭", "guo"),
    ("马", "ma"),
    ("罗", "luo"),
];
const GIVEN: [(&str, &str); 40] = [
    ("玉", "yu"),
    ("兰", "lan"),
    ("志", "zhi"),
    ("强", "qiang"),
    ("丽", "li"),
    ("华", "hua"),
    ("国", "guo"),
    ("伟", "wei"),
    ("庆", "qing"),
    ("云", "yun"),
    ("静", "jing"),
    ("宜", "yi"),
    ("建", "jian"),
    ("军", "jun"),
    ("晓", "xiao"),
    ("东", "dong"),
    ("桂", "gui"),
    ("芳", "fang"),
    ("思", "si"),
    ("远", "yuan"),
    ("凤", "feng"),
    ("英", "ying"),
    ("宝", "bao"),
    ("财", "cai"),
    ("秀", "xiu"),
    ("梅", "mei"),
    ("海", "hai"),
    ("波", "bo"),
    ("文", "wen"),
    ("斌", "bin"),
    ("红", "hong"),
    ("霞", "xia"),
    ("明", "ming"),
    ("亮", "liang"),
    ("小", "xiao"),
    ("燕", "yan"),
    ("永", "yong"),
    ("康", "kang"),
    ("春", "chun"),
    ("生", "sheng"),
];

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("no runtime: {error}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(run()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn run() -> Result<bool, Failed> {
    let people = std::env::var("G12_PEOPLE").ok().and_then(|text| text.parse().ok()).unwrap_or(PEOPLE);
    let postgres = std::env::var("G12_DATABASE").is_ok_and(|name| name == "postgres");
    let mut report = Report::new("G12");
    let begun = Instant::now();
    let all = Region::of(people, postgres).await?;
    let fewer = [Region::of(people / 10, postgres).await?, Region::of(people / 100, postgres).await?];
    println!("{people} people in {:.0} s", begun.elapsed().as_secs_f64());
    let (mut equal, mut looked, mut samples) = (0, 0, Vec::new());
    for case in cases(people)? {
        let (ratio, same, took) = compare(&all, &case).await?;
        (equal, looked) = (equal + usize::from(same), looked + 1);
        samples.extend(took);
        println!("{:<28} {ratio:>6.3} × the bare statement", case.what);
        report.at_most(format!("{} ({people} people)", case.what), ratio, RATIO, "×");
        if case.steady {
            let grown = growth(&all.index, &fewer[0].index, &case).await?;
            let before = growth(&fewer[0].index, &fewer[1].index, &case).await?;
            println!("{:<28} {grown:>6.3} × among a tenth, which is {before:.3} × among a hundredth", case.what);
            report.at_most(format!("{}, beside a tenth of the people", case.what), grown, GROWTH, "×");
            report.at_most(format!("{}, a tenth beside a hundredth", case.what), before, GROWTH, "×");
        }
    }
    samples.sort();
    let p99 = samples.get(samples.len() * 99 / 100).copied().unwrap_or(Duration::MAX);
    report.at_most("p99 of all look-ups", p99.as_secs_f64() * 1000.0, P99_MS, "ms");
    report.gate("the same people, and whether there are more", equal, looked);
    println!("p99 {:.2} ms, {equal} of {looked} find the same people", p99.as_secs_f64() * 1000.0);
    report.write()?;
    Ok(report.good())
}

/// An index of made-up people, in a database of its own.
struct Region {
    store: Store,
    index: Index,
    _database: testbed::Database,
}

impl Region {
    async fn of(people: usize, postgres: bool) -> Result<Self, Failed> {
        let database =
            if postgres { testbed::Database::postgres().await? } else { testbed::Database::sqlite().await? };
        let store = Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await?;
        let index = Index::new(store.clone(), IndexKey::derive(&REGION_KEY), AuditLog::new(AuditKey::new([1; 32])));
        fill(&store, people).await?;
        if postgres {
            // As its own housekeeping does within minutes: until then it plans by guesses.
            let analyze = Statement::from_sql_and_values(DbBackend::Postgres, "ANALYZE", []);
            database.connect().await?.execute_raw(analyze).await?;
        }
        Ok(Self { store, index, _database: database })
    }
}

/// How many times as long the same look-up takes among many as among a tenth of them, in turns.
async fn growth(many: &Index, tenth: &Index, case: &Case) -> Result<f64, Failed> {
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..LOOKS {
        for (index, samples) in [many, tenth].into_iter().zip(&mut took) {
            let begun = Instant::now();
            index.find(&case.lookup(), MOST).await?;
            samples.push(begun.elapsed());
        }
    }
    let [many, tenth] = took;
    Ok(ratio(&many, &tenth))
}

/// Of the middle ones: on a machine that does other things some wait for a processor longer than all the rest together.
fn ratio(one: &[Duration], other: &[Duration]) -> f64 {
    let middle = |samples: &[Duration]| {
        let mut sorted = samples.to_vec();
        sorted.sort();
        sorted.get(sorted.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    };
    middle(one) / middle(other)
}

/// What somebody types, and the beginnings of terms that it means.
struct Case {
    what: &'static str,
    typed: String,
    resident_id: Option<ResidentId>,
    terms: Vec<String>,
    /// Finds as many among a tenth of the people.
    steady: bool,
}

impl Case {
    fn lookup(&self) -> Lookup<'_> {
        let digits = bare_phone(&self.typed).is_some_and(|digits| digits == self.typed);
        match &self.resident_id {
            Some(id) => Lookup::ResidentId(id),
            None if digits => Lookup::Number(&self.typed),
            None => Lookup::Name(&self.typed),
        }
    }
}

fn cases(people: usize) -> Result<Vec<Case>, Failed> {
    let case = |what: &'static str, typed: &str, terms: &[String]| Case {
        what,
        typed: typed.to_owned(),
        resident_id: None,
        terms: terms.to_vec(),
        steady: STEADY.contains(&what),
    };
    // Somebody of the first hundredth.
    let person = Person::of(people / 300);
    let latin = |typed: &str| [format!("n{typed}"), format!("p{typed}"), format!("i{typed}")];
    let back = |digits: &str| digits.chars().rev().collect::<String>();
    let number = |digits: &str| [format!("r{digits}"), format!("t{}", back(digits))];
    let id = person.resident_id()?;
    let hash = IndexKey::derive(&REGION_KEY).hash(&id);
    Ok(vec![
        case("whole name", &person.name, &[format!("n{}", person.name)]),
        case("surname alone", "王", &["n王".to_owned()]),
        case("surname alone in pinyin", "wang", &latin("wang")),
        case("whole pinyin", &person.pinyin, &latin(&person.pinyin)),
        case("beginning of pinyin", "chenyu", &latin("chenyu")),
        case("initials", &person.initials, &latin(&person.initials)),
        Case { resident_id: Some(id), ..case("resident ID", "", &[format!("d{hash}")]) },
        case("record number", &person.record, &number(&person.record)),
        case("whole phone", &person.phone, &number(&person.phone)),
        case("last four digits", &person.phone[7..], &number(&person.phone[7..])),
    ])
}

/// How many times as long as the bare statement it takes, whether both find the same, and what each look-up took.
async fn compare(region: &Region, case: &Case) -> Result<(f64, bool, Vec<Duration>), Failed> {
    let (lookup, reader) = (case.lookup(), region.store.reader());
    let statement = bare(reader.get_database_backend(), case);
    let found = region.index.find(&lookup, MOST).await?;
    let mut expect: Vec<PersonId> = Vec::new();
    for row in reader.query_all_raw(statement.clone()).await? {
        let merged: Option<Uuid> = row.try_get("", "merged_into")?;
        let person = PersonId(merged.unwrap_or(row.try_get("", "id")?));
        if !expect.contains(&person) {
            expect.push(person);
        }
    }
    let more = expect.len() > MOST;
    expect.truncate(MOST);
    let same = found.people == expect && found.more == more && !expect.is_empty();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..2 * LOOKS {
        let begun = Instant::now();
        // Ours, theirs, theirs, ours: each comes as often after itself as after the other.
        if matches!(turn % 4, 0 | 3) {
            region.index.find(&lookup, MOST).await?;
            ours.push(begun.elapsed());
        } else {
            reader.query_all_raw(statement.clone()).await?;
            theirs.push(begun.elapsed());
        }
    }
    Ok((ratio(&ours, &theirs), same, ours))
}

/// The statement as somebody would write it by hand.
fn bare(backend: DbBackend, case: &Case) -> Statement {
    let one = |way: usize| {
        let (from, until) = match backend {
            DbBackend::Postgres => (format!("${}", 2 * way + 1), format!("${}", 2 * way + 2)),
            _ => ("?".to_owned(), "?".to_owned()),
        };
        format!(
            "SELECT * FROM (SELECT {way} AS way, p.id, p.merged_into FROM identity_term t \
             JOIN patient_link l ON l.source = t.source AND l.source_patient = t.source_patient AND l.undone_at IS NULL \
             JOIN patient p ON p.id = l.person WHERE t.term >= {from} AND t.term < {until} ORDER BY t.term \
             LIMIT {LIMIT}) AS way_{way}"
        )
    };
    let sql = (0..case.terms.len()).map(one).collect::<Vec<_>>().join(" UNION ALL ");
    let mut values: Vec<Value> = Vec::new();
    for term in &case.terms {
        let begin = term.clone().into_bytes();
        let mut end = begin.clone();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        values.extend([Value::from(begin), Value::from(end)]);
    }
    Statement::from_sql_and_values(backend, sql, values)
}

struct Person {
    id: Uuid,
    name: String,
    pinyin: String,
    initials: String,
    record: String,
    phone: String,
    birth: String,
}

impl Person {
    fn of(nth: usize) -> Self {
        // Spread, so that neighbours in the table are not neighbours in the index.
        let mixed = (nth as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let pick = |shift: u32, of: usize| (mixed >> shift) as usize % of;
        // Some surnames are far more common than others.
        let surname = SURNAMES[pick(8, 20).min(pick(40, 20))];
        let (one, two) = (GIVEN[pick(16, 40)], GIVEN[pick(24, 40)]);
        let parts = [surname, one, two];
        Self {
            id: Uuid::from_u128(u128::from(mixed) << 64 | nth as u128),
            name: parts.iter().map(|part| part.0).collect(),
            pinyin: parts.iter().map(|part| part.1).collect(),
            initials: parts.iter().filter_map(|part| part.1.chars().next()).collect(),
            record: format!("{:07}{:03}", nth % 10_000_000, mixed % 997),
            phone: format!("138{:08}", mixed % 100_000_000),
            birth: format!("{}-{:02}-{:02}", 1930 + pick(3, 90), 1 + pick(5, 12), 1 + pick(11, 28)),
        }
    }

    /// Of an area that is not assigned; the last place is the one that fits.
    fn resident_id(&self) -> Result<ResidentId, Failed> {
        let seventeen = format!("999009{}{:03}", self.birth.replace('-', ""), self.id.as_u128() % 1000);
        let mut with_check = "0123456789X".chars().map(|check| ResidentId::parse(&format!("{seventeen}{check}")));
        Ok(with_check.find_map(Result::ok).ok_or("no last place fits")?)
    }

    fn terms(&self, key: &IndexKey) -> Result<Vec<String>, Failed> {
        let back: String = self.phone.chars().rev().collect();
        Ok(vec![
            format!("d{}", key.hash(&self.resident_id()?)),
            format!("n{}", self.name),
            format!("p{}", self.pinyin),
            format!("i{}", self.initials),
            format!("r{}", self.record),
            format!("t{back}"),
            format!("bs{}{}", self.birth, &self.pinyin),
            format!("by{}{}", &self.birth[..4], self.pinyin),
            format!("bd{}{}", &self.birth[5..], self.pinyin),
        ])
    }
}

async fn fill(store: &Store, people: usize) -> Result<(), Failed> {
    let key = IndexKey::derive(&REGION_KEY);
    for from in (0..people).step_by(BATCH) {
        let batch: Vec<(usize, Person)> =
            (from..(from + BATCH).min(people)).map(|nth| (nth, Person::of(nth))).collect();
        let mut terms = Vec::new();
        for (nth, person) in &batch {
            terms.extend(person.terms(&key)?.into_iter().map(|term| (term, *nth)));
        }
        terms.sort();
        store
            .write(move |tx| {
                Box::pin(async move {
                    for some in batch.chunks(ROWS) {
                        tx.execute(&people_rows(some)).await?;
                        tx.execute(&link_rows(some)).await?;
                    }
                    for some in terms.chunks(ROWS) {
                        tx.execute(&term_rows(some)).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
    }
    Ok(())
}

type Insert = sea_orm::sea_query::InsertStatement;

fn people_rows(batch: &[(usize, Person)]) -> Insert {
    let mut insert = Query::insert();
    let columns = ["id", "number", "name", "sex", "birth_date", "created_at"].map(Alias::new);
    insert.into_table(Alias::new("patient")).columns(columns);
    for (nth, person) in batch {
        let row: [Expr; 6] = [
            person.id.into(),
            format!("LZ {nth:010}").into(),
            person.name.clone().into(),
            "female".into(),
            person.birth.clone().into(),
            0i64.into(),
        ];
        insert.values_panic(row);
    }
    insert
}

fn link_rows(batch: &[(usize, Person)]) -> Insert {
    let mut insert = Query::insert();
    let columns =
        ["id", "person", "source", "source_patient", "how", "evidence", "linked_by", "linked_at"].map(Alias::new);
    insert.into_table(Alias::new("patient_link")).columns(columns);
    for (nth, person) in batch {
        let row: [Expr; 8] = [
            Uuid::from_u128(person.id.as_u128() ^ 1 << 127).into(),
            person.id.into(),
            "city-first".into(),
            format!("{nth}").into(),
            "first-seen".into(),
            "[]".into(),
            "s:bench".into(),
            0i64.into(),
        ];
        insert.values_panic(row);
    }
    insert
}

fn term_rows(terms: &[(String, usize)]) -> Insert {
    let mut insert = Query::insert();
    insert.into_table(Alias::new("identity_term")).columns(["term", "source", "source_patient"].map(Alias::new));
    for (term, nth) in terms {
        let row: [Expr; 3] = [term.clone().into_bytes().into(), "city-first".into(), format!("{nth}").into()];
        insert.values_panic(row);
    }
    insert
}
