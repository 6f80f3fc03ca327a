//! Schedules, clinic sessions and bookings, as pages and callers see them.

use access::PersonId;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    SchedulingError,
    entity::{booking, schedule, session},
};

/// A name in both languages; either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bilingual {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Bilingual {
    /// Both.
    pub fn new(zh: &str, en: &str) -> Self {
        Self { zh: zh.to_owned(), en: en.to_owned() }
    }

    /// Is there nothing in either?
    pub fn is_empty(&self) -> bool {
        self.zh.is_empty() && self.en.is_empty()
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of a form.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As in the database, JSON, forms and message keys.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// From the database or a form.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

words! {
    /// A part of a day.
    HalfDay {
        /// 上午
        Morning = "morning",
        /// 下午
        Afternoon = "afternoon",
        /// 夜间
        Evening = "evening",
    }
}

words! {
    /// What kind of clinic it is.
    ClinicKind {
        /// 普通门诊
        General = "general",
        /// 专家门诊
        Expert = "expert",
        /// 特需门诊
        Special = "special",
    }
}

words! {
    /// Who gives a ticket out: each has its own, and none takes another's.
    Channel {
        /// The patients' portal.
        Portal = "portal",
        /// The hospital's own desk.
        Desk = "desk",
        /// The telephone.
        Phone = "phone",
    }
}

words! {
    /// How a clinic session is.
    SessionState {
        /// Held as planned.
        Open = "open",
        /// 停诊: not held.
        Suspended = "suspended",
        /// Over, and looked through for who did not come.
        Closed = "closed",
    }
}

words! {
    /// What became of a booking. Each has exactly one state, and all but the first two are its end.
    BookingState {
        /// The ticket is theirs.
        Booked = "booked",
        /// They are at the hospital.
        CheckedIn = "checked-in",
        /// They were seen.
        Fulfilled = "fulfilled",
        /// They gave it back.
        Cancelled = "cancelled",
        /// They have another one in its place.
        Rescheduled = "rescheduled",
        /// The hospital gave them another one in its place.
        Moved = "moved",
        /// The hospital can't hold it and has none in its place.
        CancelledByHospital = "off-hospital",
        /// They did not come.
        NoShow = "no-show",
    }
}

impl BookingState {
    /// Do they hold a ticket by it?
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Booked | Self::CheckedIn)
    }
}

words! {
    /// What becomes of a place on a waiting list.
    WaitState {
        /// In line.
        Waiting = "waiting",
        /// A ticket is kept for them for a while.
        Offered = "offered",
        /// They took it.
        Booked = "booked",
        /// They left the line.
        Left = "left",
        /// The session began, was suspended, or they let two offers pass.
        Over = "over",
    }
}

/// Who sees patients where (FHIR `Schedule`): a doctor in a department of a hospital, or a clinic without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its own.
    pub id: Uuid,
    /// What it is about.
    pub about: NewSchedule,
}

/// What a schedule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSchedule {
    /// Id of the hospital, as of its source.
    pub hospital: String,
    /// Its name.
    pub hospital_name: Bilingual,
    /// Code of the department.
    pub department: String,
    /// Its name.
    pub department_name: Bilingual,
    /// Id of the doctor at the hospital; none: whoever is on duty.
    pub doctor: Option<String>,
    /// Their name.
    pub doctor_name: Bilingual,
    /// 主任医师, …
    pub title: Bilingual,
    /// What they treat.
    pub expertise: Bilingual,
    /// Building and floor.
    pub place: Bilingual,
    /// IANA name of the hospital's zone.
    pub zone: String,
}

impl NewSchedule {
    /// The hospital's clocks.
    ///
    /// # Errors
    /// [`SchedulingError::Row`] for a zone that nobody knows.
    pub fn time_zone(&self) -> Result<TimeZone, SchedulingError> {
        TimeZone::get(&self.zone).map_err(|_| SchedulingError::Row("schedule"))
    }
}

/// A half-day of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicSession {
    /// Its own.
    pub id: Uuid,
    /// Whose.
    pub schedule: Uuid,
    /// By the hospital's calendar.
    pub date: Date,
    /// Which part of it.
    pub half_day: HalfDay,
    /// What kind.
    pub kind: ClinicKind,
    /// In 分, a hundredth of a yuan.
    pub fee_fen: i64,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// Given out from then on.
    pub release_at: Timestamp,
    /// Not given out from then on.
    pub cutoff_at: Timestamp,
    /// Given back or changed until then.
    pub cancel_until: Timestamp,
    /// How it is.
    pub state: SessionState,
    /// Why it is suspended: a key of words.
    pub why: Option<String>,
    /// Who stands in for the doctor.
    pub substitute: Option<Bilingual>,
    /// Grows with every change; given back with [`Scheduling::substitute`](crate::Scheduling::substitute).
    pub rev: i64,
}

/// A time at which people of one session come, and what is left of it for the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Tickets that can be had now.
    pub left: u32,
    /// Tickets of the portal.
    pub quota: u32,
}

/// A session with what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The session.
    pub session: ClinicSession,
    /// In order of time.
    pub bands: Vec<Band>,
}

impl Offered {
    /// Tickets that can be had now.
    pub fn left(&self) -> u32 {
        self.bands.iter().map(|band| band.left).sum()
    }

