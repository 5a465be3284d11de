//! How many clients each transport holds: the table and the chart of `feedlab capacity`.

use std::path::{Path, PathBuf};

use results::{
    Verdict,
    capacity::{Capacity, Found, search::End},
};

use crate::{
    Error, Folder,
    draw::{self, Bracket, Brackets, Frame, Plot, Size},
    grid::grid,
    palette, picture,
    units::{count, time},
};

const NAME: &str = "capacity";
const TITLE: &str = "How many clients each transport holds";

const COLUMNS: [&str; 6] = ["transport", "holds", "does not", "probes", "there", "stopped by"];

/// The answer for a terminal.
pub fn table(capacity: &Capacity) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    rows.extend(sorted(capacity).into_iter().map(|found| cells(found, capacity)));
    let mut out = format!("{}\n\n{}\n", question(capacity), grid(rows, &[5]));
    for note in notes(capacity) {
        out += &format!("- {note}\n");
    }
    out
}

/// The same for pull requests.
pub fn markdown(capacity: &Capacity) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = format!("**{}**\n\n", question(capacity).replace('<', "\\<"));
    out += &line(COLUMNS.map(str::to_owned).to_vec());
    out += "|---|---:|---:|---:|---:|---|\n";
    for found in sorted(capacity) {
        out += &line(cells(found, capacity));
    }
    out.push('\n');
    for note in notes(capacity) {
        out += &format!("- {note}\n");
    }
    out
}

/// Draws the chart as SVG and PNG into `out`, and returns the path of the SVG.
///
/// # Errors
/// When it cannot be drawn or written.
pub fn render(capacity: &Capacity, out: &Path) -> Result<PathBuf, Error> {
    let bars = sorted(capacity).into_iter().map(|found| Bracket {
        name: found.transport.clone(),
        color: palette::of(&found.transport),
        low: f64::from(found.bracket.clients()),
        high: found.bracket.fails.map(|end| f64::from(end.clients)),
        label: label(found),
    });
    let plot = Plot::Brackets(Brackets { bars: bars.collect(), axis: "clients" });
    let subtitle =
        format!("{}. Bar: holds; whisker: to where it does not; log scale.", question(capacity));
    let worst = verdict(capacity);
    let stamp = match (worst, capacity.partial) {
        (Verdict::Invalid, _) => Some(("INVALID", palette::INVALID)),
        (Verdict::Suspect, _) => Some(("SUSPECT", palette::SUSPECT)),
        (Verdict::Valid, true) => Some(("PARTIAL", palette::SUSPECT)),
        (Verdict::Valid, false) => None,
    };
    let alt = notes(capacity).join(" ");
    let frame = Frame { title: TITLE, subtitle: &subtitle, stamp, alt: &alt };
    let svg = draw::draw(&plot, &frame, Size::Wide)
        .map_err(|problem| Error::Draw { chart: NAME, problem })?;
    let png = picture::png(&svg).map_err(|problem| Error::Draw { chart: NAME, problem })?;
    let folder = Folder::create(out)?;
    folder.write(&format!("{NAME}.png"), &png)?;
    folder.write(&format!("{NAME}.svg"), svg.as_bytes())
}

fn sorted(capacity: &Capacity) -> Vec<&Found> {
    let mut all: Vec<&Found> = capacity.found.iter().collect();
    all.sort_by_key(|found| palette::rank(&found.transport));
    all
}

fn question(capacity: &Capacity) -> String {
    let scenario = &capacity.scenario;
    let threads = scenario.server.threads;
    format!(
        "{}: clients held with {}, at {}, {} bytes, {threads} server thread(s)",
        scenario.name, capacity.slo, scenario.feed.rate, scenario.feed.payload_bytes
    )
}

fn cells(found: &Found, capacity: &Capacity) -> Vec<String> {
    let end = |end: Option<End>| end.map_or("–".into(), votes);
    let at_end = found.bracket.fails.or(found.bracket.holds).map(|end| end.clients);
    let value = found.probes.iter().rev().find(|probe| Some(probe.clients) == at_end);
    let value = value.and_then(|probe| probe.value_ns);
    let at_least = if found.is_at_least() && found.bracket.holds.is_some() { "≥ " } else { "" };
    let stopped = match (&found.broken, &found.stopped) {
        (Some(_), _) => "not known: see below".to_owned(),
        (None, Some(stopped)) => stopped.limit.words().to_owned(),
        (None, None) if capacity.partial => "interrupted".to_owned(),
        (None, None) => "–".to_owned(),
    };
    vec![
        found.transport.clone(),
        format!("{at_least}{}", end(found.bracket.holds)),
        end(found.bracket.fails),
        count(found.probes.len() as u64),
        value.map_or("–".into(), |ns| time(ns as f64)),
        stopped,
    ]
}

/// `640 (3 of 3)`: clients, and how many of the probes say so.
fn votes(end: End) -> String {
    let clients = count(end.clients.into());
    let agree = if 2 * end.held > end.of { end.held } else { end.of - end.held };
    format!("{clients} ({agree} of {})", end.of)
}

/// What is written at a bar.
fn label(found: &Found) -> String {
    let low = count(found.bracket.clients().into());
    let what = match (found.bracket.fails, found.is_at_least()) {
        (_, true) if found.bracket.holds.is_some() => format!("at least {low}"),
        (Some(fails), _) if low == "0" => format!("not even {}", count(fails.clients.into())),
        (Some(fails), _) => format!("{low}, not {}", count(fails.clients.into())),
        (None, _) => "not known".to_owned(),
    };
    let why = found.stopped.as_ref().map_or("not known", |stopped| stopped.limit.words());
    let doubt = if found.bracket.is_unanimous() { "" } else { " · probes disagree" };
    format!("{what} · {why}{doubt}")
}

