//! Vaccinations: the childhood programme by months of life, and some adults' on given days.

use jiff::{ToSpan, civil::Time};

use super::{Chart, Immunization, Making};
use crate::{clock, dice::Dice, people::Person};

pub(super) fn write(making: &Making<'_>, person: &Person, charts: &mut [Chart]) {
    if person.is_blank() {
        return;
    }
    let mut dice = Dice::new(making.seed, &format!("vaccines {}", person.resident_id));
    let hospitals = &making.reference.script.hospitals;
    // community centres vaccinate; who is known to none was vaccinated where they are known
    let small = |index: usize| hospitals.get(index).is_some_and(|hospital| !hospital.beds);
    let place = person.registrations.iter().position(|at| small(at.hospital)).unwrap_or(0);
    let now = making.today.midnight();
    for vaccine in &making.reference.care.vaccines {
        let by_age = vaccine.months.iter().filter_map(|months| person.born.checked_add(months.months()).ok());
        let mut days: Vec<_> = by_age.collect();
        let wanted = dice.chance(vaccine.share.unwrap_or(1.0));
        let old_enough = |day: &jiff::civil::Date| {
            let years = vaccine.from_age.unwrap_or(0);
            person.born.checked_add(years.years()).is_ok_and(|grown| grown <= *day)
        };
        days.extend(vaccine.dates.iter().copied().filter(|day| wanted && old_enough(day)));
        // paper booklets of grown people are in nobody's books
        let booked = |day: &jiff::civil::Date| clock::seconds(*day, Time::midnight()) > now - 15 * 365 * clock::DAY;
        for (index, day) in days.into_iter().filter(booked).enumerate() {
            let at = clock::seconds(day, Time::constant(9, 20, 0, 0)) + dice.between(0, 90) * 60;
            let lot = dice.hex().get(..8).unwrap_or_default().to_uppercase();
            let Some(chart) = charts.get_mut(place).filter(|_| at < now) else { continue };
            let (zh, cvx) = (vaccine.zh.clone(), vaccine.cvx.clone());
            chart.immunizations.push(Immunization { zh, cvx, at, dose: index + 1, lot });
        }
    }
}
