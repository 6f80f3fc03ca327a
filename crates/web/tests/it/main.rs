//! `web` through its public face: real connections, both databases.

mod session;
mod shell;
mod throttle;
