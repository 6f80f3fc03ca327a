//! Somebody who can write the database, but has neither the key nor the heads file, changes the log: it is found.

use std::collections::BTreeSet;

use access::{
    AuditKey, AuditKeys, AuditLog, Domain, Event, Outcome, SystemContext,
    audit::{Problem, ProblemKind, VerifyReport, action, verify},
};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};
use uuid::Uuid;

use crate::{
    audit::{KEY, Log, keys},
    people::noon,
};

/// A sealed log of `rows` rows in one lane, a head published after each hundred, and a connection behind its back.
async fn sealed(database: &testbed::Database, rows: u32) -> (Log, DatabaseConnection) {
    let log = Log::of(database).await;
    for from in (0..rows).step_by(100) {
        for n in from..Ord::min(from + 100, rows) {
            log.act(n).await;
        }
        log.sealer.seal(noon()).await.unwrap();
    }
    let report = log.verify().await;
    assert!(report.is_good(), "{report:?}");
    (log, database.connect().await.unwrap())
}

fn numbers(report: &VerifyReport, kind: ProblemKind) -> BTreeSet<i64> {
    found(report, kind).filter_map(|problem| problem.number).collect()
}

fn positions(report: &VerifyReport, kind: ProblemKind) -> BTreeSet<i64> {
    found(report, kind).filter_map(|problem| problem.position).collect()
}

fn found(report: &VerifyReport, kind: ProblemKind) -> impl Iterator<Item = &Problem> {
    report.problems.iter().filter(move |problem| problem.kind == kind)
}

async fn set(db: &DatabaseConnection, table: &str, key: (&str, i64), column: &str, to: impl Into<Expr>) {
    let update = Query::update()
        .table(Alias::new(table))
        .value(Alias::new(column), to)
        .and_where(Expr::col(Alias::new(key.0)).eq(key.1))
        .to_owned();
    assert_eq!(db.execute(&update).await.unwrap().rows_affected(), 1);
}

async fn delete(db: &DatabaseConnection, table: &str, column: &str, from: i64, to: i64) -> u64 {
    let rows = Expr::col(Alias::new(column)).between(from, to);
    let delete = Query::delete().from_table(Alias::new(table)).and_where(rows).to_owned();
    db.execute(&delete).await.unwrap().rows_affected()
}

#[tokio::test]
async fn a_thousand_changed_rows_are_a_thousand_findings() {
    for database in testbed::databases().await {
        let (log, db) = sealed(&database, 1_000).await;
        for n in 1..=1_000_i64 {
            let (column, to): (&str, Expr) = match n % 14 {
                0 => ("at", n.into()),
                1 => ("actor", "u:region/other".into()),
                2 => ("actor_name", "王芳".into()),
                3 => ("domain", "external".into()),
                4 => ("groups", "[]".into()),
                5 => ("action", "record.read.outcome".into()),
                6 => ("object_kind", "other".into()),
                7 => ("object_id", Expr::value(None::<String>)),
                8 => ("person", Expr::value(Some(Uuid::nil()))),
                9 => ("outcome", "refused".into()),
                10 => ("reason", "none".into()),
                11 => ("detail", "{}".into()),
                12 => ("request_id", Expr::value(None::<String>)),
                _ => ("mac", Expr::value(vec![n as u8; 32])),
            };
            set(&db, "audit_event", ("number", n), column, to).await;
        }
        let report = log.verify().await;
        assert_eq!(numbers(&report, ProblemKind::RowChanged), (1..=1_000).collect(), "{:?}", database.kind);
        // A changed code breaks the chain too: there, and only there.
        assert_eq!(numbers(&report, ProblemKind::ChainBroken), (1..=1_000).filter(|n| n % 14 == 13).collect());
    }
}

#[tokio::test]
async fn a_thousand_deleted_rows_are_a_thousand_findings() {
    for database in testbed::databases().await {
        let (log, db) = sealed(&database, 1_200).await;
        let mut gone = BTreeSet::new();
        for (from, to) in [(1, 1), (5, 5), (7, 300), (400, 1_099), (1_197, 1_200)] {
            assert_eq!(delete(&db, "audit_event", "number", from, to).await, (to - from + 1) as u64);
            gone.extend(from..=to);
        }
        assert_eq!(gone.len(), 1_000);
        let report = log.verify().await;
        assert_eq!(numbers(&report, ProblemKind::RowMissing), gone, "{:?}", database.kind);
        assert_eq!(report.problem_count, 1_000, "each is told once");
    }
}

