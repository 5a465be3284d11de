//! What was typed to make a run, so that it can be made again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The arguments of `feedlab run` that decide what is measured, as typed. Where results go and how
/// they are printed is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// The scenario's name, or the path of its file.
    pub scenario: String,
    /// Each `--set`, in order: the last one of a key wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Each `--rival`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<String>,
}

impl Asked {
    /// The command, as one pastes it into a shell.
    pub fn command(&self) -> String {
        let sets = self.sets.iter().map(|set| ("--set", set));
        let rivals = self.rivals.iter().map(|rival| ("--rival", rival));
        let mut words = vec!["feedlab".into(), "run".into(), quoted(&self.scenario)];
        for (flag, value) in sets.chain(rivals) {
            words.extend([flag.to_owned(), quoted(value)]);
        }
        words.join(" ")
    }
}

/// One word for a POSIX shell: between single quotes all is literal but a single quote (POSIX.1-2024,
/// Shell Command Language, 2.2.2).
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_from_the_command_what_was_typed() {
        let asked = Asked {
            scenario: "my feeds/it's $HOME.toml".into(),
            sets: [
                "feed.rate=10/s",
                "link.loss=1%",
                r#"server.freeze=[{ at = "1s", for = "100ms" }]"#,
                "about=two\nlines, a * and a `tick`",
                "about=",
                "",
            ]
            .map(str::to_owned)
            .into(),
            rivals: vec!["bare=./bare:tcp,short-poll".into()],
        };
        let line = asked.command();
        assert!(line.contains(" --set feed.rate=10/s --set link.loss=1% --set 'server"), "{line}");
        let script = format!(r#"feedlab() {{ printf '%s\0' "$@"; }}; {line}"#);
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        let read = String::from_utf8(output.stdout).unwrap();
        let mut typed = vec!["run", asked.scenario.as_str()];
        typed.extend(asked.sets.iter().flat_map(|set| ["--set", set.as_str()]));
        typed.extend(["--rival", "bare=./bare:tcp,short-poll"]);
        assert_eq!(read.strip_suffix('\0').unwrap().split('\0').collect::<Vec<_>>(), typed);
    }
}
