//! The table: one row for each device, sorted by id. Pure: frames and times in, lines out.

use super::rate::RateMeter;
use super::reading::Reading;
use grouploop_bridge::{DeviceId, Frame};
use std::collections::BTreeMap;
use std::time::Duration;

/// A device that was silent for this long leaves the table.
const FORGET: Duration = Duration::from_secs(60);
/// A tap is a single frame, too short to be seen; it stays visible for this long.
const TAP_SHOWN: Duration = Duration::from_millis(500);

const COLUMNS: &str = "  id     Hz     age     ax     ay     az   dNW   dNE   dSE   dSW  tap";

/// All devices heard of. Times are measured from any fixed moment.
#[derive(Debug)]
pub(crate) struct Devices {
    rows: BTreeMap<DeviceId, Row>,
    total: RateMeter,
    newest: Option<Duration>,
}

#[derive(Debug)]
struct Row {
    reading: Reading,
    rate: RateMeter,
    newest: Duration,
    tapped: Option<Duration>,
}

impl Devices {
    /// None yet.
    pub(crate) fn new(now: Duration) -> Self {
        Self { rows: BTreeMap::new(), total: RateMeter::new(now), newest: None }
    }

    /// Takes in one frame.
    pub(crate) fn take(&mut self, frame: &Frame, now: Duration) {
        let reading = Reading::of(frame);
        let row = self.rows.entry(reading.id).or_insert_with(|| Row {
            reading,
            rate: RateMeter::new(now),
            newest: now,
            tapped: None,
        });
        row.reading = reading;
        row.newest = now;
        row.rate.count(now);
        if reading.tapped {
            row.tapped = Some(now);
        }
        self.total.count(now);
        self.newest = Some(now);
    }

    /// When the newest frame of all came.
    pub(crate) fn newest(&self) -> Option<Duration> {
        self.newest
    }

    /// `12 devices, 240 frames/s`.
    pub(crate) fn summary(&mut self, now: Duration) -> String {
        let devices = match self.rows.len() {
            1 => "1 device".to_owned(),
            count => format!("{count} devices"),
        };
        format!("{devices}, {:.0} frames/s", self.total.per_second(now))
    }

    /// The column heads and the rows, in at most so many lines.
    pub(crate) fn lines(&mut self, height: usize, now: Duration) -> Vec<String> {
        self.rows.retain(|_, row| now.saturating_sub(row.newest) < FORGET);
        let mut lines = vec![COLUMNS.to_owned()];
        let room = height.saturating_sub(1);
        let shown = if self.rows.len() <= room { self.rows.len() } else { room.saturating_sub(1) };
        lines.extend(self.rows.iter_mut().take(shown).map(|(id, row)| row.line(*id, now)));
        if self.rows.len() > shown {
            lines.push(format!("and {} more", self.rows.len() - shown));
        }
        lines.truncate(height);
        lines
    }
}

impl Row {
    fn line(&mut self, id: DeviceId, now: Duration) -> String {
        let rate = self.rate.per_second(now);
        let age = age(now.saturating_sub(self.newest));
        let [ax, ay, az] = self.reading.acceleration_g;
        let [nw, ne, se, sw] = self.reading.rssi_dbm;
        let tapped = self.tapped.is_some_and(|time| now.saturating_sub(time) < TAP_SHOWN);
        let tap = if tapped { "tap" } else { "" };
        let line = format!(
            "{id} {rate:>6.1} {age:>7} {ax:>6.2} {ay:>6.2} {az:>6.2} {nw:>5.0} {ne:>5.0} {se:>5.0} {sw:>5.0}  {tap}"
        );
        line.trim_end().to_owned()
    }
}

/// `40 ms`, `3.2 s`.
pub(crate) fn age(age: Duration) -> String {
    if age < Duration::from_secs(1) { format!("{} ms", age.as_millis()) } else { format!("{:.1} s", age.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(digits: &str) -> Frame {
        Frame::parse(digits.as_bytes()).unwrap()
    }

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn a_row_shows_rate_age_and_fields_under_their_heads() {
        let mut devices = Devices::new(ms(0));
        for step in 0..40 {
            devices.take(&frame("1a2b0080ff1133557700"), ms(step * 50));
        }
        let lines = devices.lines(10, ms(2_000));
        assert_eq!(lines, [COLUMNS, "1a2b   20.0   50 ms  -2.00   0.01   2.00   -96   -88   -80   -72"]);
        assert_eq!(devices.summary(ms(2_000)), "1 device, 20 frames/s");
    }

    #[test]
    fn rows_are_sorted_and_bounded_to_the_height() {
        let mut devices = Devices::new(ms(0));
        for id in (0..20u16).rev() {
            devices.take(&frame(&format!("{id:04x}0080ff1133557700")), ms(0));
        }
        let ids = |lines: Vec<String>| {
            lines.iter().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(devices.lines(21, ms(1)).len(), 21);
        let lines = devices.lines(5, ms(1));
        assert_eq!(lines.last().unwrap(), "and 17 more");
        assert_eq!(ids(lines), ["0000", "0001", "0002", "and"]);
        assert_eq!(devices.lines(1, ms(1)).len(), 1);
        assert_eq!(devices.lines(0, ms(1)).len(), 0);
    }

    #[test]
    fn a_tap_stays_visible_for_a_moment_and_a_silent_device_leaves() {
        let mut devices = Devices::new(ms(0));
        devices.take(&frame("1a2b0080ff11335577ff"), ms(0));
        devices.take(&frame("1a2b0080ff1133557700"), ms(50));
        assert!(devices.lines(9, ms(400))[1].ends_with("  tap"));
        assert!(!devices.lines(9, ms(600))[1].ends_with("tap"));
        assert!(devices.lines(9, ms(30_050))[1].contains("  0.0  30.0 s "), "{:?}", devices.lines(9, ms(30_050)));
        assert_eq!(devices.lines(9, ms(60_050)), [COLUMNS]);
        assert_eq!(devices.newest(), Some(ms(50)));
    }
}