#[tokio::test]
async fn a_thousand_reordered_rows_are_a_thousand_findings() {
    for database in testbed::databases().await {
        let (log, db) = sealed(&database, 1_000).await;
        // Neighbours change places in their lane: 1 and 2, 3 and 4, …
        for first in (1..=1_000_i64).step_by(2) {
            set(&db, "audit_event", ("number", first), "number", -1_i64).await;
            set(&db, "audit_event", ("number", first + 1), "number", first).await;
            set(&db, "audit_event", ("number", -1), "number", first + 1).await;
        }
        let report = log.verify().await;
        assert_eq!(numbers(&report, ProblemKind::RowChanged), (1..=1_000).collect(), "{:?}", database.kind);
    }
}

#[tokio::test]
async fn a_thousand_reordered_seals_are_found() {
    for database in testbed::databases().await {
        let (log, db) = sealed(&database, 1_000).await;
        for first in (1..=1_000_i64).step_by(2) {
            set(&db, "audit_seal", ("position", first), "position", -1_i64).await;
            set(&db, "audit_seal", ("position", first + 1), "position", first).await;
            set(&db, "audit_seal", ("position", -1), "position", first + 1).await;
        }
        let report = log.verify().await;
        assert_eq!(positions(&report, ProblemKind::SealOrder), (1..=1_000).collect(), "{:?}", database.kind);
    }
}

#[tokio::test]
async fn a_log_cut_anywhere_is_found_even_when_everything_in_the_database_agrees() {
    for database in testbed::databases().await {
        let (log, db) = sealed(&database, 1_000).await;
        for cut in (0..1_000_i64).rev().step_by(37) {
            delete(&db, "audit_event", "number", cut + 1, i64::MAX).await;
            delete(&db, "audit_seal", "position", cut + 1, i64::MAX).await;
            let mark = Query::update().table(Alias::new("audit_writer")).value(Alias::new("sealed"), cut).to_owned();
            db.execute(&mark).await.unwrap();
            let report = log.verify().await;
            let cut_heads: BTreeSet<i64> = (1..=10).map(|n| n * 100).filter(|head| *head > cut).collect();
            assert_eq!(positions(&report, ProblemKind::Truncated), cut_heads, "{:?} cut at {cut}", database.kind);
        }
    }
}

#[tokio::test]
async fn a_chain_computed_anew_does_not_fit_what_was_published() {
    let database = testbed::Database::sqlite().await.unwrap();
    let (log, db) = sealed(&database, 300).await;
    // Row 150 goes, and the sealer is made to chain the rest again.
    for table in ["audit_event", "audit_seal"] {
        delete(&db, table, "number", 150, 150).await;
    }
    delete(&db, "audit_seal", "number", 1, 300).await;
    let mark = Query::update().table(Alias::new("audit_writer")).value(Alias::new("sealed"), 0_i64).to_owned();
    db.execute(&mark).await.unwrap();
    let kept = std::fs::read(&log.heads).unwrap();
    assert_eq!(log.sealer.seal(noon()).await.unwrap(), 299);
    std::fs::write(&log.heads, kept).unwrap();
    let report = log.verify().await;
    assert_eq!(numbers(&report, ProblemKind::RowMissing), BTreeSet::from([150]));
    assert_eq!(positions(&report, ProblemKind::HeadChanged), BTreeSet::from([200]));
    assert_eq!(positions(&report, ProblemKind::Truncated), BTreeSet::from([300]));
}

