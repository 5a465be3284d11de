//! What a report says of a link, and what it then must not say.

#![allow(clippy::unwrap_used)]

mod synthetic;

use reports::{Chart, chart};
use results::Loaded;

fn lossy() -> Loaded {
    synthetic::run("quick", &synthetic::LINK)
}

/// A link that neither loses nor holds up anything.
fn clean() -> Loaded {
    synthetic::run("quick", &["clients=8", "link.rtt=20ms"])
}

fn loopback() -> Loaded {
    synthetic::run("quick", &["clients=8"])
}

fn charts(loaded: &Loaded) -> Vec<Chart> {
    chart::charts(loaded).unwrap()
}

fn chart(loaded: &Loaded, name: &str) -> Option<Chart> {
    charts(loaded).into_iter().find(|chart| chart.name == name)
}

fn page(loaded: &Loaded) -> String {
    reports::html(std::slice::from_ref(loaded)).unwrap()
}

/// The cell of the first row of a transport in a column of a chart's table.
fn cell(chart: &Chart, transport: &str, column: &str) -> String {
    let at = chart.table.columns.iter().position(|name| name == column).unwrap();
    chart.table.rows.iter().find(|row| row[0] == transport).unwrap()[at].clone()
}

#[test]
fn bytes_have_the_causes_of_tcp_and_ip_where_there_is_a_link_and_say_so_where_there_is_none() {
    let on_link = chart(&lossy(), "bytes").unwrap();
    for cause in ["packet headers", "pure ACKs", "sent again"] {
        assert!(on_link.svg.contains(&format!("\n{cause}\n")), "{cause}");
    }
    let alone = chart(&loopback(), "bytes").unwrap();
    assert!(!alone.svg.contains("packet headers"));
    assert!(alone.alt.contains("without the headers of TCP and IP"), "{}", alone.alt);
    assert!(!on_link.alt.contains("without the headers"), "{}", on_link.alt);
}

#[test]
fn a_cause_without_a_byte_is_in_no_key_and_no_table() {
    let chart = chart(&clean(), "bytes").unwrap();
    for cause in ["sent again", "open and close", "not TCP", "TLS"] {
        assert!(!chart.svg.contains(&format!("\n{cause}\n")), "{cause}");
        assert!(!chart.table.columns.iter().any(|column| column == cause), "{cause}");
    }
}

#[test]
fn the_bars_of_a_link_are_as_long_as_what_the_link_counted() {
    for loaded in [clean(), lossy(), synthetic::run("quick", &synthetic::TLS)] {
        let chart = chart(&loaded, "bytes").unwrap();
        let at = |name: &str| chart.table.columns.iter().position(|column| column == name).unwrap();
        for row in &chart.table.rows {
            assert_eq!(row[at("total")], row[at("the link counted")], "{row:?}");
        }
    }
}

#[test]
fn tls_is_a_cause_of_its_own_with_or_without_a_link() {
    for sets in [&synthetic::TLS[..], &["clients=8", "tls=true"]] {
        let loaded = synthetic::run("quick", sets);
        let chart = chart(&loaded, "bytes").unwrap();
        assert_eq!(cell(&chart, "sse", "TLS"), "22.0 B");
        let page = page(&loaded);
        assert!(page.contains("<h2>Connecting</h2>") && page.contains("TLS handshakes"));
        assert!(page.contains("There is no compression") && !page.contains("There is no TLS"));
    }
}

#[test]
fn who_pays_for_silence_is_asked_of_a_feed_that_is_nearly_silent() {
    let silent = synthetic::run("idle", &["clients=4"]);
    let quiet = chart(&silent, "idle").unwrap();
    assert!(quiet.reading.starts_with("The feed has 6.00 updates a minute"), "{}", quiet.reading);
    assert!(chart(&loopback(), "idle").is_none());
    // Three updates in half a minute.
    let pooled = silent.run.pooled.iter().find(|row| row.transport == "tcp").unwrap();
    let minute = pooled.bytes_per_client_minute().unwrap();
    assert_eq!(cell(&quiet, "tcp", "total"), format!("{:.2} KiB", minute / 1024.0));
}

