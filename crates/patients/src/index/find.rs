//! Searching the index: one range of terms a way of looking.

use std::collections::HashSet;

use access::PersonId;
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Condition, Expr, ExprTrait as _, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::Index;
use crate::{
    IndexError, ResidentId,
    name::folded,
    particulars::{TermKind, bare_record_number, phone_digits, phone_term},
    readings::typed,
};

/// Identities looked at for each person that may be shown: most people have a few.
const IDENTITIES: u64 = 4;

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

/// People whose identities have a term in a range, in the order of terms; `way` tells the ranges apart.
fn people_by_terms(way: i32, prefix: &[u8], limit: u64) -> SelectStatement {
    let [term, link, person] = ["identity_term", "patient_link", "patient"].map(Alias::new);
    let column = |table: &Alias, name: &str| Expr::col((table.clone(), Alias::new(name)));
    let of_identity = Condition::all()
        .add(column(&link, "source").equals((term.clone(), Alias::new("source"))))
        .add(column(&link, "source_patient").equals((term.clone(), Alias::new("source_patient"))))
        .add(column(&link, "undone_at").is_null());
    Query::select()
        .expr_as(Expr::val(way), Alias::new("way"))
        .column((person.clone(), Alias::new("id")))
        .column((person.clone(), Alias::new("merged_into")))
        .from(term.clone())
        .inner_join(link.clone(), of_identity)
        .inner_join(person.clone(), column(&person, "id").equals((link, Alias::new("person"))))
        .and_where(column(&term, "term").gte(prefix.to_vec()))
        .and_where(column(&term, "term").lt(after(prefix)))
        .order_by((term, Alias::new("term")), Order::Asc)
        .limit(limit)
        .to_owned()
}

/// All ways of looking in one statement, each to its own limit. `None` when there is nothing to look for.
fn all_ways(prefixes: &[Vec<u8>], limit: u64) -> Option<SelectStatement> {
    let wrapped = |way: usize, prefix: &Vec<u8>| {
        let way = i32::try_from(way).unwrap_or(i32::MAX);
        let alias = Alias::new(format!("way_{way}"));
        let columns = ["way", "id", "merged_into"].map(Alias::new);
        Query::select().columns(columns).from_subquery(people_by_terms(way, prefix, limit), alias).to_owned()
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
        let Some(statement) = all_ways(&prefixes, limit) else { return Ok(found) };
        let rows = self.store.reader().query_all(&statement).await?;
        let mut people: Vec<(i32, Uuid, Option<Uuid>)> = Vec::with_capacity(rows.len());
        for row in rows {
            people.push((row.try_get("", "way")?, row.try_get("", "id")?, row.try_get("", "merged_into")?));
        }
        // Within one way they are in order already; nothing says that a union keeps the ways in theirs.
        people.sort_by_key(|(way, ..)| *way);
        for same in people.chunk_by(|one, other| one.0 == other.0) {
            // More identities than were looked at may be more people.
            found.more |= u64::try_from(same.len()).is_ok_and(|rows| rows >= limit);
        }
        for (_, person, merged) in people {
            let person = PersonId(merged.unwrap_or(person));
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
    fn a_range_ends_behind_its_prefix() {
        assert_eq!(after(b"nab"), b"nac");
        assert_eq!(after(&[1, 255]), [2]);
        assert_eq!(after(&[255, 255]), [0u8; 0]);
    }
}