/// A sentence per transport, and what is to be known of the probes.
fn notes(capacity: &Capacity) -> Vec<String> {
    let mut notes: Vec<String> = sorted(capacity).into_iter().map(sentence).collect();
    let probes = || capacity.found.iter().flat_map(|found| &found.probes);
    let doubted = probes().filter(|probe| probe.verdict != Verdict::Valid).count();
    if doubted > 0 {
        notes.push(format!(
            "{doubted} of {} probes are SUSPECT or INVALID: their runs say why.",
            probes().count()
        ));
    }
    if capacity.partial {
        notes.push("The search is not complete.".into());
    }
    let environment = &capacity.environment;
    notes.push(format!(
        "{}, {} cores, {} build, {}; load clients and server share the machine.",
        environment.cpu, environment.cores, environment.profile, capacity.started
    ));
    notes
}

fn sentence(found: &Found) -> String {
    let name = &found.transport;
    if let Some(why) = &found.broken {
        return format!("{name}: the search ended without an answer: {why}.");
    }
    let Some(stopped) = &found.stopped else {
        return format!("{name}: not found out.");
    };
    let why = &stopped.why;
    let low = found.bracket.clients();
    let what = match found.bracket.fails {
        Some(fails) if low == 0 => {
            format!(
                "does not hold {} client(s); {} stopped it",
                count(fails.clients.into()),
                stopped.limit.words()
            )
        }
        _ if found.is_at_least() => {
            let whose = "and not the server, was the limit";
            format!(
                "holds at least {} clients: {}, {whose}",
                count(low.into()),
                stopped.limit.words()
            )
        }
        Some(fails) => format!(
            "holds {} clients and not {}; {} stopped it",
            count(low.into()),
            count(fails.clients.into()),
            stopped.limit.words()
        ),
        None => format!("holds {} clients", count(low.into())),
    };
    let doubt = if found.bracket.is_unanimous() {
        ""
    } else {
        " (repeated probes disagree, so the limit is near but not sure)"
    };
    format!("{name} {what}{doubt}: {why}.")
}

fn verdict(capacity: &Capacity) -> Verdict {
    let probes = capacity.found.iter().flat_map(|found| &found.probes);
    // An INVALID probe whose updates were lost to the load is an answer.
    let broken = capacity.found.iter().any(|found| found.broken.is_some());
    let worst = probes.map(|probe| probe.verdict).max().unwrap_or_default();
    if broken { worst } else { worst.min(Verdict::Suspect) }
}

#[cfg(test)]
mod tests {
    use results::{
        Environment,
        capacity::{Ceiling, Limit, Outcome, Probe, Stopped},
    };
    use scenarios::Scenario;

    use super::*;

    const MOST: Ceiling = Ceiling { clients: 1_000, limit: Limit::Most };

    /// A transport that holds `holds` and misses at `fails`, each tried three times.
    fn found(transport: &str, holds: u32, fails: Option<(u32, Limit)>) -> Found {
        let mut found = Found::new(transport);
        let mut add = |clients, outcome: &Outcome| {
            let directory = String::new();
            let (verdict, outcome) = (Verdict::Valid, outcome.clone());
            let probe = Probe { clients, directory, value_ns: Some(7_000_000), verdict, outcome };
            for _ in 0..3 {
                found.add(probe.clone(), MOST);
            }
        };
        if holds > 0 {
            add(holds, &Outcome::Held);
        }
        if let Some((clients, limit)) = fails {
            add(clients, &Outcome::Missed(Stopped { limit, why: "seen".into() }));
        }
        found
    }

    fn capacity() -> Capacity {
        Capacity {
            format_version: 1,
            scenario: Scenario::load("quick", &[]).unwrap(),
            slo: "delay_p95 < 500ms".parse().unwrap(),
            most: MOST,
            started: "2026-11-28T03:00:00Z".into(),
            environment: Environment::default(),
            found: vec![
                found("websocket", 640, Some((700, Limit::HarnessCpu))),
                found("short-poll", 0, Some((1, Limit::SloAlone))),
                found("long-poll", 90, Some((110, Limit::SloAlone))),
                found("sse", 320, Some((340, Limit::ServerCpu))),
                found("tcp", 1_000, None),
            ],
            partial: false,
        }
    }

    #[test]
    fn the_server_has_a_limit_and_who_stops_sooner_leaves_at_least_so_many() {
        let text = table(&capacity());
        for line in [
            "short-poll does not hold 1 client(s); waiting, below full CPU stopped it",
            "sse holds 320 clients and not 340; server CPU stopped it",
            "websocket holds at least 640 clients: harness CPU, and not the server, was the limit",
            "tcp holds at least 1,000 clients: the bound of the search",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert!(text.contains("320 (3 of 3)") && text.contains("≥ 640 (3 of 3)"), "{text}");
    }

    #[test]
    fn the_chart_names_what_stopped_each_transport() {
        let place = tempfile::tempdir().unwrap();
        let svg = std::fs::read_to_string(render(&capacity(), place.path()).unwrap()).unwrap();
        for label in ["320, not 340 · server CPU", "at least 640 · harness CPU", "not even 1"] {
            assert!(svg.contains(label), "{label}");
        }
        assert!(place.path().join("capacity.png").is_file());
    }
}
