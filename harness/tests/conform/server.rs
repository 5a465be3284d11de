//! Processes that serve.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A server that ends with the test.
pub struct Server {
    child: Child,
    pub url: String,
    pub address: String,
    pub tcp: String,
}

impl Server {
    /// `feedlab serve` on free ports.
    pub fn ours(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feedlab"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--tcp", "127.0.0.1:0"]);
        if !arguments.contains(&"--control") {
            command.args(["--control", "127.0.0.1:0"]);
        }
        command.args(arguments);
        Self::start(command)
    }

    /// Any that prints the line of JSON when it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = ready["listen"].as_str().unwrap().to_owned();
        let tcp = ready["tcp"].as_str().unwrap_or_default().to_owned();
        Self { child, url: format!("http://{address}"), address, tcp }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
