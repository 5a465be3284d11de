//! What a transport and its twin differ by: the noise that every other difference must exceed.

use results::{NoiseFloor, noise_floor};

use super::{ChartKind, Content, DataTable};
use crate::{
    draw::{Bar, Bars, Fill, Group, Plot, Segment},
    noise::words,
    palette::{self, Color},
    units::{count, percent},
    view::View,
};

pub(super) const KIND: ChartKind = ChartKind {
    name: "noise",
    title: "What the same differs by here",
    subtitle: |_| {
        "Each dot is a transport against its twin in one block: the larger value over the smaller, \
         less one. Differences within the bar are noise."
    },
    content,
};

const BAND: Fill = Fill::Tint(0.3);

/// Metrics are no transports, so they have none of their colours.
const NEUTRAL: Color = Color { line: palette::MUTED, text: palette::INK };

fn content(view: &View) -> Option<Content> {
    let floors = &view.run.noise_floor;
    let widest = floors.iter().max_by(|a, b| a.ratio_95.total_cmp(&b.ratio_95))?;
    let narrowest = floors.iter().min_by(|a, b| a.ratio_95.total_cmp(&b.ratio_95))?;
    let mut table =
        DataTable::new(["metric", "pairs", "95 % below", "largest pair", "of transport, block"]);
    let mut groups = Vec::new();
    for floor in floors {
        let pairs = noise_floor::pairs(&view.run.rows, &floor.metric);
        let off = |ln_ratio: f64| ln_ratio.abs().exp() - 1.0;
        let dots = pairs.iter().map(|pair| off(pair.ln_ratio)).collect();
        let largest = pairs.iter().max_by(|a, b| a.ln_ratio.abs().total_cmp(&b.ln_ratio.abs()));
        table.rows.push(vec![
            words(floor).to_owned(),
            count(floor.pairs),
            band(floor),
            largest.map_or("–".into(), |pair| percent(off(pair.ln_ratio))),
            largest.map_or("–".into(), |pair| format!("{}, {}", pair.transport, pair.repetition)),
        ]);
        let bar = Bar {
            segments: vec![Segment { value: floor.ratio_95 - 1.0, fill: BAND }],
            label: band(floor),
            dots,
            ..Bar::default()
        };
        groups.push(Group { name: words(floor).to_owned(), color: NEUTRAL, bars: vec![bar] });
    }
    let reading = format!(
        "Two measurements of the same differ by less than {} in {} and by less than {} in {}, in 95 \
         of 100 cases: what is nearer than that is indistinguishable here.",
        band(narrowest),
        words(narrowest),
        band(widest),
        words(widest)
    );
    let key = vec![(BAND, "95 % range".to_owned())];
    Some(Content { reading, table, plot: Plot::Bars(Bars { groups, key, theory: "" }) })
}

fn band(floor: &NoiseFloor) -> String {
    percent(floor.ratio_95 - 1.0)
}
