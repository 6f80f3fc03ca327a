//! Search filters. A value gets into a filter only through [`Filter::equal`] or a [`FilterTemplate`], both of which
//! escape it (RFC 4515 §3), so that no name a person types can be anything but a literal.

use std::fmt;

use ldap3::ldap_escape;

const PLACE: &str = "{uid}";

/// The configured filter can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Without the place for the user name every person would match.
    #[error("the filter has no {{uid}}")]
    NoPlace,
    /// Not RFC 4515, or `{uid}` stands where no value may stand.
    #[error("the filter is not an LDAP search filter with {{uid}} in place of a value")]
    Syntax,
}

/// A search filter whose values are escaped.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// `(attribute=value)`, the value taken literally.
    pub fn equal(attribute: &str, value: &str) -> Self {
        Self(format!("({attribute}={})", ldap_escape(value)))
    }

    /// Entries for which at least one of `filters` holds.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut text = String::from("(|");
        for filter in filters {
            text.push_str(&filter.0);
        }
        text.push(')');
        Self(text)
    }

    /// RFC 4515.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({})", self.0)
    }
}

/// `user_filter` of the configuration.
#[derive(Clone, Debug)]
pub struct FilterTemplate {
    text: String,
    attributes: Vec<String>,
}

impl FilterTemplate {
    /// Checks that `text` is a filter in which `{uid}` stands for a value.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if !text.contains(PLACE) {
            return Err(FilterError::NoPlace);
        }
        let template = Self { text: text.to_owned(), attributes: attributes(text) };
        // Backslashes are lawful in values alone, so this fails if the place is in an attribute or a matching rule.
        let probe = template.fill("(a*)\\");
        if template.attributes.is_empty() || ldap3::parse_filter(probe.as_str()).is_err() {
            return Err(FilterError::Syntax);
        }
        Ok(template)
    }

    /// The filter for one user name, taken literally.
    pub fn fill(&self, username: &str) -> Filter {
        Filter(self.text.replace(PLACE, &ldap_escape(username)))
    }

    /// The attributes that are compared with the user name, in order of appearance.
    pub fn attributes(&self) -> &[String] {
        &self.attributes
    }
}

/// The attribute before each `={uid}`: `(uid={uid})`, `(uid:caseExactMatch:={uid})`.
fn attributes(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (place, _) in text.match_indices(PLACE) {
        let item = text[..place].rsplit('(').next().unwrap_or_default();
        let Some((left, _)) = item.split_once('=') else { continue };
        let name = left.split([':', '~', '>', '<', ';']).next().unwrap_or_default().trim();
        if crate::dn::is_attribute_type(name) && !found.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
