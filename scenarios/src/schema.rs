//! The JSON Schema of scenario files, for editors: from the types, with the ranges of the table of
//! keys.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::{
    Scenario,
    scenario::{KEYS, Key, Kind, MAX_CORE, MAX_WORD},
};

/// The schema of a scenario file; `scenarios/scenario.schema.json` is a copy for editors.
pub fn schema() -> Value {
    // Some TOML tools read draft 7 only, and none needs references for a file this small.
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Scenario>().to_value();
    for key in KEYS {
        if let Some(place) = place(&mut schema, key.path) {
            narrow(place, key);
        }
    }
    schema
}

/// Where the schema speaks of a key.
fn place<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Map<String, Value>> {
    let mut here = schema;
    for name in path.split('.') {
        // In an array of tables the keys are those of its items.
        if here.get("items").is_some() {
            here = here.get_mut("items")?;
        }
        here = here.get_mut("properties")?.get_mut(name)?;
        without_null(here);
    }
    here.as_object_mut()
}

/// TOML has no null: an optional table is absent.
fn without_null(place: &mut Value) {
    let Some(choices) = place.get("anyOf").and_then(Value::as_array) else { return };
    let Some(Value::Object(table)) =
        choices.iter().find(|choice| choice["type"] != "null").cloned()
    else {
        return;
    };
    if let Some(place) = place.as_object_mut() {
        place.remove("anyOf");
        for (name, fact) in table {
            place.entry(name).or_insert(fact);
        }
    }
}

/// Adds what the table of keys knows: default and range.
fn narrow(place: &mut Map<String, Value>, key: &Key) {
    // Where a doc comment breaks its lines is no business of an editor's.
    if let Some(Value::String(text)) = place.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    // TOML has no null: an optional key is absent.
    if let Some(one) = place.get("type").and_then(|types| types.get(0)).cloned() {
        place.insert("type".to_owned(), one);
    }
    place.remove("format"); // "uint32", which is nobody's standard
    place.remove("default");
    if let Some(default) = key.default {
        let value = serde_json::from_str(default).unwrap_or_else(|_| json!(default));
        place.insert("default".to_owned(), value);
    }
    let facts = match &key.kind {
        // Editors read numbers as doubles; a bound that these cannot hold is left to the loader.
        Kind::Count { min, max } if *max > 1 << 53 => json!({"minimum": min}),
        Kind::Count { min, max } => json!({"minimum": min, "maximum": max}),
        Kind::Number { min, max } => json!({"minimum": min, "maximum": max}),
        Kind::Share { max } => json!({
            "type": ["number", "string"],
            "minimum": 0.0,
            "maximum": max,
            "pattern": r"^\s*[0-9.]+\s*%\s*$",
        }),
        Kind::Cores => json!({
            "items": {"type": "integer", "minimum": 0, "maximum": MAX_CORE},
            "minItems": 1,
            "uniqueItems": true,
        }),
        Kind::Text => json!({"minLength": 1}),
        Kind::Word => json!({"pattern": format!("^[a-z0-9_-]{{1,{MAX_WORD}}}$")}),
        Kind::HttpUrl => json!({"pattern": "^http://"}),
        Kind::Address => json!({"pattern": ":[0-9]+$"}),
        Kind::PublishAt => json!({"pattern": "^(http://|unix:)"}),
        Kind::Duration { .. } => json!({"pattern": r"^\s*[0-9]"}),
        Kind::Transports => json!({"minProperties": 1}),
        Kind::Expectations => json!({}),
        Kind::Choice(words) => json!({"enum": words}),
        Kind::Table | Kind::Tables | Kind::Rate | Kind::Bandwidth | Kind::Queue | Kind::Flag => {
            json!({})
        }
    };
    if let Value::Object(facts) = facts {
        place.extend(facts);
    }
}
