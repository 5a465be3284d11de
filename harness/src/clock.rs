//! One clock for everything: `CLOCK_MONOTONIC` in ns, which all processes of a host share.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

/// Nanoseconds per second.
pub const SECOND_NS: u64 = 1_000_000_000;

/// Now, in ns of `CLOCK_MONOTONIC`.
pub fn now_ns() -> u64 {
    nanoseconds(&clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux has CLOCK_MONOTONIC"))
}

/// Sleeps until an absolute instant, which unlike a relative sleep adds no drift.
pub fn sleep_until(instant_ns: u64) {
    let deadline = time_spec(instant_ns);
    while clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &deadline)
        == Err(Errno::EINTR)
    {}
}

/// Time from now to an instant; zero when it is past.
pub fn until(instant_ns: u64) -> Duration {
    Duration::from_nanos(instant_ns.saturating_sub(now_ns()))
}

/// CPU time that a process has used, all threads, ended ones too, in ns. `None`: it is gone.
pub fn process_cpu_ns(pid: u32) -> Option<u64> {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).ok()?);
    let clock = nix::time::clock_getcpuclockid(pid).ok()?;
    clock_gettime(clock).ok().as_ref().map(nanoseconds)
}

/// An instant as the kernel wants it.
pub fn time_spec(instant_ns: u64) -> TimeSpec {
    TimeSpec::new((instant_ns / SECOND_NS) as i64, (instant_ns % SECOND_NS) as i64)
}

fn nanoseconds(time: &TimeSpec) -> u64 {
    time.tv_sec() as u64 * SECOND_NS + time.tv_nsec() as u64
}
