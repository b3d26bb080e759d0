//! What the CDN says about firmware that devices fetch, so that a rollout can show how far each device is.

use crate::frame::DeviceId;
use crate::name::NodeId;
use serde::{Deserialize, Serialize};

/// Downloads in one [`FirmwareReport`] at most: about 250 bytes each, so a report stays under 64 KB.
pub const FIRMWARE_REPORT_DOWNLOADS: usize = 200;

/// `gl.cdn.firmware`: the downloads that went on or ended since the last report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmwareReport {
    /// The CDN node that serves them.
    pub node: NodeId,
    /// Each of them; at most [`FIRMWARE_REPORT_DOWNLOADS`].
    pub downloads: Vec<Download>,
}

/// One answer to a GET of a firmware image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// Number of the download on its node.
    pub id: u64,
    /// What is fetched, as in the manifest: `firmware/<file>`.
    pub path: String,
    /// Bytes handed to the connection so far.
    pub bytes: u64,
    /// Bytes that this answer has in all.
    pub size: u64,
    /// All of them were handed over.
    pub done: bool,
    /// The client went away before that.
    #[serde(default)]
    pub aborted: bool,
    /// The status of the answer: 200, 206, or 304 when the device runs this image already.
    pub status: u16,
    /// Address and port of the client, as the CDN sees it.
    pub remote: String,
    /// The device: the one that a rollout put into the URL (`?rollout=…&device=1a2b`), or else, when the request says a MAC address
    /// (`x-ESP32-STA-MAC`), the one whose id are its last two bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The rollout that it is part of, when the URL names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// What the device says that it runs: the MD5 of its sketch, or, when it does not say that, its version; 32 characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<String>,
    /// It was only asked what it runs (`?rollout=…&check=1a2b`), and answered 304 whatever that is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub check: bool,
    /// It ended while its node had no bus to say so: what became of the device since is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}
