//! The way that nearly every booking goes: one statement, which takes a ticket and writes what belongs to it, or does nothing.
//!
//! Whatever stands against it (a session that is not open, a bar, another booking of that day or time, a request that was
//! there before, nothing left) makes it do nothing; why, the careful way finds out, which holds row after row.
//!
//! On SQLite the one writer lets nobody in between. On PostgreSQL all parts of the statement read what was committed when it
//! began, while somebody else may book for the same person: then that one has made `rev` of the person's row grow, and this
//! statement, which waits for the row, finds another `rev` than it read and does nothing. Rows are held in the order of
//! `claim`: session, person, ticket. Each part takes from the one before it, so they are carried out so.

use std::sync::Arc;

use access::{AuditLog, audit::Draft};
use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait as _, DbBackend, DbErr, QueryResult, SqlErr, Statement, Values,
    sea_query::{
        CommonTableExpression, Expr, ExprTrait as _, Func, InsertStatement, IntoTableRef, LockBehavior, LockType,
        OnConflict, Order, Query, SelectStatement, SqliteQueryBuilder, SubQueryStatement, UpdateStatement, WithClause,
        WithQuery, error::Error,
    },
};
use store::{Store, StoreError, to_millis};
use uuid::Uuid;

use crate::{
    BookingState, Channel, Rules, SchedulingError, SessionState,
    book::{Wanted, code},
    claim::{TicketState, Which},
    entity::{booking, person, session, ticket},
};

/// The parts of the statement on PostgreSQL that the next take from.
const OPEN: &str = "open_session";
const HELD: &str = "held_person";
const TAKEN: &str = "taken";
const BOOKED: &str = "booked";
const LOGGED: [&str; 2] = ["logged", "logged_too"];
/// What is said of a booking.
const BACK: [booking::Column; 4] =
    [booking::Column::Ticket, booking::Column::Seq, booking::Column::FromAt, booking::Column::ToAt];

/// A booking to be made.
struct Quick {
    id: Uuid,
    wanted: Wanted,
    /// Person, department and day.
    day: String,
    most_standing: u64,
    now: i64,
}

