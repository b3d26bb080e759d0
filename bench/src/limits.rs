//! Enough open files for the load: each connection is one here and one in the server, which inherits our limit.

use anyhow::{Context, Result, bail};
use std::env::{args_os, current_exe, var_os};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// For everything but the connections of the load.
const SPARE: u32 = 500;
/// Set for the second start, so that there is no third.
const MARK: &str = "GROUPLOOP_BENCH_FILES_RAISED";

/// Starts this program again with a higher limit when the present one is too low. A shell raises it, because a call of our own would
/// need unsafe code.
pub fn ensure_files(connections: u32) -> Result<()> {
    let wanted = connections + SPARE;
    let limit = soft_limit()?;
    if limit >= u64::from(wanted) {
        return Ok(());
    }
    if var_os(MARK).is_some() {
        bail!("{wanted} open files are needed, and the limit stays at {limit}; raise it with `ulimit -n {wanted}`");
    }
    let script = format!("ulimit -S -n {wanted} || ulimit -n {wanted}; exec \"$@\"");
    let failed = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(current_exe()?)
        .args(args_os().skip(1))
        .env(MARK, "1")
        .exec();
    Err(failed).context("cannot start again with a higher limit of open files")
}

fn soft_limit() -> Result<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").context("cannot read /proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    match line.split_whitespace().next() {
        Some("unlimited") => Ok(u64::MAX),
        Some(number) => Ok(number.parse()?),
        None => bail!("no limit of open files in /proc/self/limits"),
    }
}
