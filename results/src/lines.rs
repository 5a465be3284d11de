//! Records as CSV lines.

use serde::Serialize;

/// The records as CSV, on request below a line with their column names.
///
/// Serde writes the names with the first record, so without records there is no header either.
pub(crate) fn csv<T: Serialize>(records: &[T], header: bool) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().has_headers(header).from_writer(Vec::new());
    for record in records {
        writer.serialize(record).expect("all records are flat, and writing to memory cannot fail");
    }
    writer.into_inner().expect("writing to memory cannot fail")
}
