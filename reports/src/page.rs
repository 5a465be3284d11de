//! One self-contained page: no scripts, no requests, readable offline in ten years.

mod connecting;
mod limits;
mod link;

use minijinja::{Environment as Templates, Value, context, value::Serde};
use results::{Asked, Loaded, Run, Verdict};
use serde::Serialize;

use crate::{
    Error, agreement,
    answer::{self, Answer, answer},
    chart::{Chart, DataTable},
    conditions::{self, Condition},
    expectations, noise,
    notices::{Notice, notices},
    palette, paper,
    predictions::assumptions,
    ranking,
    units::{bytes, time},
    view::{self, Subject},
};

/// One run on the page.
#[derive(Debug, Serialize)]
pub struct Section {
    name: String,
    about: String,
    directory: String,
    started: String,
    again: Option<String>,
    feedlab: String,
    verdict: Verdict,
    partial: bool,
    warnings: Vec<Notice>,
    remarks: Vec<Notice>,
    line: String,
    conditions: Vec<Condition>,
    brief: Vec<(String, String)>,
    noise: Option<String>,
    expectations: Vec<expectations::Line>,
    answer: Answer,
    agreement: Vec<(String, String)>,
    charts: Vec<Chart>,
    environment: Vec<(String, String)>,
    assumptions: Vec<String>,
    limits: Vec<String>,
    link: Option<link::Part>,
    connecting: Option<DataTable>,
    paper: Option<(String, String)>,
    paper_table: Option<DataTable>,
    overview: Vec<(String, String)>,
}

/// Everything the page says about a run.
pub fn section(loaded: &Loaded, charts: Vec<Chart>) -> Section {
    let run = &loaded.run;
    let subjects = view::subjects(run);
    let (remarks, warnings): (Vec<Notice>, Vec<Notice>) =
        notices(run).into_iter().partition(|notice| notice.severity == Verdict::Valid);
    Section {
        name: run.scenario.name.clone(),
        about: run.scenario.about.clone(),
        directory: loaded.path.display().to_string(),
        started: run.started.clone(),
        again: run.asked.as_ref().map(Asked::command),
        feedlab: run.environment.feedlab.clone(),
        verdict: run.verdict,
        partial: run.partial,
        warnings,
        remarks,
        line: answer::conditions(run),
        conditions: conditions::of(run),
        brief: ranking::of(run, &subjects),
        noise: noise::sentence(run),
        expectations: expectations::of(run),
        answer: answer(run),
        agreement: agreement::of(run, &subjects),
        charts,
        environment: environment(run),
        assumptions: assumptions(&run.predictions),
        limits: limits::of(run),
        link: link::of(run, &subjects),
        connecting: connecting::of(run, &subjects),
        paper: paper::words(run),
        paper_table: paper::table(run),
        overview: overview(&subjects),
    }
}

/// The page of one or several runs.
pub fn page(sections: &[Section]) -> Result<String, Error> {
    let mut templates = Templates::new();
    let problem = |error: minijinja::Error| Error::Page(format!("{error:#}"));
    templates.add_template("index.html", include_str!("page/index.html")).map_err(problem)?;
    templates.add_filter("tight", tight);
    let mut transports: Vec<String> = Vec::new();
    for (name, _) in sections.iter().flat_map(|section| &section.overview) {
        if !transports.contains(name) {
            transports.push(name.clone());
        }
    }
    transports.sort_by_key(|name| palette::rank(name));
    let colors: Vec<(String, &str, &str)> = transports
        .iter()
        .map(|name| {
            let line = palette::of(name).line;
            (name.clone(), line.0, line.1)
        })
        .collect();
    templates
        .get_template("index.html")
        .and_then(|template| {
            template.render(context! {
                sections => Value::from(Serde(sections)),
                transports => Value::from(Serde(&transports)),
                colors => Value::from(Serde(&colors)),
                style => include_str!("page/style.css"),
                dark => palette::css(),
            })
        })
        .map_err(problem)
}

/// Numbers that stay with their units at the end of a line.
pub(crate) fn tight(text: &str) -> String {
    let mut tight = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(' ') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        tight.push_str(before);
        let unit = after.split(|c: char| !(c.is_alphabetic() || c == '%')).next();
        let unit = ["ns", "µs", "ms", "s", "min", "B", "KiB", "MiB", "GiB", "%"]
            .contains(&unit.unwrap_or_default());
        let number = before.ends_with(|c: char| c.is_ascii_digit());
        tight.push(if unit && number { '\u{a0}' } else { ' ' });
        rest = after;
    }
    tight + rest
}

/// What a page of several runs puts side by side: typical delay per transport.
fn overview(subjects: &[Subject]) -> Vec<(String, String)> {
    subjects
        .iter()
        .map(|subject| {
            let delay = view::typical(subject.pooled).map_or("–".into(), time);
            (subject.name.to_owned(), delay)
        })
        .collect()
}

/// The environment as it is in `run.json`; unknown facts are left out.
fn environment(run: &Run) -> Vec<(String, String)> {
    let value = serde_json::to_value(&run.environment);
    let serde_json::Value::Object(facts) = value.expect("the environment is flat") else {
        return Vec::new();
    };
    facts
        .into_iter()
        .filter_map(|(name, value)| {
            let nothing = value.as_u64() == Some(0);
            let text = match value {
                serde_json::Value::String(text) => text,
                serde_json::Value::Number(number) if name.ends_with("_bytes") => {
                    bytes(number.as_f64().unwrap_or_default())
                }
                serde_json::Value::Null => String::new(),
                other => other.to_string(),
            };
            let unknown = text.is_empty() || nothing;
            let name = name.trim_end_matches("_bytes").replace('_', " ");
            (!unknown).then_some((name, text))
        })
        .collect()
}
