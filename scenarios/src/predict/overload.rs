//! More than a link or a server carries. The models go on as if it were carried, so that their
//! numbers are bounds; who shows them has to say so.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is asked for more than it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// The link's bottleneck to the clients.
    LinkDown,
    /// The link's bottleneck to the server.
    LinkUp,
    /// The server's threads.
    Server,
}

/// That it is asked for more, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overload {
    /// Who.
    pub carrier: Carrier,
    /// What is asked, as a multiple of what it carries: 1 or more.
    pub load: f64,
}

impl Overload {
    /// Of a carrier that is given work for `busy_ns` in a time of `time_ns`.
    pub(super) fn of(carrier: Carrier, busy_ns: f64, time_ns: f64) -> Option<Self> {
        let load = busy_ns / time_ns;
        (load >= 1.0).then_some(Self { carrier, load })
    }

    /// What the models take for granted then.
    pub(super) fn assumption(&self) -> String {
        let then = if self.carrier == Carrier::Server { "grows" } else { "grows and drops" };
        format!("{self}: its queue {then}, delays are a lower bound and counts an upper one")
    }

    /// Each carrier once, with its largest load.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut worst: Vec<Self> = Vec::new();
        for one in all {
            match worst.iter_mut().find(|known| known.carrier == one.carrier) {
                Some(known) => known.load = known.load.max(one.load),
                None => worst.push(one),
            }
        }
        worst
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (who, what) = match self.carrier {
            Carrier::LinkDown => ("link to the clients", "its bandwidth"),
            Carrier::LinkUp => ("link to the server", "its bandwidth"),
            Carrier::Server => ("server", "what its threads have time for"),
        };
        write!(f, "the {who} cannot carry what is asked of it, {:.1} times {what}", self.load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_repetitions_each_carrier_is_said_once_with_its_largest_load() {
        let of = |carrier, load| Overload::of(carrier, load, 1.0);
        let all = [
            of(Carrier::LinkDown, 1.5),
            of(Carrier::Server, 1.0),
            of(Carrier::LinkDown, 3.0),
            of(Carrier::LinkUp, 0.999),
        ];
        let worst = Overload::worst(all.into_iter().flatten());
        let load = |carrier, load| Overload { carrier, load };
        assert_eq!(worst, [load(Carrier::LinkDown, 3.0), load(Carrier::Server, 1.0)]);
    }
}
