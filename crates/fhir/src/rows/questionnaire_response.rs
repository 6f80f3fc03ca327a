//! QuestionnaireResponse (<https://hl7.org/fhir/R4/questionnaireresponse.html>) and what is called a questionnaire.

use super::{Attachment, Coding, Contained, Meta, Number, Quantity, ResourceReference};
use crate::{
    lean::{Context, Rare, Slot, object, read_object},
    scan::Scan,
};

object! {
    /// Answers to a questionnaire.
    pub struct QuestionnaireResponse<'a> {
        /// As sent; other than `QuestionnaireResponse` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Resources that it brings along.
        pub contained: &'a [Contained<'a>] = "contained",
        /// Canonical address of the questionnaire.
        pub questionnaire: Option<&'a str> = "questionnaire",
        /// `in-progress`, `completed`, `amended`, `entered-in-error`, `stopped`.
        pub status: Option<&'a str> = "status",
        /// About whom.
        pub subject: Option<ResourceReference<'a>> = "subject",
        /// When it was filled in.
        pub authored: Option<&'a str> = "authored",
        /// Who wrote the answers down.
        pub author: Option<ResourceReference<'a>> = "author",
        /// Who gave them.
        pub source: Option<ResourceReference<'a>> = "source",
        /// Questions and groups of them.
        pub item: &'a [ResponseItem<'a>] = "item",
    }
}

object! {
    /// `QuestionnaireResponse.item`
    pub struct ResponseItem<'a> {
        /// Which question.
        pub link_id: Option<&'a str> = "linkId",
        /// The question in words.
        pub text: Option<&'a str> = "text",
        /// Answers; none for a group.
        pub answer: &'a [ResponseAnswer<'a>] = "answer",
        /// Questions of a group.
        pub item: &'a [ResponseItem<'a>] = "item",
    }
}

object! {
    /// `QuestionnaireResponse.item.answer`
    pub struct ResponseAnswer<'a> {
        /// The answer.
        pub value: Option<Answer<'a>>
            = "valueBoolean" | "valueDecimal" | "valueInteger" | "valueDate" | "valueDateTime" | "valueTime"
            | "valueString" | "valueUri" | "valueCoding" | "valueQuantity",
        /// A document as the answer.
        pub attachment: Rare<'a, Attachment<'a>> = "valueAttachment",
        /// A resource as the answer.
        pub reference: Option<ResourceReference<'a>> = "valueReference",
        /// Questions that follow from the answer.
        pub item: &'a [ResponseItem<'a>] = "item",
    }
}

object! {
    /// Questions (<https://hl7.org/fhir/R4/questionnaire.html>), reduced to their name.
    pub struct Questionnaire<'a> {
        /// As sent; other than `Questionnaire` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// For people.
        pub title: Option<&'a str> = "title",
        /// For programs.
        pub name: Option<&'a str> = "name",
    }
}

/// `QuestionnaireResponse.item.answer.value[x]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer<'a> {
    /// Yes or no.
    Boolean(bool),
    /// A number.
    Number(Number<'a>),
    /// Words, a date, a time, an address.
    Words(&'a str),
    /// One of the answers offered.
    Coding(Coding<'a>),
    /// An amount.
    Quantity(Quantity<'a>),
}

impl<'a> Slot<'a> for Option<Answer<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        *self = match (key, scan.peek()) {
            ("valueCoding", b'{') => Some(Answer::Coding(read_object(key, scan, cx))),
            ("valueQuantity", b'{') => Some(Answer::Quantity(read_object(key, scan, cx))),
            ("valueDecimal" | "valueInteger", _) => Number::read(key, scan, cx).map(Answer::Number),
            ("valueBoolean", _) => {
                let mut said = None::<bool>;
                said.read(key, scan, cx);
                said.map(Answer::Boolean)
            }
            ("valueDate" | "valueDateTime" | "valueTime" | "valueString" | "valueUri", b'"') => {
                Some(Answer::Words(scan.string(cx.arena())))
            }
            _ => {
                cx.mismatch(key, scan);
                None
            }
        };
        self.is_some()
    }
}