    /// Why none can be had at `now`; `None`: one can.
    pub fn closed(&self, now: Timestamp) -> Option<crate::Refusal> {
        use crate::Refusal;
        match self.session.state {
            SessionState::Suspended => Some(Refusal::Suspended),
            SessionState::Closed => Some(Refusal::TooLate),
            SessionState::Open if now >= self.session.cutoff_at => Some(Refusal::TooLate),
            SessionState::Open if now < self.session.release_at => Some(Refusal::NotReleased),
            SessionState::Open => (self.left() == 0).then_some(Refusal::Taken),
        }
    }
}

/// A ticket that is somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Its own.
    pub id: Uuid,
    /// Whose visit it is.
    pub person: PersonId,
    /// Of which session.
    pub clinic_session: Uuid,
    /// Number in the session, from 1.
    pub seq: u32,
    /// Come from then on.
    pub from: Timestamp,
    /// And before then.
    pub to: Timestamp,
    /// What became of it.
    pub state: BookingState,
    /// Why, where the hospital did it: a key of words.
    pub why: Option<String>,
    /// What is read out at the desk.
    pub code: String,
    /// The booking in whose place it came.
    pub in_place_of: Option<Uuid>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
}

/// How the region gives tickets out.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Standing bookings of one person.
    pub most_standing: u64,
    /// Missed ones within [`Rules::counted`] after which a person can't book for a while.
    pub most_missed: u64,
    /// How long a missed one counts.
    pub counted: SignedDuration,
    /// How long a person can't book then.
    pub barred: SignedDuration,
    /// How long a ticket is kept for whoever it is offered to.
    pub offer: SignedDuration,
    /// Within how much time at most a ticket that was given back comes back: nobody knows when, so nobody lies in wait for it.
    pub return_within: SignedDuration,
    /// Waiting lists that a person may be on.
    pub most_waiting: u64,
    /// How long after the release all who come wait for one another: then nobody is first because they are quick.
    pub gathered: SignedDuration,
    /// Within how long after that all who came have their turns, in an order that is drawn by lot.
    pub drawn: SignedDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            most_standing: 5,
            most_missed: 3,
            counted: SignedDuration::from_hours(365 * 24),
            barred: SignedDuration::from_hours(90 * 24),
            offer: SignedDuration::from_mins(30),
            return_within: SignedDuration::from_mins(10),
            most_waiting: 3,
            gathered: SignedDuration::from_secs(2),
            drawn: SignedDuration::from_secs(2),
        }
    }
}

impl TryFrom<schedule::Model> for Schedule {
    type Error = SchedulingError;

    fn try_from(row: schedule::Model) -> Result<Self, SchedulingError> {
        let about = NewSchedule {
            hospital: row.hospital,
            hospital_name: Bilingual { zh: row.hospital_zh, en: row.hospital_en },
            department: row.department,
            department_name: Bilingual { zh: row.department_zh, en: row.department_en },
            doctor: row.doctor,
            doctor_name: Bilingual { zh: row.doctor_zh, en: row.doctor_en },
            title: Bilingual { zh: row.title_zh, en: row.title_en },
            expertise: Bilingual { zh: row.about_zh, en: row.about_en },
            place: Bilingual { zh: row.place_zh, en: row.place_en },
            zone: row.zone,
        };
        Ok(Self { id: row.id, about })
    }
}

impl TryFrom<session::Model> for ClinicSession {
    type Error = SchedulingError;

    fn try_from(row: session::Model) -> Result<Self, SchedulingError> {
        let unreadable = || SchedulingError::Row("clinic_session");
        let substitute = row.substitute_zh.zip(row.substitute_en).map(|(zh, en)| Bilingual { zh, en });
        Ok(Self {
            id: row.id,
            schedule: row.schedule,
            date: row.local_date.parse().map_err(|_| unreadable())?,
            half_day: HalfDay::parse(&row.half_day).ok_or_else(unreadable)?,
            kind: ClinicKind::parse(&row.kind).ok_or_else(unreadable)?,
            fee_fen: row.fee_fen,
            from: store::from_millis(row.from_at),
            to: store::from_millis(row.to_at),
            release_at: store::from_millis(row.release_at),
            cutoff_at: store::from_millis(row.cutoff_at),
            cancel_until: store::from_millis(row.cancel_until),
            state: SessionState::parse(&row.state).ok_or_else(unreadable)?,
            why: row.why,
            substitute,
            rev: row.rev,
        })
    }
}

impl TryFrom<booking::Model> for Booking {
    type Error = SchedulingError;

    fn try_from(row: booking::Model) -> Result<Self, SchedulingError> {
        let unreadable = || SchedulingError::Row("booking");
        Ok(Self {
            id: row.id,
            person: PersonId(row.person),
            clinic_session: row.clinic_session,
            seq: u32::try_from(row.seq).map_err(|_| unreadable())?,
            from: store::from_millis(row.from_at),
            to: store::from_millis(row.to_at),
            state: BookingState::parse(&row.state).ok_or_else(unreadable)?,
            why: row.why,
            code: row.code,
            in_place_of: row.in_place_of,
            made_at: store::from_millis(row.made_at),
            ended_at: row.ended_at.map(store::from_millis),
        })
    }
}
