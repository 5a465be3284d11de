//! What is done and how it is measured: the harness of feedlab, one binary with several roles.
//!
//! `scenarios → servers ⇄ harness → results → reports`. `feedlab run` orchestrates: it starts a
//! fresh server process and load workers for each repetition ([`process`]), publishes open-loop
//! ([`publish`]), and merges what the workers saw ([`order::Sample`]) into rows. In a worker each
//! client ([`client`]) follows one transport through a metered socket ([`dial`]) into its
//! [`inbox`].

pub mod age;
pub mod alarm;
pub mod awake;
pub mod calibrate;
pub mod campaign;
pub mod capacity;
pub mod certificate;
pub mod client;
pub mod clock;
pub mod cmd;
pub mod conform;
pub mod crew;
pub mod decode;
pub mod departure;
pub mod dial;
pub mod freeze;
pub mod inbox;
pub mod kernel;
pub mod ledger;
pub mod link;
pub mod load;
pub mod machine;
pub mod measured;
pub mod meter;
pub mod null;
pub mod order;
pub mod paper;
pub mod probe;
pub mod process;
pub mod progress;
pub mod publish;
pub mod resolve;
pub mod stage;
pub mod sweep;
pub mod tally;
pub mod target;
pub mod trial;
pub mod validate;
pub mod watch;
pub mod worker;
