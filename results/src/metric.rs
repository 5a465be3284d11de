//! What may be said of a row by a short name: columns and what follows from them, each with the
//! unit in which one speaks of it.

use serde_json::Value;

use crate::{Row, percentile};

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Bytes,
    /// A number of things, or a share.
    Plain,
}

/// A value that a row has, or has not.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its short name, in expectations and on disk.
    pub name: &'static str,
    /// What people call it.
    pub words: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Where it comes from.
    pub value: fn(&Row) -> Option<f64>,
}

const fn metric(
    name: &'static str,
    words: &'static str,
    unit: Unit,
    value: fn(&Row) -> Option<f64>,
) -> Metric {
    Metric { name, words, unit, value }
}

/// The short names; columns go by their own.
pub static METRICS: &[Metric] = &[
    metric("delay_mean", "mean delay", Unit::Time, |row| whole(row.delay_mean_ns)),
    metric("delay_p50", "delay p50", Unit::Time, |row| whole(row.delay_p50_ns)),
    metric("delay_p90", "delay p90", Unit::Time, |row| whole(row.delay_p90_ns)),
    metric("delay_p99", "delay p99", Unit::Time, |row| whole(row.delay_p99_ns)),
    metric("delay_max", "longest delay", Unit::Time, |row| whole(row.delay_max_ns)),
    metric("age_mean", "mean age", Unit::Time, |row| whole(row.age_mean_ns)),
    metric("age_peak", "peak age", Unit::Time, |row| whole(row.age_peak_ns)),
    metric("bytes_per_update", "bytes", Unit::Bytes, Row::bytes_per_update),
    metric("link_bytes_per_update", "link bytes", Unit::Bytes, Row::link_bytes_per_update),
    metric("server_cpu_per_update", "server CPU", Unit::Time, Row::server_cpu_per_update_ns),
    metric("total_cpu_per_update", "both sides’ CPU", Unit::Time, Row::total_cpu_per_update_ns),
    metric("memory_per_client", "memory", Unit::Bytes, Row::memory_per_client_bytes),
    metric(
        "socket_memory_per_client",
        "socket memory",
        Unit::Bytes,
        Row::socket_memory_per_client_bytes,
    ),
];

fn whole(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

/// The metric of a short name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// The unit of a short name or of a column with numbers; `None` of anything else.
pub fn unit(name: &str) -> Option<Unit> {
    if let Some(metric) = find(name) {
        return Some(metric.unit);
    }
    columns().contains(&name.to_owned()).then(|| match name {
        name if name.ends_with("_ns") => Unit::Time,
        name if name.contains("bytes") => Unit::Bytes,
        _ => Unit::Plain,
    })
}

/// The short names.
pub fn names() -> Vec<&'static str> {
    METRICS.iter().map(|metric| metric.name).collect()
}

/// What a row says under a short name or a column's.
///
/// # Errors
/// Why the cell is empty.
pub fn value(row: &Row, name: &str) -> Result<f64, String> {
    let value = match find(name) {
        Some(metric) => (metric.value)(row),
        None => cells(row).remove(name).and_then(|cell| cell.as_f64()),
    };
    value.filter(|value| value.is_finite()).ok_or_else(|| why_empty(row, name))
}

fn why_empty(row: &Row, name: &str) -> String {
    let column = if name.ends_with("_ns") { name.to_owned() } else { format!("{name}_ns") };
    percentile::why_empty(&column, row.published).unwrap_or_else(|| {
        let why = if row.delivered == 0 { "nothing was delivered" } else { "it was not measured" };
        why.to_owned()
    })
}

/// Columns with numbers that a pooled row can have.
fn columns() -> Vec<String> {
    let numbers = cells(&Row::default()).into_iter();
    let numbers = numbers.filter(|(name, cell)| !cell.is_string() && name != "repetition");
    numbers.map(|(name, _)| name).collect()
}

fn cells(row: &Row) -> serde_json::Map<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(cells)) => cells,
        _ => serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_and_its_short_name_say_the_same() {
        let row = Row { delay_mean_ns: Some(1_500), published: 10, delivered: 4, ..Row::default() };
        assert_eq!(value(&row, "delay_mean"), Ok(1_500.0));
        assert_eq!(value(&row, "delay_mean_ns"), Ok(1_500.0));
        assert_eq!(value(&row, "delivered"), Ok(4.0));
    }

    #[test]
    fn an_empty_cell_says_why() {
        let row = Row { published: 10, delivered: 4, ..Row::default() };
        let why = value(&row, "delay_p99").unwrap_err();
        assert_eq!(why, "p99 needs 2,000 publishes and this row has 10");
        assert_eq!(value(&row, "delay_p99_ns").unwrap_err(), why);
        assert_eq!(
            value(&Row::default(), "bytes_per_update").unwrap_err(),
            "nothing was delivered"
        );
    }

    #[test]
    fn units_follow_from_the_columns_name() {
        assert_eq!(unit("delay_p99"), Some(Unit::Time));
        assert_eq!(unit("server_cpu_ns"), Some(Unit::Time));
        assert_eq!(unit("tcp_bytes_up"), Some(Unit::Bytes));
        assert_eq!(unit("requests"), Some(Unit::Plain));
        for text in ["transport", "verdict", "repetition", "colour"] {
            assert_eq!(unit(text), None, "{text}");
        }
    }
}
