//! What the keys of a target cannot say alone: feedlab sets nothing of a server that it did not
//! start.

use super::Scenario;
use crate::{Error, Target};

/// Keys that say something about a target.
const OF_A_TARGET: [&str; 3] = ["target_tcp", "target_publish", "target_pid"];

impl Scenario {
    /// The server that is measured instead of feedlab's own, if the scenario names one.
    pub fn target(&self) -> Option<Target> {
        self.parsed_target().and_then(Result::ok)
    }

    fn parsed_target(&self) -> Option<Result<Target, (&'static str, String)>> {
        let text = self.target.as_deref()?;
        let (tcp, publish) = (self.target_tcp.as_deref(), self.target_publish.as_deref());
        Some(Target::parse(text, tcp, publish, self.target_pid))
    }

    pub(super) fn check_target(&self) -> Result<(), Error> {
        let Some(parsed) = self.parsed_target() else {
            return match OF_A_TARGET.iter().find(|key| self.is_given(key)) {
                Some(key) => Err(self
                    .error_at(key, "must not be there: it is about a target, and there is none")),
                None => Ok(()),
            };
        };
        parsed.map_err(|(key, must)| self.error_at(key, &format!("must be {must}")))?;
        let refused = [
            (
                self.link.is_some(),
                "link",
                "must not be there: a link is between clients and a server that feedlab starts on \
                 its far side, and the target is not there",
            ),
            (
                self.tls,
                "tls",
                "must not be true: the certificate is made for the run, and the target has another",
            ),
            (
                !self.server.freeze.is_empty(),
                "server.freeze",
                "must not be there: feedlab stops only servers that it has started",
            ),
            (
                self.server.cpus.is_some(),
                "server.cpus",
                "must not be there: feedlab pins only servers that it has started (use taskset)",
            ),
        ];
        match refused.iter().find(|(is_asked, ..)| *is_asked) {
            Some((_, key, problem)) => Err(self.error_at(key, problem)),
            None => Ok(()),
        }
    }
}
