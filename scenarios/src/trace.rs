//! Real update streams, replayed: a CSV file whose first column, `at_ms`, is the time since the
//! first update.

use std::{fs, path::Path};

/// Rows of a trace, in order.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub at_ms: u64,
    /// The other columns as members of a JSON object: `"magnitude":1.2,"place":"x"`.
    pub fields: String,
}

/// A week of the busiest feed that ships has 115 kB.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The payload's own members, which a column must not shadow: number, intended time, padding.
const RESERVED: [&str; 3] = ["n", "t", "pad"];

/// The traces that ship with feedlab, so that an installed binary needs no folder.
static EMBEDDED: [(&str, &str); 2] = [
    ("traces/usgs-earthquakes-2018-02.csv", include_str!("../traces/usgs-earthquakes-2018-02.csv")),
    ("traces/nyc-departures-2013.csv", include_str!("../traces/nyc-departures-2013.csv")),
];

pub(crate) fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

impl Trace {
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let size = fs::metadata(path).map_err(|e| format!("{name}: {e}"))?.len();
        if size > MAX_FILE_BYTES {
            return Err(format!(
                "{name} has {size} bytes and a trace has at most {MAX_FILE_BYTES}"
            ));
        }
        let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
        Self::parse(&name, &text)
    }

    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| sentence(name, &e))?.clone();
        check_header(name, &header)?;
        let mut rows: Vec<Row> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| sentence(name, &e))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = record.get(0).unwrap_or_default().trim();
            let at_ms: u64 = cell.parse().map_err(|_| {
                format!(
                    "{name}:{line}: at_ms must be whole milliseconds since the first update, \
                     not {cell:?}"
                )
            })?;
            if let Some(before) = rows.last().filter(|before| before.at_ms > at_ms) {
                return Err(format!(
                    "{name}:{line}: is unsorted: at_ms {at_ms} comes after {}",
                    before.at_ms
                ));
            }
            rows.push(Row { at_ms, fields: members(&header, &record) });
        }
        if rows.is_empty() {
            return Err(format!("{name}: has no updates below its header"));
        }
        Ok(Self { rows })
    }
}

fn check_header(name: &str, header: &csv::StringRecord) -> Result<(), String> {
    if header.get(0) != Some("at_ms") {
        return Err(format!("{name}:1: the first column must be at_ms"));
    }
    let columns: Vec<_> = header.iter().skip(1).collect();
    for (i, column) in columns.iter().enumerate() {
        if column.is_empty() || RESERVED.contains(column) || columns[..i].contains(column) {
            return Err(format!(
                "{name}:1: column {column:?} must have a name of its own, other than n, t and pad"
            ));
        }
    }
    Ok(())
}

/// A cell that reads as a JSON number is one; every other is a string.
fn members(header: &csv::StringRecord, record: &csv::StringRecord) -> String {
    let mut members = String::new();
    for (column, cell) in header.iter().zip(record).skip(1) {
        if !members.is_empty() {
            members.push(',');
        }
        let number =
            serde_json::from_str::<serde_json::Number>(cell).is_ok() && cell.trim() == cell;
        let text = |text: &str| serde_json::Value::from(text).to_string();
        members.push_str(&text(column));
        members.push(':');
        members.push_str(&if number { cell.to_owned() } else { text(cell) });
    }
    members
}

/// With the line, as for every other error.
fn sentence(name: &str, error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("{name}:{line}: has {len} columns where the header has {expected_len}")
        }
        _ => format!("{name}: {error}"),
    }
}
