//! The certificate of one run: made when it begins, trusted by its clients alone, gone with its
//! private directory.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

/// The name by which the clients know the server, whatever its address.
pub const NAME: &str = "localhost";

/// What else it may be called: loopback, and the server's end of a link.
const ADDRESSES: [&str; 2] = ["127.0.0.1", "10.77.0.2"];

/// The certificate's file in the private directory, PEM.
pub const CERTIFICATE_FILE: &str = "certificate.pem";

/// The key's file in the private directory, PEM.
pub const KEY_FILE: &str = "key.pem";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate and its key, both PEM.
pub struct Certificate {
    /// Signed by itself, so that it is also what the clients trust.
    pub certificate: String,
    key: String,
}

impl Certificate {
    /// Makes one, valid from the day before `now`, should a clock be set back, for a year.
    ///
    /// # Errors
    /// When the kernel gives no random bytes.
    pub fn make(now: SystemTime) -> Result<Self> {
        let names = [&[NAME], &ADDRESSES[..]].concat().into_iter().map(str::to_owned);
        let mut params = CertificateParams::new(names.collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, "feedlab run");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // The type of the dates is that of a crate which we have no other use for.
        let epoch = date_time_ymd(1970, 1, 1);
        let today = now.duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
        params.not_before = epoch + today.saturating_sub(DAY);
        params.not_after = epoch + today + 365 * DAY;
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { certificate, key: key.serialize_pem() })
    }

    /// The certificate and its key, both PEM.
    pub fn pem(&self) -> (&str, &str) {
        (&self.certificate, &self.key)
    }

    /// Writes both files, the key for this user alone.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        use std::io::Write;
        fs::write(directory.join(CERTIFICATE_FILE), &self.certificate)?;
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(directory.join(KEY_FILE))?;
        Ok(file.write_all(self.key.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial::{Tls, Trust};

    #[test]
    fn the_server_can_use_it_and_the_clients_can_trust_it() {
        let made = Certificate::make(SystemTime::now()).unwrap();
        let (certificate, key) = made.pem();
        assert!(servers::Tls::new(certificate.as_bytes(), key.as_bytes(), true).is_ok());
        for name in [&[NAME], &ADDRESSES[..]].concat() {
            let trust =
                Trust { anchor: made.certificate.clone(), name: name.into(), resumption: true };
            assert!(Tls::new(&trust).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_key_is_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        Certificate::make(SystemTime::now()).unwrap().write(directory.path()).unwrap();
        let key = fs::metadata(directory.path().join(KEY_FILE)).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}
