//! The conditions without which a number means nothing.

use results::Run;
use scenarios::{FeedKind, Freeze, Link};
use serde::Serialize;

use crate::units::{bytes, count, duration, three, trimmed};

/// One condition.
#[derive(Clone, Debug, Serialize)]
pub struct Condition {
    /// What it is a condition of.
    pub name: String,
    /// In human units.
    pub text: String,
    /// Whether it belongs in one line above a table.
    pub short: bool,
}

/// All conditions that the scenario sets.
pub fn of(run: &Run) -> Vec<Condition> {
    let scenario = &run.scenario;
    let mut conditions = Vec::new();
    let mut add = |name: &str, text: String, short: bool| {
        conditions.push(Condition { name: name.into(), text, short });
    };
    let clients = u64::from(scenario.clients);
    let plural = if clients == 1 { "client" } else { "clients" };
    add("clients", format!("{} {plural}", count(clients)), true);
    add("feed", feed(run), true);
    if scenario.feed.latest_value {
        add("updates", "only the newest value matters, older ones are skipped".into(), true);
    }
    add("payload", bytes(f64::from(scenario.feed.payload_bytes)), true);
    let measure = &scenario.measure;
    add("window", format!("{} × {}", duration(measure.duration), measure.repeat), true);
    add("ramp", format!("{}, in which the clients connect", duration(measure.ramp)), false);
    let warmup = format!("{} of publishing before the window", duration(measure.warmup));
    add("warm-up", warmup, false);
    match run.environment.workers {
        0 => {} // not known
        1 => add("load workers", "1 process per transport".into(), false),
        workers => add("load workers", format!("{workers} processes per transport"), false),
    }
    if let Some(limit) = run.environment.null_arrivals_per_s {
        let text = format!("{} updates per second and core without a server", count(limit));
        add("the harness records", text, false);
    }
    if measure.twins {
        add("twins", "each transport runs twice in each block".into(), false);
    }
    match &scenario.link {
        Some(link) => {
            add("network", network(link), true);
            add("link", link.to_string(), false);
            if let Some(source) = link.source() {
                add("its numbers", source, false);
            }
            let cores =
                if link.keep_awake { "kept from falling asleep" } else { "may fall asleep" };
            add("cores", cores.into(), false);
        }
        None if run.environment.link.is_empty() => add("link", "loopback".into(), true),
        None => add("link", run.environment.link.clone(), true),
    }
    if scenario.tls {
        let again = if scenario.tls_resumption { "resumes" } else { "does not resume" };
        add("TLS", "TLS 1.3".into(), true);
        add("TLS sessions", format!("a client that comes back {again} its session"), false);
    }
    if !scenario.server.freeze.is_empty() {
        let freezes: Vec<String> = scenario.server.freeze.iter().map(freeze).collect();
        add("freezes", format!("server frozen {}", freezes.join(" and ")), true);
    }
    of_server(run, &mut add);
    let server = &scenario.server;
    if !server.burn.is_zero() {
        let text = format!("{} wasted on purpose per delivered update", duration(server.burn));
        add("server", text, true);
    }
    if !server.nodelay {
        add("Nagle's algorithm", "left on at both ends (no TCP_NODELAY)".into(), true);
    }
    add("congestion control", server.congestion.clone(), false);
    add("seed", run.seed.to_string(), false);
    for (transport, knobs) in &scenario.transports {
        let knobs: Vec<String> = knobs
            .iter()
            .map(|(name, value)| match value {
                serde_json::Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            })
            .collect();
        if !knobs.is_empty() {
            add(transport, knobs.join(", "), false);
        }
    }
    conditions
}

/// What was set of the server, which is nothing where it ran already.
fn of_server(run: &Run, add: &mut impl FnMut(&str, String, bool)) {
    let server = &run.scenario.server;
    if let Some(target) = &run.scenario.target {
        add("server", format!("the server at {target}, which ran already"), true);
        return;
    }
    let threads = if server.threads == 1 { "thread" } else { "threads" };
    add("server", format!("{} {threads}", server.threads), false);
    let coalesce = if server.coalesce {
        "one write for all updates that are ready"
    } else {
        "one write per update"
    };
    add("push writes", coalesce.into(), false);
    add("history", format!("{} updates", count(u64::from(server.history))), false);
}

/// A link in a few words, with what a preset does not have.
fn network(link: &Link) -> String {
    let (down, up) = (link.way_down(), link.way_up());
    let name = link.preset.as_ref().map_or_else(String::new, |preset| format!("{preset} "));
    let mut text = format!("{name}link with a round trip of {}", duration(down.delay + up.delay));
    if !down.jitter.max(up.jitter).is_zero() {
        text += ", jitter";
    }
    let loss = down.loss.max(up.loss);
    if loss > 0.0 {
        text += &format!(", {} % lost", trimmed(loss * 100.0));
    }
    for (direction, way) in [("down", &down), ("up", &up)] {
        if let Some(bottleneck) = &way.bottleneck {
            text += &format!(", {direction} {}", bottleneck.bandwidth);
        }
    }
    match link.cut.len() {
        0 => {}
        1 => text += ", cut once",
        cuts => text += &format!(", cut {cuts} times"),
    }
    text
}

fn freeze(freeze: &Freeze) -> String {
    let again =
        freeze.every.map_or(String::new(), |every| format!(", then every {}", duration(every)));
    format!("for {} at {}{again}", duration(freeze.lasts), duration(freeze.at))
}

fn feed(run: &Run) -> String {
    let feed = &run.scenario.feed;
    let per_second = feed.rate.per_second();
    let rate = if per_second >= 1.0 {
        format!("{}/s", trimmed(per_second))
    } else {
        format!("1 per {} s", trimmed(1.0 / per_second))
    };
    match feed.kind {
        FeedKind::Periodic => format!("periodic {rate}"),
        FeedKind::Poisson => format!("Poisson {rate}"),
        FeedKind::Bursts => {
            format!("bursts, {rate} for {}, silent for {}", duration(feed.on), duration(feed.off))
        }
        FeedKind::Trace => {
            let file = feed.trace.as_deref().unwrap_or("trace");
            let name = file.rsplit('/').next().unwrap_or(file);
            format!("{name} at {} × its pace", three(feed.speed))
        }
    }
}
