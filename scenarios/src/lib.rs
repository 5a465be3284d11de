//! What feedlab asks, and what theory says.
//!
//! A scenario file (TOML) becomes a [`Scenario`]: which feed, how many clients, how long, over
//! which transports. From it come the publish times of each repetition ([`Scenario::schedule`])
//! and, with the sizes of the codecs and a calibration, what theory expects of each transport
//! ([`predict()`](predict::predict)). Nothing here opens a socket:
//!
//! ```text
//! scenarios/*.toml ─▶ Scenario ─┬▶ Schedule ──▶ harness (publishes it)
//!                               └▶ Prediction ▶ results, reports (drawn beside what was measured)
//! ```

mod bandwidth;
mod builtin;
mod error;
mod link;
mod near;
pub mod predict;
mod preset;
mod queue;
mod rate;
mod scenario;
mod schedule;
mod schema;
mod share;
pub mod target;
mod text_duration;
mod trace;

pub use bandwidth::Bandwidth;
pub use builtin::{Builtin, builtin};
pub use error::Error;
pub use link::{Bottleneck, Cut, CutDirection, Link, MTU_BYTES, Way};
pub use predict::{Calibration, Carrier, Overload, Prediction, Sizes, TransportSizes};
pub use queue::Queue;
pub use rate::Rate;
pub use scenario::{Feed, FeedKind, Freeze, Measure, PAPERS, Scenario, Server};
pub use schedule::{MAX_PUBLISHES, Schedule};
pub use schema::schema;
pub use share::from_percent;
pub use target::Target;
