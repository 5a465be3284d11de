//! The schema on disk is the one of the structs.

use std::{env, fs, path::Path};

#[test]
fn the_schema_on_disk_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("run.schema.json");
    let generated = serde_json::to_string_pretty(&results::schema()).unwrap() + "\n";
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let on_disk = fs::read_to_string(&path).unwrap_or_default();
    assert!(on_disk == generated, "run UPDATE_SCHEMA=1 cargo test -p results --test schema");
}
