//! Drawing a page: what of it the viewer sees ([`Trimmer`]), and all of that at once ([`Engine`]).

mod cache;
mod circuit;
mod engine;
mod trim;
mod view;

pub use circuit::{FAILURES, REST};
pub use engine::{AT_ONCE, Drawn, Engine, Patience, Trouble};
pub use trim::Trimmer;
pub use view::{ItemView, NodeView, PageView, one_item, page_view, to_draw};
