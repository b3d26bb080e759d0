//! Updates: a wearable that fetches an image does nothing else, then it reboots and is away for a while.

use serde::Serialize;
use std::time::Duration;

/// From the flashed image to the first frame of the new one: restart, Wi-Fi, WebSocket.
pub const REBOOT: Duration = Duration::from_secs(3);

/// What a wearable is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// Sends frames and obeys commands.
    Running,
    /// Fetches an image: sends nothing, obeys nothing, its connection stands.
    Updating,
    /// Reboots: it has no connection.
    Absent,
}

/// Where an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Update {
    #[default]
    None,
    Fetching,
    RebootsUntil(Duration),
}

impl Update {
    pub(crate) fn activity(self, now: Duration) -> Activity {
        match self {
            Self::Fetching => Activity::Updating,
            Self::RebootsUntil(until) if now < until => Activity::Absent,
            Self::None | Self::RebootsUntil(_) => Activity::Running,
        }
    }
}