/// Takes a ticket; `None`: something stands against it, and nothing was written.
///
/// # Errors
/// The database's, the log's.
pub(crate) async fn book(
    store: &Store,
    (wanted, day): (Wanted, String),
    (audit, draft): (AuditLog, Draft),
    rules: &Rules,
    now: Timestamp,
) -> Result<Option<booking::Model>, SchedulingError> {
    if !matches!(wanted.which, Which::At(_) | Which::First) || wanted.in_place_of.is_some() {
        return Ok(None);
    }
    let (backend, most_standing) = (store.reader().get_database_backend(), rules.most_standing);
    let quick = Arc::new(Quick { id: Uuid::now_v7(), wanted, day, most_standing, now: to_millis(now) });
    let (building, logged) = (quick.clone(), draft.clone());
    let written = store.write_once::<SchedulingError, _>(move |ticket| {
        let of = (backend != DbBackend::Sqlite).then_some(BOOKED);
        let log = audit.inserts(ticket, draft, of)?;
        Ok(building.statement(backend, log)?)
    });
    match written.await {
        Ok(rows) => {
            let Some(row) = rows.first() else { return Ok(None) };
            logged.count();
            Ok(Some(quick.made(row)?))
        }
        // Somebody used the same key, or was quicker on the same day: the careful way waits for them.
        Err(SchedulingError::Store(StoreError::Database(error)))
            if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Quick {
    fn statement(&self, backend: DbBackend, log: Vec<InsertStatement>) -> Result<Statement, DbErr> {
        let made = match backend {
            DbBackend::Sqlite => self.one_after_another(log),
            _ => self.all_in_one(log).map(|all| backend.build(&all)),
        };
        made.map_err(|error| DbErr::Custom(error.to_string()))
    }

    fn made(&self, row: &QueryResult) -> Result<booking::Model, DbErr> {
        let ticket: Uuid = row.try_get("", "ticket")?;
        Ok(booking::Model {
            id: self.id,
            person: self.wanted.person.0,
            clinic_session: self.wanted.session,
            ticket,
            seq: row.try_get("", "seq")?,
            from_at: row.try_get("", "from_at")?,
            to_at: row.try_get("", "to_at")?,
            state: BookingState::Booked.as_str().to_owned(),
            why: None,
            code: code(self.id),
            booked_by: self.wanted.by.clone(),
            idempotency_key: self.wanted.key.clone(),
            held_ticket: Some(ticket),
            held_day: Some(self.day.clone()),
            in_place_of: None,
            made_at: self.now,
            ended_at: None,
            told_state: None,
        })
    }

    /// SQLite has no changes inside a `WITH`: statements that are sent together. The others find what the first has made, and
    /// are taken back with it when it has made nothing.
    fn one_after_another(&self, log: Vec<InsertStatement>) -> Result<Statement, Error> {
        let own = Expr::col((person::Entity, person::Column::Person)).eq(self.wanted.person.0);
        let barred = own.and(Expr::col((person::Entity, person::Column::BarredUntil)).gt(self.now));
        let mut free = self.row();
        self.of_free(&mut free, Expr::val(self.wanted.session));
        free.and_where(Expr::exists(self.open_session()))
            .and_where(any(person::Entity, barred).not())
            .and_where(self.nothing_against());
        let made = Query::select()
            .column(booking::Column::Ticket)
            .from(booking::Entity)
            .and_where(Expr::col((booking::Entity, booking::Column::Id)).eq(self.id))
            .to_owned();
        let held = Query::insert()
            .into_table(person::Entity)
            .columns([person::Column::Person, person::Column::Rev])
            .values_panic([self.wanted.person.0.into(), 1_i64.into()])
            .on_conflict(once_more())
            .to_owned();
        let mut all = vec![booking(free)?.build(SqliteQueryBuilder), taken(made).build(SqliteQueryBuilder)];
        all.push(held.build(SqliteQueryBuilder));
        all.extend(log.into_iter().map(|insert| insert.build(SqliteQueryBuilder)));
        let (texts, values): (Vec<String>, Vec<Values>) = all.into_iter().unzip();
        let values = Values(values.into_iter().flat_map(|Values(values)| values).collect());
        Ok(Statement { sql: texts.join("; "), values: Some(values), db_backend: DbBackend::Sqlite })
    }

    /// PostgreSQL: one statement.
    fn all_in_one(&self, log: Vec<InsertStatement>) -> Result<WithQuery, Error> {
        let mut open = self.open_session();
        open.lock(LockType::Share);
        let of_session = Query::select().column(session::Column::Id).from(OPEN).to_owned();
        let is_held = Query::select().expr(Expr::val(1)).from(HELD).to_owned();
        let mut free = Query::select().column(ticket::Column::Id).to_owned();
        self.of_free(&mut free, Expr::SubQuery(None, Box::new(of_session.into())));
        free.and_where(Expr::exists(is_held)).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let mut take = taken(free);
        let found = [ticket::Column::Id, ticket::Column::Seq, ticket::Column::FromAt, ticket::Column::ToAt];
        take.returning(Query::returning().columns(found));
        let mut parts = WithClause::new();
        let made = booking(self.row().from(TAKEN).to_owned())?;
        parts.cte(part(OPEN, open)).cte(part(HELD, self.held_person()?)).cte(part(TAKEN, take)).cte(part(BOOKED, made));
        for (name, insert) in LOGGED.into_iter().zip(log) {
            parts.cte(part(name, insert));
        }
        Ok(Query::select().columns(BACK).from(BOOKED).to_owned().with(parts))
    }

    /// The session, while tickets are given out.
    fn open_session(&self) -> SelectStatement {
        let column = |column| Expr::col((session::Entity, column));
        Query::select()
            .column(session::Column::Id)
            .from(session::Entity)
            .and_where(column(session::Column::Id).eq(self.wanted.session))
            .and_where(column(session::Column::State).eq(SessionState::Open.as_str()))
            .and_where(column(session::Column::ReleaseAt).lte(self.now))
            .and_where(column(session::Column::CutoffAt).gt(self.now))
            .to_owned()
    }

    /// The person's row, unless somebody has booked for them since the statement began.
    fn held_person(&self) -> Result<InsertStatement, Error> {
        let own = Expr::col((person::Entity, person::Column::Person)).eq(self.wanted.person.0);
        let rev = Query::select().column(person::Column::Rev).from(person::Entity).and_where(own).to_owned();
        let rev = Func::coalesce([Expr::SubQuery(None, Box::new(rev.into())), Expr::val(0_i64)]);
        let barred = Expr::col((person::Entity, person::Column::BarredUntil));
        let mut grown = once_more();
        grown
            .action_and_where(Expr::col((person::Entity, person::Column::Rev)).eq(rev))
            .action_and_where(barred.clone().is_null().or(barred.lte(self.now)));
        let row = Query::select()
            .exprs([Expr::val(self.wanted.person.0), Expr::val(1_i64)])
            .from(OPEN)
            .and_where(self.nothing_against())
            .to_owned();
        let mut held = Query::insert();
        held.into_table(person::Entity).columns([person::Column::Person, person::Column::Rev]).select_from(row)?;
        Ok(held.on_conflict(grown).returning(Query::returning().column(person::Column::Person)).to_owned())
    }

    /// They have not asked before, have nothing in this department on this day, and not too much altogether.
    fn nothing_against(&self) -> Expr {
        let column = |column| Expr::col((booking::Entity, column));
        let same = column(booking::Column::BookedBy).eq(&self.wanted.by);
        let same = same.and(column(booking::Column::IdempotencyKey).eq(&self.wanted.key));
        let day = column(booking::Column::HeldDay).eq(&self.day);
        let standing = Query::select()
            .expr(Func::count(column(booking::Column::Id)))
            .from(booking::Entity)
            .and_where(self.standing())
            .to_owned();
        let standing = Expr::SubQuery(None, Box::new(standing.into()));
        let most = i64::try_from(self.most_standing).unwrap_or(i64::MAX);
        any(booking::Entity, same).not().and(any(booking::Entity, day).not()).and(standing.lt(most))
    }

    /// Bookings by which the person holds a ticket that is not over.
    fn standing(&self) -> Expr {
        let column = |column| Expr::col((booking::Entity, column));
        column(booking::Column::Person)
            .eq(self.wanted.person.0)
            .and(column(booking::Column::HeldTicket).is_not_null())
            .and(column(booking::Column::ToAt).gt(self.now))
    }

    /// The first free ticket that is wanted, at a time at which the person is not elsewhere.
    fn of_free(&self, of: &mut SelectStatement, of_session: Expr) {
        let column = |column| Expr::col((ticket::Entity, column));
        let of_booking = |column| Expr::col((booking::Entity, column));
        let elsewhere = self
            .standing()
            .and(of_booking(booking::Column::FromAt).lt(column(ticket::Column::ToAt)))
            .and(of_booking(booking::Column::ToAt).gt(column(ticket::Column::FromAt)));
        of.from(ticket::Entity)
            .and_where(column(ticket::Column::ClinicSession).eq(of_session))
            .and_where(column(ticket::Column::State).eq(TicketState::Free.as_str()))
            .and_where(column(ticket::Column::FreeAt).lte(self.now))
            .and_where(column(ticket::Column::Channel).eq(Channel::Portal.as_str()))
            .and_where(any(booking::Entity, elsewhere).not())
            .order_by((ticket::Entity, ticket::Column::Seq), Order::Asc)
            .limit(1);
        if let Which::At(from) = self.wanted.which {
            of.and_where(column(ticket::Column::FromAt).eq(from));
        }
    }

    /// The booking's row, of a ticket's columns.
    fn row(&self) -> SelectStatement {
        let ticket = || Expr::col(ticket::Column::Id);
        let state = BookingState::Booked.as_str();
        Query::select()
            .exprs([self.id, self.wanted.person.0, self.wanted.session].map(Expr::val))
            .expr(ticket())
            .columns([ticket::Column::Seq, ticket::Column::FromAt, ticket::Column::ToAt])
            .exprs([state, &code(self.id), &self.wanted.by, &self.wanted.key].map(Expr::val))
            .exprs([ticket(), Expr::val(self.day.as_str()), Expr::val(self.now)])
            .to_owned()
    }
}

/// Is there such a row?
fn any(table: impl IntoTableRef, found: Expr) -> Expr {
    Expr::exists(Query::select().expr(Expr::val(1)).from(table).and_where(found).to_owned())
}

fn part(name: &'static str, query: impl Into<SubQueryStatement>) -> CommonTableExpression {
    CommonTableExpression::new().table_name(name).query(query).to_owned()
}

/// A person's row that is there already grows.
fn once_more() -> OnConflict {
    let grown = Expr::col((person::Entity, person::Column::Rev)).add(1_i64);
    OnConflict::column(person::Column::Person).value(person::Column::Rev, grown).to_owned()
}

/// Takes the ticket of this id.
fn taken(id: SelectStatement) -> UpdateStatement {
    // `=` and not `IN`: see `claim::take`.
    let is_it = Expr::col((ticket::Entity, ticket::Column::Id)).eq(Expr::SubQuery(None, Box::new(id.into())));
    Query::update()
        .table(ticket::Entity)
        .value(ticket::Column::State, TicketState::Booked.as_str())
        .value(ticket::Column::HeldFor, None::<Uuid>)
        .value(ticket::Column::HeldUntil, None::<i64>)
        .and_where(is_it)
        .to_owned()
}

/// Writes the booking that `rows` (one or none) are, and says which ticket it has.
fn booking(rows: SelectStatement) -> Result<InsertStatement, Error> {
    use booking::Column as C;
    // As in `Quick::row`.
    let columns = [
        C::Id,
        C::Person,
        C::ClinicSession,
        C::Ticket,
        C::Seq,
        C::FromAt,
        C::ToAt,
        C::State,
        C::Code,
        C::BookedBy,
        C::IdempotencyKey,
        C::HeldTicket,
        C::HeldDay,
        C::MadeAt,
    ];
    let mut new = Query::insert();
    new.into_table(booking::Entity).columns(columns).select_from(rows)?;
    Ok(new.returning(Query::returning().columns(BACK)).to_owned())
}
