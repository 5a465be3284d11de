//! What it took to connect, where that is more than nothing: over a link, or with TLS.

use results::Run;

use crate::{
    chart::DataTable,
    units::{bytes, count, time},
    view::{self, Subject},
};

/// A line per transport; `None` of loopback without TLS.
pub fn of(run: &Run, subjects: &[Subject]) -> Option<DataTable> {
    let tls = run.scenario.tls;
    (tls || view::on_link(run)).then_some(())?;
    let mut columns = vec!["transport", "TCP connect, p50", "p99"];
    if tls {
        columns.extend(["TLS handshake, p50", "p99", "TLS handshakes", "of them resumed"]);
    }
    columns.extend(["ready, p99", "bytes above TCP per client"]);
    let columns = columns.into_iter().map(str::to_owned).collect();
    let mut table = DataTable { columns, rows: Vec::new() };
    let cell = |ns: Option<u64>| ns.map_or("–".into(), |ns| time(ns as f64));
    for Subject { name, pooled: row, rows, .. } in subjects {
        let mut cells =
            vec![(*name).to_owned(), cell(row.tcp_connect_p50_ns), cell(row.tcp_connect_p99_ns)];
        if tls {
            cells.extend([cell(row.tls_handshake_p50_ns), cell(row.tls_handshake_p99_ns)]);
            cells.extend([count(row.tls_handshakes), count(row.tls_resumed)]);
        }
        cells.push(cell(row.connect_p99_ns));
        let sent = (row.connect_bytes_up + row.connect_bytes_down) as f64;
        let clients: u64 = rows.iter().map(|row| row.connected).sum();
        cells.push(if clients > 0 { bytes(sent / clients as f64) } else { "–".into() });
        table.rows.push(cells);
    }
    table.rows.iter().any(|cells| cells[1..].iter().any(|cell| cell != "–")).then_some(table)
}
