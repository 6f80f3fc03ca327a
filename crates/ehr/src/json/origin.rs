//! `GET …/record/{section}/origins`

use serde_json::{Value, json};

use super::record::origin as origin_json;
use crate::{ClinicalTime, ExplainedOrigin, SourceJson};

/// An original, explained.
pub fn origin(of: &ExplainedOrigin) -> Value {
    let ExplainedOrigin { item, because, .. } = of;
    let report = of.sources.iter().find(|report| report.id == of.origin.source);
    let rules = because.steps.iter().map(|step| {
        json!({
            "effect": step.effect.as_str(),
            "role": step.role.as_str(),
            "members": step.members.iter().map(access::SubjectId::as_str).collect::<Vec<_>>(),
            "path": step.path.iter().map(access::Object::as_str).collect::<Vec<_>>(),
        })
    });
    let (text, missing) = match &of.json {
        Some(SourceJson::Text(pretty)) => (Some(pretty), None),
        Some(SourceJson::Missing(why)) => (None, Some(*why)),
        None => (None, None),
    };
    json!({
        "section": of.section.slug(),
        "item": {
            "id": item.id,
            "text": item.text,
            "value": item.value,
            "time": item.time.as_ref().map(ClinicalTime::as_str),
            "status": item.status,
            "conflicts": item.conflicts,
        },
        "origin": origin_json(&of.origin),
        "others": of.others.iter().map(origin_json).collect::<Vec<_>>(),
        "asked": of.asked,
        "source": report.map(|report| json!({
            "state": report.state,
            "detail": report.detail,
            "queries": report.queries,
            "pages": report.pages,
            "entries": report.entries,
            "dropped": report.dropped,
        })),
        "because": {
            "relation": because.relation,
            "until": because.until,
            "rules": rules.collect::<Vec<_>>(),
            "released": because.released,
            "may_read_json": because.may_read_json,
        },
        "json": of.json.as_ref().map(|_| json!({
            "text": text.map(|pretty| &pretty.text),
            "masked": text.is_some_and(|pretty| pretty.masked),
            "cut": text.is_some_and(|pretty| pretty.cut),
            "missing": missing,
        })),
    })
}
