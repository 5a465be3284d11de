//! The end of a trial for its clients: they close their connections in order, so that every byte of
//! a connection's life is seen by both ends and by what lies between them.

use std::cell::Cell;
use std::rc::Rc;

/// Whether the clients of a worker are to leave; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Departure(Rc<Cell<bool>>);

impl Departure {
    /// From now on they leave: who waits for a time no longer does, who reads says that nothing
    /// more will be said and reads on to the end. Wake them.
    pub fn announce(&self) {
        self.0.set(true);
    }

    /// Whether they are to leave.
    pub fn is_announced(&self) -> bool {
        self.0.get()
    }
}
