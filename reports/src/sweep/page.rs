//! The page of a sweep: self-contained, like that of a run.

use minijinja::{Environment as Templates, Value, context, value::Serde};

use super::{Field, Swept, metric, ranked, text};
use crate::{Error, chart::Chart, page::tight, palette};

/// The page with its pictures.
pub(super) fn page(swept: &Swept, charts: &[Chart]) -> Result<String, Error> {
    let problem = |error: minijinja::Error| Error::Page(format!("{error:#}"));
    let mut templates = Templates::new();
    templates.add_template("sweep.html", include_str!("../page/sweep.html")).map_err(problem)?;
    templates.add_filter("tight", tight);
    let field = Field::new(swept);
    let ranked = ranked(&field);
    let (verdict, _) = swept.verdict();
    let environment = swept.runs.first().map(|(_, loaded)| &loaded.run.environment);
    let machine = environment.map_or_else(String::new, |environment| {
        format!("{}, {} cores, Linux {}", environment.cpu, environment.cores, environment.kernel)
    });
    let metrics: Vec<(&str, &str)> =
        metric::ALL.iter().map(|metric| (metric.title, metric.about)).collect();
    let axes: Vec<String> = swept.sweep.axes.iter().map(|axis| axis.key.clone()).collect();
    templates
        .get_template("sweep.html")
        .and_then(|template| {
            template.render(context! {
                name => swept.sweep.scenario.clone(),
                sets => swept.sweep.sets.clone(),
                started => swept.sweep.started.clone(),
                axes => axes,
                verdict => verdict.to_string(),
                line => text::verdict(swept),
                partial => !swept.sweep.missing().is_empty(),
                charts => Value::from(Serde(charts)),
                runs => Value::from(Serde(text::runs(swept))),
                floors => text::floors(&ranked),
                metrics => Value::from(Serde(&metrics)),
                machine => machine,
                feedlab => environment.map(|environment| environment.feedlab.clone()),
                directory => swept.path.display().to_string(),
                style => include_str!("../page/style.css"),
                dark => palette::css(),
            })
        })
        .map_err(problem)
}
