//! What this process spends, as the kernel accounts it.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::time::Duration;

/// `ru_maxrss` is in kilobytes on Linux, and in bytes on macOS.
const PEAK_UNIT_BYTES: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };

/// CPU time and memory of this process up to now. All zero where the kernel does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all its threads, the kernel's work for them included.
    pub cpu: Duration,
    /// The most memory that was ever resident.
    pub peak_memory_bytes: u64,
}

impl Usage {
    /// A look at it.
    #[must_use]
    pub fn now() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Self::default() };
        let cpu_us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Self {
            cpu: Duration::from_micros(u64::try_from(cpu_us).unwrap_or_default()),
            peak_memory_bytes: u64::try_from(usage.max_rss()).unwrap_or_default() * PEAK_UNIT_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_accounted_for() {
        let before = Usage::now();
        let memory = std::hint::black_box(vec![1u8; 64 << 20]);
        let mut after = Usage::now();
        while after.cpu < before.cpu + Duration::from_millis(10) {
            std::hint::black_box(memory.iter().map(|byte| u64::from(*byte)).sum::<u64>());
            after = Usage::now();
        }
        assert!(after.peak_memory_bytes >= 64 << 20, "{after:?}");
        assert!(after.peak_memory_bytes < 64 << 30, "{after:?}");
    }
}
