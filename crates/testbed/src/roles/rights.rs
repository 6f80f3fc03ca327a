//! Every role × every table × every verb × every column of the live catalogue, tried and not read off: the outcome is
//! `deploy/postgres/rights.txt`. A table or column that a migration adds appears in it, and fails until somebody decides.

use std::fmt::Write as _;

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use super::*;

const DECIDED: &str = include_str!("../../../../deploy/postgres/rights.txt");

struct Table {
    name: String,
    columns: Vec<String>,
}

/// Tables, views and whatever else can be selected from, with their columns.
async fn catalogue(db: &DatabaseConnection) -> Result<Vec<Table>> {
    let select = Query::select()
        .columns(["table_name", "column_name"].map(|name| (Alias::new("columns"), Alias::new(name))))
        .from((Alias::new("information_schema"), Alias::new("columns")))
        .and_where(Expr::col(Alias::new("table_schema")).eq("public"))
        .order_by(Alias::new("table_name"), sea_orm::Order::Asc)
        .order_by(Alias::new("ordinal_position"), sea_orm::Order::Asc)
        .to_owned();
    let mut tables: Vec<Table> = Vec::new();
    for row in db.query_all(&select).await? {
        let (table, column): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match tables.last_mut() {
            Some(last) if last.name == table => last.columns.push(column),
            _ => tables.push(Table { name: table, columns: vec![column] }),
        }
    }
    Ok(tables)
}

/// `true`: done; `false`: refused for lack of a right; everything else is a mistake of this test.
async fn may(db: &DatabaseConnection, statement: &str) -> Result<bool> {
    match postgres::run(db, statement).await {
        Ok(()) => Ok(true),
        Err(error) => {
            let why = format!("{error:#}");
            // What can be done to tables alone nobody can do to a view.
            let of_views = ["is not a table", "cannot be performed on relation", "cannot create index on relation"];
            let refused = ["permission denied", "must be owner"].iter().chain(&of_views).any(|said| why.contains(said));
            anyhow::ensure!(refused, "{why}");
            Ok(false)
        }
    }
}

/// `*`, `-`, or the columns by name.
async fn of_columns(db: &DatabaseConnection, table: &Table, statement: impl Fn(&str) -> String) -> Result<String> {
    let mut allowed = Vec::new();
    for column in &table.columns {
        if may(db, &statement(column)).await? {
            allowed.push(column.as_str());
        }
    }
    Ok(match allowed.len() {
        0 => "-".to_owned(),
        // Spelt out outside: a column that is added there is a decision too.
        all if all == table.columns.len() => format!("all {all}"),
        _ => allowed.join(" "),
    })
}

/// What `role` may do with a table, as one paragraph of the file; empty when nothing.
async fn tried(db: &DatabaseConnection, role: &str, table: &Table) -> Result<String> {
    let name = &table.name;
    let select = of_columns(db, table, |column| format!("SELECT {column} FROM {name} LIMIT 0")).await?;
    let insert =
        of_columns(db, table, |column| format!("INSERT INTO {name} ({column}) SELECT NULL WHERE false")).await?;
    let update = of_columns(db, table, |column| format!("UPDATE {name} SET {column} = DEFAULT WHERE false")).await?;
    let mut whole = Vec::new();
    for (verb, statement) in [
        ("delete", format!("DELETE FROM {name} WHERE false")),
        ("truncate", format!("BEGIN; TRUNCATE {name}; ROLLBACK")),
        ("alter", format!("ALTER TABLE {name} DISABLE TRIGGER ALL")),
        ("row-security-off", format!("ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")),
        ("drop", format!("BEGIN; DROP TABLE {name} CASCADE; ROLLBACK")),
        ("index", format!("CREATE INDEX ON {name} (({}))", table.columns[0])),
    ] {
        if may(db, &statement).await? {
            whole.push(verb);
        }
        postgres::run(db, "ROLLBACK").await?;
    }
    let mut text = format!("{role} {name}\n");
    for (verb, columns) in [("select", select), ("insert", insert), ("update", update)] {
        if columns != "-" {
            writeln!(text, "    {verb}  {columns}")?;
        }
    }
    for verb in whole {
        writeln!(text, "    {verb}")?;
    }
    if text.lines().count() == 1 {
        text.insert_str(text.len() - 1, "  nothing");
    }
    Ok(text)
}

#[tokio::test]
async fn every_right_on_every_column_is_decided() -> Result<()> {
    if crate::quick() {
        return Ok(());
    }
    let split = SplitDatabase::new().await?;
    let tables = catalogue(&split.all.connect().await?).await?;
    assert!(tables.len() > 15, "the catalogue is empty");
    let mut found = String::new();
    for (role, database) in
        [("portal_external", &split.external), ("portal_desk", &split.desk), ("portal_internal", &split.internal)]
    {
        let db = database.connect().await?;
        for table in &tables {
            found.push_str(&tried(&db, role, table).await?);
        }
        for statement in ["CREATE TABLE mine (id integer)", "CREATE TEMP TABLE mine (id integer)", "CREATE SCHEMA mine"]
        {
            assert!(!may(&db, statement).await?, "{role}: {statement}");
        }
    }
    let decided: String =
        DECIDED.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let differs: Vec<String> = diff(&decided, &found);
    assert!(
        differs.is_empty(),
        "rights that nobody decided on (deploy/postgres/rights.txt):\n{}\n\n{found}",
        differs.join("\n")
    );
    Ok(())
}

