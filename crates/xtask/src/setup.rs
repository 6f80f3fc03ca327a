//! What the tests need from outside: Debian packages and a few npm packages. Installed only where that is allowed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use clap::Args;

use crate::command::{cargo, command, installed, run as run_command};

/// For which run.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// What `test --full` needs too: a FHIR server that takes long to build
    #[arg(long)]
    full: bool,
}

impl Options {
    /// What is to be installed.
    pub fn wanted(self) -> Wanted {
        if self.full { Wanted::Full } else { Wanted::Everything }
    }
}

/// How much of the test run is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Servers and browser.
    Everything,
    /// Those too that take long to build.
    Full,
    /// Nothing but Rust.
    Nothing,
}

/// A Debian package and how its presence is seen.
struct Need {
    package: &'static str,
    present: fn() -> bool,
    reason: &'static str,
}

const NEEDS: &[Need] = &[
    Need { package: "slapd", present: || installed("slapd"), reason: "tests of sign-in" },
    Need { package: "ldap-utils", present: || installed("ldapadd"), reason: "tests of sign-in" },
    Need { package: "postgresql", present: has_postgresql, reason: "tests of both databases" },
    Need { package: "chromium", present: || installed("chromium"), reason: "tests of pages" },
    Need { package: "fonts-noto-cjk", present: has_chinese_font, reason: "tests of pages" },
    Need { package: "poppler-utils", present: || installed("pdftotext"), reason: "tests of printed pages" },
    Need { package: "nodejs", present: || installed("node"), reason: "driving the browser" },
    Need { package: "python3-venv", present: has_venv, reason: "tests of the API" },
    Need { package: "npm", present: || installed("npm"), reason: "driving the browser" },
];

/// Installs what is missing, or says what it is and the command that an administrator has to run.
fn debian() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    for need in &missing {
        println!("missing: {} ({})", need.package, need.reason);
    }
    let Some(administrator) = Administrator::of_this_machine() else {
        bail!("not root and no sudo without a password; have it installed: {}", by_hand(&packages));
    };
    run_command(&mut administrator.apt_get(&["update"]))?;
    run_command(
        &mut administrator.apt_get(&[&["-y", "install", "--no-install-recommends"], packages.as_slice()].concat()),
    )?;
    let still: Vec<&str> = NEEDS.iter().filter(|need| !(need.present)()).map(|need| need.package).collect();
    if !still.is_empty() {
        bail!("installed, but still not found: {}", still.join(", "));
    }
    Ok(())
}

/// Debian packages, the browser driver and independent servers.
///
/// # Errors
/// Something is missing and can't be installed from here, or an installation failed.
pub fn run(root: &Path, wanted: Wanted) -> Result<()> {
    if wanted == Wanted::Nothing {
        return Ok(());
    }
    debian()?;
    npm(root, "tests/browser")?;
    npm(root, "tests/peers")?;
    python(root, "tests/peers", "peers")?;
    if wanted == Wanted::Full { helios(root) } else { Ok(()) }
}

/// Helios' FHIR server in `target/tools/hfs`, built once.
fn helios(root: &Path) -> Result<()> {
    let made = root.join("target/tools/hfs");
    let stamp = made.join(".installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == HELIOS.join(" ")) {
        return Ok(());
    }
    let mut install = cargo(root);
    install.args(HELIOS).arg("--root").arg(&made).env("CARGO_PROFILE_DEV_DEBUG", "0");
    run_command(&mut install)?;
    std::fs::write(stamp, HELIOS.join(" "))?;
    Ok(())
}

/// `--root` and a folder follow. Not optimised: half of what it takes to build, and it serves six patients.
const HELIOS: [&str; 10] = [
    "install",
    "helios-hfs",
    "--version=0.2.7",
    "--locked",
    "--debug",
    "--no-default-features",
    "--features=R4,sqlite",
    "--force",
    "--quiet",
    "--no-track",
];

/// A Python with the `requirements.txt` of `folder`, made once in `target/tools/NAME` and again when that file changes.
///
/// # Errors
/// It can't be made.
pub fn python(root: &Path, folder: &str, name: &str) -> Result<PathBuf> {
    let requirements = root.join(folder).join("requirements.txt");
    let wanted = std::fs::read(&requirements)?;
    let made = root.join("target/tools").join(name);
    let (python, stamp) = (made.join("bin/python"), made.join(".installed-from-requirements"));
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run_command(command("python3", root).args(["-m", "venv", "--clear"]).arg(&made))?;
    let mut pip = command(&python, root);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    run_command(pip.arg("--requirement").arg(requirements))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

/// The packages of a folder's `package-lock.json`, unless they are there.
fn npm(root: &Path, folder: &str) -> Result<()> {
    let folder = root.join(folder);
    let lock = std::fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-from-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run_command(command("npm", &folder).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]))?;
    std::fs::write(stamp, lock)?;
    Ok(())
}

fn by_hand(packages: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

fn has_postgresql() -> bool {
    std::fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|version| version.path().join("bin/initdb").exists()))
}

fn has_venv() -> bool {
    let asked = Command::new("python3").args(["-c", "import ensurepip, venv"]).stdin(Stdio::null()).output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn has_chinese_font() -> bool {
    Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists()
}

/// How to act as root.
enum Administrator {
    Root,
    Sudo,
}

impl Administrator {
    fn of_this_machine() -> Option<Self> {
        let owner = std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own));
        if owner.is_ok_and(|uid| uid == 0) {
            return Some(Self::Root);
        }
        let sudo = Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
        sudo.is_ok_and(|status| status.success()).then_some(Self::Sudo)
    }

    /// `apt-get` that asks nothing and starts no service.
    fn apt_get(&self, arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Root => Command::new("sh"),
            Self::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "sh"]);
                sudo
            }
        };
        command.args(["-c", WITHOUT_SERVICES, "apt-get"]).args(arguments).stdin(Stdio::null());
        command
    }
}

/// Debian starts a server when it installs one, unless `policy-rc.d` answers 101. One that is there already stays.
const WITHOUT_SERVICES: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
    trap 'rm -f $policy' EXIT
fi
DEBIAN_FRONTEND=noninteractive apt-get -q -q "$@"
"#;
