//! Something to look at: `curl -N http://…/sse` shows earthquakes.

use std::time::Duration;

use serde_json::{Map, Value, json};
use servers::Feed;
use servers::feed::Payload;

/// A week of the U.S. Geological Survey's feed; the source is named beside the file.
const TRACE: &str = include_str!("../../../../scenarios/traces/usgs-earthquakes-2018-02.csv");

/// On average; a week then lasts about a quarter of an hour.
const UPDATES_PER_S: f64 = 2.0;

/// Nothing to look at for longer than this would look broken.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Publishes the trace, compressed in time, over and over.
pub async fn replay(feed: Feed) {
    let updates = updates(TRACE);
    let span_ms = updates.last().map_or(1.0, |(at_ms, _)| *at_ms as f64);
    let seconds_per_ms = updates.len() as f64 / UPDATES_PER_S / span_ms;
    let mut n: u64 = 0;
    loop {
        let mut before_ms = 0;
        for (at_ms, fields) in &updates {
            let pause = (at_ms - before_ms) as f64 * seconds_per_ms;
            before_ms = *at_ms;
            tokio::time::sleep(Duration::from_secs_f64(pause).min(LONGEST_PAUSE)).await;
            n += 1;
            let mut payload =
                Map::from_iter([("n".to_owned(), json!(n)), ("t".to_owned(), json!(now_ns()))]);
            payload.extend(fields.clone());
            let payload = Value::Object(payload).to_string();
            let payload =
                Payload::parse(payload.as_bytes()).expect("serde_json writes JSON on one line");
            feed.publish([payload]);
        }
    }
}

fn now_ns() -> u64 {
    crate::clock::now_ns()
}

/// Each row's time and its other columns, as JSON members.
fn updates(trace: &str) -> Vec<(u64, Map<String, Value>)> {
    let mut lines = trace.lines();
    let names = lines.next().map(cells).unwrap_or_default();
    lines
        .map(|line| {
            let values = cells(line);
            let at_ms = values.first().and_then(|at| at.parse().ok()).unwrap_or_default();
            let member = |(name, text): (&String, &String)| {
                let number = text
                    .parse()
                    .ok()
                    .filter(|number: &serde_json::Number| number.to_string() == *text);
                (name.clone(), number.map_or_else(|| Value::from(text.as_str()), Value::Number))
            };
            (at_ms, names.iter().zip(&values).skip(1).map(member).collect())
        })
        .collect()
}

/// The cells of a CSV line; a comma inside quotes does not end one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("there is a first cell").push(character),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_becomes_payloads_in_time_order() {
        let updates = updates(TRACE);
        assert!(updates.len() > 1000);
        assert!(updates.is_sorted_by_key(|(at_ms, _)| *at_ms));
        assert_eq!(updates[0].1["magnitude"], json!(0.31));
        assert_eq!(updates[0].1["place"], json!("37km NNE of Amboy, Washington"));
    }
}