/// Paragraphs that are in one alone.
fn diff(decided: &str, found: &str) -> Vec<String> {
    let paragraphs = |text: &str| -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for line in text.lines() {
            match all.last_mut() {
                Some(last) if line.starts_with(' ') => last.push_str(&format!("\n{line}")),
                _ => all.push(line.to_owned()),
            }
        }
        all
    };
    let (decided, found) = (paragraphs(decided), paragraphs(found));
    let gone = decided.iter().filter(|one| !found.contains(one)).map(|one| format!("decided: {one}"));
    let new = found.iter().filter(|one| !decided.contains(one)).map(|one| format!("found:   {one}"));
    gone.chain(new).collect()
}

/// What columns can't say: rows. Each is tried as the role that may not, then as one that may.
#[tokio::test]
async fn rows_that_are_not_the_public_portal_s_are_refused() -> Result<()> {
    if crate::quick() {
        return Ok(());
    }
    let split = SplitDatabase::new().await?;
    let (owner, outside) = (split.all.connect().await?, split.external.connect().await?);
    let inside = split.internal.connect().await?;
    let audit = |number: u8, domain: &str| {
        format!(
            "INSERT INTO audit_event (writer, number, at, actor, actor_name, domain, groups, action, object_kind, outcome, \
             detail, format, mac) VALUES ('{ONE}', {number}, 0, 'u:a', '', '{domain}', '[]', 'x.y', 'x', 'ok', '{{}}', 2, '')"
        )
    };
    let link = |id: &str, how: &str| {
        format!(
            "INSERT INTO patient_link (id, person, source, source_patient, how, evidence, linked_by, linked_at) VALUES \
             ('{id}', '{ONE}', 's', '{how}', '{how}', '[]', 's:x', 0)"
        )
    };
    let person = |id: &str, merged: &str| {
        format!(
            "INSERT INTO patient (id, number, name, created_at, merged_into) VALUES ('{id}', '{id:.18}', 'n', 0, {merged})"
        )
    };
    for statement in [
        person(ONE, "NULL"),
        link(ONE, "strong-key"),
        audit(1, "external"),
        format!("INSERT INTO audit_writer (writer, sealed, touched_at) VALUES ('{ONE}', 0, 0)"),
        format!("UPDATE patient SET resident_id_hash = 'h' WHERE id = '{ONE}'"),
    ] {
        assert!(allowed(&outside, &statement).await?, "{statement}");
    }
    for statement in [
        audit(2, "internal"),
        format!("INSERT INTO audit_writer (writer, sealed, touched_at) VALUES ('{TWO}', 7, 0)"),
        link(TWO, "steward"),
        person(TWO, &format!("'{ONE}'")),
        format!(
            "INSERT INTO patient_contested (id, source, source_patient, claimant, holder, found_by, found_at, settled_at, \
             decision) VALUES ('{ONE}', 's', 'p', '{ONE}', '{TWO}', 's:x', 0, 1, 'one person')"
        ),
    ] {
        assert!(!allowed(&outside, &statement).await?, "outside: {statement}");
    }
    assert!(!allowed(&inside, &audit(3, "external")).await?, "the intranet portal in the other's name");
    assert!(allowed(&inside, &audit(3, "internal")).await?);
    let key = |id: &str, domain: &str| {
        format!(
            "INSERT INTO envelope_kek (id, domain, segment, version, wrapped, root, check_value, state, created_at) VALUES \
             ('{id}', '{domain}', 's', 1, 'w', 'r', 'c', 'active', 0)"
        )
    };
    assert!(!allowed(&outside, &key(ONE, "staff")).await?, "a key of staff's, made outside");
    assert!(allowed(&inside, &key(ONE, "staff")).await? && allowed(&outside, &key(TWO, "patient")).await?);
    let seen = Query::select().column(Alias::new("domain")).from(Alias::new("envelope_kek")).to_owned();
    let rows = outside.query_all(&seen).await?;
    let seen: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    assert_eq!(seen?, ["patient"], "keys that the public portal sees");
    // A number is set once: the row is out of reach from then on.
    postgres::run(&outside, "UPDATE patient SET resident_id_hash = 'other'").await?;
    let hash = Query::select().column(Alias::new("resident_id_hash")).from(Alias::new("patient")).to_owned();
    let row = owner.query_one(&hash).await?.context("a row")?;
    assert_eq!(row.try_get_by_index::<String>(0)?, "h");
    Ok(())
}

const ONE: &str = "00000000-0000-0000-0000-000000000001";
const TWO: &str = "00000000-0000-0000-0000-000000000002";

/// `false`: row security refused it.
async fn allowed(db: &DatabaseConnection, statement: &str) -> Result<bool> {
    match postgres::run(db, statement).await {
        Ok(()) => Ok(true),
        Err(error) => {
            let why = format!("{error:#}");
            anyhow::ensure!(why.contains("row-level security"), "{why}");
            Ok(false)
        }
    }
}
