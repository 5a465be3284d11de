//! What the answer cannot know.

use std::time::Duration;

use super::{Choice, Costs, Needs, choice, crossover::three};
use crate::Verdict;

/// Beyond what was measured by more than this factor, either way, a number is an extrapolation.
const BEYOND: f64 = 2.0;

/// In what the question goes beyond what was measured.
pub(super) fn extrapolated(needs: &Needs, costs: &Costs, choices: &[Choice]) -> Vec<String> {
    let fewest = choices.iter().filter_map(|choice| choice.servers).map(|servers| servers.count);
    let each = needs.clients.div_ceil(fewest.min().unwrap_or(1));
    let cores = f64::from(needs.server_cores);
    let clients = costs.clients as f64;
    // Where one server has them all, that is one number.
    let of_server = if each < needs.clients { clients } else { 0.0 };
    let rtt_s = costs.rtt_ns as f64 / 1e9;
    let quantities = [
        ("clients in all", needs.clients as f64, clients),
        ("clients of a server", each as f64, of_server),
        ("updates/s", needs.rate.per_second(), costs.rate_per_second),
        ("bytes an update", needs.payload_bytes.into(), costs.payload_bytes.into()),
        ("cores of a server", cores, f64::from(costs.threads)),
        ("seconds of a round trip", needs.rtt.as_secs_f64(), rtt_s),
    ];
    let beyond = |asked: f64, measured: f64| {
        measured > 0.0 && asked > 0.0 && !(1.0 / BEYOND..=BEYOND).contains(&(asked / measured))
    };
    quantities
        .into_iter()
        .filter(|(_, asked, measured)| beyond(*asked, *measured))
        .map(|(what, asked, measured)| {
            let (factor, measured) = (three(asked / measured), three(measured));
            format!("{} {what} are {factor} times the {measured} that were measured", three(asked))
        })
        .chain(way(needs, costs))
        .collect()
}

/// A way that only one of both has.
fn way(needs: &Needs, costs: &Costs) -> Option<String> {
    let asked = humantime::format_duration(needs.rtt);
    let measured = humantime::format_duration(Duration::from_nanos(costs.rtt_ns));
    match (needs.rtt.is_zero(), costs.rtt_ns) {
        (false, 0) => Some(format!(
            "a round trip of {asked} is added by theory alone: the costs were measured without one"
        )),
        (true, 1..) => Some(format!(
            "no round trip is asked for, and the costs were measured through a link of {measured}"
        )),
        _ => None,
    }
}

/// What is taken for granted.
pub(super) fn assumptions(needs: &Needs, costs: &Costs) -> Vec<String> {
    let mut all = vec![
        "the feed is Poisson and endless, and every client follows all of it".to_owned(),
        "each poll, and each update pushed to a client, costs what it cost in the measurement, \
         whatever its size and however busy the server; servers may be used to 60 % of their CPU"
            .to_owned(),
        "server CPU was measured on one machine, where the kernel bills receiving to the sender: \
         it flatters polling and charges push"
            .to_owned(),
        "an update pushed is a write of its own; acknowledgements are packets of their own; TLS, \
         proxies and reconnects are as in the measurement"
            .to_owned(),
        "packets that are lost are not in the delays: each comes 200 ms later or more".to_owned(),
    ];
    let mut assume = |holds: bool, text: &str| {
        if holds {
            all.push(text.to_owned());
        }
    };
    assume(
        costs.transports.values().any(|cost| cost.memory_bytes.is_none()),
        "memory was not measured, so servers are counted by CPU and delay alone",
    );
    assume(
        costs.clients < 1_000 && costs.transports.values().any(|cost| cost.memory_bytes.is_some()),
        "memory per client was measured with fewer than 1,000 clients: an order of magnitude",
    );
    assume(
        needs.browser,
        "a browser's heads and cookies are heavier than the measured ones; over HTTP/1.1 it has six \
         connections a host, and a held request or a stream takes one",
    );
    if let Some(text) = choice::raised(needs, costs) {
        assume(true, &text);
    }
    assume(
        needs.latest_value,
        "only the newest value matters: an answer has one update at most, while push still sends \
         each",
    );
    assume(
        costs.profile == "debug",
        "the costs are those of a build without optimisation, and far too high",
    );
    assume(
        costs.verdict == Verdict::Suspect,
        "the measurement is SUSPECT: its warnings hold for the answer, too",
    );
    all.extend(costs.conditions.iter().cloned());
    all
}
