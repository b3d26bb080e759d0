//! When which device sends. Open loop: the times are fixed before the run, whatever the server does. Device `i` of `n` is offset by
//! `i/n` of the period, so all frames together form one evenly spaced stream of ticks.

/// The stream of ticks of all devices; tick `k` belongs to device `k mod devices`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    devices: u64,
    frames_per_second: u64,
    start_us: u64,
}

impl Schedule {
    /// `devices` and `hz` are at least 1.
    pub(crate) fn new(devices: u32, hz: u32, start_us: u64) -> Self {
        let devices = u64::from(devices.max(1));
        Self { devices, frames_per_second: devices * u64::from(hz.max(1)), start_us }
    }

    pub(crate) fn device(&self, tick: u64) -> usize {
        usize::try_from(tick % self.devices).unwrap_or(usize::MAX)
    }

    /// The time of a tick, in microseconds of the run's clock.
    pub(crate) fn at_us(&self, tick: u64) -> u64 {
        self.start_us + tick * 1_000_000 / self.frames_per_second
    }

    /// How many ticks lie before `time_us`.
    pub(crate) fn ticks_before(&self, time_us: u64) -> u64 {
        (time_us.saturating_sub(self.start_us) * self.frames_per_second).div_ceil(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_keeps_its_period_and_its_offset() {
        let schedule = Schedule::new(1_000, 20, 7_000_000);
        for device in [0_u64, 1, 500, 999] {
            let times: Vec<u64> = (0..4).map(|round| schedule.at_us(device + 1_000 * round)).collect();
            assert_eq!(times[0], 7_000_000 + device * 50);
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 50_000));
            assert_eq!(schedule.device(device + 3_000), usize::try_from(device).unwrap());
        }
    }

    #[test]
    fn odd_numbers_do_not_drift() {
        let schedule = Schedule::new(7, 3, 0);
        assert_eq!(schedule.at_us(21 * 1_000_000), 1_000_000_000_000);
    }

    #[test]
    fn ticks_before_a_time_are_those_with_a_smaller_time() {
        let schedule = Schedule::new(3, 7, 100);
        for time in (0..400_000).step_by(1_001) {
            let ticks = schedule.ticks_before(time);
            assert!(ticks == 0 || schedule.at_us(ticks - 1) < time, "{time}");
            assert!(schedule.at_us(ticks) + 1 >= time.max(100), "{time}");
        }
        assert_eq!(Schedule::new(1_000, 20, 0).ticks_before(10_000_000), 200_000);
    }
}
