//! What delay costs: every measurement by its delay and its bytes, or its CPU. On the front is what
//! nothing else beats in both.

use super::{
    Field, Picture,
    field::Seen,
    metric::{self, Metric},
};
use crate::{
    chart::{Content, DataTable},
    draw::{Plot, Scatter, Spot, scale::Scale},
    palette, phrase,
};

/// Delay against bytes and against CPU.
pub(super) fn pictures(field: &Field) -> Vec<Picture> {
    let of = |at: usize, name, title| picture(field, &metric::ALL[at], name, title);
    let bytes = of(1, "pareto-bytes", "What a short delay costs in bytes");
    let cpu = of(2, "pareto-server-cpu", "What a short delay costs in server CPU");
    bytes.into_iter().chain(cpu).collect()
}

struct Place<'a> {
    seen: Seen<'a>,
    delay: f64,
    cost: f64,
}

fn picture(
    field: &Field,
    cost: &'static Metric,
    name: &'static str,
    title: &'static str,
) -> Option<Picture> {
    let delay = &metric::ALL[0];
    let place = |seen: Seen<'_>| {
        let (delay, cost) = ((delay.measured)(&seen)?, (cost.measured)(&seen)?);
        (delay > 0.0 && cost > 0.0).then_some(delay).zip(Some(cost))
    };
    let places: Vec<Place> = field
        .seen()
        .filter_map(|seen| place(seen).map(|(delay, cost)| Place { seen, delay, cost }))
        .collect();
    if places.is_empty() {
        return None;
    }
    let front = front(&places.iter().map(|place| (place.delay, place.cost)).collect::<Vec<_>>());
    let (x, y) = (
        Scale::log(places.iter().map(|place| place.delay)),
        Scale::log(places.iter().map(|place| place.cost)),
    );
    let transports = field.transports();
    let spots = places.iter().enumerate().map(|(at, place)| Spot {
        at: (place.delay, place.cost),
        color: palette::of(&place.seen.row.transport),
        front: front.contains(&at),
    });
    Some(Picture {
        name,
        title,
        subtitle: format!("Upwards {}; both axes logarithmic, lower is better.", cost.about),
        content: Content {
            reading: reading(&places, &front),
            table: table(field, &places, &front, cost),
            plot: Plot::Scatter(Scatter {
                x,
                x_ticks: x.ticks(6, crate::units::time_tick),
                x_title: "mean delay".into(),
                y,
                y_ticks: y.ticks(5, cost.tick),
                spots: spots.collect(),
                key: transports.iter().map(|n| ((*n).to_owned(), palette::of(n))).collect(),
            }),
        },
    })
}

/// Those that nothing else beats: no other is at most as much in both and less in one.
fn front(places: &[(f64, f64)]) -> Vec<usize> {
    let beats = |a: &(f64, f64), b: &(f64, f64)| a.0 <= b.0 && a.1 <= b.1 && a != b;
    (0..places.len()).filter(|&at| !places.iter().any(|one| beats(one, &places[at]))).collect()
}

fn reading(places: &[Place], front: &[usize]) -> String {
    let mut names: Vec<&str> =
        front.iter().map(|&at| places[at].seen.row.transport.as_str()).collect();
    names.sort_by_key(|name| palette::rank(name));
    names.dedup();
    format!(
        "{} of {} measurements are beaten in both by none: of {}. The cells differ in what they \
         were asked, so a place on the front is an offer and not a victory.",
        front.len(),
        places.len(),
        phrase::list(&names)
    )
}

fn table(field: &Field, places: &[Place], front: &[usize], cost: &Metric) -> DataTable {
    let mut columns: Vec<String> = vec!["transport".into()];
    columns.extend(field.axes.iter().map(|axis| axis.key.clone()));
    columns.extend(["mean delay".to_owned(), cost.title.to_owned(), "front".to_owned()]);
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].delay.total_cmp(&places[b].delay));
    let line = |at: usize| {
        let Place { seen, delay, cost: value } = &places[at];
        let mut cells = vec![seen.row.transport.clone()];
        cells.extend(seen.words(field.axes));
        cells.extend([crate::units::time(*delay), (cost.unit)(*value)]);
        cells.push(if front.contains(&at) { "yes".into() } else { "–".into() });
        cells
    };
    DataTable { columns, rows: order.into_iter().map(line).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_front_is_what_nothing_beats_in_both() {
        assert_eq!(front(&[(1.0, 9.0), (2.0, 4.0), (2.0, 5.0), (3.0, 4.0), (9.0, 1.0)]), [0, 1, 4]);
        assert_eq!(front(&[(1.0, 1.0), (1.0, 1.0)]), [0, 1]);
        assert_eq!(front(&[]), [] as [usize; 0]);
    }
}
