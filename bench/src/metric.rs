//! The figures that can be measured, and what they are called.

use serde::Serialize;

/// What can be measured; smaller is better where there is a limit, larger where a least figure or a share is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    FramesLost,
    FramesMisordered,
    ConnectionsClosed,
    LatencyP99Ms,
    CpuUsPerInbound,
    CpuUsPerDelivered,
    ViewerKb,
    DeviceKb,
    CommandsLost,
    CommandP99Ms,
    AnswerP99Ms,
    CpuRatio,
    RequestsPerSecond,
    MegabytesPerSecond,
    CpuUsPerRequest,
    BodiesWrong,
    PeakMb,
    IdleMb,
    AfterwardsMb,
    CrowdSeconds,
    FramesPerSecond,
    FramesMissedPercent,
    FramesDropped,
    FramesBeforeConnection,
    ConnectionsMissing,
    SimulatorCores,
    CpuUsPerFrame,
    SimulatedKb,
    CommandableKb,
    MixedMillions,
    WalkMillions,
    DanceMillions,
    RestMillions,
    FreeMillions,
    FlockCores,
    DenseFlockCores,
    SpacingP99Ms,
    SpacingMaxMs,
    OwnSpacingP99Ms,
}

impl Metric {
    /// What it is, and its unit.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::FramesLost => ("frames lost", ""),
            Self::FramesMisordered => ("frames out of order or twice", ""),
            Self::ConnectionsClosed => ("connections ended", ""),
            Self::LatencyP99Ms => ("send to receive, p99", "ms"),
            Self::CpuUsPerInbound => ("CPU per inbound frame", "µs"),
            Self::CpuUsPerDelivered => ("CPU per delivered frame", "µs"),
            Self::ViewerKb => ("memory per idle viewer", "KB"),
            Self::DeviceKb => ("memory per registered device", "KB"),
            Self::CommandsLost => ("commands lost", ""),
            Self::CommandP99Ms => ("command to device, p99", "ms"),
            Self::AnswerP99Ms => ("answer to controller, p99", "ms"),
            Self::CpuRatio => ("CPU against one edge", "×"),
            Self::RequestsPerSecond => ("requests per second", "/s"),
            Self::MegabytesPerSecond => ("throughput", "MB/s"),
            Self::CpuUsPerRequest => ("CPU per request", "µs"),
            Self::BodiesWrong => ("clients without every byte", ""),
            Self::PeakMb => ("memory, the most there ever was", "MB"),
            Self::IdleMb => ("memory before", "MB"),
            Self::AfterwardsMb => ("memory afterwards", "MB"),
            Self::CrowdSeconds => ("until the last client has all", "s"),
            Self::FramesPerSecond => ("frames sent per second", "/s"),
            Self::FramesMissedPercent => ("frames late or skipped", "%"),
            Self::FramesDropped => ("frames dropped", ""),
            Self::FramesBeforeConnection => ("frames due while connecting", ""),
            Self::ConnectionsMissing => ("devices without connection", ""),
            Self::SimulatorCores => ("CPU of the simulator", "cores"),
            Self::CpuUsPerFrame => ("CPU per frame sent", "µs"),
            Self::SimulatedKb => ("memory per device", "KB"),
            Self::CommandableKb => ("the same, taking commands", "KB"),
            Self::MixedMillions => ("bodies: all motions, mixed", "million/s"),
            Self::WalkMillions => ("walking alone", "million/s"),
            Self::DanceMillions => ("dancing alone", "million/s"),
            Self::RestMillions => ("resting alone", "million/s"),
            Self::FreeMillions => ("free alone", "million/s"),
            Self::FlockCores => ("5,000 flocking, 70 m square", "cores"),
            Self::DenseFlockCores => ("5,000 flocking, 10 m square", "cores"),
            Self::SpacingP99Ms => ("time between frames off by, p99", "ms"),
            Self::SpacingMaxMs => ("at most", "ms"),
            Self::OwnSpacingP99Ms => ("as the replay itself says, p99", "ms"),
        }
    }

    /// Whether one bad round spoils all; other figures are judged by their median.
    pub(crate) fn worst_counts(self) -> bool {
        matches!(
            self,
            Self::FramesLost
                | Self::FramesMisordered
                | Self::ConnectionsClosed
                | Self::CommandsLost
                | Self::BodiesWrong
                | Self::PeakMb
                | Self::FramesDropped
                | Self::ConnectionsMissing
        )
    }
}
