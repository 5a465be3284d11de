//! An ordinary user, who needs nothing but access to `/dev/net/tun`. The super-user becomes one
//! here, with a device node of his own in the place of the machine's.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use harness::link::order::Settings;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use crate::inside::Seen;
use crate::stage::{FEEDLAB, link, skip};

/// `/dev/net/tun` (Linux, Documentation/admin-guide/devices.txt).
const TUN: (u64, u64) = (10, 200);

/// A directory with copies of both programs that everybody may enter, and a device node.
struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    /// `None`, with the reason printed, for one who cannot become another user with a device of his
    /// own.
    fn with_node(mode: u32) -> Option<Self> {
        let home = Self::with_programs().with(mode);
        home.inspect_err(|reason| skip(reason)).ok()
    }

    fn with_programs() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let everybody = Permissions::from_mode(0o755);
        fs::set_permissions(directory.path(), everybody).unwrap();
        fs::copy(FEEDLAB, directory.path().join("feedlab")).unwrap();
        fs::copy(std::env::current_exe().unwrap(), directory.path().join("inside")).unwrap();
        Self { directory }
    }

    fn with(self, mode: u32) -> Result<Self, String> {
        if !nix::unistd::geteuid().is_root() {
            return Err("only the super-user can become an ordinary one".to_owned());
        }
        let node = self.path("tun");
        mknod(&node, SFlag::S_IFCHR, Mode::empty(), makedev(TUN.0, TUN.1))
            .map_err(|errno| format!("no device node can be made here: {errno}"))?;
        fs::set_permissions(&node, Permissions::from_mode(mode)).unwrap();
        // A container's super-user may lack the right to mount.
        let output = self.run(Path::new("true"), &[], "", "");
        let words = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(self) } else { Err(words.trim().to_owned()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs a program as nobody, where the node stands in the place of the device.
    fn run(&self, program: &Path, arguments: &[&str], role: &str, input: &str) -> Output {
        const BECOME: &str = r#"mount --bind "$0" /dev/net/tun && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@""#;
        let mut child = Command::new("unshare")
            .args(["-m", "sh", "-c", BECOME])
            .arg(self.path("tun"))
            .arg(program)
            .args(arguments)
            .env("FEEDLAB_ROLE", role)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        feed(&mut child, input);
        child.wait_with_output().unwrap()
    }
}

/// Whoever has ended already does not read it.
fn feed(child: &mut Child, input: &str) {
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
}

fn settings() -> String {
    format!("{}\n", serde_json::to_string(&Settings::default()).unwrap())
}

#[tokio::test]
async fn an_ordinary_user_has_a_link_and_processes_on_it() {
    if link(Settings::default()).await.is_none() {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        eprintln!("every test of a link was made by an ordinary user");
        return;
    }
    let Some(home) = Home::with_node(0o666) else { return };
    let (feedlab, own) = (home.path("feedlab"), home.path("inside"));
    let role = format!("parent {} {}", feedlab.display(), own.display());
    let arguments = ["--exact", "inside::plays_the_role_that_it_is_given", "--nocapture"];
    let output = home.run(&own, &arguments, &role, "");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let word = stdout.lines().find_map(|line| line.strip_prefix('>'));
    let word = word.unwrap_or_else(|| panic!("{stdout} {output:?}"));
    let (_, pings, memory, cpu_ns) =
        serde_json::from_str::<Result<Seen, String>>(word).unwrap().unwrap();
    assert_eq!(pings, 3);
    assert!(memory > 0 && cpu_ns > 0, "a process on a side is sampled from outside");
}

#[tokio::test]
async fn a_device_that_may_not_be_opened_is_refused_with_a_sentence_and_exit_code_2() {
    if link(Settings::default()).await.is_none() {
        return;
    }
    let Some(home) = Home::with_node(0o600) else { return };
    let output = home.run(&home.path("feedlab"), &["link"], "", &settings());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("/dev/net/tun, which may not be opened"), "{words}");
    assert!(words.contains("chmod 0666") && !words.contains("namespace"), "{words}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with(r#"{"refused""#));
    let doctor = home.run(&home.path("feedlab"), &["doctor"], "", "");
    let findings = String::from_utf8_lossy(&doctor.stdout);
    let advice = findings.lines().skip_while(|line| !line.contains("packet link")).nth(1);
    assert!(advice.is_some_and(|advice| advice.contains("may not be opened")), "{findings}");
}

#[tokio::test]
async fn namespaces_that_are_refused_are_said_with_what_to_do() {
    if link(Settings::default()).await.is_none() {
        return;
    }
    // In a user namespace of its own the limit is that namespace's.
    let script = r#"echo 0 > /proc/sys/user/max_user_namespaces || exit 77; exec "$0" link"#;
    let mut child = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .arg(FEEDLAB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    feed(&mut child, &settings());
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        return skip(&format!("the limit cannot be set here: {words}"));
    }
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(words.contains("user.max_user_namespaces is 0"), "{words}");
}