#[tokio::test]
async fn other_ways_to_change_the_log() {
    // What is done, and one finding that must be among those told.
    let cases: [(&str, ProblemKind); 7] = [
        ("one byte of a seal", ProblemKind::ChainBroken),
        ("a seal is deleted", ProblemKind::SealMissing),
        ("the lanes are forgotten", ProblemKind::LaneUnknown),
        ("a mark is moved back", ProblemKind::LaneMark),
        ("a mark is moved on", ProblemKind::LaneMark),
        ("a lane is emptied", ProblemKind::RowMissing),
        ("the heads are gone", ProblemKind::HeadsMissing),
    ];
    for (case, expect) in cases {
        let database = testbed::Database::sqlite().await.unwrap();
        let (log, db) = sealed(&database, 30).await;
        let mark =
            |to: i64| Query::update().table(Alias::new("audit_writer")).value(Alias::new("sealed"), to).to_owned();
        match case {
            "one byte of a seal" => set(&db, "audit_seal", ("position", 7), "hash", vec![0_u8; 32]).await,
            "a seal is deleted" => assert_eq!(delete(&db, "audit_seal", "position", 9, 9).await, 1),
            "the lanes are forgotten" => assert_eq!(delete(&db, "audit_writer", "sealed", 0, 99).await, 1),
            "a mark is moved back" => drop(db.execute(&mark(3)).await.unwrap()),
            "a mark is moved on" => drop(db.execute(&mark(31)).await.unwrap()),
            "a lane is emptied" => assert_eq!(delete(&db, "audit_event", "number", 1, 99).await, 30),
            _ => std::fs::remove_file(&log.heads).unwrap(),
        }
        let report = log.verify().await;
        assert!(found(&report, expect).next().is_some(), "{case}: {:?}", report.problems);
    }
}

#[tokio::test]
async fn a_log_of_another_key_fits_nowhere() {
    let database = testbed::Database::sqlite().await.unwrap();
    let (log, _db) = sealed(&database, 10).await;
    let report = verify(&log.store, &keys([1; 32]), &log.heads, noon()).await.unwrap();
    assert_eq!(numbers(&report, ProblemKind::RowChanged), (1..=10).collect());
}

#[tokio::test]
async fn a_heads_file_that_was_written_over_is_found() {
    let database = testbed::Database::sqlite().await.unwrap();
    let (log, _db) = sealed(&database, 300).await;
    let text = std::fs::read_to_string(&log.heads).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(0, 1);
    lines.push("not a head");
    std::fs::write(&log.heads, lines.join("\n") + "\n").unwrap();
    let report = log.verify().await;
    assert_eq!(found(&report, ProblemKind::HeadsUnreadable).count(), 2, "{:?}", report.problems);
}

/// The portals' logs on one database, each with its own root key, as their hosts have them.
#[tokio::test]
async fn whoever_has_the_public_portal_s_keys_and_the_database_forges_no_row_of_the_staff_s() {
    let (region, patient, staff) = ([1; 32], [2; 32], [3; 32]);
    let all = AuditKeys::new(
        AuditKey::of_portal(&staff, Domain::Internal),
        AuditKey::of_portal(&patient, Domain::External),
        Some(AuditKey::shared(&region)),
    );
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        let write = async |key: AuditKey, domain: Domain| {
            let event = Event::new(action::SIGN_IN, "session", Outcome::Ok);
            let draft = AuditLog::draft(&SystemContext::new("test", domain), noon(), event);
            let audit = AuditLog::new(key);
            log.store.write(move |tx| Box::pin(async move { audit.append(tx, draft).await })).await
        };
        write(AuditKey::of_portal(&staff, Domain::Internal), Domain::Internal).await.unwrap();
        write(AuditKey::of_portal(&patient, Domain::External), Domain::External).await.unwrap();
        // A portal that would tell of the other's people is stopped before it spoils the log.
        assert!(write(AuditKey::of_portal(&patient, Domain::External), Domain::Internal).await.is_err());
        log.sealer.seal(noon()).await.unwrap();
        let report = verify(&log.store, &all, &log.heads, noon()).await.unwrap();
        assert!(report.is_good() && report.rows == 2, "{report:?}");

        // The forger writes with keys of their own making, past that stop; then in the old form, with a key they have.
        let raw = |root: [u8; 32]| AuditKey::new(of_portal_bytes(root));
        write(raw(patient), Domain::Internal).await.unwrap();
        write(raw(region), Domain::Internal).await.unwrap();
        log.sealer.seal(noon()).await.unwrap();
        let report = verify(&log.store, &all, &log.heads, noon()).await.unwrap();
        assert_eq!(found(&report, ProblemKind::RowChanged).count(), 2, "{:?}: {report:?}", database.kind);
    }
}

