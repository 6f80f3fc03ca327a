//! Booking: who sees patients where and when, the tickets of each half-day, who has one, who waits for one.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Schedule {
    Table,
    Id,
    Hospital,
    HospitalZh,
    HospitalEn,
    /// Code of the department at the hospital.
    Department,
    DepartmentZh,
    DepartmentEn,
    /// Absent for a clinic without a doctor.
    Doctor,
    DoctorZh,
    DoctorEn,
    TitleZh,
    TitleEn,
    AboutZh,
    AboutEn,
    PlaceZh,
    PlaceEn,
    /// IANA name: the clocks that its dates and hours are of.
    Zone,
    /// No session is planned any more.
    ClosedAt,
}

/// Who of the staff a doctor is: apart, since outside nobody reads what staff sign in with.
#[derive(DeriveIden)]
enum ScheduleStaff {
    Table,
    Schedule,
    /// May open the records of those who booked.
    Staff,
}

#[derive(DeriveIden)]
enum ClinicSession {
    Table,
    Id,
    Schedule,
    /// `2026-11-25`, of the hospital.
    LocalDate,
    HalfDay,
    Kind,
    FeeFen,
    FromAt,
    ToAt,
    ReleaseAt,
    CutoffAt,
    CancelUntil,
    /// `open`, `suspended` or `closed`.
    State,
    /// Why it is suspended, a key of words.
    Why,
    /// Who stands in for the doctor.
    SubstituteZh,
    SubstituteEn,
    Rev,
    /// Never written. Whoever may change some column may hold the row, and those outside hold it while they book.
    Held,
}

#[derive(DeriveIden)]
enum Ticket {
    Table,
    Id,
    ClinicSession,
    /// From 1.
    Seq,
    FromAt,
    ToAt,
    /// Who gives it out: `portal`, `desk`, `phone`.
    Channel,
    /// `free`, `held`, `booked` or `withdrawn`.
    State,
    /// Not given out before.
    FreeAt,
    /// The place on the waiting list that it is offered to.
    HeldFor,
    HeldUntil,
}

#[derive(DeriveIden)]
enum Booking {
    Table,
    Id,
    Person,
    ClinicSession,
    Ticket,
    Seq,
    FromAt,
    ToAt,
    State,
    /// A key of words.
    Why,
    /// What is read out at the desk.
    Code,
    /// The account.
    BookedBy,
    /// What makes the same request twice one booking.
    IdempotencyKey,
    /// The ticket again, as long as the booking has it: a ticket is one booking's.
    HeldTicket,
    /// Person, department and day, as long as it stands: one of each.
    HeldDay,
    /// The booking in whose place it came.
    InPlaceOf,
    MadeAt,
    EndedAt,
    /// What is told of it outside the transaction was told up to here.
    ToldState,
}

#[derive(DeriveIden)]
enum BookingPerson {
    Table,
    Person,
    /// Grows with every booking: bookings of one person are made one after another.
    Rev,
    BarredUntil,
}

#[derive(DeriveIden)]
enum BookingPenalty {
    Table,
    Id,
    Person,
    Booking,
    At,
    ExpiresAt,
    AppealedAt,
    WaivedAt,
}

#[derive(DeriveIden)]
enum BookingWait {
    Table,
    Id,
    Person,
    ClinicSession,
    Since,
    /// `waiting`, `offered`, `booked`, `left` or `over`.
    State,
    OfferUntil,
    /// Person and session, as long as they wait: once each.
    HeldPlace,
}

fn schedule() -> TableCreateStatement {
    let mut table = Table::create().table(Schedule::Table).to_owned();
    table
        .col(ColumnDef::new(Schedule::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Schedule::Hospital).string_len(64).not_null())
        .col(ColumnDef::new(Schedule::Department).string_len(64).not_null())
        .col(ColumnDef::new(Schedule::Doctor).string_len(64))
        .col(ColumnDef::new(Schedule::Zone).string_len(64).not_null())
        .col(ColumnDef::new(Schedule::ClosedAt).big_integer());
    let names = [
        Schedule::HospitalZh,
        Schedule::HospitalEn,
        Schedule::DepartmentZh,
        Schedule::DepartmentEn,
        Schedule::DoctorZh,
        Schedule::DoctorEn,
        Schedule::TitleZh,
        Schedule::TitleEn,
        Schedule::AboutZh,
        Schedule::AboutEn,
        Schedule::PlaceZh,
        Schedule::PlaceEn,
    ];
    for name in names {
        table.col(ColumnDef::new(name).text().not_null());
    }
    table
}

