//! Publications and runs that reproduce them, a file each: what was published, what our codecs or
//! theory make of it, and what a run has measured. Pure arithmetic.
//!
//! Only figures that were read in the publication itself, or in one that restates it and is named,
//! are called published. Parameters that nobody has read again are our choice, and said to be.

mod agarwal;
mod bozdag;
pub mod kaazing;
mod pimentel;
mod vandevyvere;

use results::{Figure, Paper, Row, Run};
use scenarios::Prediction;

/// A publication.
pub struct Published {
    /// Its name in a scenario's `paper`.
    pub name: &'static str,
    /// Its figures beside a run's.
    pub beside: fn(&Run) -> Paper,
}

/// All of them.
pub static ALL: &[Published] = &[
    kaazing::PUBLISHED,
    pimentel::PUBLISHED,
    bozdag::PUBLISHED,
    vandevyvere::PUBLISHED,
    agarwal::PUBLISHED,
];

/// The paper that a run reproduces; `None` where it reproduces none.
pub fn beside(run: &Run) -> Option<Paper> {
    let name = run.scenario.paper.as_deref()?;
    ALL.iter().find(|published| published.name == name).map(|published| (published.beside)(run))
}

/// All repetitions of a transport.
fn row<'a>(run: &'a Run, transport: &str) -> Option<&'a Row> {
    run.pooled.iter().find(|row| row.transport == transport)
}

/// What theory expects of all repetitions of a transport.
fn expected<'a>(run: &'a Run, transport: &str) -> Option<&'a Prediction> {
    run.prediction(transport, None)
}

fn figure(
    what: &str,
    published: Option<f64>,
    computed: Option<f64>,
    measured: Option<f64>,
) -> Figure {
    Figure { what: what.to_owned(), published, computed, measured }
}

/// One over the other; `None` where one is not known, or there is nothing to divide by.
fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below.filter(|below| *below > 0.0)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_paper_that_a_scenario_may_name_is_here() {
        let names: Vec<_> = super::ALL.iter().map(|published| published.name).collect();
        assert_eq!(names, scenarios::PAPERS);
    }
}
