//! `feedlab serve`: the servers on their own.

mod demo;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use servers::{
    BadTls, CancellationToken, Config, Control, Feed, Listeners, Params, Serve, Tls, Transport,
};
use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{FAILED, Usage};

/// Arguments of `feedlab serve`.
#[derive(clap::Args, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub struct Args {
    /// Where the HTTP transports listen; port 0 picks one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where the tcp transport listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub tcp: SocketAddr,
    /// Where updates are published: an address, or the path of a socket (with a slash in it)
    #[arg(long, value_name = "ADDR_OR_SOCKET", default_value = "127.0.0.1:8082")]
    pub control: String,
    /// Serve this transport; may be repeated [default: all]
    #[arg(long = "transport", value_name = "NAME", value_parser = transport)]
    pub transports: Vec<&'static Transport>,
    /// Updates that are kept for clients that come back
    #[arg(long, value_name = "N", default_value_t = servers::feed::HISTORY_UPDATES as u64,
          value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    pub history: u64,
    /// Let clients publish: POST /publish on the public listener, text messages over WebSocket
    #[arg(long)]
    pub allow_publish: bool,
    /// Set a knob of a transport, e.g. --set transports.sse.heartbeat=5s
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Threads that serve
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: u32,
    /// Send what is ready together in one write; otherwise one write per update
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub coalesce: bool,
    /// Send small writes at once (TCP_NODELAY); false leaves Nagle's algorithm on
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub nodelay: bool,
    /// Only the newest value matters: skip to it when several updates are ready, without a gap
    #[arg(long)]
    pub latest_value: bool,
    /// For tests of comparisons: spin so long for each update that is delivered
    #[arg(long, value_name = "TIME", default_value = "0s", hide = true,
          value_parser = humantime::parse_duration)]
    pub burn_per_delivery: std::time::Duration,
    /// Congestion control of the sockets
    #[arg(long, value_name = "NAME", default_value = "reno")]
    pub congestion: String,
    /// Encrypt both public ports (TLS 1.3) with this certificate, or chain of them, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Let clients that come back resume their TLS session [default: true]
    #[arg(long, value_name = "BOOL", requires = "tls_cert", action = clap::ArgAction::Set)]
    pub tls_resumption: Option<bool>,
    /// Replay a week of earthquakes, two a second, so that there is something to see
    #[arg(long)]
    pub demo: bool,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot listen, a knob is not what it may be, or the certificate cannot be used.
pub fn run(args: Args) -> Result<ExitCode> {
    let transports = transports(&args)?;
    let tls = tls(&args)?;
    let runtime = if args.threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        let threads = args.threads as usize;
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
    };
    runtime.context("while starting the runtime")?.block_on(serve(args, transports, tls))
}

async fn serve(
    args: Args,
    transports: Vec<(&'static Transport, Params)>,
    tls: Option<Tls>,
) -> Result<ExitCode> {
    let demo = args.demo.then(demo::schedule).transpose()?;
    // Before the first line is printed: whoever has read it may send a signal at once.
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let speaks = |http: bool| {
        let matches = |transport: &Transport| matches!(transport.serve, Serve::Http(_)) == http;
        transports.iter().any(|(transport, _)| matches(transport))
    };
    let http = Some(args.listen).filter(|_| speaks(true));
    let http = http.map(|address| listen(address, "--listen", &args.congestion)).transpose()?;
    let tcp = Some(args.tcp).filter(|_| speaks(false));
    let tcp = tcp.map(|address| listen(address, "--tcp", &args.congestion)).transpose()?;
    let (control, socket) = control(&args.control)?;

    let history_updates = usize::try_from(args.history).unwrap_or(usize::MAX);
    let feed = Feed::new(history_updates, servers::feed::HISTORY_BYTES);
    let address = |listener: Option<&tokio::net::TcpListener>| -> Result<Value> {
        listener.map_or(Ok(Value::Null), |listener| Ok(json!(listener.local_addr()?)))
    };
    let control_address = match &control {
        Control::Tcp(listener) => json!(listener.local_addr()?),
        Control::Unix(_) => json!(args.control),
    };
    let ready = json!({
        "listen": address(http.as_ref())?,
        "tcp": address(tcp.as_ref())?,
        "control": control_address,
        "epoch": feed.epoch(),
        "transports": transports.iter().map(|(transport, _)| transport.name).collect::<Vec<_>>(),
        "coalesce": args.coalesce,
        "nodelay": args.nodelay,
        "latest_value": args.latest_value,
        "congestion": args.congestion,
        "tls": tls.is_some(),
    });
    super::print(&format!("{ready}\n"))?;

    if let Some(schedule) = demo {
        tokio::spawn(demo::replay(feed.clone(), schedule));
    }
    let listeners = Listeners { http, tcp, control: Some(control) };
    let Args { coalesce, nodelay, latest_value, allow_publish, burn_per_delivery: burn, .. } = args;
    let config = Config { transports, coalesce, nodelay, latest_value, burn, allow_publish, tls };
    let stop = CancellationToken::new();
    let mut serving = std::pin::pin!(servers::run(listeners, feed, config, stop.clone()));
    let stopped = tokio::select! {
        () = &mut serving => true,
        () = any(&mut signals) => false,
    };
    if !stopped {
        stop.cancel();
        tokio::select! {
            () = &mut serving => {}
            // Asked twice: without good-byes.
            () = any(&mut signals) => {
                drop(socket);
                return Ok(ExitCode::from(FAILED));
            }
        }
    }
    drop(socket);
    Ok(ExitCode::SUCCESS)
}

async fn any([one, other]: &mut [Signal; 2]) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

fn listen(address: SocketAddr, flag: &str, congestion: &str) -> Result<tokio::net::TcpListener> {
    servers::listen_tcp(address, congestion)
        .with_context(|| format!("cannot listen on {address} ({flag})"))
}

/// Removes the socket's file at the end.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn control(text: &str) -> Result<(Control, Option<SocketFile>)> {
    if text.contains('/') {
        let path = Path::new(text);
        let listener = match UnixListener::bind(path) {
            // A file that nobody listens on is what a killed server has left behind.
            Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_behind(path) => {
                std::fs::remove_file(path).and_then(|()| UnixListener::bind(path))
            }
            bound => bound,
        };
        let listener = listener.with_context(|| format!("cannot listen on {text} (--control)"))?;
        return Ok((Control::Unix(listener), Some(SocketFile(path.to_owned()))));
    }
    let address = text.parse().map_err(|_| {
        Usage(format!("--control: \"{text}\" is neither an address nor a path with a slash"))
    })?;
    // Not compared with anything: the kernel's own choice will do.
    let listener = std::net::TcpListener::bind::<SocketAddr>(address)
        .and_then(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        })
        .with_context(|| format!("cannot listen on {text} (--control)"))?;
    Ok((Control::Tcp(listener), None))
}

