//! What all swarms together may be, and why one cannot start.

use crate::scenario::{CommandTarget, Swarm, Transport};
use grouploop_bridge::{DeviceId, Space};

/// What all swarms of a simulator together may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Swarms.
    pub swarms: usize,
    /// Devices.
    pub devices: usize,
    /// Frames a second, those of replays included.
    pub frames_per_second: f64,
    /// Commands a second that are sent to them; one for all of a space counts once for each device.
    pub commands_per_second: f64,
    /// Connections to edges: each is an open file, and another one in the edge.
    pub device_connections: usize,
}

impl Limits {
    /// None but those of the machine.
    pub const NONE: Self = Self {
        swarms: usize::MAX,
        devices: usize::MAX,
        frames_per_second: f64::INFINITY,
        commands_per_second: f64::INFINITY,
        device_connections: usize::MAX,
    };
}

/// Why a swarm cannot start, or become what is asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SwarmError {
    /// There is no such swarm.
    #[error("there is no swarm `{0}`")]
    Unknown(String),
    /// Another swarm has the name.
    #[error("there is a swarm `{0}` already: stop it first, or choose another `name`")]
    NameTaken(String),
    /// Another swarm has some of its devices.
    #[error(
        "device {device} of space `{space}` is one of swarm `{swarm}`: leave `ids` and `first_id` out, or choose others"
    )]
    DeviceTaken {
        /// The first of them.
        device: DeviceId,
        /// Where.
        space: Space,
        /// Whose it is.
        swarm: String,
    },
    /// A limit of the settings.
    #[error(
        "with it there would be {asked} {what}, and {setting} allows {most}: ask for fewer, stop other swarms, or raise the setting"
    )]
    OverLimit {
        /// Of what.
        what: &'static str,
        /// What there would be.
        asked: u64,
        /// What there may be.
        most: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// An edge that it cannot connect to.
    #[error("{0}")]
    Edge(String),
    /// The simulator ends.
    #[error("the simulator is stopping")]
    Stopping,
}

impl Limits {
    /// Whether these swarms are within the limits, with so many frames a second of others beside them.
    pub(super) fn check<'a>(
        &self,
        all: impl Iterator<Item = &'a Swarm> + Clone,
        beside: u64,
    ) -> Result<(), SwarmError> {
        let over = |what, asked: f64, most: f64, setting| {
            // The casts keep within their range; these are figures for people.
            let error = SwarmError::OverLimit { what, asked: asked.ceil() as u64, most: most as u64, setting };
            if asked > most { Err(error) } else { Ok(()) }
        };
        let devices: usize = all.clone().map(|plan| plan.ids.len()).sum();
        let frames: f64 = all.clone().map(frames_per_second).sum::<f64>() + beside as f64;
        let connections: usize = all.clone().map(connections).sum();
        let commands: f64 = all.clone().map(commands_per_second).sum();
        over("swarms", all.count() as f64, self.swarms as f64, "simulator.max_swarms")?;
        over("devices", devices as f64, self.devices as f64, "simulator.max_devices")?;
        over("frames a second", frames, self.frames_per_second, "simulator.max_frames_per_second")?;
        let most = self.device_connections as f64;
        over("connections to edges", connections as f64, most, "simulator.max_device_connections")?;
        over("commands a second", commands, self.commands_per_second, "simulator.max_commands_per_second")
    }
}

/// How many frames its devices send.
pub(super) fn frames_per_second(plan: &Swarm) -> f64 {
    plan.ids.len() as f64 * plan.rate_hz
}

/// How many connections its devices have.
fn connections(plan: &Swarm) -> usize {
    match &plan.transport {
        Transport::Bus => 0,
        Transport::Ws { devices_per_connection, .. } => {
            plan.ids.len().div_ceil((*devices_per_connection).max(1) as usize)
        }
    }
}

/// How many commands its devices are sent.
fn commands_per_second(plan: &Swarm) -> f64 {
    plan.commands.as_ref().map_or(0.0, |load| match load.target {
        CommandTarget::Each => load.per_second,
        CommandTarget::All => load.per_second * plan.ids.len() as f64,
    })
}
