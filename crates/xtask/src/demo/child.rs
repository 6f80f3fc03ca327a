//! Programs that run beside us and never outlive us, however we end.

use std::fs::File;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// The shell that starts the program, and tells it to stop (SIGTERM) when our end of the pipe closes.
const WATCHDOG: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ cat <&3 >/dev/null; kill -TERM $program 2>/dev/null; } &
exec 3<&-
wait $program
"#;

/// A running program.
pub struct Child {
    name: String,
    log: PathBuf,
    shell: Process,
    pipe: Option<ChildStdin>,
}

impl Child {
    /// Starts `program` with everything that it says in `log`.
    ///
    /// # Errors
    /// The log can't be made or the shell not be started.
    pub fn start(name: &str, program: &Path, arguments: &[&str], log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| log.display().to_string())?;
        let mut shell = Command::new("sh")
            .args(["-c", WATCHDOG, name])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            // A Ctrl-C at the terminal is for us; we stop the programs in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let pipe = shell.stdin.take();
        Ok(Self { name: name.to_owned(), log: log.to_owned(), shell, pipe })
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Fails when it has ended, with the last that it said.
    ///
    /// # Errors
    /// It has ended.
    pub fn must_live(&mut self) -> Result<()> {
        if let Some(status) = self.shell.try_wait()? {
            let said = self.said();
            let last: Vec<&str> = said.lines().rev().take(12).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            let code = status.code().or_else(|| status.signal()).unwrap_or(-1);
            bail!("{} ended ({code}); the last lines of {}:\n{}", self.name, self.log.display(), last.join("\n"));
        }
        Ok(())
    }
}

impl Drop for Child {
    /// Asks it to stop and waits until it has.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str, log: &Path) -> Result<Child> {
        Child::start("program", Path::new("/bin/sh"), &["-c", text], log)
    }

    #[test]
    fn a_program_is_told_to_stop_and_waited_for() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let mut child = shell("trap 'echo stopped; exit 0' TERM; echo begun; while :; do sleep 0.05; done", &log)?;
        while !child.said().contains("begun") {
            child.must_live()?;
        }
        drop(child);
        assert_eq!(std::fs::read_to_string(log)?, "begun\nstopped\n");
        Ok(())
    }

    #[test]
    fn a_program_that_ended_is_noticed_with_its_last_words() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut child = shell("echo broken; exit 3", &folder.path().join("log"))?;
        let error = loop {
            if let Err(error) = child.must_live() {
                break error.to_string();
            }
        };
        assert!(error.contains("ended (3)") && error.contains("broken"), "{error}");
        Ok(())
    }
}
