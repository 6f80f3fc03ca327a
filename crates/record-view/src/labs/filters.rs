//! What the reader wants to see: kept in the URL, so that Back, bookmarks and the language switch restore the view.

use ehr::labs::Column;
use jiff::{Timestamp, ToSpan, civil::Date};

/// How far back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
    /// Five years.
    FiveYears,
    /// Everything: the default, since a result left out by a default looks like a result that is not there.
    #[default]
    All,
}

impl Period {
    pub(crate) const ALL: [Self; 4] = [Self::Quarter, Self::Year, Self::FiveYears, Self::All];

    /// As in the URL and in message keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quarter => "3m",
            Self::Year => "12m",
            Self::FiveYears => "5y",
            Self::All => "all",
        }
    }

    /// The first day of it.
    pub fn since(self, now: Timestamp) -> Option<Date> {
        let today = web::render::local(now).date();
        let span = match self {
            Self::Quarter => 3.months(),
            Self::Year => 1.year(),
            Self::FiveYears => 5.years(),
            Self::All => return None,
        };
        today.checked_sub(span).ok()
    }
}

/// The filters of the results pages, read leniently: what is unknown is left out, never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Catalogue panel.
    pub panel: Option<String>,
    /// Source id.
    pub source: Option<String>,
    /// How far back.
    pub period: Period,
    /// Only what is outside its range.
    pub abnormal: bool,
    /// Part of a name or code.
    pub text: String,
    /// Row whose history is shown.
    pub show: Option<String>,
    /// Columns (outside: days) to skip, for older ones.
    pub skip: usize,
}

impl Filters {
    /// From decoded query pairs: `panel`, `source`, `period`, `abnormal`, `q`, `show`, `skip`.
    pub fn from_pairs<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Self {
        let mut filters = Self::default();
        for (name, value) in pairs {
            let value = value.trim();
            let some = || (!value.is_empty()).then(|| value.chars().take(100).collect::<String>());
            match name {
                "panel" => filters.panel = some(),
                "source" => filters.source = some(),
                "period" => {
                    filters.period = Period::ALL.into_iter().find(|p| p.name() == value).unwrap_or_default();
                }
                "abnormal" => filters.abnormal = matches!(value, "1" | "true" | "on"),
                "q" => filters.text = some().unwrap_or_default(),
                "show" => filters.show = some(),
                "skip" => filters.skip = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        filters
    }

    /// Does it leave anything out?
    pub fn narrows(&self) -> bool {
        *self != Self { show: self.show.clone(), skip: self.skip, ..Self::default() }
    }

    /// The query string that restores this view, `?` included; empty for the plain page.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        let mut put = |name: &str, value: &str| {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            push_encoded(&mut query, value);
        };
        if let Some(panel) = &self.panel {
            put("panel", panel);
        }
        if let Some(source) = &self.source {
            put("source", source);
        }
        if self.period != Period::All {
            put("period", self.period.name());
        }
        if self.abnormal {
            put("abnormal", "1");
        }
        if !self.text.is_empty() {
            put("q", &self.text);
        }
        if let Some(show) = &self.show {
            put("show", show);
        }
        if self.skip > 0 {
            put("skip", &self.skip.to_string());
        }
        query
    }

    /// [`Filters::query`] with another page of columns.
    pub(crate) fn skipping(&self, skip: usize) -> String {
        Self { skip, ..self.clone() }.query()
    }

    /// Does a column pass source and period? Undated columns pass only without a period: nobody knows where they belong.
    pub(crate) fn admits(&self, column: &Column, now: Timestamp) -> bool {
        let source = self.source.as_ref().is_none_or(|source| *source == column.source);
        let period = self.period.since(now).is_none_or(|since| {
            let first = since.to_zoned(web::render::clock_zone()).map(|start| start.timestamp().as_second());
            match (&column.time, first) {
                (Some(time), Ok(first)) => time.epoch_seconds() >= first,
                _ => false,
            }
        });
        source && period
    }
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
pub(crate) fn push_encoded(out: &mut String, text: &str) {
    use std::fmt::Write;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_restores_the_view() {
        let filters = Filters::from_pairs([
            ("panel", "renal"),
            ("period", "12m"),
            ("abnormal", "1"),
            ("q", "钾 &"),
            ("skip", "8"),
            ("utm", "x"),
        ]);
        assert_eq!(filters.query(), "?panel=renal&period=12m&abnormal=1&q=%E9%92%BE%20%26&skip=8");
        assert!(filters.narrows());
    }

    #[test]
    fn nonsense_is_left_out() {
        let filters =
            Filters::from_pairs([("period", "yesterday"), ("skip", "-3"), ("panel", " "), ("abnormal", "no")]);
        assert_eq!(filters, Filters::default());
        assert_eq!(filters.query(), "");
        assert!(!filters.narrows());
    }
}
