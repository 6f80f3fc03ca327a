//! What a running program costs, from Linux's `/proc`.

use std::io;

/// Figures of a process at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Processor time of all threads alive now, in nanoseconds (to a scheduler tick).
    pub cpu_ns: u64,
    /// Resident memory in bytes.
    pub resident: u64,
    /// Open file descriptors.
    pub open_files: usize,
}

/// Reads them.
///
/// # Errors
/// The process is gone, or this is no Linux.
pub fn cost(pid: u32) -> io::Result<Cost> {
    let mut cpu_ns = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while we look.
        let stat = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        cpu_ns += first_number(&stat);
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).map_or(0, first_number) * 1024;
    let open_files = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count();
    Ok(Cost { cpu_ns, resident, open_files })
}

/// Processor time of the calling thread so far, in nanoseconds (to a scheduler tick): what work costs on a machine that
/// others use too.
pub fn thread_cpu_ns() -> u64 {
    first_number(&std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default())
}

/// Forgets the most memory that the process ever had: [`peak`] counts from now on (`proc(5)`, `clear_refs`).
///
/// # Errors
/// The process is gone, or not ours.
pub fn forget_peak(pid: u32) -> io::Result<()> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

/// The most resident memory in bytes since the start or [`forget_peak`].
///
/// # Errors
/// The process is gone, or this is no Linux.
pub fn peak(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or(0, first_number) * 1024)
}

/// The first child of a process: what a shell started.
///
/// # Errors
/// It has none (yet).
pub fn child_of(pid: u32) -> io::Result<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    let first = children.split_whitespace().next().and_then(|child| child.parse().ok());
    first.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no child"))
}

fn first_number(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_cost_is_seen() -> io::Result<()> {
        let before = cost(std::process::id())?;
        let kept: Vec<u8> = (0..32_000_000_u32).map(|number| number as u8).collect();
        let after = cost(std::process::id())?;
        assert!(after.resident > before.resident + 20_000_000, "{before:?} {after:?} {}", kept.len());
        assert!(after.open_files > 0);
        Ok(())
    }
}
