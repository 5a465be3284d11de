//! `delay.hlog`: histograms in the interval-log format of HdrHistogram.
//!
//! One line per transport and repetition, `Tag=<transport>`, readable by the
//! public HdrHistogram tools. The format has no place for a repetition: the
//! k-th line of a tag is the transport's k-th row of `summary.csv`.

use std::{io::Write as _, str, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{
        Deserializer, Serializer as _, V2DeflateSerializer,
        interval_log::{IntervalLogIterator, LogEntry},
    },
};

/// Shortest time told apart from zero. A loopback delivery takes tens of microseconds.
pub const LOWEST_NS: u64 = 1_000;
/// Longest time that is recorded; longer ones count as this long.
pub const HIGHEST_NS: u64 = 600_000_000_000;
/// Significant digits: a value is off by at most one in a thousand.
pub const DIGITS: u8 = 3;

/// An empty histogram of the one layout that workers, files and reports share.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS)
        .expect("the bounds are constants that the crate accepts")
}

/// The first lines of a log that begins at `epoch` (time since 1970).
pub(crate) fn header(epoch: Duration) -> String {
    let seconds = epoch.as_secs_f64();
    format!(
        "#[feedlab: values in ns, Interval_Max in ms, one line per transport and repetition]\n\
         #[Histogram log format version 1.3]\n\
         #[StartTime: {seconds:.3} (seconds since epoch)]\n\
         #[BaseTime: {seconds:.3} (seconds since epoch)]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
    )
}

/// One line: the window began `start` after the log and lasted `length`.
pub(crate) fn line(
    tag: &str,
    start: Duration,
    length: Duration,
    histogram: &Histogram<u64>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .expect("writing to memory cannot fail, and the counts fit the format");
    let mut line = Vec::new();
    writeln!(
        line,
        "Tag={tag},{:.3},{:.3},{:.3},{}",
        start.as_secs_f64(),
        length.as_secs_f64(),
        histogram.max() as f64 / 1e6,
        STANDARD.encode(bytes)
    )
    .expect("writing to memory cannot fail");
    line
}

/// All histograms of a log with their tags, in the order of the file.
pub fn read(log: &[u8]) -> Result<Vec<(String, Histogram<u64>)>, String> {
    let mut found = Vec::new();
    for entry in IntervalLogIterator::new(log) {
        let entry = entry.map_err(|error| format!("{error:?}"))?;
        let LogEntry::Interval(interval) = entry else {
            continue;
        };
        let tag = interval.tag().map_or(String::new(), |tag| tag.as_str().to_owned());
        let bytes = STANDARD
            .decode(interval.encoded_histogram())
            .map_err(|error| format!("histogram {tag:?}: {error}"))?;
        let histogram = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| format!("histogram {tag:?}: {error}"))?;
        found.push((tag, histogram));
    }
    Ok(found)
}
