//! What is compared, and which way is better.

use crate::Row;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less of it.
    Lower,
    /// More of it.
    Higher,
}

/// One thing that is compared.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its column, or what follows from columns.
    pub name: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// Which way is better.
    pub better: Better,
    /// Its value in a repetition.
    pub value: fn(&Row) -> Option<f64>,
    /// Smallest standard error of a log ratio: half of what its instrument rounds to.
    pub rounding: f64,
}

/// Half of the last digit of a histogram.
const DIGIT: f64 = 0.000_5;

/// All of them. A new one is one line.
#[rustfmt::skip]
pub static METRICS: &[Metric] = &[
    Metric { name: "delay_p50_ns", title: "delay p50", better: Better::Lower, value: |r| r.delay_p50_ns.map(float), rounding: DIGIT },
    Metric { name: "delay_p90_ns", title: "delay p90", better: Better::Lower, value: |r| r.delay_p90_ns.map(float), rounding: DIGIT },
    Metric { name: "delay_p99_ns", title: "delay p99", better: Better::Lower, value: |r| r.delay_p99_ns.map(float), rounding: DIGIT },
    Metric { name: "delay_mean_ns", title: "mean delay", better: Better::Lower, value: |r| r.delay_mean_ns.map(float), rounding: 0.0 },
    Metric { name: "age_mean_ns", title: "mean age", better: Better::Lower, value: |r| r.age_mean_ns.map(float), rounding: 0.0 },
    Metric { name: "in_sync", title: "in sync", better: Better::Higher, value: |r| r.in_sync, rounding: 0.0 },
    Metric { name: "bytes_per_update", title: "bytes per update", better: Better::Lower, value: bytes, rounding: 0.0 },
    Metric { name: "requests_per_second", title: "requests per second", better: Better::Lower, value: Row::requests_per_second, rounding: 0.0 },
    Metric { name: "server_cpu_per_update_ns", title: "server CPU per update", better: Better::Lower, value: Row::server_cpu_per_update_ns, rounding: 0.0 },
    Metric { name: "memory_per_client_bytes", title: "memory per client", better: Better::Lower, value: Row::memory_per_client_bytes, rounding: 0.0 },
];

impl Metric {
    /// What noise floors call it: they have short names, without units.
    pub(super) fn floor_name(&self, has_link: bool) -> &'static str {
        if has_link && self.name == "bytes_per_update" {
            return "link_bytes_per_update";
        }
        self.name.trim_end_matches("_ns").trim_end_matches("_bytes")
    }

    /// The metric of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.name == name)
    }
}

fn float(value: u64) -> f64 {
    value as f64
}

/// Bytes on the link, or above TCP where there is none.
fn bytes(row: &Row) -> Option<f64> {
    match row.link_bytes() {
        Some(_) => row.link_bytes_per_update(),
        None => row.bytes_per_update(),
    }
}
