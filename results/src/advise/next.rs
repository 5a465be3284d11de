//! What the answer cannot know, and how to find it out here.

use std::time::Duration;

use super::{Choice, Costs, Needs, crossover::three, rank};
use crate::{Verdict, percentile};

/// Beyond what was measured by more than this factor, a number is an extrapolation.
const BEYOND: f64 = 2.0;

/// The longest window that is proposed.
const WINDOW_S: f64 = 600.0;

/// In what the question goes beyond what was measured.
pub(super) fn extrapolated(needs: &Needs, costs: &Costs, choices: &[Choice]) -> Vec<String> {
    let fewest = choices.iter().filter_map(|choice| choice.servers).map(|servers| servers.count);
    let each = needs.clients.div_ceil(fewest.min().unwrap_or(1));
    let cores = f64::from(needs.server_cores);
    let quantities = [
        ("clients in all", needs.clients as f64, costs.clients as f64),
        ("clients of a server", each as f64, costs.clients as f64),
        ("updates/s", needs.rate.per_second(), costs.rate_per_second),
        ("bytes an update", needs.payload_bytes.into(), costs.payload_bytes.into()),
        ("cores of a server", cores, f64::from(costs.threads)),
    ];
    quantities
        .into_iter()
        .filter(|(_, asked, measured)| *measured > 0.0 && *asked > BEYOND * measured)
        .map(|(what, asked, measured)| {
            let (factor, measured) = (three(asked / measured), three(measured));
            format!("{} {what} are {factor} times the {measured} that were measured", three(asked))
        })
        .collect()
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
         connections a host, and a held request or a stream takes one; timers of hidden pages run \
         once a second at most",
    );
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

/// What to run here to know more: the asked feed with as many clients as fit, and how many would.
pub(super) fn commands(needs: &Needs, costs: &Costs, choices: &[Choice], room: u64) -> Vec<String> {
    let fewest = choices.iter().filter_map(|choice| choice.servers).map(|servers| servers.count);
    let each = needs.clients.div_ceil(fewest.min().unwrap_or(1)).min(room).max(1);
    let rate = needs.rate.per_second();
    let seconds = |publishes: u64| publishes as f64 * 1.1 / rate;
    let column = [("delay_p99", 0.99), ("delay_p90", 0.9)]
        .into_iter()
        .find(|(_, p)| seconds(percentile::needed(*p)) <= WINDOW_S);
    let (column, window) = column.map_or(("delay_max", seconds(20).min(WINDOW_S)), |(name, p)| {
        (name, seconds(percentile::needed(p)))
    });
    let interval = choices.iter().find_map(|choice| choice.interval_ns);
    let window = window.max(interval.map_or(0.0, |ns| 2e-9 * ns as f64)).max(10.0).ceil();
    let mut sets = format!(
        " --set feed.kind=poisson --set feed.rate={} --set feed.payload_bytes={} --set \
         measure.duration={window}s",
        needs.rate, needs.payload_bytes
    );
    if let Some(ns) = interval {
        let interval = rank::rounded(ns).to_string().replace(' ', "");
        sets += &format!(" --set transports.short-poll.interval={interval}");
    }
    if needs.rtt > Duration::ZERO {
        let rtt = humantime::format_duration(needs.rtt).to_string().replace(' ', "");
        sets += &format!(" --set link.rtt={rtt}");
    }
    let most = humantime::format_duration(needs.max_delay);
    vec![
        format!("feedlab run baseline --set clients={each}{sets}"),
        format!("feedlab capacity baseline --slo \"{column} < {most}\" --most {room}{sets}"),
    ]
    .into_iter()
    // Nothing to find out where the run had as many clients as this machine can.
    .skip(usize::from(each <= costs.clients && costs.clients >= room))
    .collect()
}