#[test]
fn packets_are_counted_on_a_link_only_and_theory_is_drawn_where_it_is_simple() {
    assert!(chart(&loopback(), "packets").is_none());
    let simple = chart(&clean(), "packets").unwrap();
    assert_eq!(cell(&simple, "sse", "packets per update"), "2.00");
    assert_eq!(cell(&simple, "sse", "theory"), "2.00");
    // Its answers are larger than a packet.
    assert_eq!(cell(&simple, "short-poll", "theory"), "–");
    let idle = synthetic::run("idle", &["clients=4", "link.rtt=20ms"]);
    let idle = chart(&idle, "packets").unwrap();
    assert_eq!(cell(&idle, "long-poll", "theory"), "3.00");
    // Heartbeats are packets, too.
    assert_eq!(cell(&idle, "sse", "theory"), "–");
    let lossy = chart(&lossy(), "packets").unwrap();
    assert!(lossy.table.rows.iter().all(|row| row.last().unwrap() == "–"));
}

#[test]
fn packets_of_a_poll_are_counted_on_fingers_only_where_each_message_is_one_and_carries_its_ack() {
    fn head(run: &mut results::Run, bytes: f64) {
        run.sizes.0.get_mut("long-poll").unwrap().request_head_bytes = bytes;
    }
    let theory_with = |change: fn(&mut results::Run)| {
        let mut loaded = synthetic::run("idle", &["clients=4", "link.rtt=20ms"]);
        change(&mut loaded.run);
        cell(&chart(&loaded, "packets").unwrap(), "long-poll", "theory")
    };
    assert_eq!(theory_with(|_| ()), "3.00");
    assert_eq!(theory_with(|run| head(run, 1_448.0)), "3.00");
    assert_eq!(theory_with(|run| head(run, 2_500.0)), "–");
    // The record of TLS counts, too.
    assert_eq!(theory_with(|run| head(run, 1_430.0)), "3.00");
    let encrypted = |run: &mut results::Run| {
        run.scenario.tls = true;
        head(run, 1_430.0);
    };
    assert_eq!(theory_with(encrypted), "–");
    // An answer that waits longer for the next request is acknowledged by itself.
    assert_eq!(theory_with(|run| run.calibration.rearm_gap_ns = 41e6), "–");
}

#[test]
fn what_is_true_of_loopback_alone_is_said_on_loopback_alone() {
    let billed = "oopback bills";
    let (on_link, alone) = (page(&lossy()), page(&loopback()));
    assert!(alone.contains(billed) && alone.contains("Its loopback has no distance"));
    for words in [billed, "Its loopback has no distance", "loopback partly bills", "on loopback it"]
    {
        assert!(!on_link.contains(words), "{words}");
    }
    for words in ["<h2>The link and its relay</h2>", "must not be compared", "relay of the link"] {
        assert!(on_link.contains(words) && !alone.contains(words), "{words}");
    }
    for text in [reports::table(&lossy().run, None, false), reports::markdown(&lossy().run)] {
        assert!(text.contains("On the link") && !text.contains(billed), "{text}");
    }
}

#[test]
fn the_table_of_a_link_fits_120_columns_beside_one_that_stays_as_it_is() {
    let table = reports::table(&lossy().run, Some(120), false);
    assert!(table.lines().skip(4).all(|line| line.chars().count() <= 120), "{table}");
    let heading = |text: &str| text.lines().nth(3).unwrap().split_whitespace().count();
    assert_eq!(heading(&table), heading(&reports::table(&loopback().run, Some(120), false)));
    insta::assert_snapshot!(table);
}

#[test]
fn bytes_that_do_not_add_up_are_said_not_to() {
    let mut loaded = lossy();
    assert!(page(&loaded).contains("not a byte more or less"));
    // One too many here and one too few there are two mistakes and not none.
    let rows = loaded.run.pooled.iter_mut().zip([1, -1]);
    rows.for_each(|(row, off)| {
        row.life_link_bytes = row.life_link_bytes.unwrap().checked_add_signed(off);
    });
    assert!(page(&loaded).contains("2 bytes apart: do not quote bytes of this run"));
}

#[test]
fn what_theory_assumes_of_a_link_is_said_once_for_all_transports() {
    let page = page(&lossy());
    assert_eq!(page.matches("lost packets are not in the model").count(), 1);
    assert!(page.contains("<li>all transports: lost packets are not in the model"));
}

#[test]
fn the_floor_of_a_link_is_at_its_far_end() {
    let loaded = clean();
    let svg = chart(&loaded, "delay").unwrap().svg;
    assert!(svg.contains("\nfloor 10.1 ms\n"), "the calibration's 58 µs and 10 ms one way");
    let without = synthetic::only(loaded, "sse");
    let table = reports::table(&without.run, None, false);
    assert!(table.contains("÷ 10.1 ms (the calibration's tcp client and one way)"), "{table}");
}

