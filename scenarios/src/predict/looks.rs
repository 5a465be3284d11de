//! When a client that polls looks into the log of a server that may stand still.
//!
//! A client is due every cycle C from its phase. A poll that comes to the frozen server is answered
//! as that goes on, and finds what [`freeze`](super::freeze) says; what else was published meanwhile
//! waits for the client's next look. That is, with x the time from a look to the earliest next one
//! (the answer travels, the client turns around, its request travels):
//!
//! - **at a fixed rate**: all polls that were due meanwhile are one, which goes out with the answer
//!   in hand, and looks x after the end. The next ones are late by what is left of that, less C − x
//!   each, until the client is on its schedule again.
//! - **with a fixed delay**, and where x is all of C: a cycle after the end, for every client. From
//!   then on they are in step, and polls are missing for as long as the one of the freeze was late.
//!
//! So a stall costs a poller a round trip on top of what it costs a push. Where x is so short (on
//! loopback) that it is like the publisher's turn, its batch is taken to come first: the publisher
//! is told first, or as soon as the clients are.

use super::freeze::{Freeze, Freezes};

/// How a client polls; ns.
#[derive(Clone, Copy)]
pub(super) struct Rhythm {
    pub cycle: f64,
    /// From a look to the earliest next one.
    pub exchange: f64,
    pub fixed_delay: bool,
}

/// One client's looks.
pub(super) struct Looks<'a> {
    freezes: &'a Freezes,
    /// Before the first freeze, and after each.
    courses: Vec<Course>,
    /// Polls that fall away.
    pub missed: f64,
}

/// Its looks while the server runs.
#[derive(Clone)]
struct Course {
    /// Those that were due before, in order.
    late: Vec<f64>,
    /// After them it looks every cycle, and so at this time.
    anchor: f64,
    cycle: f64,
}

impl Rhythm {
    /// The looks of a client that is due at `phase`, ns on the clock of the schedule.
    pub fn looks(self, freezes: &Freezes, phase: f64) -> Looks<'_> {
        let mut course = Course { late: Vec::new(), anchor: phase, cycle: self.cycle };
        let (mut courses, mut missed) = (vec![course.clone()], 0.0);
        for freeze in freezes.iter() {
            let asked = course.from(freeze.begin as f64);
            if asked < freeze.end as f64 {
                missed += self.go_on(&mut course, asked, freeze);
            }
            courses.push(course.clone());
        }
        Looks { freezes, courses, missed }
    }

    /// For how long a freeze makes a client late at most.
    pub fn late_ns(self) -> f64 {
        let Self { cycle, exchange, .. } = self;
        // Less than C at first, C − x less with each look.
        if self.is_in_step() { cycle } else { (cycle / (cycle - exchange) + 1.0) * exchange }
    }

    /// Whether a freeze makes all clients look at the same times from then on.
    fn is_in_step(self) -> bool {
        self.fixed_delay || self.exchange > Self::BACK_TO_BACK * self.cycle
    }

    /// Where x is within this part of C, a client is as good as never on its schedule again.
    const BACK_TO_BACK: f64 = 0.999;

    /// How it goes on that came to the frozen server at `asked`; returns how many polls fall away.
    fn go_on(self, course: &mut Course, asked: f64, freeze: &Freeze) -> f64 {
        let Self { cycle, exchange, .. } = self;
        let end = freeze.end as f64;
        course.late.clear();
        if self.is_in_step() {
            course.anchor = end + cycle;
            return (end - asked) / cycle;
        }
        let answered = course.due_by(asked);
        let mut look = end + exchange;
        let mut due = course.due_by(look);
        if due <= answered {
            return 0.0;
        }
        let missed = due - answered - 1.0;
        course.late.push(look);
        // It is late for the next one, too, if that is due before the answer is there.
        while course.due_by(look + exchange) > due {
            look += exchange;
            due += 1.0;
            course.late.push(look);
        }
        missed
    }
}

impl Course {
    /// The first look at `at` or after.
    fn from(&self, at: f64) -> f64 {
        let late = self.late.get(self.late.partition_point(|look| *look < at));
        let due = ((at - self.anchor) / self.cycle).ceil() * self.cycle + self.anchor;
        late.copied().unwrap_or(due)
    }

    /// Which look of the schedule was the last to be due at `at`.
    fn due_by(&self, at: f64) -> f64 {
        // A time that was computed as due is not a little before that.
        ((at - self.anchor) / self.cycle + 1e-6).floor()
    }
}

impl Looks<'_> {
    /// The look that finds what is published at `at`.
    pub fn after(&self, at: u64) -> f64 {
        let (number, next) = self.freezes.next(at);
        let look = self.courses[number].from(at as f64);
        let Some(freeze) = next.filter(|freeze| look >= freeze.begin as f64) else { return look };
        let asked = self.courses[number].from(freeze.begin as f64);
        let end = freeze.end as f64;
        if asked < end && freeze.answers(asked, at) {
            return end;
        }
        self.freezes.thawed(self.courses[number + 1].from(end + 1.0))
    }
}
