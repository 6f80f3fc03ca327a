//! Why a flow failed, in plain words: what happened and what to do.

use web::render::Words;

/// What happened, by the key of [`sources::FlowTrace::why`]. A key that this replica does not know yet is told as it is.
pub fn happened(words: &Words, why: &str) -> String {
    let key = format!("flow-why-{why}");
    if words.has(&key) { words.text(&key) } else { why.to_owned() }
}

/// What to do about it, where something can be done.
pub fn cure(words: &Words, why: &str) -> Option<String> {
    let key = format!("flow-cure-{why}");
    words.has(&key).then(|| words.text(&key))
}
