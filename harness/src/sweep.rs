//! A sweep: which values an axis has, which runs its points take, and how long each lasts. All of
//! it is known before anything is started; `feedlab sweep` makes the runs.

pub mod axis;
pub mod pace;
pub mod plan;
mod quantity;
