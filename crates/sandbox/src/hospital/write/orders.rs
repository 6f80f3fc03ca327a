//! `ServiceRequest`, `NutritionOrder` and `CarePlan`.

use serde_json::json;

use super::{Scribe, Subject};
use crate::{
    SandboxError,
    clinical::{Order, OrderKind},
    hospital::records::{Key, Token},
};

const SNOMED: &str = "http://snomed.info/sct";
const PLAN_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category";

impl Scribe<'_> {
    pub(super) fn orders(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for order in &subject.chart.orders {
            // elsewhere a diet is a service like any other
            match order.kind {
                OrderKind::Diet if self.platform.diets => self.diet(subject, order)?,
                _ => self.service(subject, order)?,
            }
        }
        Ok(())
    }

    /// In words: 长期医嘱 or 临时医嘱.
    pub(super) fn duration(&self, long_term: bool) -> &str {
        let words = &self.reference.script.words;
        if long_term { &words.long_term } else { &words.one_off }
    }

    fn service(&mut self, subject: &Subject<'_>, order: &Order) -> Result<(), SandboxError> {
        let id = self.next_id("ord");
        // laboratory procedure, imaging, surgical procedure: SNOMED CT as in FHIR's own value set; nursing procedure, dietary
        // regime
        let (system, code) = match order.kind {
            OrderKind::Laboratory => (SNOMED, "108252007"),
            OrderKind::Examination => (SNOMED, "363679005"),
            OrderKind::Procedure => (SNOMED, "387713003"),
            OrderKind::Nursing => (SNOMED, "9632001"),
            OrderKind::Diet => (SNOMED, "182922004"),
        };
        let occurrence = order.until.map(|until| json!({ "start": self.time(order.at), "end": self.time(until) }));
        let department = order.encounter.and_then(|at| subject.chart.encounters.get(at));
        let department = department.map_or("", |encounter| encounter.department.as_str());
        let resource = json!({
            "resourceType": "ServiceRequest",
            "id": id,
            "meta": self.meta(order.at),
            "status": order.status,
            "intent": "order",
            "category": [
                { "coding": [{ "system": system, "code": code }] },
                { "text": self.duration(order.long_term) },
            ],
            "code": { "text": order.text },
            "subject": { "reference": subject.reference() },
            "encounter": self.within(subject, order.encounter),
            "occurrencePeriod": occurrence,
            "authoredOn": self.time(order.at),
            "requester": { "display": self.colleague(department, 0) },
        });
        let mut tokens = vec![
            Token::new(Key::Status, "", order.status),
            Token::new(Key::Intent, "", "order"),
            Token::new(Key::Category, system, code),
        ];
        tokens.extend(subject.token_of(order.encounter));
        self.store("ServiceRequest", id, subject, Some((order.at, order.at + 1)), tokens, resource)
    }

    fn diet(&mut self, subject: &Subject<'_>, order: &Order) -> Result<(), SandboxError> {
        let id = self.next_id("diet");
        let resource = json!({
            "resourceType": "NutritionOrder",
            "id": id,
            "meta": self.meta(order.at),
            "status": order.status,
            "intent": "order",
            "patient": { "reference": subject.reference() },
            "encounter": self.within(subject, order.encounter),
            "dateTime": self.time(order.at),
            "oralDiet": { "type": [{ "text": order.text }] },
            "note": [{ "text": self.duration(order.long_term) }],
        });
        let tokens = vec![Token::new(Key::Status, "", order.status)];
        self.store("NutritionOrder", id, subject, Some((order.at, order.at + 1)), tokens, resource)
    }

    pub(super) fn plans(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for plan in &subject.chart.plans {
            let id = self.next_id("plan");
            let activities: Vec<_> = plan
                .activities
                .iter()
                .map(|text| json!({ "detail": { "status": "in-progress", "description": text } }))
                .collect();
            let resource = json!({
                "resourceType": "CarePlan",
                "id": id,
                "meta": self.meta(plan.at),
                "status": "active",
                "intent": "plan",
                "category": [{ "coding": [{ "system": PLAN_CATEGORY, "code": "assess-plan" }] }],
                "title": plan.title,
                "subject": { "reference": subject.reference() },
                "period": { "start": Self::day(plan.at) },
                "created": Self::day(plan.at),
                "activity": activities,
            });
            let tokens =
                vec![Token::new(Key::Status, "", "active"), Token::new(Key::Category, PLAN_CATEGORY, "assess-plan")];
            self.store("CarePlan", id, subject, Some((plan.at, i64::from(u32::MAX))), tokens, resource)?;
        }
        Ok(())
    }
}
