//! A link from end to end: real connections between two namespaces, and what is left of them.
//!
//! Where namespaces or TUN devices are missing the tests are skipped with the reason, unless
//! `CI` is set.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

mod account;
mod effects;
mod inside;
mod killed;
mod life;
mod stage;
mod user;
