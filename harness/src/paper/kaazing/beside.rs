//! The article's figures beside those of a run.

use results::{Figure, Paper, Row, Run};

use super::Kaazing;
use crate::paper::row;

/// What a run has of it.
pub fn beside(run: &Run) -> Paper {
    kaazing(row(run, "short-poll"), row(run, "websocket"))
}

fn kaazing(poll: Option<&Row>, push: Option<&Row>) -> Paper {
    let computed = Kaazing::computed();
    let per_poll = |count: fn(&Row) -> Option<f64>| {
        let row = poll?;
        // Bytes and exchanges are of the same two moments; `requests` are those of the window.
        let exchanges = row.exchanges.filter(|&exchanges| exchanges > 0)?;
        Some(count(row)? / exchanges as f64)
    };
    let per_message = |count: fn(&Row) -> Option<f64>| {
        let row = push.filter(|row| row.delivered > 0)?;
        Some(count(row)? / row.delivered as f64)
    };
    let ratio = |count: fn(&Row) -> Option<f64>| Some(per_poll(count)? / per_message(count)?);
    let figure = |what: &str, published, computed, measured| Figure {
        what: what.to_owned(),
        published,
        computed: Some(computed),
        measured,
    };
    Paper {
        title: "Lubbers and Greco, HTML5 WebSocket: A Quantum Leap in Scalability for the Web \
                (Kaazing, 2010)"
            .to_owned(),
        differs: "the paper's payload has 21 bytes, each poll brings one, and it sums its two \
                  figures up as 500:1 or even 1000:1; the run's payload has a stamp, an envelope \
                  and a cursor, its polls bring what there is, and its messages have heartbeats \
                  between them"
            .to_owned(),
        figures: vec![
            figure(
                "characters of a poll's heads, line ends left out",
                Some(871.0),
                computed.poll_head_characters as f64,
                None,
            ),
            figure(
                "bytes of a frame's header",
                Some(2.0),
                computed.frame_head_bytes as f64,
                None, // the run's framing has heartbeats
            ),
            figure("the first over the second", None, computed.head_ratio(), None),
            figure(
                "bytes of a poll's heads, line ends too",
                None,
                computed.poll_head_bytes as f64,
                per_poll(|row| Some(row.head_bytes as f64)),
            ),
            figure(
                "a poll over a message, all above TCP",
                None,
                computed.ratio(),
                ratio(|row| Some(above_tcp(row))),
            ),
            figure(
                "a poll over a message, all on the wire",
                None,
                computed.wire_ratio(),
                ratio(on_the_wire),
            ),
        ],
    }
}

fn above_tcp(row: &Row) -> f64 {
    (row.bytes_up + row.bytes_down) as f64
}

/// What crossed the link for the bytes that the codecs counted. The link's own total covers another
/// time, by up to an exchange per client, so what a byte weighs on the link is taken from there, and
/// how many there were from the codecs.
fn on_the_wire(row: &Row) -> Option<f64> {
    Some(above_tcp(row) * row.link_bytes_per_byte()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten exchanges of 909 and 100 bytes, of which the window saw nine.
    fn poll() -> Row {
        Row {
            requests: 9,
            exchanges: Some(10),
            head_bytes: 9_090,
            bytes_up: 7_000,
            bytes_down: 3_090,
            ..Row::default()
        }
    }

    fn push() -> Row {
        Row { delivered: 10, bytes_down: 300, framing_bytes: 21, ..Row::default() }
    }

    /// The same with headers of IP and TCP, seen for a longer time than the codecs did.
    fn on_link(row: Row, longer: u64, header_bytes: u64) -> Row {
        let above = (row.bytes_up + row.bytes_down) * longer;
        Row {
            link_bytes_up: Some(0),
            link_bytes_down: Some(above + longer * header_bytes),
            packet_header_bytes: Some(longer * header_bytes),
            ack_bytes: Some(0),
            handshake_bytes: Some(0),
            retransmitted_bytes: Some(0),
            ..row
        }
    }

    fn measured(paper: &Paper, what: &str) -> Option<f64> {
        paper.figures.iter().find(|figure| figure.what.contains(what)).expect("a figure").measured
    }

    #[test]
    fn a_polls_bytes_are_those_of_the_exchanges_that_made_them() {
        let paper = kaazing(Some(&poll()), Some(&push()));
        assert_eq!(measured(&paper, "line ends too"), Some(909.0));
        assert_eq!(measured(&paper, "above TCP"), Some(1009.0 / 30.0));
        assert_eq!(measured(&paper, "on the wire"), None);
        let old = Row { exchanges: None, ..poll() };
        assert_eq!(measured(&kaazing(Some(&old), Some(&push())), "line ends too"), None);
    }

    #[test]
    fn what_is_on_the_wire_does_not_depend_on_how_long_the_link_was_watched() {
        let ratio = |longer| {
            let poll = on_link(poll(), longer, 1_560);
            let push = on_link(push(), 1, 1_040);
            measured(&kaazing(Some(&poll), Some(&push)), "on the wire").expect("both are there")
        };
        assert!((ratio(1) - 1_165.0 / 134.0).abs() < 1e-9, "{}", ratio(1));
        assert!((ratio(1) - ratio(3)).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_called_published_but_what_the_article_prints() {
        let paper = kaazing(None, None);
        let published: Vec<f64> = paper.figures.iter().filter_map(|f| f.published).collect();
        assert_eq!(published, [871.0, 2.0]);
        assert!(paper.figures.iter().all(|figure| figure.measured.is_none()));
    }
}
