//! G12: looking people up among a million, beside the bare SQL statement on the same connection pool.
//!
//! `cargo bench -p patients --bench g12_search`. Rounds are interleaved, the figure is the median of their ratios; void
//! unless both find the same people. How the cost grows is told by a tenth of the people in a database of their own, for
//! look-ups that find as many there. `G12_PEOPLE` makes the region smaller, for trying the program.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its table and has no public items")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use access::{AuditKey, AuditLog, PersonId};
use patients::{Index, IndexKey, Lookup, bare_phone};
use sea_orm::{
    ConnectionTrait as _, Statement, Value,
    sea_query::{Alias, Expr, Query},
};
use store::{DatabaseConfig, Store, StoreError};
use uuid::Uuid;

#[path = "../../fhir/benches/support/report.rs"]
mod report;

use report::Report;

const PEOPLE: usize = 1_000_000;
const RATIO: f64 = 1.3;
const P99_MS: f64 = 50.0;
/// Cost of a look-up among all, beside one among a tenth of them: a logarithm grows by a fifth, the rest is for memory that
/// is no longer at hand.
const GROWTH: f64 = 1.6;
const ROUNDS: usize = 15;
const LOOKS: usize = 40;
/// People asked for, and identities that are looked at for them.
const MOST: usize = 100;
const LIMIT: u64 = 401;
/// Values of one statement stay below what every database takes.
const ROWS: usize = 500;
const BATCH: usize = 20_000;

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
    let mut report = Report::new("G12");
    let begun = Instant::now();
    let (_all, store, index) = region(people).await?;
    let (_tenth, _, tenth) = region(people / 10).await?;
    println!("{people} people in {:.0} s", begun.elapsed().as_secs_f64());
    let (mut equal, mut all, mut samples) = (0, 0, Vec::new());
    let mut worst: f64 = 0.0;
    for case in cases(people) {
        let (ratio, same, took) = compare(&store, &index, &case).await?;
        (equal, all) = (equal + usize::from(same), all + 1);
        worst = worst.max(ratio);
        samples.extend(took);
        println!("{:<28} {ratio:>6.3} × the bare statement", case.what);
        report.at_most(format!("{} ({people} people)", case.what), ratio, RATIO, "×");
        if case.steady {
            let grown = growth(&index, &tenth, &case).await?;
            println!("{:<28} {grown:>6.3} × among a tenth", case.what);
            report.at_most(format!("{}, beside a tenth of the people", case.what), grown, GROWTH, "×");
        }
    }
    samples.sort();
    let p99 = samples.get(samples.len() * 99 / 100).copied().unwrap_or(Duration::MAX);
    report.at_most("p99 of all look-ups", p99.as_secs_f64() * 1000.0, P99_MS, "ms");
    report.gate("the same people", equal, all);
    report.inform("worst ratio", worst, "×");
    println!("p99 {:.2} ms, {equal} of {all} find the same people", p99.as_secs_f64() * 1000.0);
    report.write()?;
    Ok(report.good())
}

/// An index of so many people, in a database of its own.
async fn region(people: usize) -> Result<(testbed::Database, Store, Index), Failed> {
    let database = testbed::Database::sqlite().await?;
    let store = Store::open(&DatabaseConfig::new(&database.url, None)).await?;
    let index = Index::new(store.clone(), IndexKey::derive(&[2; 32]), AuditLog::new(AuditKey::new([1; 32])));
    fill(&store, people).await?;
    Ok((database, store, index))
}

/// Median ratio of the same look-up among all and among a tenth, in interleaved rounds.
async fn growth(all: &Index, tenth: &Index, case: &Case) -> Result<f64, Failed> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let mut took = [Duration::ZERO; 2];
        for (index, sum) in [all, tenth].into_iter().zip(&mut took) {
            let begun = Instant::now();
            for _ in 0..LOOKS {
                index.find(&case.lookup(), MOST).await?;
            }
            *sum = begun.elapsed();
        }
        ratios.push(took[0].as_secs_f64() / took[1].as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ROUNDS / 2])
}

/// What somebody types, and the beginnings of terms that it means.
struct Case {
    what: &'static str,
    typed: String,
    terms: Vec<String>,
    /// Finds as many among a tenth of the people.
    steady: bool,
}

impl Case {
    fn lookup(&self) -> Lookup<'_> {
        let digits = bare_phone(&self.typed).is_some_and(|digits| digits == self.typed);
        if digits { Lookup::Number(&self.typed) } else { Lookup::Name(&self.typed) }
    }
}

