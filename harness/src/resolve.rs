//! From a scenario as typed to one that can be run: names known, knobs in range, defaults filled
//! in, and a machine that is large enough. Nothing is started before all of it holds.

mod patience;

use results::capacity::Limit;
use results::expect::Bound;
use scenarios::{Error, Scenario};
use servers::{Knob, Params};

use crate::client::{self, Client};
use crate::link::namespace;
use crate::machine;

/// Descriptors that a worker needs beside its clients' sockets.
const WORKER_DESCRIPTORS: u64 = 64;

/// Clients per worker, if the limit on descriptors allows: one core serves more than one worker
/// no better than one.
const CLIENTS_PER_WORKER: u64 = 10_000;

/// A transport's two sides.
#[derive(Clone, Copy)]
pub struct Pair {
    /// The server's.
    pub transport: &'static servers::Transport,
    /// The client's.
    pub client: &'static Client,
}

impl Pair {
    /// The transport of that name.
    pub fn find(name: &str) -> Option<Self> {
        servers::find(name)
            .zip(client::find(name))
            .map(|(transport, client)| Self { transport, client })
    }

    fn knobs(self) -> impl Iterator<Item = &'static Knob> {
        self.transport.knobs.iter().chain(self.client.knobs)
    }
}

/// Checks the tables of the transports and fills in their defaults.
///
/// # Errors
/// One sentence with file, line, key and what is allowed.
pub fn resolve(mut scenario: Scenario) -> Result<Scenario, Error> {
    let tables = std::mem::take(&mut scenario.transports);
    let mut resolved = tables.clone();
    scenario.transports = tables;
    for (name, table) in &mut resolved {
        let key = format!("transports.{name}");
        let Some(pair) = Pair::find(name) else {
            let known: Vec<&str> = client::ALL.iter().map(|client| client.name).collect();
            let known = known.join(", ");
            return Err(scenario.error_at(&key, &format!("no such transport; there are {known}")));
        };
        for (knob_name, value) in table.iter() {
            let key = format!("{key}.{knob_name}");
            let Some(knob) = pair.knobs().find(|knob| knob.name == knob_name) else {
                let known: Vec<&str> = pair.knobs().map(|knob| knob.name).collect();
                let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
                let problem = format!("unknown key; {name} can be set: {known}");
                return Err(scenario.error_at(&key, &problem));
            };
            knob.check(value).map_err(|problem| scenario.error_at(&key, &problem))?;
        }
        for knob in pair.knobs() {
            table.entry(knob.name.to_owned()).or_insert_with(|| knob.default_value());
        }
        (pair.client.check)(&Params::new(table.clone())).map_err(|(knob_name, problem)| {
            scenario.error_at(&format!("{key}.{knob_name}"), &problem)
        })?;
    }
    scenario.transports = resolved;
    scenario.validate()?;
    check_expectations(&scenario)?;
    patience::check(&scenario)?;
    check_machine(&scenario)?;
    Ok(scenario)
}

/// The columns that something is expected of, and what is expected.
fn check_expectations(scenario: &Scenario) -> Result<(), Error> {
    for (transport, columns) in &scenario.expect {
        for (column, wanted) in columns {
            Bound::parse(column, wanted).map_err(|problem| {
                scenario.error_at(&format!("expect.{transport}.{column}"), &problem)
            })?;
        }
    }
    Ok(())
}

/// Descriptors, ports and cores that the scenario needs.
fn check_machine(scenario: &Scenario) -> Result<(), Error> {
    let clients = u64::from(scenario.clients);
    let (limit, hard) = machine::raise_descriptor_limit();
    let room = limit.saturating_sub(WORKER_DESCRIPTORS);
    if clients > room {
        let problem = format!(
            "{clients} clients need more descriptors than a process may open here ({limit}, hard \
             limit {hard}): allowed are 1 to {room}, or raise `ulimit -n`"
        );
        return Err(scenario.error_at("clients", &problem));
    }
    let ports = local_ports(scenario);
    if clients > ports {
        let whose = match scenario.link {
            Some(_) => "the clients' side of a link",
            None => "net.ipv4.ip_local_port_range",
        };
        let problem = format!(
            "{clients} clients need more local ports than {whose} has ({ports}): allowed are 1 to \
             {ports}"
        );
        return Err(scenario.error_at("clients", &problem));
    }
    let wanted = &scenario.server.congestion;
    if let Err(error) = machine::congestion_in_use(wanted) {
        let allowed = machine::allowed_congestion();
        let problem = format!("{wanted} cannot be used here ({error}): allowed are {allowed}");
        return Err(scenario.error_at("server.congestion", &problem));
    }
    let cores = machine::own_cores();
    for cpu in scenario.server.cpus.iter().flatten() {
        if !cores.contains(&(*cpu as usize)) {
            let problem = format!("core {cpu} is not ours to use: allowed are {cores:?}");
            return Err(scenario.error_at("server.cpus", &problem));
        }
    }
    Ok(())
}

/// Local ports that clients can use: the sides of a link have ports of their own.
fn local_ports(scenario: &Scenario) -> u64 {
    scenario.link.as_ref().map_or_else(machine::ephemeral_ports, |_| namespace::PORT_COUNT)
}

/// How many clients this machine has descriptors and ports for, and which of the two it is.
pub fn most_clients(scenario: &Scenario) -> (u64, Limit) {
    let (descriptors, _) = machine::raise_descriptor_limit();
    let room = descriptors.saturating_sub(WORKER_DESCRIPTORS);
    let ports = local_ports(scenario);
    if ports < room { (ports, Limit::Ports) } else { (room, Limit::Descriptors) }
}

/// How many load workers: as many as cores to run them, and as many as their descriptors ask for.
pub fn workers(scenario: &Scenario, cores: &machine::Cores) -> u32 {
    scenario.measure.workers.unwrap_or_else(|| {
        let by_clients = u64::from(scenario.clients).div_ceil(CLIENTS_PER_WORKER) as u32;
        by_clients.max(cores.harness.len() as u32).clamp(1, scenario.clients.max(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_link_there_are_as_many_ports_as_its_sides_are_given() {
        let of = |sets: &[&str]| {
            let sets: Vec<_> = sets.iter().map(ToString::to_string).collect();
            local_ports(&Scenario::load("quick", &sets).unwrap())
        };
        let bounds = namespace::PORTS.split_once(' ').unwrap();
        let (low, high): (u64, u64) = (bounds.0.parse().unwrap(), bounds.1.parse().unwrap());
        assert_eq!(of(&["link.rtt=1ms"]), high - low + 1);
        assert_eq!(of(&[]), machine::ephemeral_ports());
    }

    #[test]
    fn more_clients_than_a_link_has_ports_or_a_process_descriptors_are_refused() {
        let sets = ["link.rtt=1ms", "clients=70000"].map(str::to_owned);
        let scenario = Scenario::load("quick", &sets).unwrap();
        assert!(most_clients(&scenario).0 <= namespace::PORT_COUNT);
        let error = resolve(scenario).unwrap_err().to_string();
        assert!(
            error.starts_with("--set clients=70000: clients: 70000 clients need more"),
            "{error}"
        );
    }
}
