//! `feedlab conform`: does a server, in any language, keep to the wire protocol?

use std::process::ExitCode;

use anyhow::Result;
use scenarios::Target;
use serde_json::json;

use super::{FAILED, Usage};
use crate::conform::{self, PARTS, Standing, Subject, Verdict};
use crate::resolve::Pair;

/// Arguments of `feedlab conform`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where its HTTP transports listen, e.g. http://127.0.0.1:8080
    ///
    /// The server must take updates (see --publish), and nobody else may publish meanwhile: some
    /// thousands of small updates are.
    pub url: String,
    /// Where its tcp transport listens, if it has one
    #[arg(long, value_name = "HOST:PORT")]
    pub tcp: Option<String>,
    /// Where it takes updates [default: POST /publish at the same address]
    #[arg(long, value_name = "URL|unix:PATH")]
    pub publish: Option<String>,
    /// Check these transports only
    #[arg(long, value_name = "TRANSPORT,…", value_delimiter = ',', value_parser = transport)]
    pub only: Vec<&'static str>,
    /// How the verdict is printed on stdout
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// How a verdict is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: every rule with its outcome.
    Json,
}

/// Checks and says; exit code 1 when a rule is broken.
///
/// # Errors
/// When the server cannot be reached or takes no updates.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (tcp, publish) = (args.tcp.as_deref(), args.publish.as_deref());
    let target = Target::parse(&args.url, tcp, publish, None).map_err(|(key, must)| {
        let (name, value) = match key {
            "target_tcp" => ("--tcp ", tcp),
            "target_publish" => ("--publish ", publish),
            _ => ("", Some(args.url.as_str())),
        };
        Usage(format!("{name}{}: must be {must}", value.unwrap_or_default()))
    })?;
    let subject = Subject::reach(&target).map_err(Usage)?;
    if !subject.accepts_updates() {
        return Err(Usage(format!(
            "{} is a 404, and without updates there is nothing to check: let the server take them \
             there (feedlab serve --allow-publish), or say where it does with --publish",
            target.publish
        ))
        .into());
    }
    let asked =
        |part: &&str| args.only.is_empty() || *part == "publish" || args.only.contains(part);
    let verdicts: Vec<Verdict> =
        PARTS.into_iter().filter(asked).map(|part| conform::check(&subject, part, false)).collect();
    let conforms = all_conform(&verdicts, &args.only);
    super::print(&match args.format {
        Format::Table => table(&target, &verdicts, conforms),
        Format::Json => {
            let value = json!({
                "format_version": 1,
                "target": target.http.to_string(),
                "conforms": conforms,
                "parts": verdicts,
            });
            format!("{value:#}\n")
        }
    })?;
    Ok(if conforms { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Nothing is broken, at least one transport is spoken, and each that was asked for by its name.
fn all_conform(verdicts: &[Verdict], only: &[&str]) -> bool {
    let is = |standing| move |verdict: &&Verdict| verdict.standing == standing;
    let transports = || verdicts.iter().filter(|verdict| Pair::find(verdict.part).is_some());
    let spoken = transports().filter(is(Standing::Conforms)).count();
    !verdicts.iter().any(|verdict| verdict.standing == Standing::DoesNotConform)
        && spoken > 0
        && (only.is_empty() || spoken == transports().count())
}

fn table(target: &Target, verdicts: &[Verdict], conforms: bool) -> String {
    let mut text = String::new();
    for Verdict { part, standing, rules } in verdicts {
        let broken = rules.iter().filter(|finding| finding.outcome == "broken").count();
        let said = match standing {
            Standing::Conforms => format!("conforms ({} rules)", rules.len()),
            Standing::DoesNotConform => {
                format!("does not conform: {broken} of {} rules broken", rules.len())
            }
            Standing::NotSpoken => "not spoken (404)".to_owned(),
            Standing::NotAsked => "not asked: say where it listens with --tcp".to_owned(),
        };
        text += &format!("{part:12}{said}\n");
        for finding in rules.iter().filter(|finding| finding.outcome != "kept") {
            let word = if finding.outcome == "broken" { "seen instead" } else { "not asked" };
            let seen = finding.seen.as_deref().unwrap_or_default();
            text += &format!("  {:18}{}\n", finding.rule, finding.says);
            text += &format!("  {:18}{word}: {seen}\n", "");
        }
    }
    let word = if conforms { "conforms" } else { "does not conform" };
    text + &format!("\n{} {word}.\n", target.http)
}

fn transport(name: &str) -> Result<&'static str, String> {
    let known = || PARTS.into_iter().filter(|part| Pair::find(part).is_some());
    let found = known().find(|part| *part == name);
    found.ok_or_else(|| format!("there are {}", known().collect::<Vec<_>>().join(", ")))
}
