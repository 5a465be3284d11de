//! The file as typed: its values, and the line or `--set` of each key.

use toml::{Table, Value, de::DeTable};

use super::{
    keys::{Key, Kind, quoted},
    origin::{Origin, Source},
};
use crate::{Error, near::nearest, preset::PRESETS};

/// A TOML file with the command line's overrides over it.
pub(super) struct Document {
    pub table: Table,
    pub origin: Origin,
}

impl Document {
    pub fn parse(file: String, text: &str) -> Result<Self, Error> {
        let mut origin = Origin { file, ..Origin::default() };
        // A file saved by some editors starts with a byte order mark, which TOML does not know.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        let syntax = |origin: &Origin, e: &toml::de::Error| {
            let line = lines.line_at(e.span().map_or(0, |span| span.start));
            Error::at(&format!("{}:{line}", origin.file), &format!("is not TOML: {}", sentence(e)))
        };
        let spanned = DeTable::parse(text).map_err(|e| syntax(&origin, &e))?;
        remember(spanned.get_ref(), "", &lines, &mut origin);
        let table = toml::from_str(text).map_err(|e| {
            // What parses and yet is no value is a number beyond 64 bits.
            let line = lines.line_at(e.span().map_or(0, |span| span.start));
            match origin.key_on(line) {
                Some(key) => origin.error_at(key, "is a number that does not fit into 64 bits"),
                None => syntax(&origin, &e),
            }
        })?;
        Ok(Self { table, origin })
    }

    /// Applies one `a.b.c=value`.
    pub fn set(&mut self, set: &str) -> Result<(), Error> {
        let wrong = |problem: &str| Error::at(&format!("--set {set}"), problem);
        let (key, value) = set
            .split_once('=')
            .ok_or_else(|| wrong("must be key=value, such as feed.rate=10/s"))?;
        let (key, value) = (key.trim(), value.trim());
        let names: Vec<_> = key.split('.').collect();
        if names
            .iter()
            .any(|name| name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '"'))
        {
            return Err(wrong("the key must be names joined by dots, such as feed.rate"));
        }
        let (last, tables) = names.split_last().expect("split gives at least one name");
        let mut table = &mut self.table;
        for (depth, name) in tables.iter().enumerate() {
            let entry =
                table.entry((*name).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            table = entry
                .as_table_mut()
                .ok_or_else(|| wrong(&format!("{} is not a table", names[..=depth].join("."))))?;
        }
        let value = typed(value);
        table.insert((*last).to_owned(), value.clone());
        // What was below the key in the file is gone with its old value.
        let below =
            |known: &str| known.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', '[']));
        self.origin.keys.retain(|known, _| !below(known));
        for depth in 1..names.len() {
            let source = Source::Set(set.to_owned());
            self.origin.keys.entry(names[..depth].join(".")).or_insert(source);
        }
        remember_set(&value, key, set, &mut self.origin);
        Ok(())
    }

    /// Fills in what a link's preset says and the scenario does not.
    pub fn apply_preset(&mut self) {
        let Some(link) = self.table.get_mut("link").and_then(Value::as_table_mut) else { return };
        let name = link.get("preset").and_then(Value::as_str);
        let Some(preset) = PRESETS.iter().find(|preset| Some(preset.name) == name) else { return };
        for (key, value) in preset.keys {
            link.entry(*key).or_insert_with(|| Value::String((*value).to_owned()));
        }
    }

    /// Every key is known and its value alone is in range.
    pub fn check(&self) -> Result<(), Error> {
        self.check_table(&self.table, "")?;
        for key in ["format", "about", "clients", "feed", "feed.kind", "transports"] {
            if !self.origin.keys.contains_key(key) {
                let must = Key::find(key).map_or_else(String::new, |key| key.kind.to_string());
                return Err(self.origin.error_at(key, &format!("is missing: it must be {must}")));
            }
        }
        Ok(())
    }

    fn check_table(&self, table: &Table, path: &str) -> Result<(), Error> {
        for (name, value) in table {
            let key_path = join(path, name);
            // A quoted name may hold a dot and so look like a path.
            let Some(key) = Key::find(&key_path).filter(|_| !name.contains('.')) else {
                return Err(self.origin.error_at(&key_path, &unknown(name, path)));
            };
            key.check(value).map_err(|problem| self.origin.error_at(&key_path, &problem))?;
            match (value, &key.kind) {
                (Value::Table(inner), Kind::Transports) => self.check_transports(inner)?,
                (Value::Table(inner), Kind::Expectations) => self.check_expectations(inner)?,
                (Value::Table(inner), _) => self.check_table(inner, &key_path)?,
                (Value::Array(tables), Kind::Tables) => {
                    self.check_tables(tables, key.path, &key_path)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Each table of `[[link.cut]]`, counted from 1 in messages as one counts when reading.
    fn check_tables(&self, tables: &[Value], kind: &str, path: &str) -> Result<(), Error> {
        for (number, table) in (1..).zip(tables) {
            let Value::Table(table) = table else { continue };
            let path = format!("{path}[{number}]");
            self.check_table(table, &path)?;
            for name in ["at", "for"] {
                if !table.contains_key(name)
                    && let Some(key) = Key::find(&format!("{kind}.{name}"))
                {
                    let problem = format!("is missing: it must be {}", key.kind);
                    return Err(self.origin.error_at(&join(&path, name), &problem));
                }
            }
        }
        Ok(())
    }

    /// Columns, operators and numbers are checked by those who know the columns; here only that
    /// there is a text for each.
    fn check_expectations(&self, expect: &Table) -> Result<(), Error> {
        for (name, wanted) in expect {
            let path = join("expect", name);
            let Value::Table(wanted) = wanted else {
                let problem = "must be a table of columns such as delay_p99 = \"< 250ms\"";
                return Err(self.origin.error_at(&path, problem));
            };
            if wanted.is_empty() {
                let problem = "must expect something, such as delay_p99 = \"< 250ms\"";
                return Err(self.origin.error_at(&path, problem));
            }
            for (column, text) in wanted {
                if !Kind::Text.accepts(text) {
                    let problem =
                        "must be an operator and a number, such as \"< 250ms\" or \"<= 0\"";
                    return Err(self.origin.error_at(&join(&path, column), problem));
                }
            }
        }
        Ok(())
    }

    /// The transports' own settings are checked by the transports; here only that they can be
    /// handed over.
    fn check_transports(&self, transports: &Table) -> Result<(), Error> {
        if transports.is_empty() {
            return Err(self.origin.error_at(
                "transports",
                "must name at least one transport, such as [transports.websocket]",
            ));
        }
        for (name, settings) in transports {
            let path = join("transports", name);
            let Value::Table(settings) = settings else {
                return Err(self
                    .origin
                    .error_at(&path, "must be a table, empty where the defaults will do"));
            };
            for (name, value) in settings {
                let problem = match value {
                    Value::Datetime(_) => "must not be a date",
                    Value::Float(x) if !x.is_finite() => "must be a finite number",
                    _ => continue,
                };
                return Err(self.origin.error_at(&join(&path, name), problem));
            }
        }
        Ok(())
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn unknown(name: &str, table: &str) -> String {
    let known = Key::names_in(table);
    let candidates = quoted(&known);
    match nearest(name, &known) {
        Some(near) => format!("is not a key: did you mean {near:?}? Here may be {candidates}"),
        None => format!("is not a key: here may be {candidates}"),
    }
}

/// What the parser says, on one line.
pub(super) fn sentence(error: &toml::de::Error) -> String {
    error.message().trim().replace('\n', ", ")
}

/// TOML if it is TOML (`5`, `true`, `[0, 1]`), otherwise the text itself (`50/s`, `reno`).
fn typed(value: &str) -> Value {
    let text = || Value::String(value.to_owned());
    let Ok(mut table) = toml::from_str::<Table>(&format!("value = {value}")) else {
        return text();
    };
    match (table.len(), table.remove("value")) {
        // A date is nothing that a scenario has; it was meant as text.
        (1, Some(typed)) if !typed.is_datetime() => typed,
        _ => text(),
    }
}

/// Notes the line of every key, in inline tables too.
fn remember(table: &DeTable<'_>, path: &str, lines: &Lines, origin: &mut Origin) {
    for (name, value) in table {
        let key_path = join(path, name.get_ref());
        if let Some(inner) = value.get_ref().as_table() {
            remember(inner, &key_path, lines, origin);
        }
        for (number, element) in (1..).zip(value.get_ref().as_array().into_iter().flatten()) {
            if let Some(inner) = element.get_ref().as_table() {
                let numbered = format!("{key_path}[{number}]");
                let line = lines.line_at(element.span().start);
                origin.keys.insert(numbered.clone(), Source::Line(line));
                remember(inner, &numbered, lines, origin);
            }
        }
        origin.keys.insert(key_path, Source::Line(lines.line_at(name.span().start)));
    }
}

/// Notes the `--set` of a key, and of every key in its table: a table that is set whole is checked
/// as if each of its keys were.
fn remember_set(value: &Value, path: &str, set: &str, origin: &mut Origin) {
    origin.keys.insert(path.to_owned(), Source::Set(set.to_owned()));
    for (name, inner) in value.as_table().into_iter().flatten() {
        remember_set(inner, &join(path, name), set, origin);
    }
    for (number, element) in (1..).zip(value.as_array().into_iter().flatten()) {
        if element.is_table() {
            remember_set(element, &format!("{path}[{number}]"), set, origin);
        }
    }
}

/// Where each line starts.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// Counted from 1.
    fn line_at(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte)
    }
}
