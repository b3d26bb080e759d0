//! A rollout as it is stored, and as pages see it.

use grouploop_bridge::{DeviceId, NodeId, Space};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a record may have beside its stages and devices, for each stage, and for each device: the longest words for each.
const RECORD_BYTES: usize = 4096;
const STAGE_BYTES: usize = 112;
const DEVICE_BYTES: usize = 329;

/// One rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) space: Space,
    /// Milliseconds since 1970.
    pub(crate) made_ms: u64,
    pub(crate) began_ms: Option<u64>,
    pub(crate) ended_ms: Option<u64>,
    pub(crate) firmware: Firmware,
    /// What devices fetch; each with its own query behind it.
    pub(crate) url: String,
    pub(crate) state: State,
    /// What somebody asked for last.
    pub(crate) wanted: Wanted,
    /// Why it waits, or stopped, in words.
    pub(crate) note: Option<String>,
    pub(crate) rules: Rules,
    /// Also devices that are known to have run the image of another board; who tries again means the same.
    #[serde(default)]
    pub(crate) any_board: bool,
    /// The rollout whose devices this one tries again.
    pub(crate) retry_of: Option<String>,
    /// Who runs it, and the term of its lease: who finds a later one here has lost it.
    pub(crate) runner: Option<Runner>,
    /// Canary and waves, in order.
    pub(crate) stages: Vec<Stage>,
    /// How many devices are in each state.
    pub(crate) counts: BTreeMap<Step, usize>,
    /// In the order of their turn.
    pub(crate) devices: Vec<Device>,
}

/// The image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Firmware {
    pub(crate) path: String,
    pub(crate) board: String,
    pub(crate) version: String,
    pub(crate) size: u64,
    pub(crate) md5: String,
}

/// Where a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// No CDN has taken it up yet.
    Waiting,
    Running,
    /// Nobody is told any more until it goes on; who was told goes on.
    Paused,
    /// More failed than may: the devices under way end, nobody else is told.
    Stopping,
    /// The same because somebody wished it.
    Aborting,
    /// Every device had its turn.
    Done,
    Stopped,
    Aborted,
}

impl State {
    /// Those that stay.
    pub(crate) const ENDS: [Self; 3] = [Self::Done, Self::Stopped, Self::Aborted];

    pub(crate) fn has_ended(self) -> bool {
        Self::ENDS.contains(&self)
    }

    /// The word for metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Aborting => "aborting",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Aborted => "aborted",
        }
    }
}

/// What somebody wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wanted {
    Run,
    Pause,
    Abort,
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Devices before the first wave.
    pub(crate) canary: usize,
    /// Devices of a wave.
    pub(crate) wave: usize,
    /// How many of a stage may fail.
    pub(crate) max_failed: Amount,
    pub(crate) timeouts: Timeouts,
}

/// A number, or a share such as `5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Count(usize),
    #[serde(with = "percent")]
    Percent(usize),
}

impl Amount {
    /// Of so many, rounded down.
    pub(crate) fn of(self, whole: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => whole * percent / 100,
        }
    }
}

mod percent {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(percent: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{percent}%"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        let text = String::deserialize(deserializer)?;
        let percent = text.strip_suffix('%').and_then(|number| number.parse().ok()).filter(|percent| *percent <= 100);
        percent.ok_or_else(|| D::Error::custom("no share such as 5%"))
    }
}

/// How long each step may take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timeouts {
    /// From the command to the first byte. Also how long a device that is not connected is waited for.
    pub(crate) start_s: u64,
    /// Without one more byte.
    pub(crate) stall_s: u64,
    /// That a device with the whole image may go on sending frames before it restarts.
    pub(crate) settle_s: u64,
    /// From the whole image to frames of the restarted device.
    pub(crate) restart_s: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { start_s: 30, stall_s: 60, settle_s: 20, restart_s: 90 }
    }
}

/// Who runs a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Runner {
    pub(crate) node: NodeId,
    pub(crate) term: u64,
}

/// The canary or a wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stage {
    /// `canary`, `wave 1`, `wave 2` …
    pub(crate) name: String,
    pub(crate) devices: usize,
    /// More failures than this stop the rollout.
    pub(crate) max_failed: usize,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Stage {
    pub(crate) fn is_over(&self) -> bool {
        self.done + self.failed + self.skipped >= self.devices
    }
}

