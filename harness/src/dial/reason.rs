//! Why TLS does not come about, in words for the person who can mend it.

use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};

/// The end of a sentence that begins with "the TLS handshake failed:".
pub(super) fn of(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(problem) => certificate(problem),
        Error::AlertReceived(alert) => {
            format!("the server refused it with the alert {alert:?}: does it speak TLS 1.3?")
        }
        Error::PeerIncompatible(problem) => {
            format!("the server does not speak TLS 1.3 as we do ({problem:?})")
        }
        error => error.to_string(),
    }
}

fn certificate(problem: &CertificateError) -> String {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
        NotValidYet, NotValidYetContext, UnknownIssuer,
    };
    match problem {
        Expired => "the certificate expired".to_owned(),
        ExpiredContext { time, not_after } => {
            format!("the certificate expired {} ago", between(*not_after, *time))
        }
        NotValidYet => "the certificate is not valid yet".to_owned(),
        NotValidYetContext { time, not_before } => {
            let wait = between(*time, *not_before);
            format!("the certificate is not valid yet, but will be in {wait}")
        }
        NotValidForName => "the certificate is not for this server's name".to_owned(),
        NotValidForNameContext { expected, presented } => format!(
            "the certificate is not for \"{}\" but for {}",
            expected.to_str(),
            presented.join(", ")
        ),
        UnknownIssuer | BadSignature => {
            "the certificate is not the trusted one, nor signed by it".to_owned()
        }
        problem => format!("the certificate cannot be used: {problem}"),
    }
}

fn between(earlier: UnixTime, later: UnixTime) -> humantime::FormattedDuration {
    let seconds = later.as_secs().saturating_sub(earlier.as_secs());
    humantime::format_duration(Duration::from_secs(seconds))
}
