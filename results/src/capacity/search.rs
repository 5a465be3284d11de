//! How many clients hold: doubling, then bisection, then the two ends of the bracket once more and
//! once more. A function of what has been tried, so that whoever probes may be interrupted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a search goes about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The first number of clients.
    pub first: u32,
    /// No more than this.
    pub most: u32,
}

/// A bracket is narrow enough when its upper end is at most this many times its lower one: the
/// difference between two runs of the same is seldom less.
const NARROW: f64 = 1.1;

/// How often each end is tried in all. With three, one disturbed probe is outvoted.
pub const REPETITIONS: u32 = 3;

/// One probe: so many clients, and whether the objective held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// How many clients followed.
    pub clients: u32,
    /// Whether all was well.
    pub held: bool,
}

/// All probes of one number of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many clients.
    pub clients: u32,
    /// Probes in which the objective held.
    pub held: u32,
    /// Probes in all.
    pub of: u32,
}

impl End {
    fn holds(self) -> bool {
        2 * self.held > self.of
    }

    /// Whether all probes say the same.
    pub fn is_unanimous(self) -> bool {
        self.held == 0 || self.held == self.of
    }
}

/// What is known: the objective holds at one number of clients and not at a larger one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bracket {
    /// The most clients at which it held, by the majority of the probes; `None`: at no number tried.
    pub holds: Option<End>,
    /// The fewest clients at which it did not; `None`: it held at every number tried.
    pub fails: Option<End>,
}

impl Bracket {
    /// What these probes say. An end that is tied counts as one that does not hold, and of answers
    /// that contradict each other (it holds at more clients, and not at fewer) the careful one.
    pub fn of(tried: &[Tried]) -> Self {
        let mut votes: BTreeMap<u32, End> = BTreeMap::new();
        for Tried { clients, held } in tried {
            let end = votes.entry(*clients).or_insert(End { clients: *clients, held: 0, of: 0 });
            end.of += 1;
            end.held += u32::from(*held);
        }
        let fails = votes.values().find(|end| !end.holds()).copied();
        let below = |end: &&End| fails.is_none_or(|fails| end.clients < fails.clients);
        Self { holds: votes.values().rev().find(below).copied(), fails }
    }

    /// Whether repeated probes at both ends agree with each other.
    pub fn is_unanimous(&self) -> bool {
        self.holds.into_iter().chain(self.fails).all(End::is_unanimous)
    }

    /// The most clients that hold; 0 where none did.
    pub fn clients(&self) -> u32 {
        self.holds.map_or(0, |end| end.clients)
    }
}

/// How many clients to try next; `None`: enough is known.
pub fn next(tried: &[Tried], plan: Plan) -> Option<u32> {
    let most = plan.most.max(1);
    let bracket = Bracket::of(tried);
    let low = bracket.clients();
    let again = |end: Option<End>| end.filter(|end| end.of < REPETITIONS).map(|end| end.clients);
    match bracket.fails {
        None if low == 0 => Some(plan.first.clamp(1, most)),
        None if low < most => Some(low.saturating_mul(2).min(most)),
        None => again(bracket.holds),
        Some(fails) if !is_narrow(low, fails.clients) => Some(low + (fails.clients - low) / 2),
        Some(_) => again(bracket.fails).or_else(|| again(bracket.holds)),
    }
}

fn is_narrow(low: u32, high: u32) -> bool {
    high - low <= 1 || f64::from(high) <= f64::from(low) * NARROW
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Searches to the end; `holds` is asked with the number of the probe, too.
    fn search(plan: Plan, mut holds: impl FnMut(u32, usize) -> bool) -> (Bracket, Vec<Tried>) {
        let mut tried = Vec::new();
        while let Some(clients) = next(&tried, plan) {
            tried.push(Tried { clients, held: holds(clients, tried.len()) });
            assert!(tried.len() < 200, "a search that does not end");
        }
        (Bracket::of(&tried), tried)
    }

    proptest! {
        #[test]
        fn a_true_limit_is_inside_a_narrow_bracket_whose_ends_were_tried_three_times(
            limit in 0_u32..200_000, most in 1_u32..100_000, first in 0_u32..50,
        ) {
            let (bracket, tried) = search(Plan { first, most }, |clients, _| clients <= limit);
            prop_assert!(bracket.is_unanimous());
            prop_assert!(bracket.clients() <= limit && bracket.clients() <= most);
            prop_assert!(tried.iter().all(|probe| (1..=most).contains(&probe.clients)));
            if let Some(fails) = bracket.fails {
                prop_assert!(limit < fails.clients && is_narrow(bracket.clients(), fails.clients));
            } else {
                prop_assert_eq!(bracket.clients(), most);
            }
            for end in bracket.holds.into_iter().chain(bracket.fails) {
                prop_assert_eq!(end.of, REPETITIONS);
            }
            // Twice for the doublings and the bisection, and the ends again.
            prop_assert!(tried.len() <= 2 * 18 + 4, "{} probes", tried.len());
        }

        #[test]
        fn any_noise_comes_to_an_end_with_a_bracket_that_is_in_order(coins in any::<[bool; 32]>()) {
            let plan = Plan { first: 10, most: 5_000 };
            let (bracket, tried) = search(plan, |_, probe| coins[probe % coins.len()]);
            if let Some(fails) = bracket.fails {
                prop_assert!(bracket.clients() < fails.clients);
            }
            prop_assert!(tried.len() < 120);
        }
    }

    #[test]
    fn one_disturbed_probe_at_the_end_is_outvoted_and_said() {
        let plan = Plan { first: 10, most: 1_000 };
        let quiet = search(plan, |clients, _| clients <= 300);
        let end = quiet.0.holds.unwrap().clients;
        let last = quiet.1.len() - 1;
        assert_eq!(quiet.1[last].clients, end);
        let (bracket, _) = search(plan, |clients, probe| clients <= 300 && probe != last);
        assert_eq!(bracket.holds, Some(End { clients: end, held: 2, of: 3 }));
        assert!(!bracket.is_unanimous());
    }

    #[test]
    fn an_objective_that_one_client_misses_has_a_bracket_from_nothing_to_one() {
        let (bracket, _) = search(Plan { first: 10, most: 20 }, |_, _| false);
        assert_eq!(bracket.holds, None);
        assert_eq!(bracket.fails, Some(End { clients: 1, held: 0, of: 3 }));
    }
}
