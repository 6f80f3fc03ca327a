//! Dates for people, in the region's own zone.

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use super::{Arg, Words};

/// The zone every page speaks in: China has one, UTC+8, without daylight saving.
pub fn clock_zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

/// An instant on the region's clocks.
pub fn local(at: Timestamp) -> Zoned {
    at.to_zoned(clock_zone())
}

/// The date at the beginning of a record's time (`2021-03-05…`); `None` for a year or a month alone.
pub fn civil_date(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

/// How a date is written.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// `2026-11-20`
    Iso,
    /// `2026 年 11 月 20 日`, `20 Nov 2026`
    Long,
    /// [`Style::Long`] with the day of the week.
    Weekday,
    /// `11 月 20 日 周五`, `Fri 20 Nov`: a day of these weeks.
    Day,
}

impl Style {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "iso" => Some(Self::Iso),
            "long" => Some(Self::Long),
            "weekday" => Some(Self::Weekday),
            "day" => Some(Self::Day),
            _ => None,
        }
    }
}

/// A record's date at its precision: `2021` and `2021-03` are not made into days.
pub(super) fn date(words: &Words, text: &str, style: Style) -> String {
    let Some(date) = civil_date(text) else { return month_or_year(words, text, style) };
    if matches!(style, Style::Iso) {
        return date.to_string();
    }
    let args = [
        ("year", Arg::from(i64::from(date.year()))),
        ("month", Arg::from(i64::from(date.month()))),
        ("day", Arg::from(i64::from(date.day()))),
        ("weekday", Arg::from(i64::from(date.weekday().to_monday_one_offset()))),
    ];
    let key = match style {
        Style::Weekday => "date-weekday",
        Style::Day => "date-day",
        _ => "date-long",
    };
    words.with(key, &args)
}

fn month_or_year(words: &Words, text: &str, style: Style) -> String {
    let number = |digits: &str| digits.parse::<i64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let parts: Option<Vec<i64>> = text.split('-').map(number).collect();
    match (style, parts.as_deref()) {
        (Style::Iso, _) => text.to_owned(),
        (_, Some([year, month @ 1..=12])) => {
            words.with("date-month", &[("year", Arg::from(*year)), ("month", Arg::from(*month))])
        }
        (_, Some([year])) => words.with("date-year", &[("year", Arg::from(*year))]),
        _ => text.to_owned(),
    }
}

impl Words {
    /// A date with its year, at its precision: `2026 年 11 月 20 日`, `2026 年 11 月`; `20 Nov 2026`, `Nov 2026`.
    pub fn long_date(&self, text: &str) -> String {
        date(self, text, Style::Long)
    }

    /// `2026-11-21 21:26`, on the region's clocks.
    pub fn minute(&self, at: Timestamp) -> String {
        local(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `21:26` when it is today's, else with the date before it.
    pub fn minute_today(&self, at: Timestamp, now: Timestamp) -> String {
        if local(at).date() == local(now).date() { local(at).strftime("%H:%M").to_string() } else { self.minute(at) }
    }
}
