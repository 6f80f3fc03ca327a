//! `web` through its public face: real connections, both databases.

mod server;
mod session;
mod shell;
mod throttle;
