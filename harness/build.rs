//! Records what the binary was made of: a number must name the code that it came from.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=../.git/HEAD");
    println!("cargo::rerun-if-changed=../.git/index");
    let commit = output("git", &["describe", "--always", "--dirty", "--abbrev=12"]);
    if let Some(commit) = commit {
        println!("cargo::rustc-env=FEEDLAB_COMMIT={commit}");
    }
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    if let Some(version) = output(&compiler, &["--version"]) {
        println!("cargo::rustc-env=FEEDLAB_RUSTC={version}");
    }
}

/// First line that a command prints; nothing if it cannot be run.
fn output(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
