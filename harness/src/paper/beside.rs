//! A paper's figures beside those of a run that has its heads.

use results::{Figure, Paper, Row, Run};

use super::kaazing::Kaazing;

/// The paper that a run reproduces; `None` where it reproduces none.
pub fn beside(run: &Run) -> Option<Paper> {
    let poll = run.scenario.transports.get("short-poll")?;
    if poll.get("headers").and_then(|value| value.as_str()) != Some("kaazing") {
        return None;
    }
    let row = |name: &str| run.pooled.iter().find(|row| row.transport == name);
    Some(kaazing(row("short-poll"), row("websocket")))
}

fn kaazing(poll: Option<&Row>, push: Option<&Row>) -> Paper {
    let computed = Kaazing::computed();
    // A poll, and a message.
    let per_poll = |count: fn(&Row) -> Option<u64>| {
        let row = poll.filter(|row| row.requests > 0)?;
        Some(count(row)? as f64 / row.requests as f64)
    };
    let per_message = |count: fn(&Row) -> Option<u64>| {
        let row = push.filter(|row| row.delivered > 0)?;
        Some(count(row)? as f64 / row.delivered as f64)
    };
    let ratio = |of: fn(&Row) -> Option<u64>, to: fn(&Row) -> Option<u64>| {
        Some(per_poll(of)? / per_message(to)?)
    };
    let heads = |row: &Row| Some(row.head_bytes);
    let above_tcp = |row: &Row| Some(row.bytes_up + row.bytes_down);
    let figure = |what: &str, published, computed, measured| Figure {
        what: what.to_owned(),
        published,
        computed,
        measured,
    };
    Paper {
        title: "Lubbers and Greco, HTML5 WebSocket: A Quantum Leap in Scalability for the Web \
                (Kaazing, 2010)"
            .to_owned(),
        differs:
            "the paper's payload has 21 bytes and each poll brings one; the run's has a stamp, \
                  an envelope and a cursor, and polls bring what there is"
                .to_owned(),
        figures: vec![
            figure(
                "characters of a poll's heads, line ends left out",
                Some(871.0),
                computed.poll_head_characters as f64,
                None,
            ),
            figure(
                "bytes of the same heads",
                None,
                computed.poll_head_bytes as f64,
                per_poll(heads),
            ),
            figure(
                "a poll's heads over a frame's, the paper's way",
                Some(435.5),
                computed.head_ratio(),
                ratio(heads, |row| Some(row.framing_bytes)),
            ),
            figure(
                "a poll over a message, payload included, above TCP",
                None,
                computed.ratio(),
                ratio(above_tcp, above_tcp),
            ),
            figure(
                "a poll over a message on the wire",
                None,
                computed.wire_ratio(),
                ratio(Row::link_bytes, Row::link_bytes),
            ),
        ],
    }
}
