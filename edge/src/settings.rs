//! The settings of an edge: plain values with units in their names, as they stand in `[edge]` of the settings file.

use serde::Deserialize;
use std::time::Duration;

/// `[edge]`. Every field has its default in the binary's commented `default.toml`; [`EdgeSettings::default`] is the same for tests
/// and embedding.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeSettings {
    /// Address of the one port for devices, clients and HTTP.
    pub listen: String,
    /// Threads that serve connections; 0 means one for each core.
    pub threads: u32,
    /// Open connections at most; one more is refused with 503.
    pub max_connections: u32,
    /// Spaces that have a device or a viewer here, at most; one more is refused with 503.
    pub max_spaces: u32,
    /// A message over this closes the connection with 1009.
    pub max_message_bytes: u32,
    /// Device ids that one connection may register.
    pub max_devices_per_connection: u32,
    /// Time between two WebSocket pings; a connection that has not answered for as long again is closed with 1011.
    pub ping_interval_ms: u64,
    /// A write that a peer does not take for this long ends its connection.
    pub write_timeout_ms: u64,
    /// Time for a whole HTTP request head to arrive.
    pub header_timeout_ms: u64,
    /// Distance between two commands to one device, because stock firmware has a single command slot that it reads every 10 ms.
    pub command_spacing_ms: u64,
    /// Commands that may wait for one device.
    pub command_queue: u32,
    /// A command that is not written to its device after this long has failed.
    pub command_timeout_ms: u64,
    /// Commands of one connection that may be on their way; reading from it pauses at this number.
    pub commands_in_flight: u32,
    /// Shortest distance between two telemetry messages to one viewer.
    pub viewer_interval_ms: u64,
    /// Frames that a viewer may be behind before it jumps to the newest frame of each device.
    pub ring_frames: u32,
    /// Longest wait of a frame for its batch before it goes to the bus.
    pub batch_window_ms: u64,
    /// Longest pause of a busy thread before it polls again, so that one poll takes many frames; 0 turns pauses off.
    pub coalesce_ms: u64,
    /// Time between readiness turning red and connections being closed, for load balancers to notice.
    pub lame_duck_ms: u64,
    /// Time over which connections are told to go when there are many, so that they do not all come back in one instant.
    pub goodbye_ms: u64,
    /// Time for all connections to end after that pause.
    pub drain_timeout_ms: u64,
    /// Time between two looks at the registry of the CDN.
    pub registry_refresh_ms: u64,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:5003".into(),
            threads: 0,
            max_connections: 100_000,
            max_spaces: 4_096,
            max_message_bytes: 65_536,
            max_devices_per_connection: 65_536,
            ping_interval_ms: 20_000,
            write_timeout_ms: 10_000,
            header_timeout_ms: 10_000,
            command_spacing_ms: 20,
            command_queue: 64,
            command_timeout_ms: 2_000,
            commands_in_flight: 256,
            viewer_interval_ms: 10,
            ring_frames: 65_536,
            batch_window_ms: 5,
            coalesce_ms: 3,
            lame_duck_ms: 0,
            goodbye_ms: 1_500,
            drain_timeout_ms: 5_000,
            registry_refresh_ms: 30_000,
        }
    }
}

impl EdgeSettings {
    /// All that is wrong with these values, as `edge.<key>: <why>`; empty when nothing is.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut range = |key: &str, value: u64, low: u64, high: u64| {
            if !(low..=high).contains(&value) {
                found.push(format!("edge.{key}: {value} is out of range, it must be {low} to {high}"));
            }
        };
        range("threads", self.threads.into(), 0, 256);
        range("max_connections", self.max_connections.into(), 1, 10_000_000);
        range("max_spaces", self.max_spaces.into(), 1, 8_192);
        range("max_message_bytes", self.max_message_bytes.into(), 1_024, 1_048_576);
        range("max_devices_per_connection", self.max_devices_per_connection.into(), 1, 65_536);
        range("ping_interval_ms", self.ping_interval_ms, 100, 3_600_000);
        range("write_timeout_ms", self.write_timeout_ms, 100, 600_000);
        range("header_timeout_ms", self.header_timeout_ms, 100, 600_000);
        range("command_spacing_ms", self.command_spacing_ms, 0, 1_000);
        range("command_queue", self.command_queue.into(), 1, 4_096);
        range("command_timeout_ms", self.command_timeout_ms, 100, 10_000);
        range("commands_in_flight", self.commands_in_flight.into(), 1, 65_536);
        range("viewer_interval_ms", self.viewer_interval_ms, 0, 1_000);
        range("ring_frames", self.ring_frames.into(), 256, 16_777_216);
        range("batch_window_ms", self.batch_window_ms, 0, 1_000);
        range("coalesce_ms", self.coalesce_ms, 0, 50);
        range("lame_duck_ms", self.lame_duck_ms, 0, 600_000);
        range("goodbye_ms", self.goodbye_ms, 0, 60_000);
        range("drain_timeout_ms", self.drain_timeout_ms, 100, 600_000);
        range("registry_refresh_ms", self.registry_refresh_ms, 100, 86_400_000);
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            found.push(format!(
                "edge.listen: `{}` is no address, it must look like 0.0.0.0:5003 or [::]:5003",
                self.listen
            ));
        }
        found
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }
    pub(crate) fn ping_interval(&self) -> Duration {
        Duration::from_millis(self.ping_interval_ms)
    }
    pub(crate) fn command_spacing(&self) -> Duration {
        Duration::from_millis(self.command_spacing_ms)
    }
    pub(crate) fn command_timeout(&self) -> Duration {
        Duration::from_millis(self.command_timeout_ms)
    }
    pub(crate) fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.drain_timeout_ms)
    }
    /// Whoever is told last has half of the drain's time to go.
    pub(crate) fn goodbye(&self) -> Duration {
        Duration::from_millis(self.goodbye_ms.min(self.drain_timeout_ms / 2))
    }
    pub(crate) fn batch_window(&self) -> Duration {
        // A ticker without any distance would never let others run.
        Duration::from_millis(self.batch_window_ms.max(1))
    }
    pub(crate) fn viewer_interval(&self) -> Duration {
        Duration::from_millis(self.viewer_interval_ms.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telling_everybody_takes_half_of_the_drain_at_most() {
        let goodbye = |goodbye_ms, drain_timeout_ms| {
            EdgeSettings { goodbye_ms, drain_timeout_ms, ..EdgeSettings::default() }.goodbye().as_millis()
        };
        assert_eq!(
            [goodbye(1_500, 5_000), goodbye(0, 5_000), goodbye(60_000, 5_000), goodbye(1_500, 100)],
            [1_500, 0, 2_500, 50]
        );
    }
}
