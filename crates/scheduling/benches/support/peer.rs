//! What a database can do at most: a ticket, a booking and an audit row, written by nobody's program.

use std::{process::Command, time::Instant};

use anyhow::{Context as _, Result, ensure};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, Value,
    sea_query::{Expr, Query},
};
use testbed::Database;
use uuid::Uuid;

use super::region::QUOTA;

/// Jobs of one COMMIT, as the store's writer makes them.
const GROUP: usize = 64;
/// What an account and its key look like.
const SUBJECT: &str = "u:account/00000000-0000-0000-0000-000000000000";

const TAKE: &str = "UPDATE ticket SET state = 'booked' WHERE id = (SELECT id FROM ticket \
    WHERE clinic_session = ? AND state = 'free' ORDER BY seq LIMIT 1) RETURNING id";
const BOOK: &str = "INSERT INTO booking (id, person, clinic_session, ticket, seq, from_at, to_at, state, code, booked_by, \
    idempotency_key, held_ticket, held_day, made_at) SELECT ?, ?, clinic_session, id, seq, from_at, to_at, 'booked', \
    'ABCDEFGH', ?, 'k', id, ?, 0 FROM ticket WHERE id = ?";
const LOG: &str = "INSERT INTO audit_event (writer, number, at, actor, actor_name, domain, groups, action, object_kind, person, \
    outcome, detail, request_id, format, mac) VALUES (?, ?, 0, ?, 'name', 'external', '[]', 'booking.make', 'booking', ?, \
    'ok', ?, 'req', 2, ?)";
const DETAIL: &str = r#"{"clinic_session":"00000000-0000-0000-0000-000000000000"}"#;

