//! A link between clients and server with delay, loss, a bottleneck and cuts, and an exact account
//! of what crosses it.

pub mod account;
pub mod effect;
