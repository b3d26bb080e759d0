//! What this process takes of its machine.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// CPU time of all threads so far, the kernel's work for them included; `None` where the kernel does not say.
pub(super) fn cpu_ms() -> Option<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    u64::try_from(usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()).ok()
}

/// Memory that is resident now; `None` where there is no `/proc`.
pub(super) fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_is_taken() {
        let before = memory_bytes().unwrap();
        let memory = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = memory_bytes().unwrap();
        assert!(after >= before + (60 << 20), "{before} {after}");
        drop(memory);
        assert!(cpu_ms().is_some());
    }
}
