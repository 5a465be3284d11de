//! Who is best at what, as far as the repetitions tell.
//!
//! An order is a claim: it is made only where [`noise::lies_below`] bears it, and never with
//! numbers of a row that is INVALID.

use results::{NoiseFloor, Row, Run, noise, noise_floor};

use crate::{
    phrase,
    units::{bytes, time},
    view::{Subject, on_link, wire_bytes_per_update},
};

/// One transport's value: what is shown, and each repetition's.
struct Contender<'a> {
    name: &'a str,
    value: f64,
    repetitions: Vec<f64>,
}

/// The order by each measure, as sentences, and at the end what to hold against them.
pub fn of(run: &Run, subjects: &[Subject]) -> Vec<(String, String)> {
    // Nobody can choose raw TCP in a browser, from whatever server.
    let is_choice = |s: &&Subject| s.name != "tcp" && !s.name.ends_with("-tcp");
    let choices: Vec<&Subject> = subjects.iter().filter(is_choice).collect();
    let (invalid, sound): (Vec<&Subject>, Vec<&Subject>) =
        choices.into_iter().partition(|subject| subject.is_invalid(run));
    let floors = &run.noise_floor;
    let order = |metric, value: fn(&Row) -> Option<f64>, unit: fn(f64) -> String| {
        order(&sound, &Floor { floors, metric }, value, unit)
    };
    // Medians are not held against means: a single repetition may be too short for its median.
    let medians = sound.iter().flat_map(|s| &s.rows).all(|row| row.delay_p50_ns.is_some());
    let fastest = if medians {
        ("Fastest", order("delay_p50", |row| whole(row.delay_p50_ns), time))
    } else {
        ("Fastest, by the mean delay", order("delay_mean", |row| whole(row.delay_mean_ns), time))
    };
    let (wire, wire_metric) = if on_link(run) {
        ("Lightest on the link", "link_bytes_per_update")
    } else {
        ("Lightest on the wire", "bytes_per_update")
    };
    let mut lines: Vec<(String, String)> = [
        fastest,
        (wire, order(wire_metric, wire_bytes_per_update, bytes)),
        (
            "Lightest on the server’s CPU",
            order("server_cpu_per_update", Row::server_cpu_per_update_ns, time),
        ),
        ("Lightest on the server’s memory", order("memory_per_client", memory, bytes)),
    ]
    .into_iter()
    .filter_map(|(what, ranked)| Some((what.to_owned(), ranked?)))
    .collect();
    let floor = (!floors.is_empty()).then(|| {
        "What differs by less than the noise floor of its measure is indistinguishable, however \
         its ranges lie."
            .to_owned()
    });
    let caveat = [left_out(&invalid), (!lines.is_empty()).then(|| rule(&sound)), floor];
    let caveat: Vec<String> = caveat.into_iter().flatten().collect();
    if !caveat.is_empty() {
        lines.push(("How far this goes".into(), caveat.join(" ")));
    }
    lines
}

/// Clients below which memory tells no order: it is the difference of two readings of a process,
/// which the allocator rounds by some hundred KiB, and that is no longer small when it is shared
/// among few.
const CLIENTS_MIN: u64 = 1000;

fn memory(row: &Row) -> Option<f64> {
    row.memory_per_client_bytes().filter(|_| row.clients >= CLIENTS_MIN)
}

fn whole(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn left_out(invalid: &[&Subject]) -> Option<String> {
    let names: Vec<&str> = invalid.iter().map(|subject| subject.name).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!(
            "{one} is left out: it is INVALID, so its numbers are not those of this feed."
        )),
        several => Some(format!(
            "{} are left out: they are INVALID, so their numbers are not those of this feed.",
            phrase::list(several)
        )),
    }
}

fn rule(sound: &[&Subject]) -> String {
    let fewest = sound.iter().map(|subject| subject.rows.len()).min().unwrap_or_default();
    let factor = noise::CLEAR_FACTOR;
    match fewest {
        0 | 1 => format!(
            "One repetition tells no order, so “<” takes a factor of {factor}; what is nearer is \
             not told apart."
        ),
        2 | 3 => format!(
            "{fewest} repetitions can differ by chance, so “<” takes ranges that are {} times as \
             far apart as they are wide, or a factor of {factor}; what is nearer is not told apart.",
            noise::CLEAR_SPREADS
        ),
        _ => {
            "“<” takes ranges over the repetitions that do not overlap; what overlaps is not told \
              apart."
                .into()
        }
    }
}

/// The noise of what is put in an order.
struct Floor<'a> {
    floors: &'a [NoiseFloor],
    metric: &'a str,
}

impl Floor<'_> {
    fn has_within(&self, one: &Contender, other: &Contender) -> bool {
        noise_floor::within(self.floors, self.metric, one.value, other.value)
    }
}

fn order(
    subjects: &[&Subject],
    floor: &Floor,
    value: fn(&Row) -> Option<f64>,
    unit: fn(f64) -> String,
) -> Option<String> {
    let mut contenders: Vec<Contender> = subjects
        .iter()
        .filter_map(|subject| {
            let repetitions = subject.values(value);
            Some(Contender { name: subject.name, value: value(subject.pooled)?, repetitions })
        })
        .collect();
    contenders.sort_by(|a, b| a.value.total_cmp(&b.value));
    let groups: Vec<String> =
        groups(&contenders, floor).into_iter().map(|group| words(group, floor, unit)).collect();
    (contenders.len() > 1).then(|| groups.join(" < "))
}

/// Cut where each of those before lies below each of those after, by more than noise.
fn groups<'a, 'b>(sorted: &'b [Contender<'a>], floor: &Floor) -> Vec<&'b [Contender<'a>]> {
    let mut groups = Vec::new();
    let mut from = 0;
    for at in 1..=sorted.len() {
        let (before, after) = sorted.split_at(at);
        let cut = before.iter().all(|low| {
            after.iter().all(|high| {
                noise::lies_below(&low.repetitions, &high.repetitions)
                    && !floor.has_within(low, high)
            })
        });
        if cut {
            groups.push(&sorted[from..at]);
            from = at;
        }
    }
    groups
}

fn words(group: &[Contender], floor: &Floor, unit: fn(f64) -> String) -> String {
    let each: Vec<String> =
        group.iter().map(|one| format!("{} {}", one.name, unit(one.value))).collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    match each.as_slice() {
        [one] => (*one).to_owned(),
        several => {
            let ends = group.first().zip(group.last());
            let noise = ends.is_some_and(|(low, high)| floor.has_within(low, high));
            let why = if noise { "indistinguishable" } else { "not told apart" };
            format!("{} ({why})", phrase::list(several))
        }
    }
}