/// Stands for whatever the forger derives: any key but the staff's is as good.
fn of_portal_bytes(root: [u8; 32]) -> [u8; 32] {
    root.map(|byte| byte.wrapping_mul(31))
}

/// Rows of programs before 0.2 stay checkable; where they may stand is bounded by the heads outside the database.
#[tokio::test]
async fn rows_under_the_shared_key_are_good_until_keys_were_apart_and_forged_after() {
    for database in testbed::databases().await {
        let log = Log::of(&database).await;
        log.acts(4).await;
        to_the_first_form(&database, &log).await;
        log.sealer.seal(noon()).await.unwrap();
        // A head as an old program published it.
        let head = std::fs::read_to_string(&log.heads).unwrap().replace(",\"format\":2", "");
        std::fs::write(&log.heads, head).unwrap();
        assert!(log.verify().await.is_good(), "{:?}", log.verify().await);
        log.acts(2).await;
        log.sealer.seal(noon()).await.unwrap();
        let report = log.verify().await;
        assert!(report.is_good() && report.rows == 6, "{report:?}");
        // Now one in the old form, with the key that both hosts had: its code fits, its place does not.
        log.act(7).await;
        to_the_first_form(&database, &log).await;
        log.sealer.seal(noon()).await.unwrap();
        let report = log.verify().await;
        assert_eq!(numbers(&report, ProblemKind::SharedKey), [7].into(), "{:?}: {report:?}", database.kind);
        assert_eq!(report.problem_count, 1, "{report:?}");
    }
}

/// Makes of the rows that are not sealed what an old program would have written.
async fn to_the_first_form(database: &testbed::Database, log: &Log) {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let db = database.connect().await.unwrap();
    let rows = Query::select()
        .columns(COLUMNS.map(Alias::new))
        .from(Alias::new("audit_event"))
        .and_where(Expr::col(Alias::new("number")).gt(log.verify().await.sealed as i64))
        .to_owned();
    for row in db.query_all(&rows).await.unwrap() {
        let text = |column: &str| row.try_get::<Option<String>>("", column).unwrap();
        let (writer, number): (Uuid, i64) = (row.try_get("", "writer").unwrap(), row.try_get("", "number").unwrap());
        let at: i64 = row.try_get("", "at").unwrap();
        let person: Option<Uuid> = row.try_get("", "person").unwrap();
        let columns: [Option<Vec<u8>>; 16] = [
            Some(1_i16.to_be_bytes().to_vec()),
            Some(writer.as_bytes().to_vec()),
            Some(number.to_be_bytes().to_vec()),
            Some(at.to_be_bytes().to_vec()),
            text("actor").map(String::into_bytes),
            text("actor_name").map(String::into_bytes),
            text("domain").map(String::into_bytes),
            text("groups").map(String::into_bytes),
            text("action").map(String::into_bytes),
            text("object_kind").map(String::into_bytes),
            text("object_id").map(String::into_bytes),
            person.map(|person| person.as_bytes().to_vec()),
            text("outcome").map(String::into_bytes),
            text("reason").map(String::into_bytes),
            text("detail").map(String::into_bytes),
            text("request_id").map(String::into_bytes),
        ];
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&KEY).unwrap();
        for column in columns {
            mac.update(&[u8::from(column.is_some())]);
            let bytes = column.unwrap_or_default();
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(&bytes);
        }
        let code = mac.finalize().into_bytes().to_vec();
        set(&db, "audit_event", ("number", number), "format", 1_i16).await;
        set(&db, "audit_event", ("number", number), "mac", Expr::value(code)).await;
    }
}

const COLUMNS: [&str; 15] = [
    "writer",
    "number",
    "at",
    "actor",
    "actor_name",
    "domain",
    "groups",
    "action",
    "object_kind",
    "object_id",
    "person",
    "outcome",
    "reason",
    "detail",
    "request_id",
];
