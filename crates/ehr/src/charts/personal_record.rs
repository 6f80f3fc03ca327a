//! 个人健康档案 of every linked source, merged.

use access::PersonId;
use fhir::{kinds, rows};
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::joined::{newest_first, time_key};
use crate::sheet::{SheetRows, differ};
use crate::surgery::is_done;
use crate::{EhrError, Entry, Part, PersonalFields, PersonalKind, Section, Sheet};

struct PersonalRecord;

impl Charts {
    /// Family history, habits, vaccinations and questionnaires of all linked sources, each kind newest first. A patient
    /// gets what may be shown to them now; the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn personal_record(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<PersonalFields>, EhrError> {
        self.sheet::<PersonalRecord>(reader, person, query, now).await
    }
}

impl SheetKind for PersonalRecord {
    const SECTION: Section = Section::PersonalRecord;
    const PARTS: &'static [Part] =
        &[Part::FamilyHistory, Part::SocialHistory, Part::Immunizations, Part::Questionnaires];
    type Fields = PersonalFields;

    async fn ask(asking: &Asking<'_>, rows: SheetRows<PersonalFields>) -> (SheetRows<PersonalFields>, Tally) {
        let slug = Self::SECTION.slug();
        let (mut family, mut habits) = (rows.another(), rows.another());
        let (mut shots, mut answers) = (rows.another(), rows.another());
        let (mut tally, local) = (Tally::default(), &asking.source.codes);
        let (of_family, of_habits, of_shots, of_answers) = tokio::join!(
            asking.search::<kinds::FamilyMemberHistory>(
                slug,
                &[],
                |row: &rows::FamilyMemberHistory<'_>| family.relative(row),
                |_| {}
            ),
            asking.search::<kinds::Observation>(
                slug,
                &[],
                |row: &rows::Observation<'_>| habits.habit(row, local),
                |_| {}
            ),
            asking.search::<kinds::Immunization>(
                slug,
                &[],
                |row: &rows::Immunization<'_>| shots.vaccination(row),
                |_| {}
            ),
            asking.search::<kinds::QuestionnaireResponse>(
                slug,
                &[],
                |row: &rows::QuestionnaireResponse<'_>| answers.response(row),
                |_| {}
            ),
        );
        count_part(&mut tally, Part::FamilyHistory, &of_family);
        count_part(&mut tally, Part::SocialHistory, &of_habits);
        count_part(&mut tally, Part::Immunizations, &of_shots);
        count_part(&mut tally, Part::Questionnaires, &of_answers);
        for others in [habits, shots, answers] {
            family.take_in(others);
        }
        (family, tally)
    }

    /// At the same time: another habit, another lot, given here and not given there; of relatives what stands in `stated`.
    fn contradict(one: &Entry<PersonalFields>, other: &Entry<PersonalFields>) -> bool {
        let time = |of: &Entry<PersonalFields>| of.fact.time.as_ref().map(time_key);
        if one.fields.what != other.fields.what || time(one) != time(other) {
            return false;
        }
        let dated = one.fact.time.is_some();
        match one.fields.what {
            PersonalKind::SocialHistory => dated && one.fields.habit_key() != other.fields.habit_key(),
            PersonalKind::Immunization => {
                let done = is_done(&one.fact.status) && !is_done(&other.fact.status);
                dated && (done || differ(&one.fields, &other.fields))
            }
            // Two brothers may die at different ages: only one and the same relative contradicts themselves.
            PersonalKind::FamilyHistory => {
                one.fields.relative == other.fields.relative
                    && one.fields.conditions == other.fields.conditions
                    && differ(&one.fields, &other.fields)
            }
            PersonalKind::Questionnaire => false,
        }
    }

    /// Kind by kind.
    fn arrange(entries: Vec<Entry<PersonalFields>>) -> Vec<Entry<PersonalFields>> {
        let mut entries = entries;
        entries.sort_by(|one, other| {
            one.fields.what.cmp(&other.fields.what).then_with(|| newest_first(&one.fact, &other.fact))
        });
        entries
    }

    fn part(entry: &Entry<PersonalFields>) -> Part {
        match entry.fields.what {
            PersonalKind::FamilyHistory => Part::FamilyHistory,
            PersonalKind::SocialHistory => Part::SocialHistory,
            PersonalKind::Immunization => Part::Immunizations,
            PersonalKind::Questionnaire => Part::Questionnaires,
        }
    }

    fn said(entry: &Entry<PersonalFields>) -> Vec<&str> {
        let fields = &entry.fields;
        let named = fields.conditions.iter().map(|one| one.code.text.as_str());
        named.chain(fields.text.as_deref()).chain(fields.questionnaire.words()).collect()
    }
}