/// The single statement, for `pgbench`: every client is a lane.
const SCRIPT: &str = r#"\set session random(1, :sessions)
\set number :number + 1
WITH taken AS (
    UPDATE ticket SET state = 'booked' WHERE id = (
        SELECT id FROM ticket
        WHERE clinic_session = lpad((:base::bigint + :session::bigint)::text, 32, '0')::uuid AND state = 'free'
        ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, clinic_session, seq, from_at, to_at
), booked AS (
    INSERT INTO booking (id, person, clinic_session, ticket, seq, from_at, to_at, state, code, booked_by, idempotency_key,
        held_ticket, held_day, made_at)
    SELECT gen_random_uuid(), gen_random_uuid(), clinic_session, id, seq, from_at, to_at, 'booked', 'ABCDEFGH',
        'u.account/00000000-0000-0000-0000-000000000000', id::text, id, id::text || '|city-first/d1|2026-11-25', 0 FROM taken
    RETURNING person
)
INSERT INTO audit_event (writer, number, at, actor, actor_name, domain, groups, action, object_kind, person, outcome, detail,
    request_id, format, mac)
SELECT lpad((:base::bigint + :client_id::bigint)::text, 32, '0')::uuid, :number::bigint, 0, 'u.account/00000000-0000-0000-0000-000000000000', 'name',
    'external', '[]', 'booking.make', 'booking', person, 'ok',
    '{"clinic_session":"00000000-0000-0000-0000-000000000000"}', 'req', 2, decode(repeat('ab', 32), 'hex') FROM booked;
"#;

/// A database of its own with the same tables.
pub struct Peer {
    database: Database,
    db: DatabaseConnection,
    rounds: u64,
    /// Rows of the SQLite loop's lane so far.
    logged: i64,
}

impl Peer {
    pub async fn on(database: Database) -> Result<Self> {
        let db = database.connect().await?;
        if db.get_database_backend() == DbBackend::Sqlite {
            for setting in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
                db.execute_raw(plain(&db, setting, vec![])).await?;
            }
        }
        Ok(Self { database, db, rounds: 0, logged: 0 })
    }

    /// Bookings of one second, of `requests`. On PostgreSQL by `clients` at once.
    pub async fn round(&mut self, requests: usize, clients: usize) -> Result<f64> {
        self.rounds += 1;
        let base = u128::from(self.rounds) * 1_000_000;
        // Twice as many tickets as pgbench needs, since it throws dice for a session.
        let sessions = 2 * requests.div_ceil(QUOTA as usize);
        self.release(base, sessions).await?;
        match self.db.get_database_backend() {
            DbBackend::Sqlite => self.raw(base, requests).await,
            _ => self.pgbench(base, sessions, requests, clients),
        }
    }

    async fn release(&self, base: u128, sessions: usize) -> Result<()> {
        let columns = ["id", "clinic_session", "seq", "from_at", "to_at", "channel", "state", "free_at"];
        for number in 1..=sessions {
            let session = decimal_uuid(base + number as u128)?;
            let mut rows = Query::insert().into_table("ticket").columns(columns).to_owned();
            for seq in 1..=QUOTA {
                let (seq, at) = (i32::try_from(seq)?, i64::from(seq));
                let (from, to) = (Expr::val(at), Expr::val(at + 1));
                let states = ["portal", "free"].map(Expr::val);
                let [channel, state] = states;
                let ids = [Uuid::now_v7(), session].map(Expr::val);
                let [id, session] = ids;
                rows.values_panic([id, session, Expr::val(seq), from, to, channel, state, Expr::val(0_i64)]);
            }
            self.db.execute(&rows).await?;
        }
        Ok(())
    }

    fn pgbench(&self, base: u128, sessions: usize, requests: usize, clients: usize) -> Result<f64> {
        let script = self.database.folder().join("booking.sql");
        std::fs::write(&script, SCRIPT)?;
        let mut command = Command::new("pgbench");
        command.args(["-n", "-M", "prepared", "-j", "1", "-D", "number=0"]).arg("-c").arg(clients.to_string());
        command.arg("-t").arg((requests / clients).to_string()).arg("-D").arg(format!("base={base}"));
        command.arg("-D").arg(format!("sessions={sessions}")).arg("-f").arg(&script);
        command.env("PGPASSWORD", self.database.password.as_deref().unwrap_or_default()).arg(&self.database.url);
        let output = command.output().context("pgbench: Debian package postgresql-contrib")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let wrong = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success() && !wrong.contains("ERROR"), "{said}{wrong}");
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
        tps.and_then(|rest| rest.split(' ').next()).and_then(|number| number.parse().ok()).context(said.into_owned())
    }

    /// One connection, [`GROUP`] bookings a COMMIT.
    async fn raw(&mut self, base: u128, requests: usize) -> Result<f64> {
        let lane = Value::from(Uuid::from_u128(base));
        let begun = Instant::now();
        for number in 0..requests {
            if number % GROUP == 0 {
                self.db.execute_raw(plain(&self.db, "BEGIN IMMEDIATE", vec![])).await?;
            }
            let session = decimal_uuid(base + 1 + (number / QUOTA as usize) as u128)?;
            let person = Uuid::from_u128(base + number as u128);
            let taken = self.db.query_one_raw(plain(&self.db, TAKE, vec![session.into()])).await?;
            let ticket: Uuid = taken.context("sold out")?.try_get_by_index(0)?;
            let day = format!("{person}|city-first/d1|2026-11-25");
            let by = format!("{SUBJECT}{number}/{base}");
            let values = vec![Uuid::now_v7().into(), person.into(), by.clone().into(), day.into(), ticket.into()];
            self.db.execute_raw(plain(&self.db, BOOK, values)).await?;
            self.logged += 1;
            let mac = vec![0xab_u8; 32];
            let values = vec![lane.clone(), self.logged.into(), by.into(), person.into(), DETAIL.into(), mac.into()];
            self.db.execute_raw(plain(&self.db, LOG, values)).await?;
            if number % GROUP == GROUP - 1 || number + 1 == requests {
                self.db.execute_raw(plain(&self.db, "COMMIT", vec![])).await?;
            }
        }
        Ok(requests as f64 / begun.elapsed().as_secs_f64())
    }
}

/// As the script makes ids: the digits of a decimal number.
fn decimal_uuid(number: u128) -> Result<Uuid> {
    Ok(Uuid::try_parse(&format!("{number:032}"))?)
}

fn plain(db: &DatabaseConnection, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}
