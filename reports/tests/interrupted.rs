//! A run that was interrupted shows what it has, and nothing beyond.

#![allow(clippy::unwrap_used)]

mod synthetic;

use reports::{Chart, chart};
use results::{Loaded, pool};

/// Three repetitions, of which websocket has only the first.
fn interrupted() -> Loaded {
    let mut loaded = synthetic::run("bursty", &["clients=3", "measure.repeat=3"]);
    let kept = |name: &str, repetition: u32| name != "websocket" || repetition == 1;
    loaded.histograms.retain(|(name, repetition, _)| kept(name, *repetition));
    loaded.timeline.retain(|second| kept(&second.transport, second.repetition));
    loaded.positions.retain(|position| kept(&position.transport, position.repetition));
    let run = &mut loaded.run;
    run.rows.retain(|row| kept(&row.transport, row.repetition.unwrap()));
    run.causes.retain(|causes| kept(&causes.transport, causes.repetition));
    run.pooled = pool::pool(&run.rows, &loaded.histograms, &[], &run.predictions);
    run.partial = true;
    loaded
}

fn chart(loaded: &Loaded, name: &str) -> Chart {
    chart::charts(loaded).unwrap().into_iter().find(|chart| chart.name == name).unwrap()
}

/// How far to the right faint lines of a colour go.
fn faint_end(svg: &str, color: &str) -> i32 {
    let faint = |line: &&str| {
        line.starts_with("<polyline") && line.contains(color) && line.contains("opacity=\"0.4\"")
    };
    let points = |line: &str| -> Vec<i32> {
        let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        points.split_whitespace().map(|p| p.split(',').next().unwrap().parse().unwrap()).collect()
    };
    svg.lines().filter(faint).flat_map(points).max().unwrap()
}

#[test]
fn a_delay_curve_ends_where_the_publishes_of_its_own_transport_end() {
    let svg = chart(&interrupted(), "delay").svg;
    let (websocket, sse) = (faint_end(&svg, "#0072B2"), faint_end(&svg, "#009E73"));
    assert!(websocket + 100 < sse, "{websocket} {sse}");
    let whole = chart(&synthetic::run("bursty", &["clients=3", "measure.repeat=3"]), "delay").svg;
    assert_eq!(faint_end(&whole, "#0072B2"), faint_end(&whole, "#009E73"));
}

#[test]
fn what_is_measured_is_compared_with_theory_of_the_same_repetitions() {
    let loaded = interrupted();
    let own = loaded.run.prediction("websocket", Some(1)).unwrap().delay_mean_ns;
    let all = loaded.run.prediction("sse", None).unwrap().delay_mean_ns;
    let pooled = |name: &str| loaded.run.pooled.iter().find(|r| r.transport == name).unwrap();
    assert_eq!(pooled("websocket").predicted_delay_mean_ns, Some(own));
    assert_eq!(pooled("sse").predicted_delay_mean_ns, Some(all));
    let page = reports::html(&[loaded]).unwrap();
    assert!(page.contains("Theory is that of the repetitions which are there"));
}