/// Where one device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// Its turn has not come.
    Waiting,
    /// It was told to update.
    Asked,
    Downloading,
    /// It has the whole image, and is expected to go away.
    Rebooting,
    /// Its connection is a new one; its frames are awaited, and what it says that it runs.
    Back,
    Done,
    Failed,
    /// It was not told, and will not be.
    Skipped,
}

impl Step {
    /// Between being told and the outcome.
    pub(crate) fn is_under_way(self) -> bool {
        matches!(self, Self::Asked | Self::Downloading | Self::Rebooting | Self::Back)
    }
}

/// Which firmware a device has, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Runs {
    /// What it had before.
    Old,
    New,
    /// It has the whole image, and nobody saw it start that.
    Unknown,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    /// Place of its stage.
    pub(crate) stage: usize,
    pub(crate) state: Step,
    pub(crate) runs: Runs,
    /// Of the download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    /// Why it failed or was skipped, or what is remarkable about it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// How often it was told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) asked: u32,
    /// The claim of its connection before it restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claimed: Option<u64>,
    /// What it said that it ran when it began to download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ran: Option<String>,
    /// When its state changed last, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed_ms: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

impl Record {
    /// As JSON; nothing of it can fail.
    pub(crate) fn to_json(&self) -> bytes::Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// As many bytes as it may come to have.
    pub(crate) fn most_bytes(&self) -> usize {
        RECORD_BYTES + self.stages.len() * STAGE_BYTES + self.devices.len() * DEVICE_BYTES
    }

    /// Counts the devices anew.
    pub(crate) fn count(&mut self) {
        self.counts.clear();
        for stage in &mut self.stages {
            (stage.done, stage.failed, stage.skipped) = (0, 0, 0);
        }
        for device in &self.devices {
            *self.counts.entry(device.state).or_default() += 1;
            let Some(stage) = self.stages.get_mut(device.stage) else { continue };
            match device.state {
                Step::Done => stage.done += 1,
                Step::Failed => stage.failed += 1,
                Step::Skipped => stage.skipped += 1,
                _ => {}
            }
        }
    }

    /// Ends it before anybody took it up.
    pub(crate) fn abort_at_once(&mut self) {
        for device in self.devices.iter_mut().filter(|device| !matches!(device.state, Step::Done | Step::Failed)) {
            device.state = Step::Skipped;
            device.reason = Some("the rollout was aborted before its turn".into());
        }
        self.state = State::Aborted;
        self.ended_ms = Some(wall_ms());
        self.count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::downloads::MAX_RUNS;
    use crate::rollout::definition::{Definition, MAX_DEVICES};

    #[test]
    fn a_record_never_has_more_bytes_than_there_is_room_for() {
        let rules = Rules { canary: 1, wave: 1, max_failed: Amount::Percent(100), timeouts: Timeouts::default() };
        let devices: Vec<DeviceId> = (0..u16::try_from(MAX_DEVICES).unwrap()).map(DeviceId).collect();
        let definition = Definition { firmware: Firmware::default(), devices, rules, any_board: false };
        let mut record = definition.record("r".into(), Space::main(), String::new(), None);
        record.note = Some("x".repeat(1000));
        for device in &mut record.devices {
            *device = Device {
                state: Step::Rebooting,
                runs: Runs::Unknown,
                bytes: Some(16 << 20),
                size: Some(16 << 20),
                reason: Some("it was told to update, and did not begin to download within 3600 s, or longer".into()),
                asked: 2,
                claimed: Some(wall_ms()),
                ran: Some("f".repeat(MAX_RUNS)),
                changed_ms: Some(wall_ms()),
                ..device.clone()
            };
        }
        record.count();
        let (bytes, most) = (record.to_json().len(), record.most_bytes());
        assert!(bytes <= most && bytes * 10 > most * 7, "{bytes} of {most}");
    }

    #[test]
    fn amounts_are_numbers_or_shares() {
        for (text, of_30) in [("3", 3), ("\"10%\"", 3), ("\"5%\"", 1), ("\"100%\"", 30), ("\"0%\"", 0)] {
            let amount: Amount = serde_json::from_str(text).unwrap();
            assert_eq!((amount.of(30), serde_json::to_string(&amount).unwrap().as_str()), (of_30, text));
        }
        for wrong in ["\"101%\"", "\"5\"", "-1", "1.5", "\"%\"", "null"] {
            assert!(serde_json::from_str::<Amount>(wrong).is_err(), "{wrong}");
        }
    }
}
