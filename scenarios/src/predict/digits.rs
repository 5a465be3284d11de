//! Bytes that grow with a sequence number's digits.
//!
//! Sizes are means over a calibration of a few dozen updates, so they hold short numbers: 1 to 4
//! digits. A run publishes for longer, and its warm-up comes first, in the same log. What varies is
//! a fact of the wire protocol, transport by transport:
//!
//! ```text
//! every update    {"seq":N,"data":…}                      the envelope, on each transport
//! sse             id: epoch:N                             once more per update
//! polls           ETag: "epoch:N", {"cursor":"epoch:N"…   twice per answer with updates
//!                 ?after=epoch:N                          once per request, and never in ?continue
//! conditional     If-None-Match: "epoch:N"                once more per request
//!                 ETag: "epoch:N"                         once per 304
//! ```
//!
//! A 204 names no cursor, a heartbeat neither. A head that is padded to a length has that length,
//! whatever digits are in it; its body has not. So each of these gets the difference of the mean
//! digits, the run's less the calibration's. Answers and requests are spread over the window as the
//! updates are, and are given the updates' mean.

use super::Case;
use crate::Schedule;

/// A warm-up publishes as fast as the feed, but at least once a second and at most once a ms.
const WARM_UP_PERIODS_NS: (f64, f64) = (1e6, 1e9);

/// Mean number of decimal digits of the whole numbers from `first` to `last`; 0 if there are none.
pub fn mean_digits(first: u64, last: u64) -> f64 {
    let (mut sum, mut from) = (0.0, Some(first));
    while let Some(start) = from.filter(|start| *start <= last) {
        let digits = start.max(1).ilog10() + 1;
        let end = 10_u64.checked_pow(digits).map_or(last, |longer| last.min(longer - 1));
        sum += f64::from(digits) * ((end - start) as f64 + 1.0);
        from = end.checked_add(1);
    }
    if first > last { 0.0 } else { sum / ((last - first) as f64 + 1.0) }
}

/// Digits that the run's sequence numbers have more than the calibration's, where each counts.
#[derive(Default)]
pub(super) struct MoreDigits {
    pub update: f64,
    pub answer: f64,
    pub empty: f64,
    pub request: f64,
}

impl MoreDigits {
    /// None if the calibration says nothing of its numbers.
    pub fn of(case: &Case<'_>, schedule: &Schedule) -> Self {
        let calibrated = case.calibration.sequence_digits.get(case.name).filter(|d| d.is_finite());
        let count = schedule.offsets_ns.len() as u64;
        let Some(calibrated) = calibrated.filter(|_| count > 0) else {
            return Self::default();
        };
        let first = first_number(case, schedule);
        let more = mean_digits(first, first + count - 1) - calibrated;
        match case.name {
            "sse" => Self { update: 2.0 * more, ..Self::default() },
            "short-poll" | "long-poll" => Self::of_polls(case, more),
            _ => Self { update: more, ..Self::default() },
        }
    }

    fn of_polls(case: &Case<'_>, more: f64) -> Self {
        if case.is("headers", "kaazing") {
            return Self { update: more, answer: more, ..Self::default() };
        }
        let after = if case.outstanding() > 1 { 0.0 } else { more };
        let etag = if case.is_on("conditional", false) { more } else { 0.0 };
        Self { update: more, answer: 2.0 * more, empty: etag, request: after + etag }
    }
}

/// The window's first sequence number, which is also the publisher's own: an estimate, as a warm-up
/// ends when every client has had an update. For a short poll that takes an interval: of N random
/// phases the largest is N/(N+1) of it on average.
pub(super) fn first_number(case: &Case<'_>, schedule: &Schedule) -> u64 {
    let (shortest, longest) = WARM_UP_PERIODS_NS;
    let period = (schedule.mean_period_ns as f64).clamp(shortest, longest);
    let clients = case.clients();
    let interval = case.duration_ns("interval").unwrap_or(0.0) * clients / (clients + 1.0);
    let warmup = interval.max(case.scenario.measure.warmup.as_nanos() as f64);
    // The first is published at once, and the window's first is the one after the last.
    (warmup / period) as u64 + 2
}

/// What had to be taken for granted, if digits are counted at all.
pub(super) fn assumption(case: &Case<'_>, schedule: &Schedule) -> Option<String> {
    case.calibration.sequence_digits.contains_key(case.name).then(|| {
        format!(
            "the window's sequence numbers begin at about {}, after the warm-up, and each has its \
             digits",
            first_number(case, schedule)
        )
    })
}
