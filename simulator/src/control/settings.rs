//! The settings of a simulator: plain values with units in their names, as they stand in `[simulator]` of the settings file.

use crate::deck::DeckLimits;
use crate::swarms::Limits;
use crate::tape::MIN_MAX_BYTES;
use grouploop_serve::Origins;
use serde::Deserialize;
use std::time::Duration;

/// `[simulator]`. Every field has its default in the binary's commented `default.toml`; [`SimulatorSettings::default`] is the same for
/// tests and embedding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatorSettings {
    /// Address to listen on.
    pub listen: String,
    /// Other origins whose pages may change something, separated by commas.
    pub allow_origins: String,
    /// Swarms at most.
    pub max_swarms: u32,
    /// Devices of all swarms at most.
    pub max_devices: u32,
    /// Frames a second of all swarms at most.
    pub max_frames_per_second: u32,
    /// Commands a second that are sent to all swarms at most; one for all of a space counts once for each device.
    pub max_commands_per_second: u32,
    /// Connections of swarms to edges at most.
    pub max_device_connections: u32,
    /// WebSockets for drawing at most.
    pub max_streams: u32,
    /// The folder of recordings; empty for none.
    pub recordings: String,
    /// Recordings in the folder at most.
    pub max_recordings: u32,
    /// Bytes of a recording at most.
    pub max_recording_bytes: u64,
    /// Time of a recording at most.
    pub max_recording_seconds: u64,
    /// Replays at a time at most.
    pub max_replays: u32,
    /// Open connections at most.
    pub max_connections: u32,
    /// Time for a whole request head.
    pub header_timeout_ms: u64,
    /// How long a client may be slower than 1 KiB/s, in either direction.
    pub slow_client_ms: u64,
    /// Time between readiness turning red and the end of connections and swarms.
    pub lame_duck_ms: u64,
    /// Time for connections, and then for swarms, to end.
    pub drain_timeout_ms: u64,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:5005".into(),
            allow_origins: String::new(),
            max_swarms: 64,
            max_devices: 65_536,
            max_frames_per_second: 300_000,
            max_commands_per_second: 50_000,
            max_device_connections: 5_000,
            max_streams: 16,
            recordings: "data/recordings".into(),
            max_recordings: 64,
            max_recording_bytes: 67_108_864,
            max_recording_seconds: 3_600,
            max_replays: 4,
            max_connections: 1_000,
            header_timeout_ms: 10_000,
            slow_client_ms: 10_000,
            lame_duck_ms: 0,
            drain_timeout_ms: 5_000,
        }
    }
}

impl SimulatorSettings {
    /// All that is wrong with the values, each as `simulator.<key>: <why>`; empty when nothing is.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut range = |key: &str, value: u64, low: u64, high: u64| {
            if !(low..=high).contains(&value) {
                found.push(format!("simulator.{key}: {value} is out of range, it must be {low} to {high}"));
            }
        };
        range("max_swarms", self.max_swarms.into(), 1, 4_096);
        range("max_devices", self.max_devices.into(), 1, 16_777_216);
        range("max_frames_per_second", self.max_frames_per_second.into(), 1, 1_000_000_000);
        range("max_commands_per_second", self.max_commands_per_second.into(), 1, 1_000_000_000);
        range("max_device_connections", self.max_device_connections.into(), 0, 1_000_000);
        range("max_streams", self.max_streams.into(), 0, 1_000);
        range("max_recordings", self.max_recordings.into(), 0, 10_000);
        range("max_recording_bytes", self.max_recording_bytes, MIN_MAX_BYTES, 1 << 40);
        range("max_recording_seconds", self.max_recording_seconds, 1, 31_536_000);
        range("max_replays", self.max_replays.into(), 0, 64);
        range("max_connections", self.max_connections.into(), 1, 1_000_000);
        range("header_timeout_ms", self.header_timeout_ms, 100, 600_000);
        range("slow_client_ms", self.slow_client_ms, 100, 600_000);
        range("lame_duck_ms", self.lame_duck_ms, 0, 600_000);
        range("drain_timeout_ms", self.drain_timeout_ms, 100, 600_000);
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            let listen = &self.listen;
            found.push(format!(
                "simulator.listen: `{listen}` is no address, it must look like 0.0.0.0:5005 or [::]:5005"
            ));
        }
        if let Err(wrong) = Origins::parse(&self.allow_origins) {
            found.push(format!(
                "simulator.allow_origins: `{wrong}` is no origin, it must look like https://host or http://host:8080"
            ));
        }
        found
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            swarms: self.max_swarms as usize,
            devices: self.max_devices as usize,
            frames_per_second: self.max_frames_per_second.into(),
            commands_per_second: self.max_commands_per_second.into(),
            device_connections: self.max_device_connections as usize,
        }
    }

    pub(super) fn deck_limits(&self) -> DeckLimits {
        DeckLimits {
            recordings: self.max_recordings as usize,
            bytes: self.max_recording_bytes,
            duration: Duration::from_secs(self.max_recording_seconds),
            replays: self.max_replays as usize,
        }
    }

    pub(super) fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.drain_timeout_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_cannot_be_is_named() {
        assert_eq!(SimulatorSettings::default().complaints(), Vec::<String>::new());
        let wrong = SimulatorSettings {
            listen: "here".into(),
            allow_origins: "https://fine.example, fine.example/path".into(),
            max_swarms: 0,
            max_devices: 0,
            max_frames_per_second: 0,
            max_commands_per_second: 0,
            max_device_connections: 1_000_001,
            max_streams: 1_001,
            recordings: String::new(),
            max_recordings: 10_001,
            max_recording_bytes: 65_535,
            max_recording_seconds: 0,
            max_replays: 65,
            max_connections: 0,
            header_timeout_ms: 1,
            slow_client_ms: 1,
            lame_duck_ms: 600_001,
            drain_timeout_ms: 1,
        };
        let complaints = wrong.complaints();
        assert_eq!(complaints.len(), 17, "{complaints:?}");
        assert!(complaints[16].contains("`fine.example/path` is no origin"), "{complaints:?}");
    }
}
