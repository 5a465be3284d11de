//! A server that runs already, in any language: the same clients are run against it.
//!
//! Clocks: the publisher stamps the intended time and the clients read the arrival, both on this
//! machine and both from `CLOCK_MONOTONIC`; the server reads no clock. So a delay is exact wherever
//! the server is, and contains the way there and back.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use results::{Verdict, Warning};
use scenarios::Scenario;

use crate::clock;
use crate::cmd::Usage;
use crate::conform::{self, Standing, Subject};
use crate::publish::Door;

/// A server that feedlab did not start.
#[derive(Clone, Debug)]
pub struct Target {
    http: SocketAddr,
    tcp: Option<SocketAddr>,
    /// Where it takes updates.
    pub door: Door,
    /// Its process, where that is on this machine and known.
    pub pid: Option<u32>,
    /// Whether it is on this machine.
    pub is_here: bool,
}

impl Target {
    /// Reaches the scenario's target, if it names one, and sees whether the load clients can follow
    /// it. What it does not speak is taken out of the scenario; the remarks say that, and what else
    /// a reader of the numbers must know.
    ///
    /// # Errors
    /// A sentence about what cannot be reached or measured; nothing was started.
    pub fn reach(scenario: &mut Scenario) -> Result<Option<(Self, Vec<Warning>)>, Usage> {
        let Some(named) = scenario.target() else { return Ok(None) };
        let at = |key: &str, problem: &str| Usage(scenario.error_at(key, problem).to_string());
        let subject = Subject::reach(&named).map_err(|problem| at("target", &problem))?;
        let (Some(http), tcp) = subject.addresses() else {
            return Err(at("target", "is no address"));
        };
        let is_here = is_of_this_machine(http.ip());
        if let Some(pid) = named.pid {
            if !is_here {
                let problem = "must not be there: the target is on another machine, whose \
                               processes are not seen from here";
                return Err(at("target_pid", problem));
            }
            if clock::process_cpu_ns(pid).is_none() {
                return Err(at("target_pid", &format!("must be a process: there is no {pid}")));
            }
        }
        if !subject.accepts_updates() {
            let problem = format!(
                "must take updates, and {} is a 404: let it take them there, or set target_publish",
                named.publish
            );
            return Err(at("target", &problem));
        }
        let unspoken = conforming(&subject, scenario).map_err(|problem| at("target", &problem))?;
        let mut remarks = remarks(scenario, named.pid, is_here);
        if !unspoken.is_empty() {
            scenario.transports.retain(|name, _| !unspoken.contains(name));
            let unspoken = unspoken.join(", ");
            remarks.push(remark(
                "target-left-out",
                format!("left out: the target does not speak {unspoken}"),
            ));
        }
        let door = Door::of(subject.publishing());
        Ok(Some((Self { http, tcp, door, pid: named.pid, is_here }, remarks)))
    }

    /// Where it listens for a transport.
    pub fn address(&self, transport: &str) -> SocketAddr {
        self.tcp.filter(|_| transport == "tcp").unwrap_or(self.http)
    }
}

/// Checks what the load clients depend on; returns the transports that are not spoken.
fn conforming(subject: &Subject, scenario: &Scenario) -> Result<Vec<String>, String> {
    let asked = |part: &str| part == "publish" || scenario.transports.contains_key(part);
    let mut unspoken = Vec::new();
    for part in conform::PARTS.into_iter().filter(|part| asked(part)) {
        let verdict = conform::check(subject, part, true);
        if matches!(verdict.standing, Standing::NotSpoken | Standing::NotAsked) {
            unspoken.push(part.to_owned());
        }
        if let Some(broken) = verdict.rules.iter().find(|rule| rule.outcome == "broken") {
            let seen = broken.seen.as_deref().unwrap_or_default();
            return Err(format!(
                "does not conform, {part}: {} Seen instead: {seen}. `feedlab conform` says more",
                broken.says
            ));
        }
    }
    if scenario.transports.keys().all(|name| unspoken.contains(name)) {
        return Err(format!("speaks none of {}", unspoken.join(", ")));
    }
    Ok(unspoken)
}

fn remarks(scenario: &Scenario, pid: Option<u32>, is_here: bool) -> Vec<Warning> {
    let url = scenario.target.as_deref().unwrap_or_default();
    let mut remarks = vec![remark(
        "target",
        format!(
            "measured was the server at {url}, which ran already: all repetitions met the same process \
         and the same log, where feedlab's own server is a fresh one each time, and nothing of \
         [server] or of a transport's server side was set on it"
        ),
    )];
    remarks.push(remark("target-cost", match pid {
        Some(pid) => format!(
            "the server's CPU and memory are those of process {pid} alone, on cores that feedlab \
             did not choose"
        ),
        None => {
            "the server's CPU and memory are not known (set target_pid): server_cpu_ns is 0 in \
                 the rows, and means that"
                .to_owned()
        }
    }));
    remarks.push(remark("target-theory", if is_here {
        "what theory says beside the target is said of feedlab's own server on this machine, with \
         which it was calibrated: the target's own heads and speed are not in it"
            .to_owned()
    } else {
        "the target is on another machine: a delay is from this machine's clock to this machine's \
         clock, with the network to the server and back in it, and theory has nothing to say"
            .to_owned()
    }));
    remarks
}

fn remark(rule: &str, message: String) -> Warning {
    Warning::new(rule, Verdict::Valid, message)
}

/// An address that one can bind to is one's own.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}
