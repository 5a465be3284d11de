//! What gives up by a clock of its own, against what the scenario holds up on purpose: a client that
//! is lost that way is nobody's finding.

use std::time::Duration;

use humantime::format_duration as time;
use scenarios::{Error, Scenario};
use serde_json::Value;

use crate::dial::PATIENCE;

/// The last try of a SYN comes 63 s after the first (`tcp_syn_retries` of Linux), and the first may
/// come with the beginning of an outage.
const LONGEST_SYN: Duration = Duration::from_secs(60);

/// How often a SYN is sent (`tcp_syn_retries` of Linux).
const SYNS: i32 = 7;

/// Of the connections so many may never come about by chance.
const NEVER: f64 = 0.01;

/// Checks a scenario whose defaults are filled in.
///
/// # Errors
/// One sentence that names both keys, whoever of the two is changed.
pub fn check(scenario: &Scenario) -> Result<(), Error> {
    let held_up = HeldUp::of(scenario);
    check_heartbeat(scenario, &held_up)?;
    check_handshakes(scenario, &held_up)?;
    check_loss(scenario)?;
    match reconnecting(scenario) {
        Some(transport) if held_up.outage > LONGEST_SYN => {
            let problem = format!(
                "must be over, with those that follow before TCP tries again, after {}, and takes {}: \
                 by transports.{transport}.keep_alive = false each request makes a connection, and \
                 the kernel gives that up",
                time(LONGEST_SYN),
                time(held_up.outage)
            );
            Err(scenario.error_at("link.cut", &problem))
        }
        _ => Ok(()),
    }
}

/// The longest times for which a scenario lets an answer wait.
struct HeldUp {
    /// For a round trip, whenever it is.
    round_trip: Duration,
    /// Without a way through.
    outage: Duration,
    /// For an answer that falls into an outage.
    answer: Duration,
    /// For a server that stands still.
    freeze: Duration,
}

impl HeldUp {
    fn of(scenario: &Scenario) -> Self {
        let link = scenario.link.clone().unwrap_or_default();
        let freezes = scenario.server.freeze.iter().map(|freeze| freeze.lasts);
        Self {
            round_trip: link.longest_round_trip(),
            outage: link.longest_outage(),
            answer: link.longest_answer(),
            freeze: freezes.max().unwrap_or_default(),
        }
    }

    fn longest(&self) -> Duration {
        self.answer + self.freeze
    }

    /// What is said of it, and by which key.
    fn cause(&self) -> (&'static str, String) {
        let longest = time(self.longest());
        if self.outage > self.freeze {
            let outage = time(self.outage);
            let text = format!(
                "holds an answer up for as long as {longest}: {outage} without a way through, and \
                 TCP may wait as long again until it tries the next time"
            );
            ("link.cut", text)
        } else {
            ("server.freeze", format!("holds an answer up for as long as {longest}"))
        }
    }
}

const HEARTBEAT: &str = "transports.websocket.heartbeat";
const GONE: &str =
    "the server takes a client for gone that has not answered a ping when the next is due";

/// WebSocket's server takes a client for gone that has not answered a ping when the next is due.
fn check_heartbeat(scenario: &Scenario, held_up: &HeldUp) -> Result<(), Error> {
    let heartbeat = scenario.transports.get("websocket").and_then(|knobs| knobs.get("heartbeat"));
    let heartbeat = heartbeat.and_then(Value::as_str);
    let Some(heartbeat) = heartbeat.and_then(|text| humantime::parse_duration(text).ok()) else {
        return Ok(());
    };
    if held_up.round_trip >= heartbeat {
        let problem = format!(
            "must be more than the longest round trip of the link, {} with full queues, not {}: \
             {GONE}",
            time(held_up.round_trip),
            time(heartbeat)
        );
        return Err(scenario.error_at(HEARTBEAT, &problem));
    }
    if held_up.longest() >= heartbeat {
        let (key, held_up) = held_up.cause();
        let problem = format!("{held_up}, and {HEARTBEAT} is {}: {GONE}", time(heartbeat));
        return Err(scenario.error_at(key, &problem));
    }
    Ok(())
}

/// A server gives up a TLS handshake that takes too long.
fn check_handshakes(scenario: &Scenario, held_up: &HeldUp) -> Result<(), Error> {
    if !scenario.tls {
        return Ok(());
    }
    let limit = time(PATIENCE);
    if held_up.round_trip >= PATIENCE {
        let problem = format!(
            "a server gives up a handshake after {limit}, and the longest round trip of the link is \
             {} with full queues (link.rtt, link.jitter, link.queue)",
            time(held_up.round_trip)
        );
        return Err(scenario.error_at("tls", &problem));
    }
    match reconnecting(scenario) {
        Some(transport) if held_up.longest() >= PATIENCE => {
            let (key, held_up) = held_up.cause();
            let problem = format!(
                "{held_up}, and by tls = true with transports.{transport}.keep_alive = false each \
                 request has a handshake, which a server gives up after {limit}"
            );
            Err(scenario.error_at(key, &problem))
        }
        _ => Ok(()),
    }
}

