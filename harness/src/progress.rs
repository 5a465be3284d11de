//! Progress on stderr, and only on a terminal. It is drawn between trials, so that drawing never
//! takes the core of a window.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What the user sees while a run goes on.
pub struct Progress {
    bar: ProgressBar,
    /// Said before all else, of a part of something longer.
    part: Option<String>,
}

impl Progress {
    /// A bar over `steps`, hidden when stderr is no terminal or the user wants quiet.
    pub fn new(steps: u64, quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr_with_hz(5)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let style =
            ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {elapsed} (left {eta})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, part: None }
    }

    /// The same bar for a part of the whole: it says which part it is, and neither steps nor ends
    /// the bar.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        Self { bar: self.bar.clone(), part: Some(name.to_owned()) }
    }

    /// So many steps are done.
    pub fn steps(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Says what goes on now.
    pub fn say(&self, what: &str) {
        let part = self.part.as_ref().map_or_else(String::new, |part| format!("{part}, "));
        self.bar.set_message(format!("{part}{what}"));
        self.bar.tick();
    }

    /// A step is done.
    pub fn step(&self) {
        if self.part.is_none() {
            self.bar.inc(1);
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if self.part.is_none() {
            self.bar.finish_and_clear();
        }
    }
}