fn cases(people: usize) -> Vec<Case> {
    let case = |what: &'static str, typed: &str, terms: &[String]| Case {
        what,
        typed: typed.to_owned(),
        terms: terms.to_vec(),
        steady: ["surname alone", "record number", "whole phone"].contains(&what),
    };
    // Somebody of the first tenth.
    let person = Person::of(people / 30);
    let latin = |typed: &str| [format!("n{typed}"), format!("p{typed}"), format!("i{typed}")];
    let back = |digits: &str| digits.chars().rev().collect::<String>();
    vec![
        case("whole name", &person.name, &[format!("n{}", person.name)]),
        case("surname alone", "王", &["n王".to_owned()]),
        case("whole pinyin", &person.pinyin, &latin(&person.pinyin)),
        case("beginning of pinyin", "chenyu", &latin("chenyu")),
        case("initials", &person.initials, &latin(&person.initials)),
        case("record number", &person.record, &[format!("r{}", person.record), format!("t{}", back(&person.record))]),
        case("whole phone", &person.phone, &[format!("r{}", person.phone), format!("t{}", back(&person.phone))]),
        case(
            "last four digits",
            &person.phone[7..],
            &[format!("r{}", &person.phone[7..]), format!("t{}", back(&person.phone[7..]))],
        ),
    ]
}

async fn compare(store: &Store, index: &Index, case: &Case) -> Result<(f64, bool, Vec<Duration>), Failed> {
    let lookup = case.lookup();
    let statement = bare(store, case);
    let found = index.find(&lookup, MOST).await?;
    let mut expect: Vec<PersonId> = Vec::new();
    for row in store.reader().query_all_raw(statement.clone()).await? {
        let merged: Option<Uuid> = row.try_get("", "merged_into")?;
        let person = PersonId(merged.unwrap_or(row.try_get("", "id")?));
        if expect.len() < MOST && !expect.contains(&person) {
            expect.push(person);
        }
    }
    let (mut ratios, mut samples) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut ours = Duration::ZERO;
        let mut theirs = Duration::ZERO;
        for _ in 0..LOOKS {
            let begun = Instant::now();
            index.find(&lookup, MOST).await?;
            let took = begun.elapsed();
            samples.push(took);
            ours += took;
            let begun = Instant::now();
            store.reader().query_all_raw(statement.clone()).await?;
            theirs += begun.elapsed();
        }
        ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    Ok((ratios[ROUNDS / 2], found.people == expect, samples))
}

/// The statement as somebody would write it by hand.
fn bare(store: &Store, case: &Case) -> Statement {
    let one = |way: usize| {
        format!(
            "SELECT * FROM (SELECT {way} AS way, p.id, p.merged_into FROM identity_term t \
             JOIN patient_link l ON l.source = t.source AND l.source_patient = t.source_patient AND l.undone_at IS NULL \
             JOIN patient p ON p.id = l.person WHERE t.term >= ? AND t.term < ? ORDER BY t.term LIMIT {LIMIT})"
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
    Statement::from_sql_and_values(store.reader().get_database_backend(), sql, values)
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

    fn terms(&self) -> Vec<String> {
        let back: String = self.phone.chars().rev().collect();
        vec![
            format!("n{}", self.name),
            format!("p{}", self.pinyin),
            format!("i{}", self.initials),
            format!("r{}", self.record),
            format!("t{back}"),
            format!("bs{}{}", self.birth, &self.pinyin),
            format!("by{}{}", &self.birth[..4], self.pinyin),
            format!("bd{}{}", &self.birth[5..], self.pinyin),
        ]
    }
}

async fn fill(store: &Store, people: usize) -> Result<(), Failed> {
    for from in (0..people).step_by(BATCH) {
        let until = (from + BATCH).min(people);
        store
            .write(move |tx| {
                Box::pin(async move {
                    for some in (from..until).collect::<Vec<_>>().chunks(ROWS) {
                        let batch: Vec<(usize, Person)> = some.iter().map(|nth| (*nth, Person::of(*nth))).collect();
                        tx.execute(&people_rows(&batch)).await?;
                        tx.execute(&link_rows(&batch)).await?;
                        for few in batch.chunks(100) {
                            tx.execute(&term_rows(few)).await?;
                        }
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

fn term_rows(batch: &[(usize, Person)]) -> Insert {
    let mut insert = Query::insert();
    insert.into_table(Alias::new("identity_term")).columns(["term", "source", "source_patient"].map(Alias::new));
    for (nth, person) in batch {
        for term in person.terms() {
            let row: [Expr; 3] = [term.into_bytes().into(), "city-first".into(), format!("{nth}").into()];
            insert.values_panic(row);
        }
    }
    insert
}
