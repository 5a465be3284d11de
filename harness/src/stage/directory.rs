//! The private directory of a run: its sockets, and the key of its certificate.
//!
//! It is removed with the run. An orchestrator that is killed cannot do that, so the next one
//! removes what such have left: the kernel gives up the lock of a process that is gone, however it
//! went, and whatever number it had in whatever namespace.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use tempfile::TempDir;

const PREFIX: &str = "feedlab-";

/// In the directory, and locked while its orchestrator lives. Without it a directory is not ours.
const LOCK_FILE: &str = "orchestrator.lock";

/// A private directory.
pub struct Directory {
    directory: TempDir,
    _lock: Flock<File>,
}

impl Directory {
    /// Makes one in `parent`, and removes those there whose orchestrators are gone.
    ///
    /// # Errors
    /// When it cannot be made; what cannot be removed stays.
    pub fn make(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent);
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        // It gets its name when it is locked, so that nobody finds it unlocked.
        let unnamed = directory.path().join("unlocked");
        let file = File::create_new(&unnamed)?;
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        fs::rename(unnamed, directory.path().join(LOCK_FILE))?;
        Ok(Self { directory, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Everybody may make directories in /tmp, and the super-user could remove them.
        let is_own = entry
            .metadata()
            .is_ok_and(|data| data.is_dir() && data.uid() == nix::unistd::geteuid().as_raw());
        if is_named && is_own && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(directory: &Path) -> bool {
    File::open(directory.join(LOCK_FILE))
        .is_ok_and(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_orchestrator_has_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        let alive = Directory::make(parent.path()).unwrap();
        for name in ["feedlab-dead", "feedlab-results", "other"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("key.pem"), "secret").unwrap();
        }
        fs::write(at("feedlab-dead").join(LOCK_FILE), "").unwrap();
        fs::write(at("other").join(LOCK_FILE), "").unwrap();
        std::os::unix::fs::symlink(at("other"), at("feedlab-link")).unwrap();
        let second = Directory::make(parent.path()).unwrap();
        assert!(!at("feedlab-dead").exists());
        for path in [at("feedlab-results"), at("other"), at("feedlab-link")] {
            assert!(path.join("key.pem").exists(), "{}", path.display());
        }
        assert!(alive.path().exists() && second.path().exists());
        drop(alive);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 4);
    }
}
