//! What papers have computed, computed again with our own encoders: a file per paper. Pure
//! arithmetic; whoever has measured the same stands beside it.

mod beside;
pub mod kaazing;

pub use beside::beside;
