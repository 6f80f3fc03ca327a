//! Searching the index: one range of terms a way of looking.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use access::PersonId;
use sea_orm::{
    ConnectionTrait as _, DbBackend, Statement, Value, Values,
    sea_query::{Condition, Expr, ExprTrait as _, Func, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::Index;
use crate::{
    IndexError, ResidentId,
    entity::{identity_term, identity_term::Column as TermColumn, link, patient},
    name::folded,
    particulars::{TermKind, bare_record_number, phone_digits, phone_term},
    readings::typed,
};

/// Identities looked at for each person that may be shown: most people have a few.
const IDENTITIES: u64 = 4;
/// Ways of looking for one text at most: name, pinyin, initials, record number.
const MOST_WAYS: usize = 4;

/// What is looked for.
#[derive(Clone, Debug)]
pub enum Lookup<'a> {
    /// The beginning of a name, of its pinyin in any reading, or of its initials.
    Name(&'a str),
    /// A whole resident ID.
    ResidentId(&'a ResidentId),
    /// The beginning of a record number, or the end of a phone number (at least four digits).
    Number(&'a str),
}

/// Who was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that fit best first: a whole name before the beginning of a longer one.
    pub people: Vec<PersonId>,
    /// There are more than these.
    pub more: bool,
}

impl Lookup<'_> {
    /// The beginnings of terms that answer it.
    fn prefixes(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Name(text) => {
                let form = folded(text);
                let latin = typed(text);
                let sounds =
                    latin.iter().flat_map(|latin| [TermKind::Pinyin, TermKind::Initials].map(|k| k.term(latin)));
                let name = (!form.is_empty()).then(|| TermKind::Name.term(&form));
                // Short record numbers look like names with a number behind: `XQ-1`.
                let number = text.bytes().any(|b| b.is_ascii_digit()).then(|| bare_record_number(text));
                let record =
                    number.filter(|number| !number.is_empty()).map(|number| TermKind::RecordNumber.term(&number));
                name.into_iter().chain(sounds).chain(record).collect()
            }
            Self::ResidentId(_) => Vec::new(),
            Self::Number(text) => {
                let number = bare_record_number(text);
                let only_digits = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'));
                let phone = phone_digits(text).filter(|_| only_digits).map(|digits| phone_term(&digits));
                let record = (!number.is_empty()).then(|| TermKind::RecordNumber.term(&number));
                record.into_iter().chain(phone).collect()
            }
        }
    }
}

/// The first term that does not begin so.
fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// People whose identities have a term in a range, in the order of terms; `way` tells the ranges apart. Every database goes
/// through the terms' key from one end of the range, as far as the limit: what it costs grows with the depth of the tree.
fn people_by_terms(way: i32, prefix: &[u8], limit: u64) -> SelectStatement {
    let of_identity = Condition::all()
        .add(Expr::col((link::Entity, link::Column::Source)).equals((identity_term::Entity, TermColumn::Source)))
        .add(
            Expr::col((link::Entity, link::Column::SourcePatient))
                .equals((identity_term::Entity, TermColumn::SourcePatient)),
        )
        .add(Expr::col((link::Entity, link::Column::UndoneAt)).is_null());
    let of_person = Expr::col((patient::Entity, patient::Column::Id)).equals((link::Entity, link::Column::Person));
    let now_is = [patient::Column::MergedInto, patient::Column::Id].map(|id| Expr::col((patient::Entity, id)));
    Query::select()
        .expr_as(Expr::val(way), "way")
        .expr_as(Func::coalesce(now_is), "person")
        .from(identity_term::Entity)
        .inner_join(link::Entity, of_identity)
        .inner_join(patient::Entity, of_person)
        .and_where(Expr::col((identity_term::Entity, TermColumn::Term)).gte(prefix.to_vec()))
        .and_where(Expr::col((identity_term::Entity, TermColumn::Term)).lt(after(prefix)))
        .order_by((identity_term::Entity, TermColumn::Term), Order::Asc)
        .limit(limit)
        .to_owned()
}

/// All ways of looking in one statement, each to its own limit. `None` when there is nothing to look for.
fn all_ways(prefixes: &[Vec<u8>], limit: u64) -> Option<SelectStatement> {
    let wrapped = |way: usize, prefix: &Vec<u8>| {
        let way = i32::try_from(way).unwrap_or(i32::MAX);
        let alias = format!("way_{way}");
        Query::select().columns(["way", "person"]).from_subquery(people_by_terms(way, prefix, limit), alias).to_owned()
    };
    let mut ways = prefixes.iter().enumerate();
    let (way, prefix) = ways.next()?;
    if prefixes.len() == 1 {
        return Some(people_by_terms(0, prefix, limit));
    }
    let mut all = wrapped(way, prefix);
    for (way, prefix) in ways {
        all.union(UnionType::All, wrapped(way, prefix));
    }
    Some(all)
}

/// [`all_ways`] as text, for SQLite and PostgreSQL, by the number of ways: made once, since making it anew takes as long as
/// looking one person up.
static TEXTS: LazyLock<HashMap<(bool, usize), String>> = LazyLock::new(|| {
    let of = |backend: DbBackend, ways: usize| {
        let statement = all_ways(&vec![Vec::new(); ways], 0)?;
        Some(((backend == DbBackend::Sqlite, ways), backend.build(&statement).sql))
    };
    let backends = [DbBackend::Sqlite, DbBackend::Postgres].into_iter();
    backends.flat_map(|backend| (1..=MOST_WAYS).filter_map(move |ways| of(backend, ways))).collect()
});

/// The text with its values bound; `None` when there is nothing to look for.
fn statement(backend: DbBackend, prefixes: &[Vec<u8>], limit: u64) -> Option<Statement> {
    let Some(sql) = TEXTS.get(&(backend == DbBackend::Sqlite, prefixes.len())) else {
        return Some(backend.build(&all_ways(prefixes, limit)?));
    };
    let mut values = Vec::with_capacity(4 * prefixes.len());
    for (way, prefix) in (0i32..).zip(prefixes) {
        values.extend([Value::from(way), prefix.clone().into(), after(prefix).into(), limit.into()]);
    }
    Some(Statement { sql: sql.clone(), values: Some(Values(values)), db_backend: backend })
}

impl Index {
    /// People found in the index alone; `most` at most. The caller has authorized the search.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, lookup: &Lookup<'_>, most: usize) -> Result<Found, IndexError> {
        let mut prefixes = lookup.prefixes();
        if let Lookup::ResidentId(id) = lookup {
            prefixes.push(TermKind::Number.term(&self.key.hash(id)));
        }
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_mul(IDENTITIES).saturating_add(1);
        let (mut once, mut found) = (HashSet::new(), Found::default());
        let reader = self.store.reader();
        let Some(statement) = statement(reader.get_database_backend(), &prefixes, limit) else { return Ok(found) };
        let rows = reader.query_all_raw(statement).await?;
        let mut people: Vec<(i32, Uuid)> = Vec::with_capacity(rows.len());
        for row in rows {
            // By place: looking a name up in every row costs as much as reading it.
            people.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
        // Within one way they are in order already; nothing says that a union keeps the ways in theirs.
        people.sort_by_key(|(way, _)| *way);
        for same in people.chunk_by(|one, other| one.0 == other.0) {
            // More identities than were looked at may be more people.
            found.more |= u64::try_from(same.len()).is_ok_and(|rows| rows >= limit);
        }
        for (_, person) in people {
            let person = PersonId(person);
            if !once.insert(person) {
                continue;
            }
            if found.people.len() == most {
                found.more = true;
                break;
            }
            found.people.push(person);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lookup: &Lookup<'_>, expect: &[&str]) {
        let found: Vec<String> =
            lookup.prefixes().into_iter().map(|prefix| String::from_utf8(prefix).expect("text")).collect();
        assert_eq!(found, expect, "{lookup:?}");
    }

    #[test]
    fn ways_of_looking() {
        check(&Lookup::Name("陳 玉蘭"), &["n陈玉兰"]);
        check(&Lookup::Name("Chén Yù"), &["nchényù", "pchenyu", "ichenyu"]);
        check(&Lookup::Name("XQ-1"), &["nxq-1", "pxq", "ixq", "rxq1"]);
        check(&Lookup::Name("lü"), &["nlü", "plv", "ilv"]);
        check(&Lookup::Name(" · "), &[]);
        check(&Lookup::Number("0773-092"), &["r0773092", "t2903770"]);
        check(&Lookup::Number("MR-204"), &["rmr204"]);
        check(&Lookup::Number("526"), &["r526"]);
        check(&Lookup::Number("+86 138 0000 0526"), &["r8613800000526", "t62500000831"]);
    }

    #[test]
    fn a_text_made_once_is_the_statement_with_its_values() {
        for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
            for ways in 0..=MOST_WAYS + 1 {
                let prefixes: Vec<Vec<u8>> = (0..ways).map(|way| format!("n陈{way}").into_bytes()).collect();
                let whole = all_ways(&prefixes, 401).map(|select| backend.build(&select));
                assert_eq!(statement(backend, &prefixes, 401), whole, "{ways} ways on {backend:?}");
            }
        }
    }

    /// Nothing is read through or sorted: each way is a walk along the key of the terms, and two look-ups for each row of it.
    #[tokio::test]
    async fn no_way_of_looking_reads_a_table_through() {
        use store::{DatabaseConfig, Store};

        let db = testbed::Database::sqlite().await.expect("database");
        let store = Store::open(&DatabaseConfig::new(&db.url, None)).await.expect("store");
        for lookup in [Lookup::Name("陈"), Lookup::Name("XQ-1"), Lookup::Number("13800000526")] {
            let prefixes = lookup.prefixes();
            let mut explain = statement(DbBackend::Sqlite, &prefixes, 401).expect("a statement");
            explain.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let rows = store.reader().query_all_raw(explain).await.expect("a plan");
            let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").expect("text")).collect();
            let has = |step: &str| plan.iter().filter(|own| own.starts_with(step)).count();
            let ways = prefixes.len();
            assert_eq!(has("SEARCH identity_term USING PRIMARY KEY (term>? AND term<?)"), ways, "{plan:#?}");
            let by_key = |table: &str| has(&format!("SEARCH {table} USING INDEX"));
            assert_eq!((by_key("patient_link"), by_key("patient ")), (ways, 0), "{plan:#?}");
            let reads_through = |own: &&String| own.starts_with("SCAN") && !own.contains("way_");
            assert_eq!(plan.iter().filter(reads_through).count(), 0, "{plan:#?}");
            assert!(!plan.iter().any(|own| own.contains("TEMP B-TREE")), "{plan:#?}");
        }
    }

    #[test]
    fn a_range_ends_behind_its_prefix() {
        assert_eq!(after(b"nab"), b"nac");
        assert_eq!(after(&[1, 255]), [2]);
        assert_eq!(after(&[255, 255]), [0u8; 0]);
    }
}
