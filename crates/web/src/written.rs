//! An answer of the API that is JSON already.

use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaResponses, MetaSchemaRef, Registry},
};
use serde_json::Value;

/// JSON as text; what it looks like is told to [`crate::openapi::document`]. `Json<Value>` makes a tree of its value, and a copy of
/// the tree before it is written: for ten thousand results a hundred megabytes, of which the text is five.
#[derive(Debug)]
pub struct Written(pub String);

impl Payload for Written {
    const CONTENT_TYPE: &'static str = <Json<Value> as Payload>::CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        <Json<Value> as Payload>::schema_ref()
    }

    fn register(registry: &mut Registry) {
        <Json<Value> as Payload>::register(registry);
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        Response::builder().content_type(Self::CONTENT_TYPE).body(self.0)
    }
}

impl ApiResponse for Written {
    fn meta() -> MetaResponses {
        <Json<Value> as ApiResponse>::meta()
    }

    fn register(registry: &mut Registry) {
        <Json<Value> as ApiResponse>::register(registry);
    }
}
