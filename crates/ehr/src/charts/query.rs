//! What somebody who looks for a patient has typed.

use patients::{IndexNumber, ResidentId, looks_like_resident_id, mask_phone};
use unicode_normalization::UnicodeNormalization as _;

use crate::QueryProblem;

const MAX_CHARS: usize = 60;

/// A search for patients, understood.
#[derive(Clone, Debug)]
pub enum SearchQuery {
    /// By resident ID: never kept, never logged.
    ResidentId(ResidentId),
    /// By the regional index number.
    Number(IndexNumber),
    /// By a hospital's record number.
    RecordNumber(String),
    /// By a whole phone number: digits. It may be a record number as well.
    Phone(String),
    /// By name, its pinyin or its initials.
    Name(String),
}

impl SearchQuery {
    /// Reads what was typed.
    ///
    /// # Errors
    /// Why no search can be made of it.
    pub fn read(typed: &str) -> Result<Self, QueryProblem> {
        let text: String = typed.nfkc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        // People type and paste numbers in groups: `999009-19640318-0328`.
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '_' | '·')).collect();
        if looks_like_resident_id(&compact) {
            return ResidentId::parse(&compact).map(Self::ResidentId).map_err(|_| QueryProblem::ResidentId);
        }
        if has_long_number(&compact) {
            // A resident ID among other words would be kept, shown and sent around as a name.
            return Err(QueryProblem::ResidentId);
        }
        if let Some(phone) = whole_phone(&text) {
            return Ok(Self::Phone(phone));
        }
        if let Some(number) = IndexNumber::parse(&text) {
            return Ok(Self::Number(number));
        }
        let letters = patients::search_form(&text).chars().count();
        let least = if text.chars().any(is_han) { 1 } else { 2 };
        if letters < least {
            return Err(QueryProblem::TooShort);
        }
        if letters > MAX_CHARS {
            return Err(QueryProblem::TooLong);
        }
        // Numbers stand at the end of made-up names too (`Aaron697`): a record number begins with a digit or has many.
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let is_number = (digits > 3 || text.starts_with(|c: char| c.is_ascii_digit()))
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_'));
        Ok(if is_number { Self::RecordNumber(text) } else { Self::Name(text) })
    }

    /// As it may be shown again and kept: a resident ID and a phone number are masked.
    pub fn shown(&self) -> String {
        match self {
            Self::ResidentId(id) => id.masked(),
            Self::Number(number) => number.to_string(),
            Self::Phone(digits) => mask_phone(digits),
            Self::RecordNumber(text) | Self::Name(text) => text.clone(),
        }
    }

    /// For the audit log: what kind of search, never for what.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ResidentId(_) => "resident-id",
            Self::Number(_) => "index-number",
            Self::RecordNumber(_) => "record-number",
            Self::Phone(_) => "phone",
            Self::Name(_) => "name",
        }
    }
}

/// A mobile number, or a landline's with its area: nobody's to be read off a screen.
fn whole_phone(text: &str) -> Option<String> {
    if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')')) {
        return None;
    }
    let digits = patients::bare_phone(text)?;
    let mobile = digits.len() == 11 && digits.starts_with('1') && digits.as_bytes()[1] >= b'3';
    let landline = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    (mobile || landline).then_some(digits)
}

/// As many digits in a row as the old resident ID had.
fn has_long_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() >= 15)
}

/// CJK ideographs, extensions included: many rare names live there.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '〇')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expect: Result<(&str, &str), QueryProblem>) {
        let read = SearchQuery::read(typed);
        let told = read.map(|query| (query.kind(), query.shown()));
        assert_eq!(told, expect.map(|(kind, shown)| (kind, shown.to_owned())), "{typed}");
    }

    #[test]
    fn understood() {
        check("999009196403180328", Ok(("resident-id", "999***********0328")));
        check("９９９００９１９６４０３１８０３２８", Ok(("resident-id", "999***********0328")));
        check("999009640318032", Ok(("resident-id", "999***********0328")));
        check("999009196403180321", Err(QueryProblem::ResidentId));
        check("999009-19640318-0328", Ok(("resident-id", "999***********0328")));
        check("身份证 999009196403180328", Err(QueryProblem::ResidentId));
        check("··", Err(QueryProblem::TooShort));
        check("李", Ok(("name", "李")));
        check("𠮷", Ok(("name", "𠮷")));
        check("  陈  玉兰 ", Ok(("name", "陈 玉兰")));
        check("L", Err(QueryProblem::TooShort));
        check("  ", Err(QueryProblem::TooShort));
        check("Li", Ok(("name", "Li")));
        check("0773-092", Ok(("record-number", "0773-092")));
        check("138 0000 0526", Ok(("phone", "138****0526")));
        check("+86 138-0000-0526", Ok(("phone", "138****0526")));
        check("0755-86123456", Ok(("phone", "075*****3456")));
        check("0526", Ok(("record-number", "0526")));
        check("MR-20481", Ok(("record-number", "MR-20481")));
        check("Aaron697", Ok(("name", "Aaron697")));
        check("Aaron697 Beer", Ok(("name", "Aaron697 Beer")));
        check(&"长".repeat(61), Err(QueryProblem::TooLong));
    }
}
