//! Everything that is sent for a while is dropped, as when a cable is pulled at the sender: both ends
//! believe that they are still connected. What was on its way already arrives.

use rand_chacha::ChaCha8Rng;
use scenarios::Way;

use super::{Act, Cause, Effect};

/// Registered in the table of effects.
pub const EFFECT: Effect = Effect { stream: 0, begin };

struct Cut {
    /// (begin, end) after the window has opened, ns.
    cuts_ns: Vec<(u64, u64)>,
    /// When it opens; no cut is active before that is known.
    window_ns: Option<u64>,
}

fn begin(way: &Way, _: ChaCha8Rng) -> Option<Box<dyn Act>> {
    let ns = |(begin, end): &(std::time::Duration, std::time::Duration)| {
        (begin.as_nanos() as u64, end.as_nanos() as u64)
    };
    let cuts_ns: Vec<_> = way.cuts.iter().map(ns).collect();
    (!cuts_ns.is_empty()).then(|| Box::new(Cut { cuts_ns, window_ns: None }) as Box<dyn Act>)
}

impl Act for Cut {
    fn pass(&mut self, at_ns: u64, _: u64) -> Result<u64, Cause> {
        let since_ns = self.window_ns.and_then(|window_ns| at_ns.checked_sub(window_ns));
        let is_cut = since_ns.is_some_and(|since_ns| {
            self.cuts_ns.iter().any(|(begin, end)| (*begin..*end).contains(&since_ns))
        });
        if is_cut { Err(Cause::Cut) } else { Ok(at_ns) }
    }

    fn open_window(&mut self, start_ns: u64) {
        self.window_ns = Some(start_ns);
    }
}
