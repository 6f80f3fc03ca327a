//! A month, day by day. No appointments: there are none in the portal yet.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};
use serde::Serialize;

use super::{BOTH, Templates};
use crate::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};

static DECLARATION: Declaration = Declaration {
    fields: &[Field::optional("first-day", FieldKind::Choice(&["monday", "sunday"]))],
    ..Declaration::of("calendar", Category::Portal, "calendar-clock", BOTH)
};

/// `calendar`
pub struct Calendar;

/// `widgets/calendar.html`
#[derive(Serialize)]
struct Month {
    /// `2026-11`
    month: String,
    /// Days of the week in their order, Monday is 1.
    weekdays: Vec<i8>,
    /// Each of seven days; those of other months are left empty.
    weeks: Vec<[Option<Day>; 7]>,
}

#[derive(Clone, Copy, Serialize)]
struct Day {
    date: Date,
    number: i8,
    today: bool,
}

fn month(today: Date, first: Weekday) -> Month {
    let begin = today.first_of_month();
    let before = begin.weekday().since(first);
    let mut weeks = vec![[None; 7]];
    let mut place = usize::try_from(before).unwrap_or_default();
    for nth in 0..today.days_in_month() {
        if place == 7 {
            weeks.push([None; 7]);
            place = 0;
        }
        let date = begin.saturating_add(i32::from(nth).days());
        if let Some(day) = weeks.last_mut().and_then(|week| week.get_mut(place)) {
            *day = Some(Day { date, number: date.day(), today: date == today });
        }
        place += 1;
    }
    let weekdays = (0..7).map(|nth| first.wrapping_add(nth).to_monday_one_offset()).collect();
    Month { month: today.strftime("%Y-%m").to_string(), weekdays, weeks }
}

#[async_trait]
impl<V: Templates> Widget<V> for Calendar {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, viewing: &Arc<V>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let sunday = placed.settings.text("first-day") == Some("sunday");
        let view = month(viewing.today(), if sunday { Weekday::Sunday } else { Weekday::Monday });
        Ok(Some(Drawing::of(viewing.template("widgets/calendar.html", &view)?)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_day_stands_under_its_weekday() {
        for (today, first, weeks, place) in [
            (date(2026, 11, 22), Weekday::Monday, 6, (0, 6)),
            (date(2026, 11, 22), Weekday::Sunday, 5, (0, 0)),
            (date(2027, 2, 28), Weekday::Monday, 4, (0, 0)),
            (date(2028, 2, 29), Weekday::Monday, 5, (0, 1)),
        ] {
            let month = month(today, first);
            assert_eq!(month.weeks.len(), weeks, "{today}");
            let days: Vec<Day> = month.weeks.iter().flatten().flatten().copied().collect();
            assert_eq!(days.len(), usize::from(today.days_in_month().unsigned_abs()), "{today}");
            assert!(days.iter().enumerate().all(|(nth, day)| usize::from(day.number.unsigned_abs()) == nth + 1));
            assert_eq!(days.iter().filter(|day| day.today).map(|day| day.date).collect::<Vec<_>>(), [today]);
            let (week, nth) = place;
            assert_eq!(month.weeks[week][nth].map(|day| day.number), Some(1), "{today}");
            for week in &month.weeks {
                for (day, weekday) in week.iter().zip(&month.weekdays) {
                    assert!(day.is_none_or(|day| day.date.weekday().to_monday_one_offset() == *weekday), "{today}");
                }
            }
        }
    }
}
