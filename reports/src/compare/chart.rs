//! The picture: each ratio with its interval, around the line of no difference.

use results::{
    Verdict,
    compare::{Cell, Comparison, Word},
};

use super::{COLUMNS, counts, ordered, texts, title};
use crate::{
    Chart, DataTable, Error,
    draw::{self, Forest, Frame, Size, Twig, Whorl},
    palette,
};

const NAME: &str = "compare";
const TITLE: &str = "B against A";
const SUBTITLE: &str = "Ratio B/A with its 95 % interval; left of the line B has less. Grey: no difference \
                        that matters.";

/// Draws it.
pub fn chart(comparison: &Comparison) -> Result<Chart, Error> {
    let reading = format!("Of {} cells B is {}.", comparison.cells.len(), counts(comparison));
    let alt =
        format!("{TITLE}: {} and {}. {SUBTITLE} {reading}", comparison.a.path, comparison.b.path);
    let stamp = stamp(comparison);
    let frame = Frame {
        title: TITLE,
        subtitle: SUBTITLE,
        stamp: stamp.as_ref().map(|text| (text.as_str(), palette::SUSPECT)),
        alt: &alt,
    };
    let plot = draw::Plot::Forest(forest(comparison));
    let draw = |size| {
        draw::draw(&plot, &frame, size).map_err(|problem| Error::Draw { chart: NAME, problem })
    };
    let mut table = DataTable::new(COLUMNS);
    for cell in ordered(comparison) {
        let name = std::iter::once(cell.transport.clone());
        table.rows.push(name.chain(texts(cell)).collect());
    }
    let (svg, narrow) = (draw(Size::Wide)?, draw(Size::Narrow)?);
    Ok(Chart { name: NAME, title: TITLE, reading, alt, svg, narrow, table })
}

/// What must be seen by who sees nothing but the picture.
fn stamp(comparison: &Comparison) -> Option<String> {
    let mut kinds: Vec<&str> = Vec::new();
    for contrast in &comparison.contrasts {
        if !kinds.contains(&contrast.kind.word()) {
            kinds.push(contrast.kind.word());
        }
    }
    if !kinds.is_empty() {
        return Some(format!("ACROSS {}", kinds.join(", ").to_uppercase()));
    }
    let suspect = [("A", &comparison.a), ("B", &comparison.b)]
        .into_iter()
        .filter(|(_, side)| side.verdict != Verdict::Valid)
        .map(|(name, _)| name);
    let suspect: Vec<&str> = suspect.collect();
    (!suspect.is_empty()).then(|| format!("SUSPECT: {}", suspect.join(" and ")))
}

/// A group per metric, a line per transport in it.
fn forest(comparison: &Comparison) -> Forest {
    let mut names: Vec<&str> = Vec::new();
    for cell in ordered(comparison) {
        if !names.contains(&cell.transport.as_str()) {
            names.push(&cell.transport);
        }
    }
    let of = |metric: &str| -> Vec<&Cell> {
        let find = |name: &&str| {
            comparison.cells.iter().find(|c| c.transport == **name && c.metric == metric)
        };
        names.iter().filter_map(find).collect()
    };
    let groups = results::compare::METRICS.iter().filter_map(|metric| {
        let cells = of(metric.name);
        let twigs: Vec<Twig> = cells.iter().filter_map(|cell| twig(cell)).collect();
        let band = cells.first()?.band;
        (!twigs.is_empty()).then(|| Whorl {
            name: title(metric.name).to_owned(),
            note: note(&cells),
            band: (1.0 / band, band),
            twigs,
        })
    });
    Forest {
        groups: groups.collect(),
        key: names.iter().map(|name| ((*name).to_owned(), palette::of(name))).collect(),
    }
}

fn twig(cell: &Cell) -> Option<Twig> {
    Some(Twig {
        color: palette::of(&cell.transport),
        low: cell.ratio_low?,
        middle: cell.ratio?,
        high: cell.ratio_high?,
        decided: matches!(cell.word, Word::Better | Word::Worse),
    })
}

/// `2 worse, 1 better` or, where nothing differs, `same` or `can't tell`.
fn note(cells: &[&Cell]) -> String {
    let count = |word: Word| cells.iter().filter(|cell| cell.word == word).count();
    let differ = [Word::Worse, Word::Better].map(|word| (count(word), word.word()));
    let differ: Vec<String> = differ
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !differ.is_empty() {
        return differ.join(", ");
    }
    let same = count(Word::Same);
    match same {
        0 => "can't tell".into(),
        _ if same == cells.len() => "same".into(),
        _ => format!("{same} same"),
    }
}
