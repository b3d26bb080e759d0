//! The figures of one space on one node. On the wire they are a row of numbers without the zeros in its end, so that a hundred of them fit
//! into a report.

use crate::frame::LINE_LEN;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Numbers in a row.
const COLUMNS: usize = 17;

/// What a node has to tell of a space. Counts are those since the node started (or since it forgot the space, which had long been idle), so
/// that a report which is lost changes no figure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpaceFigures {
    /// Devices that it owns now.
    pub devices: u64,
    /// Viewers that it has now.
    pub viewers: u64,
    /// Devices of its own that have sent nothing for [`SILENT_AFTER`](crate::SILENT_AFTER).
    pub silent: u64,
    /// Frames that it took in.
    pub frames: u64,
    /// Telemetry messages that it published.
    pub messages: u64,
    /// Frames of these that the bus did not take.
    pub lost: u64,
    /// Commands of its clients that were answered `success`.
    pub success: u64,
    /// Those that were answered `failed`.
    pub failed: u64,
    /// Those to all devices.
    pub sent_to_all: u64,
    /// Those that were not run.
    pub error: u64,
    /// Commands that it wrote to devices of its own.
    pub delivered: u64,
    /// Commands to one device that it asked the bus for, because the device is not here.
    pub asked: u64,
    /// Bytes of those.
    pub asked_bytes: u64,
    /// Bytes of the commands to all devices, each of which is asked on the bus.
    pub all_bytes: u64,
    /// Time until a command was answered, over about the last ten seconds in microseconds: half of them were faster. 0 when there was none.
    pub p50_us: u64,
    /// 99 of 100 were faster.
    pub p99_us: u64,
    /// Times that it asked the bus for the devices of the space.
    pub rosters: u64,
}

impl SpaceFigures {
    fn row(&self) -> [u64; COLUMNS] {
        [
            self.devices,
            self.viewers,
            self.silent,
            self.frames,
            self.messages,
            self.lost,
            self.success,
            self.failed,
            self.sent_to_all,
            self.error,
            self.delivered,
            self.asked,
            self.asked_bytes,
            self.all_bytes,
            self.p50_us,
            self.p99_us,
            self.rosters,
        ]
    }

    fn from_row(row: [u64; COLUMNS]) -> Self {
        let [
            devices,
            viewers,
            silent,
            frames,
            messages,
            lost,
            success,
            failed,
            sent_to_all,
            error,
            delivered,
            asked,
            asked_bytes,
            all_bytes,
            p50_us,
            p99_us,
            rosters,
        ] = row;
        Self {
            devices,
            viewers,
            silent,
            frames,
            messages,
            lost,
            success,
            failed,
            sent_to_all,
            error,
            delivered,
            asked,
            asked_bytes,
            all_bytes,
            p50_us,
            p99_us,
            rosters,
        }
    }

    /// Commands of clients that were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.success + self.failed + self.sent_to_all + self.error
    }

    /// Bytes of the telemetry messages: every frame is a line.
    #[must_use]
    pub fn telemetry_bytes(&self) -> u64 {
        self.frames.saturating_sub(self.lost).saturating_mul(LINE_LEN as u64)
    }

    /// What happened since `earlier`, with the levels of now. A count that is smaller than it was has begun anew.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let (now, then) = (self.row(), earlier.row());
        let begun_anew = self.frames < earlier.frames || self.answered() < earlier.answered();
        let grown = std::array::from_fn(|column| {
            let (now, then) = (now.get(column).copied().unwrap_or(0), then.get(column).copied().unwrap_or(0));
            if begun_anew { now } else { now.saturating_sub(then) }
        });
        let Self { devices, viewers, silent, p50_us, p99_us, .. } = *self;
        Self { devices, viewers, silent, p50_us, p99_us, ..Self::from_row(grown) }
    }

    /// Adds the counts and levels of another space; times cannot be added, and stay.
    pub fn add(&mut self, other: &Self) {
        let (one, two) = (self.row(), other.row());
        let sum = std::array::from_fn(|column| {
            one.get(column).copied().unwrap_or(0).saturating_add(two.get(column).copied().unwrap_or(0))
        });
        let Self { p50_us, p99_us, .. } = *self;
        *self = Self { p50_us, p99_us, ..Self::from_row(sum) };
    }
}

impl Serialize for SpaceFigures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row();
        let used = row.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        serializer.collect_seq(row.iter().take(used))
    }
}

impl<'de> Deserialize<'de> for SpaceFigures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Row)
    }
}

/// Reads a row; a newer node may have more to tell.
struct Row;

impl<'de> Visitor<'de> for Row {
    type Value = SpaceFigures;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<SpaceFigures, A::Error> {
        let mut row = [0; COLUMNS];
        let mut columns = row.iter_mut();
        while let Some(number) = numbers.next_element()? {
            if let Some(column) = columns.next() {
                *column = number;
            }
        }
        Ok(SpaceFigures::from_row(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written_without_the_zeros_in_its_end() {
        let row = std::array::from_fn(|column| column as u64 + 1);
        for figures in [
            SpaceFigures::default(),
            SpaceFigures { devices: 3, frames: 60, ..Default::default() },
            SpaceFigures::from_row(row),
        ] {
            let text = serde_json::to_string(&figures).unwrap();
            assert_eq!(serde_json::from_str::<SpaceFigures>(&text).unwrap(), figures, "{text}");
        }
        assert_eq!(
            serde_json::to_string(&SpaceFigures { devices: 3, frames: 60, ..Default::default() }).unwrap(),
            "[3,0,0,60]"
        );
        assert_eq!(
            serde_json::to_string(&SpaceFigures::from_row(row)).unwrap(),
            "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]"
        );
        let newer = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]";
        assert_eq!(serde_json::from_str::<SpaceFigures>(newer).unwrap(), SpaceFigures::from_row(row));
        for wrong in ["{}", "[-1]", "[1.5]", "[\"a\"]", "1"] {
            assert!(serde_json::from_str::<SpaceFigures>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_happened_is_the_growth_of_counts_and_the_levels_of_now() {
        let then = SpaceFigures { devices: 9, frames: 100, messages: 10, success: 5, p50_us: 7, ..Default::default() };
        let now = SpaceFigures { devices: 4, frames: 160, messages: 14, success: 6, p50_us: 8, ..Default::default() };
        let grown = SpaceFigures { devices: 4, frames: 60, messages: 4, success: 1, p50_us: 8, ..Default::default() };
        assert_eq!(now.since(&then), grown);
        let anew = SpaceFigures { frames: 20, messages: 2, ..Default::default() };
        assert_eq!(anew.since(&then), anew, "counted from the start");
    }
}
