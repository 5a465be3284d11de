//! Why a link cannot be made here, and what to do: one sentence for the person at this machine.

use std::fs;
use std::io::{self, ErrorKind};

/// What an administrator may have set against namespaces of ordinary users. `None`: the kernel does
/// not have the setting.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sysctls {
    /// How many user namespaces there may be.
    pub max_user_namespaces: Option<u64>,
    /// How many network namespaces there may be.
    pub max_net_namespaces: Option<u64>,
    /// 1: AppArmor takes all rights from processes in them (Ubuntu).
    pub apparmor_restrict_unprivileged_userns: Option<u64>,
    /// 0: ordinary users may not make them (Debian).
    pub unprivileged_userns_clone: Option<u64>,
}

impl Sysctls {
    /// Those of this machine.
    pub fn read() -> Self {
        let read = |name| fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok();
        Self {
            max_user_namespaces: read("user/max_user_namespaces"),
            max_net_namespaces: read("user/max_net_namespaces"),
            apparmor_restrict_unprivileged_userns: read(
                "kernel/apparmor_restrict_unprivileged_userns",
            ),
            unprivileged_userns_clone: read("kernel/unprivileged_userns_clone"),
        }
    }
}

/// What remains where the super-user of a namespace may not do in it what is his to do.
const FORBIDDEN: &str = "look at the container's seccomp profile (docker: --security-opt seccomp=unconfined) or at the security module's log";

/// The kernel did not let us make `what`, or do in it what its owner may.
pub fn of_namespace(what: &str, error: &io::Error, sysctls: &Sysctls) -> String {
    let refused =
        format!("a link needs user and network namespaces, but {what} was refused ({error})");
    let advice = if sysctls.max_user_namespaces == Some(0) {
        "user.max_user_namespaces is 0: set it to 10000 (sudo sysctl user.max_user_namespaces=10000)"
    } else if sysctls.max_net_namespaces == Some(0) {
        "user.max_net_namespaces is 0: set it to 10000 (sudo sysctl user.max_net_namespaces=10000)"
    } else if sysctls.unprivileged_userns_clone == Some(0) {
        "kernel.unprivileged_userns_clone is 0: set it to 1 (sudo sysctl kernel.unprivileged_userns_clone=1)"
    } else if sysctls.apparmor_restrict_unprivileged_userns == Some(1) {
        "AppArmor restricts user namespaces: set kernel.apparmor_restrict_unprivileged_userns to 0 (sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0), or give feedlab a profile with the rule userns"
    } else if is_full(error) {
        "there are as many as user.max_user_namespaces and user.max_net_namespaces allow: raise them"
    } else {
        return format!("{refused}; no sysctl forbids it, so {FORBIDDEN}");
    };
    format!("{refused}; {advice}")
}

/// `/dev/net/tun` could not be opened.
pub fn of_device(path: &str, error: &io::Error) -> String {
    let (state, advice) = match error.kind() {
        ErrorKind::PermissionDenied => (
            "may not be opened",
            "give this user access to it (sudo chmod 0666 /dev/net/tun, or sudo setfacl -m u:$USER:rw /dev/net/tun); a container may lack the device in its cgroup (docker: --device /dev/net/tun)",
        ),
        _ => (
            "is missing",
            "load the driver (sudo modprobe tun), or give the container the device (docker: --device /dev/net/tun)",
        ),
    };
    format!("a link needs {path}, which {state} ({error}): {advice}")
}

/// No device could be made of `/dev/net/tun` in a namespace in which we are the super-user.
pub fn of_making(path: &str, error: &io::Error) -> String {
    format!(
        "a link needs a device of {path}, which was opened, but the kernel made none of it \
         ({error}): {FORBIDDEN}"
    )
}

/// A setting of a network namespace of ours could not be written.
pub fn of_setting(name: &str, error: &io::Error) -> String {
    let advice = if error.kind() == ErrorKind::ReadOnlyFilesystem {
        "/proc/sys is mounted read-only, as containers have it: let this one write to it (docker: --security-opt systempaths=unconfined)"
    } else {
        FORBIDDEN
    };
    format!("a link sets {name} in its own namespaces, but that was refused ({error}): {advice}")
}

/// The device of a side could not be given its address and queue.
pub fn of_address(device: &str, error: &io::Error) -> String {
    format!(
        "a link has made its device {device}, but could not give it an address and set it up \
         ({error}): {FORBIDDEN}"
    )
}

/// ENOSPC is said at a limit; EUSERS before Linux 4.9.
fn is_full(error: &io::Error) -> bool {
    [libc::ENOSPC, libc::EUSERS].map(Some).contains(&error.raw_os_error())
}

#[cfg(test)]
mod tests {
    use libc::{EACCES, ENODEV, ENOENT, ENOSPC, ENXIO, EPERM, EROFS};

    use super::*;

    #[test]
    fn a_refused_namespace_is_said_with_the_setting_that_refuses_it() {
        let none = Sysctls::default();
        let cases = [
            (ENOSPC, Sysctls { max_user_namespaces: Some(0), ..none }, "max_user_namespaces is 0"),
            (ENOSPC, Sysctls { max_net_namespaces: Some(0), ..none }, "max_net_namespaces is 0"),
            (ENOSPC, Sysctls { max_user_namespaces: Some(5), ..none }, "raise them"),
            (EPERM, Sysctls { unprivileged_userns_clone: Some(0), ..none }, "userns_clone is 0"),
            (
                EACCES,
                Sysctls { apparmor_restrict_unprivileged_userns: Some(1), ..none },
                "AppArmor restricts",
            ),
            (EPERM, Sysctls { unprivileged_userns_clone: Some(1), ..none }, "seccomp"),
        ];
        for (errno, sysctls, words) in cases {
            let error = io::Error::from_raw_os_error(errno);
            let sentence = of_namespace("a user namespace", &error, &sysctls);
            assert!(sentence.contains(words), "{sentence}");
            assert!(sentence.contains("a user namespace was refused"), "{sentence}");
            assert!(!sentence.contains("/dev/net/tun"), "{sentence}");
        }
    }

    #[test]
    fn a_device_that_is_missing_is_told_from_one_that_may_not_be_opened() {
        for (errno, words, advice) in [
            (ENOENT, "is missing", "modprobe tun"),
            (ENODEV, "is missing", "modprobe tun"),
            (ENXIO, "is missing", "modprobe tun"),
            (EACCES, "may not be opened", "chmod 0666"),
            (EPERM, "may not be opened", "--device"),
        ] {
            let sentence = of_device("/dev/net/tun", &io::Error::from_raw_os_error(errno));
            assert!(sentence.contains(words) && sentence.contains(advice), "{sentence}");
            assert!(!sentence.contains("namespace"), "{sentence}");
        }
    }

    #[test]
    fn what_is_refused_within_the_namespaces_is_said_by_its_own_name() {
        let of = io::Error::from_raw_os_error;
        let sentences = [
            (of_making("/dev/net/tun", &of(EPERM)), "made none of it", "seccomp"),
            (of_setting("net/a", &of(EROFS)), "sets net/a", "systempaths=unconfined"),
            (of_setting("net/a", &of(EACCES)), "sets net/a", "security module"),
            (of_address("feedlab0", &of(EPERM)), "its device feedlab0", "seccomp"),
        ];
        for (sentence, words, advice) in sentences {
            assert!(sentence.contains(words) && sentence.contains(advice), "{sentence}");
            assert!(!sentence.contains("namespace was refused"), "{sentence}");
            assert!(!sentence.contains("modprobe"), "{sentence}");
        }
    }
}