/// A try of a SYN is in vain if it or its answer is lost.
fn check_loss(scenario: &Scenario) -> Result<(), Error> {
    let Some(link) = &scenario.link else { return Ok(()) };
    let (down, up) = (link.way_down().loss, link.way_up().loss);
    let never = (1.0 - (1.0 - down) * (1.0 - up)).powi(SYNS);
    if never <= NEVER {
        return Ok(());
    }
    let most = 1.0 - (1.0 - NEVER.powf(1.0 / f64::from(SYNS))).sqrt();
    let problem = format!(
        "a loss of {down} down and {up} up loses all {SYNS} tries of a SYN, or their answers, for {:.0} \
         connections in 100, and one is the most: at most {:.2} each way",
        100.0 * never,
        (most * 100.0).floor() / 100.0
    );
    let owns = [("link.loss_down", link.loss_down), ("link.loss_up", link.loss_up)];
    let own = owns.into_iter().filter(|(_, own)| own.is_some_and(|loss| loss > most));
    let key = own.map(|(key, _)| key).next().unwrap_or("link.loss");
    Err(scenario.error_at(key, &problem))
}

/// The first transport that makes connections in mid-run.
fn reconnecting(scenario: &Scenario) -> Option<&str> {
    let closes = |knobs: &std::collections::BTreeMap<String, Value>| {
        knobs.get("keep_alive") == Some(&Value::Bool(false))
    };
    let mut closing = scenario.transports.iter().filter(|(_, knobs)| closes(knobs));
    closing.next().map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::resolve;
    use super::HEARTBEAT;

    const SCENARIO: &str = r#"format = 1
about = "what is held up"
clients = 2
[feed]
kind = "periodic"
rate = "5/s"
[link]
rtt = "80ms"
[measure]
duration = "300s"
[transports.short-poll]
[transports.websocket]
"#;

    fn refusal(sets: &[&str]) -> String {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("held.toml");
        std::fs::write(&path, SCENARIO).unwrap();
        let scenario = scenarios::Scenario::load(path.to_str().unwrap(), &sets).unwrap();
        resolve(scenario).err().map(|error| error.to_string()).unwrap_or_default()
    }

    fn is_refused(sets: &[&str], words: &[&str]) {
        let refusal = refusal(sets);
        for word in words {
            assert!(refusal.contains(word), "{sets:?}: {refusal:?} does not say {word}");
        }
    }

    #[test]
    fn a_heartbeat_is_longer_than_the_longest_round_trip() {
        is_refused(
            &["link.preset=3g", "link.rtt=300ms", "transports.websocket.heartbeat=200ms"],
            &["--set transports.websocket.heartbeat=200ms", HEARTBEAT, "round trip", "not 200ms"],
        );
        assert_eq!(refusal(&["transports.websocket.heartbeat=200ms"]), "");
        assert_eq!(refusal(&["link.preset=3g"]), "");
    }

    #[test]
    fn a_cut_or_freeze_that_a_heartbeat_does_not_outlast_is_refused_with_both_keys() {
        let cut = r#"link.cut=[{at="10s", for="8s"}]"#;
        is_refused(&[cut], &["--set link.cut", "link.cut: ", HEARTBEAT, "15s", "8s without"]);
        assert_eq!(refusal(&[cut, "transports.websocket.heartbeat=18s"]), "");
        assert_eq!(refusal(&[r#"link.cut=[{at="10s", for="5s"}]"#]), "");
        let twice = r#"link.cut=[{at="10s", for="4s"}, {at="14s", for="4s", direction="up"}]"#;
        is_refused(&[twice], &["link.cut: ", HEARTBEAT]);
        let freeze = r#"server.freeze=[{at="10s", for="16s"}]"#;
        is_refused(&[freeze], &["server.freeze: ", HEARTBEAT, "15s"]);
    }

    #[test]
    fn where_each_request_has_a_handshake_no_cut_may_outlast_the_servers_patience() {
        let cut = r#"link.cut=[{at="10s", for="15s"}]"#;
        let longer = "transports.websocket.heartbeat=60s";
        let close = "transports.short-poll.keep_alive=false";
        assert_eq!(refusal(&[cut, longer, close]), "", "a client waits for as long as it takes");
        assert_eq!(refusal(&[cut, longer, "tls=true"]), "", "its connection is there");
        let keys = ["link.cut: ", "transports.short-poll.keep_alive", "tls = true", "10s"];
        is_refused(&[cut, longer, close, "tls=true"], &keys);
        let freeze = r#"server.freeze=[{at="10s", for="10s"}]"#;
        is_refused(&[freeze, close, "tls=true"], &["server.freeze: ", "keep_alive", "10s"]);
        is_refused(&["tls=true", "link.rtt=10s"], &["tls: ", "link.rtt"]);
    }

    #[test]
    fn loss_by_which_connections_do_not_come_about_is_refused() {
        assert_eq!(refusal(&["link.loss=0.3"]), "");
        assert_eq!(refusal(&["link.loss_down=0.5"]), "", "what matters is both ways together");
        is_refused(&["link.loss=0.5"], &["link.loss: ", "13 connections", "0.30 each way"]);
        is_refused(&["link.loss=0.2", "link.loss_up=0.9"], &["link.loss_up: ", "0.2 down"]);
    }

    #[test]
    fn where_each_request_has_a_connection_no_cut_may_outlast_the_kernels_patience() {
        let cut = r#"link.cut=[{at="10s", for="70s"}]"#;
        let longer = "transports.websocket.heartbeat=10min";
        assert_eq!(refusal(&[cut, longer]), "");
        let close = "transports.short-poll.keep_alive=false";
        is_refused(&[cut, longer, close], &["link.cut: ", "1m", "70s", "keep_alive"]);
    }
}
