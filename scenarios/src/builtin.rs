//! The scenarios that ship with feedlab, embedded so that an installed binary works from any
//! folder.

/// A scenario that ships with feedlab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What `feedlab run` is given.
    pub name: &'static str,
    /// The file.
    pub toml: &'static str,
}

macro_rules! builtin {
    ($($name:literal),+ $(,)?) => {
        &[$(Builtin { name: $name, toml: include_str!(concat!("../", $name, ".toml")) }),+]
    };
}

/// All of them, the first one to try first.
pub fn builtin() -> &'static [Builtin] {
    builtin![
        "quick",
        "baseline",
        "idle",
        "fan-out",
        "ten-thousand",
        "bursty",
        "big-messages",
        "earthquakes",
        "departures",
        "transatlantic",
        "mobile",
        "idle-mobile",
        "tls",
        "cold-connections",
        "heavy-cookies",
        "stall",
        "kaazing",
        "pimentel",
        "bozdag",
        "vandevyvere",
        "agarwal",
        "batching",
    ]
}
