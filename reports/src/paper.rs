//! A published comparison beside what the run saw: what it says, what our codecs make of its
//! conditions, what was measured under conditions of our own.

use results::{Figure, Run};

use crate::{chart::DataTable, grid::grid};

/// The table; `None` of a run that reproduces no publication.
pub fn table(run: &Run) -> Option<DataTable> {
    let paper = run.paper.as_ref()?;
    let mut table = DataTable::new(["figure", "published", "computed", "this run"]);
    for Figure { what, published, computed, measured } in &paper.figures {
        let cell = |value: Option<f64>| value.map_or("–".into(), figure);
        let cells = vec![what.clone(), cell(*published), cell(*computed), cell(*measured)];
        table.rows.push(cells);
    }
    Some(table)
}

/// The title, and in what the run differs; `None` as above.
pub fn words(run: &Run) -> Option<(String, String)> {
    let paper = run.paper.as_ref()?;
    Some((paper.title.clone(), paper.differs.clone()))
}

/// The same for a terminal.
pub fn text(run: &Run) -> Option<String> {
    let (title, differs) = words(run)?;
    let DataTable { columns, rows } = table(run)?;
    let drawn = grid([vec![columns], rows].concat(), &[]);
    Some(format!("{title}\n{drawn}\n{differs}\n"))
}

/// Three digits that count; bytes and characters are whole.
fn figure(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_as_exact_as_the_paper_prints_them() {
        let printed = [871.0, 435.5, 40.43, 8.551].map(figure);
        assert_eq!(printed, ["871", "436", "40.4", "8.6"]);
    }
}
