//! Where theory's winner changes, finer than the cells.
//!
//! Between the points of the grid the predictions of each transport are drawn out on logarithmic
//! scales, on which the laws of theory are straight or nearly so; that is cheap, and the same
//! predictions are in the table.

use super::{Field, metric::Metric};

/// Steps of a cell.
const FINE: usize = 16;

/// A stretch of the boundary in cells: (0, 0) is the lower left corner of the first cell.
pub type Stretch = ((f64, f64), (f64, f64));

/// The boundary of a field with two axes; none where theory does not know every transport.
pub fn boundary(field: &Field, metric: &Metric) -> Vec<Stretch> {
    let [x, y] = field.axes else { return Vec::new() };
    let (wide, tall) = (x.values.len(), y.values.len());
    let contenders = field.contenders();
    let table = |name: &&str| -> Option<Vec<Vec<f64>>> {
        let column = |x: usize| {
            let value = |y: usize| Some((metric.theory)(&field.find(name, &[x, y])?)?.ln());
            (0..tall).map(value).collect()
        };
        (0..wide).map(column).collect()
    };
    let Some(tables) = contenders.iter().map(table).collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let winner = |x: usize, y: usize| {
        let place = |fine: usize| (fine as f64 + 0.5) / FINE as f64 - 0.5;
        let value = |table: &Vec<Vec<f64>>| between(table, place(x), place(y));
        let values = tables.iter().map(value).enumerate();
        values.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
    };
    let at = |fine: usize| fine as f64 / FINE as f64;
    let mut stretches = Vec::new();
    for column in 0..wide * FINE {
        for line in 0..tall * FINE {
            let here = winner(column, line);
            let (left, right) = (at(column), at(column + 1));
            let (low, high) = (at(line), at(line + 1));
            if column + 1 < wide * FINE && winner(column + 1, line) != here {
                stretches.push(((right, low), (right, high)));
            }
            if line + 1 < tall * FINE && winner(column, line + 1) != here {
                stretches.push(((left, high), (right, high)));
            }
        }
    }
    stretches
}

/// Bilinear between the points; beyond the outermost as theirs.
fn between(table: &[Vec<f64>], x: f64, y: f64) -> f64 {
    let split = |value: f64, count: usize| {
        let value = value.clamp(0.0, (count - 1) as f64);
        let low = (value.floor() as usize).min(count.saturating_sub(2));
        (low, (low + 1).min(count - 1), value - low as f64)
    };
    let (left, right, across) = split(x, table.len());
    let (low, high, up) = split(y, table[0].len());
    let mix = |a: f64, b: f64, share: f64| a + (b - a) * share;
    mix(
        mix(table[left][low], table[right][low], across),
        mix(table[left][high], table[right][high], across),
        up,
    )
}