fn is_left_behind(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket());
    let refused = || {
        let connected = std::os::unix::net::UnixStream::connect(path);
        connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    is_socket && refused()
}

/// The certificate and the key of the two flags, checked before anything is opened.
fn tls(args: &Args) -> Result<Option<Tls>, Usage> {
    let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) else { return Ok(None) };
    let usage = |flag: &str, path: &Path, problem: &dyn std::fmt::Display| {
        Usage(format!("{flag} {}: {problem}", path.display()))
    };
    let read = |flag, path: &PathBuf| {
        std::fs::read(path)
            .map_err(|error| usage(flag, path, &format_args!("cannot be read: {error}")))
    };
    let (chain, secret) = (read("--tls-cert", certificate)?, read("--tls-key", key)?);
    let resumes = args.tls_resumption.unwrap_or(true);
    let tls = Tls::new(&chain, &secret, resumes).map_err(|bad| match &bad {
        BadTls::Certificate(problem) => usage("--tls-cert", certificate, problem),
        BadTls::Key(problem) => usage("--tls-key", key, problem),
        BadTls::Mismatch => {
            usage("--tls-key", key, &format_args!("{bad} of --tls-cert {}", certificate.display()))
        }
    })?;
    Ok(Some(tls))
}

fn transport(name: &str) -> Result<&'static Transport, String> {
    servers::find(name).ok_or_else(|| {
        let names: Vec<_> = servers::ALL.iter().map(|transport| transport.name).collect();
        format!("there are {}", names.join(", "))
    })
}

/// The transports to serve, with their knobs as set.
fn transports(args: &Args) -> Result<Vec<(&'static Transport, Params)>, Usage> {
    let mut tables: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for set in &args.sets {
        let (name, key, value) =
            knob(set).map_err(|problem| Usage(format!("--set {set}: {problem}")))?;
        tables.entry(name).or_default().insert(key, value);
    }
    let chosen = |transport: &&Transport| {
        let named = args.transports.iter().any(|chosen| chosen.name == transport.name);
        named || args.transports.is_empty()
    };
    let with_knobs =
        |transport: &'static Transport| (transport, tables.get(transport.name).cloned());
    let served = servers::ALL.iter().filter(chosen).map(with_knobs);
    Ok(served
        .map(|(transport, table)| (transport, Params::new(table.unwrap_or_default())))
        .collect())
}

/// `transports.x.key=value` as the transport, the key and a value that was checked.
fn knob(set: &str) -> Result<(&'static str, String, Value), String> {
    let (path, text) = set.split_once('=').ok_or("expected transports.NAME.KEY=VALUE")?;
    let path = path.trim().strip_prefix("transports.");
    let (name, key) =
        path.and_then(|path| path.split_once('.')).ok_or("expected transports.NAME.KEY=VALUE")?;
    let transport = transport(name).map_err(|problem| format!("unknown transport; {problem}"))?;
    let knob = transport.knobs.iter().find(|knob| knob.name == key).ok_or_else(|| {
        let names: Vec<_> = transport.knobs.iter().map(|knob| knob.name).collect();
        match names.as_slice() {
            [] => format!("the server's side of {name} has no knobs"),
            names => format!("unknown key; the server's side of {name} has {}", names.join(", ")),
        }
    })?;
    let text = text.trim();
    // As in a scenario: a number or a flag if it looks like one, else a string, quoted or not.
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    knob.check(&value)?;
    Ok((transport.name, key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use crate::cmd::{Cli, Verb};

    #[test]
    fn of_two_sets_of_one_knob_the_later_holds() {
        let sets = ["transports.sse.heartbeat=300ms", "transports.sse.heartbeat=1h"];
        let words = ["feedlab", "serve", "--transport", "sse", "--set", sets[0], "--set", sets[1]];
        let Ok(Cli { verb: Verb::Serve(args) }) = Cli::try_parse_from(words) else {
            panic!("this is how it is written");
        };
        let served = super::transports(&args).unwrap_or_default();
        let [(transport, params)] = served.as_slice() else { panic!("one transport was named") };
        let heartbeat = transport.knobs.iter().find(|knob| knob.name == "heartbeat");
        assert_eq!(heartbeat.map(|knob| params.duration(knob)), Some(Duration::from_secs(3600)));
    }
}
