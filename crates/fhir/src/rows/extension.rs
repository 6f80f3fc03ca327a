//! Extension (<https://hl7.org/fhir/R4/extensibility.html>).

use super::{Coding, Value};
use crate::lean::object;

object! {
    /// What a type has no element for.
    pub struct Extension<'a> {
        /// What it means.
        pub url: Option<&'a str> = "url",
        /// What it says.
        pub value: Option<Value<'a>>
            = "valueQuantity" | "valueCodeableConcept" | "valueString" | "valueBoolean" | "valueInteger" | "valueRange"
            | "valueRatio" | "valueSampledData" | "valueTime" | "valueDateTime" | "valuePeriod",
        /// The same as a coding.
        pub coding: Option<Coding<'a>> = "valueCoding",
        /// The same as a bare code.
        pub code: Option<&'a str> = "valueCode",
        /// Its parts, when it has any.
        pub extension: &'a [Extension<'a>] = "extension",
    }
}
