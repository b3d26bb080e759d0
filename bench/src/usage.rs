//! What processes and the machine spend, read from `/proc`.

use anyhow::{Context, Result};
use std::fs::{read_dir, read_to_string};
use std::time::Duration;

/// A tick of `/proc/<pid>/stat` on Linux, which is fixed for programs whatever the kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of a process up to now, in two accounts of the same thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    /// Exact to the nanosecond, but without threads that have ended.
    threads: Duration,
    /// Everything, in ticks.
    process: Duration,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let stat = read(&format!("/proc/{pid}/stat"))?;
        let ticks = stat
            .rsplit_once(") ")
            .and_then(|(_, fields)| {
                let mut times = fields.split(' ').skip(11).map(str::parse::<u32>);
                Some(times.next()?.ok()? + times.next()?.ok()?)
            })
            .context("unexpected format of /proc/<pid>/stat")?;
        let mut threads = Duration::ZERO;
        for task in read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end between listing and reading.
            let Ok(line) = read_to_string(task?.path().join("schedstat")) else { continue };
            let spent = line.split(' ').next().and_then(|number| number.parse().ok());
            threads += Duration::from_nanos(spent.unwrap_or(0));
        }
        Ok(Self { threads, process: TICK * ticks })
    }

    /// CPU time spent since `earlier`: the exact account, unless the other shows that threads have ended.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let exact = self.threads.saturating_sub(earlier.threads);
        let coarse = self.process.saturating_sub(earlier.process);
        if coarse > exact + 3 * TICK { coarse } else { exact }
    }
}

/// Resident memory of a process.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/<pid>/status")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1_024)
}

/// CPU time that the whole machine has spent on anything up to now.
pub(crate) fn machine() -> Result<Duration> {
    let stat = read("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u32> = line.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; what guests spend is in user already.
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else {
        anyhow::bail!("unexpected format of /proc/stat");
    };
    Ok(TICK * (user + nice + system + irq + softirq + steal))
}

fn read(path: &str) -> Result<String> {
    read_to_string(path).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        let before = Cpu::of(pid).unwrap();
        let mut sum = 0_u64;
        for number in 0..3_000_000_u64 {
            sum = std::hint::black_box(sum ^ number);
        }
        assert!(Cpu::of(pid).unwrap().since(before) > Duration::ZERO);
        assert!(resident_bytes(pid).unwrap() > 100_000);
        assert!(machine().unwrap() > Duration::ZERO);
    }
}
