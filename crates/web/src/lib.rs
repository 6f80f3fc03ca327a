//! What both portals' HTTP has in common.
//!
//! A request comes in through [`server`], passes the [`shell`] (request id, limits, session, CSRF, language, headers,
//! errors, compression, log), is matched and guarded by [`routing`], and its page is drawn by [`render`].
//! [`config`] reads configuration files, [`ops`] is the operations listener.
//!
//! No page of a portal's own and no domain of ours is known here.

mod compress;
pub mod config;
pub mod cookies;
pub mod csrf;
mod failure;
pub mod files;
mod headers;
pub mod inbox;
pub mod keys;
pub mod lang;
pub mod logs;
pub mod network;
pub mod openapi;
pub mod ops;
pub mod pages;
pub mod render;
pub mod routing;
pub mod run;
pub mod sealing;
pub mod server;
pub mod session;
pub mod shell;
pub mod telemetry;
pub mod throttle;
mod told;
pub mod upload;
mod visit;
pub mod well_known;
mod written;

pub use failure::Failure;
pub use headers::policy_with_form_to;
pub use lang::Lang;
pub use visit::Visit;
pub use written::Written;