fn schedule_staff() -> TableCreateStatement {
    Table::create()
        .table(ScheduleStaff::Table)
        .col(ColumnDef::new(ScheduleStaff::Schedule).uuid().not_null().primary_key())
        .col(ColumnDef::new(ScheduleStaff::Staff).string().not_null())
        .to_owned()
}

fn clinic_session() -> TableCreateStatement {
    Table::create()
        .table(ClinicSession::Table)
        .col(ColumnDef::new(ClinicSession::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(ClinicSession::Schedule).uuid().not_null())
        .col(ColumnDef::new(ClinicSession::LocalDate).string_len(10).not_null())
        .col(ColumnDef::new(ClinicSession::HalfDay).string_len(16).not_null())
        .col(ColumnDef::new(ClinicSession::Kind).string_len(16).not_null())
        .col(ColumnDef::new(ClinicSession::FeeFen).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::FromAt).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::ToAt).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::ReleaseAt).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::CutoffAt).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::CancelUntil).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::State).string_len(16).not_null())
        .col(ColumnDef::new(ClinicSession::Why).string_len(64))
        .col(ColumnDef::new(ClinicSession::SubstituteZh).text())
        .col(ColumnDef::new(ClinicSession::SubstituteEn).text())
        .col(ColumnDef::new(ClinicSession::Rev).big_integer().not_null())
        .col(ColumnDef::new(ClinicSession::Held).boolean().not_null().default(false))
        .to_owned()
}

fn ticket() -> TableCreateStatement {
    Table::create()
        .table(Ticket::Table)
        .col(ColumnDef::new(Ticket::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Ticket::ClinicSession).uuid().not_null())
        .col(ColumnDef::new(Ticket::Seq).integer().not_null())
        .col(ColumnDef::new(Ticket::FromAt).big_integer().not_null())
        .col(ColumnDef::new(Ticket::ToAt).big_integer().not_null())
        .col(ColumnDef::new(Ticket::Channel).string_len(16).not_null())
        .col(ColumnDef::new(Ticket::State).string_len(16).not_null())
        .col(ColumnDef::new(Ticket::FreeAt).big_integer().not_null())
        .col(ColumnDef::new(Ticket::HeldFor).uuid())
        .col(ColumnDef::new(Ticket::HeldUntil).big_integer())
        .to_owned()
}

fn booking() -> TableCreateStatement {
    Table::create()
        .table(Booking::Table)
        .col(ColumnDef::new(Booking::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Booking::Person).uuid().not_null())
        .col(ColumnDef::new(Booking::ClinicSession).uuid().not_null())
        .col(ColumnDef::new(Booking::Ticket).uuid().not_null())
        .col(ColumnDef::new(Booking::Seq).integer().not_null())
        .col(ColumnDef::new(Booking::FromAt).big_integer().not_null())
        .col(ColumnDef::new(Booking::ToAt).big_integer().not_null())
        .col(ColumnDef::new(Booking::State).string_len(16).not_null())
        .col(ColumnDef::new(Booking::Why).string_len(64))
        .col(ColumnDef::new(Booking::Code).string_len(16).not_null())
        .col(ColumnDef::new(Booking::BookedBy).string().not_null())
        .col(ColumnDef::new(Booking::IdempotencyKey).string_len(100).not_null())
        .col(ColumnDef::new(Booking::HeldTicket).uuid())
        .col(ColumnDef::new(Booking::HeldDay).string())
        .col(ColumnDef::new(Booking::InPlaceOf).uuid())
        .col(ColumnDef::new(Booking::MadeAt).big_integer().not_null())
        .col(ColumnDef::new(Booking::EndedAt).big_integer())
        .col(ColumnDef::new(Booking::ToldState).string_len(16))
        .to_owned()
}

