//! Two texts, line by line.

use similar::{ChangeTag, TextDiff};

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineChange {
    /// In both.
    Same(String),
    /// In the first alone.
    Gone(String),
    /// In the second alone.
    New(String),
}

/// How `new` differs from `old`, in the order of reading. Ends within `patience`: what is not compared by then is told as
/// replaced.
pub fn compare(old: &str, new: &str, patience: std::time::Duration) -> Vec<LineChange> {
    // A last line without its end is the same line.
    let ended =
        |text: &str| if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    let (old, new) = (ended(old), ended(new));
    let diff = TextDiff::configure().timeout(patience).diff_lines(old.as_str(), new.as_str());
    let line = |change: similar::Change<&str>| {
        let text = change.value().trim_end_matches(['\r', '\n']).to_owned();
        match change.tag() {
            ChangeTag::Equal => LineChange::Same(text),
            ChangeTag::Delete => LineChange::Gone(text),
            ChangeTag::Insert => LineChange::New(text),
        }
    };
    diff.iter_all_changes().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_in_the_order_of_reading() {
        let changes = compare("甲\n乙\n丙", "甲\n丁\n丙\n", std::time::Duration::from_secs(1));
        let [same, gone, new] = [LineChange::Same as fn(String) -> LineChange, LineChange::Gone, LineChange::New];
        let expect = [same("甲".into()), gone("乙".into()), new("丁".into()), same("丙".into())];
        assert_eq!(changes, expect);
        assert_eq!(compare("甲", "甲\n", std::time::Duration::from_secs(1)), [same("甲".into())]);
    }
}