#[test]
fn what_loss_costs_is_not_called_an_error_of_theory() {
    let left_out = "differences of this run contain what that costs, so they do not test theory";
    let says =
        |loaded: &Loaded, what| page(loaded).contains(&format!("the link’s {what}: {left_out}"));
    assert!(says(&lossy(), "loss"));
    assert!(!page(&clean()).contains(left_out) && !page(&loopback()).contains(left_out));
    let overtaken = ["clients=8", "link.rtt=20ms", "link.jitter=5ms", "link.reorder=true"];
    assert!(says(&synthetic::run("quick", &overtaken), "reordering"));
    let mut full = synthetic::run("quick", &["clients=8", "link.down=1Mbit/s"]);
    assert!(!page(&full).contains(left_out));
    full.run.pooled[0].link_queue_dropped_packets = Some(1);
    assert!(says(&full, "full queues"));
}

#[test]
fn what_the_relay_only_watched_the_clock_is_shown_once_and_is_in_no_sum() {
    let busy = |share: u64| {
        let mut loaded = clean();
        for row in loaded.run.rows.iter_mut().chain(&mut loaded.run.pooled) {
            row.relay_cpu_ns = Some(3_000_000 * (1 + share));
            row.relay_spun_ns = Some(3_000_000 * share);
        }
        loaded
    };
    let table = |share| reports::table(&busy(share).run, None, false);
    assert_eq!(table(0), table(5));
    let cpu = |share| chart(&busy(share), "server-cpu").unwrap();
    assert_eq!(cpu(0).table.rows, cpu(5).table.rows);
    assert!(
        page(&busy(5)).contains("relay watching the clock") && page(&busy(0)) != page(&busy(5))
    );
}

#[test]
fn a_relay_that_did_not_tell_its_work_apart_is_not_summed_up() {
    let mut loaded = clean();
    for row in loaded.run.rows.iter_mut().chain(&mut loaded.run.pooled) {
        row.relay_spun_ns = None;
    }
    let table = reports::table(&loaded.run, None, false);
    assert!(table.contains("the relay did not say for how long"), "{table}");
    assert!(!table.contains("relay at work together"), "{table}");
}

#[test]
fn two_columns_of_bytes_say_what_each_of_them_counts() {
    let table = reports::markdown(&clean().run);
    assert_eq!(table.matches("link bytes per update").count(), 1, "{table}");
    assert!(table.contains("bytes are those above TCP"), "{table}");
    assert!(!reports::markdown(&loopback().run).contains("bytes are those above TCP"));
}

#[test]
fn the_line_of_conditions_has_the_bandwidth_of_a_bottleneck_and_none_of_a_link_without() {
    let line = |sets: &[&str]| {
        let table = reports::table(&synthetic::run("quick", sets).run, None, false);
        table.lines().find(|line| line.contains("round trip")).unwrap().to_owned()
    };
    let both = line(&["clients=8", "link.down=1.6Mbit/s", "link.up=768kbit/s"]);
    assert!(both.contains("down 1.6Mbit/s, up 768kbit/s"), "{both}");
    let one = line(&["clients=8", "link.down=1.6Mbit/s"]);
    assert!(one.contains("down 1.6Mbit/s") && !one.contains(", up "), "{one}");
    assert!(!line(&["clients=8", "link.rtt=20ms"]).contains("down"));
}

#[test]
fn the_part_of_the_page_about_the_link_never_changes_by_accident() {
    let page = page(&synthetic::run("quick", &synthetic::LINK));
    let from = page.find("<h2>The link and its relay</h2>").unwrap();
    insta::assert_snapshot!(page[from..page.find("<h2>Machine</h2>").unwrap()]);
}

#[test]
fn a_link_over_which_nothing_came_is_shown_without_a_single_nan() {
    let loaded = synthetic::silent(lossy());
    let texts =
        [page(&loaded), reports::table(&loaded.run, None, false), reports::markdown(&loaded.run)];
    for text in texts {
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
    }
}

#[test]
fn a_link_that_cannot_carry_what_is_asked_of_it_is_said_under_every_table() {
    let loaded = synthetic::run("quick", &["clients=60", "link.preset=3g"]);
    let said = "theory is a bound: the link to the clients cannot carry what is asked of it, ";
    let table = reports::table(&loaded.run, Some(80), false);
    let note = table.lines().find(|line| line.contains(said)).unwrap();
    let sign = note.chars().next().unwrap();
    let marked = |line: &str| line.starts_with("  theory") && line.contains(sign);
    assert!(table.lines().any(marked), "{table}");
    assert!(reports::markdown(&loaded.run).contains(&format!("{sign} {said}")));
    assert!(page(&loaded).contains(said));
    for other in [lossy(), clean(), loopback()] {
        assert!(!reports::table(&other.run, None, false).contains("cannot carry"));
    }
}