fn person() -> TableCreateStatement {
    Table::create()
        .table(BookingPerson::Table)
        .col(ColumnDef::new(BookingPerson::Person).uuid().not_null().primary_key())
        .col(ColumnDef::new(BookingPerson::Rev).big_integer().not_null())
        .col(ColumnDef::new(BookingPerson::BarredUntil).big_integer())
        .to_owned()
}

fn penalty() -> TableCreateStatement {
    Table::create()
        .table(BookingPenalty::Table)
        .col(ColumnDef::new(BookingPenalty::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(BookingPenalty::Person).uuid().not_null())
        .col(ColumnDef::new(BookingPenalty::Booking).uuid().not_null().unique_key())
        .col(ColumnDef::new(BookingPenalty::At).big_integer().not_null())
        .col(ColumnDef::new(BookingPenalty::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(BookingPenalty::AppealedAt).big_integer())
        .col(ColumnDef::new(BookingPenalty::WaivedAt).big_integer())
        .to_owned()
}

fn wait() -> TableCreateStatement {
    Table::create()
        .table(BookingWait::Table)
        .col(ColumnDef::new(BookingWait::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(BookingWait::Person).uuid().not_null())
        .col(ColumnDef::new(BookingWait::ClinicSession).uuid().not_null())
        .col(ColumnDef::new(BookingWait::Since).big_integer().not_null())
        .col(ColumnDef::new(BookingWait::State).string_len(16).not_null())
        .col(ColumnDef::new(BookingWait::OfferUntil).big_integer())
        .col(ColumnDef::new(BookingWait::HeldPlace).string().unique_key())
        .to_owned()
}

fn index(name: &str, table: impl IntoIden, columns: Vec<DynIden>, unique: bool) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table.into_iden()).to_owned();
    for column in columns {
        index.col(column);
    }
    if unique {
        index.unique();
    }
    index
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [schedule(), schedule_staff(), clinic_session(), ticket(), booking(), person(), penalty(), wait()]
        {
            manager.create_table(table).await?;
        }
        let indexes = [
            index(
                "schedule_department",
                Schedule::Table,
                vec![Schedule::Hospital.into_iden(), Schedule::Department.into_iden()],
                false,
            ),
            // A doctor has one half-day of a kind, whoever plans it twice.
            index(
                "clinic_session_once",
                ClinicSession::Table,
                vec![
                    ClinicSession::Schedule.into_iden(),
                    ClinicSession::LocalDate.into_iden(),
                    ClinicSession::HalfDay.into_iden(),
                ],
                true,
            ),
            index("clinic_session_date", ClinicSession::Table, vec![ClinicSession::LocalDate.into_iden()], false),
            index("ticket_seq", Ticket::Table, vec![Ticket::ClinicSession.into_iden(), Ticket::Seq.into_iden()], true),
            index("booking_ticket", Booking::Table, vec![Booking::HeldTicket.into_iden()], true),
            index("booking_day", Booking::Table, vec![Booking::HeldDay.into_iden()], true),
            index(
                "booking_key",
                Booking::Table,
                vec![Booking::BookedBy.into_iden(), Booking::IdempotencyKey.into_iden()],
                true,
            ),
            index(
                "booking_of_person",
                Booking::Table,
                vec![Booking::Person.into_iden(), Booking::FromAt.into_iden()],
                false,
            ),
            index("booking_session", Booking::Table, vec![Booking::ClinicSession.into_iden()], false),
            index("booking_penalty_of_person", BookingPenalty::Table, vec![BookingPenalty::Person.into_iden()], false),
            index(
                "booking_wait_session",
                BookingWait::Table,
                vec![
                    BookingWait::ClinicSession.into_iden(),
                    BookingWait::State.into_iden(),
                    BookingWait::Since.into_iden(),
                ],
                false,
            ),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            BookingWait::Table.into_iden(),
            BookingPenalty::Table.into_iden(),
            BookingPerson::Table.into_iden(),
            Booking::Table.into_iden(),
            Ticket::Table.into_iden(),
            ClinicSession::Table.into_iden(),
            ScheduleStaff::Table.into_iden(),
            Schedule::Table.into_iden(),
        ];
        for table in tables {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
