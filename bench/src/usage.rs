//! What processes and the machine spend, read from `/proc`.

use anyhow::{Context, Result};
use std::fs::{read_dir, read_to_string};
use std::ops::Add;
use std::time::Duration;

/// A tick of `/proc/<pid>/stat` on Linux, which is fixed for programs whatever the kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of a process up to now, in two accounts of the same thing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu {
    /// Exact to the nanosecond, but without threads that have ended.
    threads: Duration,
    /// Everything, in ticks.
    process: Duration,
}

impl Cpu {
    /// Of a process that is there.
    pub fn of(pid: u32) -> Result<Self> {
        let process = ticks(&stat(pid)?, 11)?;
        let mut threads = Duration::ZERO;
        for task in read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end between listing and reading.
            let Ok(line) = read_to_string(task?.path().join("schedstat")) else { continue };
            let spent = line.split(' ').next().and_then(|number| number.parse().ok());
            threads += Duration::from_nanos(spent.unwrap_or(0));
        }
        Ok(Self { threads, process })
    }

    /// CPU time spent since `earlier`: the exact account, unless the other shows that threads have ended.
    pub fn since(self, earlier: Self) -> Duration {
        let exact = self.threads.saturating_sub(earlier.threads);
        let coarse = self.process.saturating_sub(earlier.process);
        if coarse > exact + 3 * TICK { coarse } else { exact }
    }
}

impl Add for Cpu {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { threads: self.threads + other.threads, process: self.process + other.process }
    }
}

/// Resident memory of a process.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    memory(pid, "VmRSS")
}

/// The most that it ever was.
pub fn peak_bytes(pid: u32) -> Result<u64> {
    memory(pid, "VmHWM")
}

fn memory(pid: u32, name: &str) -> Result<u64> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib: u64 =
        line.with_context(|| format!("no {name} in /proc/<pid>/status"))?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1_024)
}

/// The processes that this one has started and that are still there.
pub fn children_of(pid: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between listing and reading.
        if stat(child).is_ok_and(|fields| fields.get(1).is_some_and(|parent| *parent == pid.to_string())) {
            children.push(child);
        }
    }
    Ok(children)
}

/// What a process calls itself: its program, when it says nothing else.
pub fn name_of(pid: u32) -> Result<String> {
    Ok(read(&format!("/proc/{pid}/comm"))?.trim().to_owned())
}

/// CPU time of all processes that this one has started and that have ended.
pub fn ended_children() -> Result<Duration> {
    ticks(&stat(std::process::id())?, 13)
}

/// CPU time that the whole machine has spent on anything up to now.
pub fn machine() -> Result<Duration> {
    let stat = read("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u32> = line.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; what guests spend is in user already.
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else {
        anyhow::bail!("unexpected format of /proc/stat");
    };
    Ok(TICK * (user + nice + system + irq + softirq + steal))
}

/// The fields of `/proc/<pid>/stat` from the state on, which is the third: the name before it may hold anything.
fn stat(pid: u32) -> Result<Vec<String>> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("unexpected format of /proc/<pid>/stat")?;
    Ok(fields.split_whitespace().map(String::from).collect())
}

/// The sum of a time in user mode, at this place, and of the one in the kernel behind it.
fn ticks(fields: &[String], place: usize) -> Result<Duration> {
    let mut times = fields.iter().skip(place).map(|field| field.parse::<u32>());
    let (Some(Ok(user)), Some(Ok(kernel))) = (times.next(), times.next()) else {
        anyhow::bail!("unexpected format of /proc/<pid>/stat");
    };
    Ok(TICK * (user + kernel))
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
        assert!(peak_bytes(pid).unwrap() >= resident_bytes(pid).unwrap() / 2);
        assert!(machine().unwrap() > Duration::ZERO);
    }

    #[test]
    fn children_are_found_and_what_they_spent_stays() {
        let before = ended_children().unwrap();
        let script = "read line; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let piped = std::process::Stdio::piped;
        let mut child = std::process::Command::new("sh").args(["-c", script]).stdin(piped()).spawn().unwrap();
        assert!(children_of(std::process::id()).unwrap().contains(&child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!children_of(std::process::id()).unwrap().contains(&child.id()));
        assert!(ended_children().unwrap() > before);
    }
}
