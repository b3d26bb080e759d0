//! What is measured and how good it must be, as data. The known figures come from earlier measurements on two cores: of a relay like
//! ours, of the best relay in another language, and of the Python prototype.

use crate::cdn::{self, File};
use crate::metric::Metric;
use crate::simulator::Crowd;
use crate::swarm::Load;

/// A question to the servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    /// For `--only`.
    pub(crate) key: char,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) checks: &'static [Check],
}

/// How a scenario is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// One server under a load.
    Load(Load),
    /// Memory for each of this many connections.
    Memory(u32),
    /// Commands over two edges while the first of them is under a load.
    Command(Load),
    /// A load whose devices and viewers are on different edges.
    Across(Load),
    /// A file from the CDN, as often as it can.
    Rate(File),
    /// An image for so many clients at once.
    Crowd(u32),
    /// Simulated devices on the bus.
    SimulatedOnBus(Crowd),
    /// Simulated devices on a WebSocket each.
    SimulatedOverSockets(Crowd),
    /// The bodies of simulated devices.
    Bodies,
    /// A recording that is played again.
    Replay,
}

/// One target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) metric: Metric,
    /// At most; without this, `least` and `share` it is for information.
    pub(crate) limit: Option<f64>,
    /// At least.
    pub(crate) least: Option<f64>,
    /// What the limit is measured against, when it is known from earlier.
    pub(crate) known: Option<Known>,
    /// At least this part of what nginx gives in the same run.
    pub(crate) share: Option<f64>,
}

/// Figures of other servers, from earlier and on another machine of two cores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// A bare relay like ours. Limit divided by this is what the target allows over the relay, on a machine of any speed.
    pub(crate) relay: f64,
    /// The best relay in another language, and the Python prototype.
    pub(crate) others: &'static str,
}

const fn at_most(metric: Metric, limit: f64) -> Check {
    Check { limit: Some(limit), ..shown(metric) }
}

const fn at_least(metric: Metric, least: f64) -> Check {
    Check { least: Some(least), ..shown(metric) }
}

const fn beside(metric: Metric, limit: f64, relay: f64, others: &'static str) -> Check {
    Check { known: Some(Known { relay, others }), ..at_most(metric, limit) }
}

const fn none(metric: Metric) -> Check {
    at_most(metric, 0.0)
}

const fn share(metric: Metric, share: f64) -> Check {
    Check { share: Some(share), ..shown(metric) }
}

const fn shown(metric: Metric) -> Check {
    Check { metric, limit: None, least: None, known: None, share: None }
}

/// The load that three scenarios share.
const THOUSAND: Load = Load { devices: 1_000, hz: 20, viewers: 10 };

/// What 50,000 devices at 20 Hz send a second, less one in a thousand: the last frames of a run may fall due at its very end.
const A_MILLION: f64 = 999_000.0;
/// What a simulator may miss of its schedule, as it says itself.
const MISSED_PERCENT: f64 = 1.0;

/// All of them, in the order in which they are measured: `g` compares itself with `a`.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        key: 'a',
        name: "1,000 devices × 20 Hz × 10 viewers",
        kind: Kind::Load(THOUSAND),
        checks: &[
            none(Metric::FramesLost),
            none(Metric::FramesMisordered),
            none(Metric::ConnectionsClosed),
            at_most(Metric::LatencyP99Ms, 15.0),
            beside(Metric::CpuUsPerInbound, 7.5, 4.2, "8.5 / 50, 92 % lost"),
        ],
    },
    Scenario {
        key: 'b',
        name: "5,000 devices × 10 Hz × 1 viewer",
        kind: Kind::Load(Load { devices: 5_000, hz: 10, viewers: 1 }),
        checks: &[
            none(Metric::FramesLost),
            none(Metric::FramesMisordered),
            none(Metric::ConnectionsClosed),
            beside(Metric::CpuUsPerInbound, 6.0, 3.3, "9.9 / 20, 88 % lost"),
        ],
    },
    Scenario {
        key: 'c',
        name: "100 devices × 20 Hz × 500 viewers",
        kind: Kind::Load(Load { devices: 100, hz: 20, viewers: 500 }),
        checks: &[
            none(Metric::FramesLost),
            none(Metric::FramesMisordered),
            none(Metric::ConnectionsClosed),
            beside(Metric::CpuUsPerDelivered, 0.25, 0.22, "0.32 / collapses"),
        ],
    },
    Scenario {
        key: 'd',
        name: "50 devices × 20 Hz × 5 viewers",
        kind: Kind::Load(Load { devices: 50, hz: 20, viewers: 5 }),
        checks: &[
            none(Metric::FramesLost),
            none(Metric::FramesMisordered),
            none(Metric::ConnectionsClosed),
            at_most(Metric::LatencyP99Ms, 12.0),
            beside(Metric::CpuUsPerInbound, 26.0, 12.0, "55 / 254"),
        ],
    },
    Scenario {
        key: 'e',
        name: "10,000 connections",
        kind: Kind::Memory(10_000),
        checks: &[at_most(Metric::ViewerKb, 6.0), at_most(Metric::DeviceKb, 12.0)],
    },
    Scenario {
        key: 'f',
        name: "commands over two edges and NATS, load (a) on the first",
        kind: Kind::Command(THOUSAND),
        checks: &[none(Metric::CommandsLost), at_most(Metric::CommandP99Ms, 10.0), shown(Metric::AnswerP99Ms)],
    },
    Scenario {
        key: 'g',
        name: "load (a), devices and viewers on different edges",
        kind: Kind::Across(THOUSAND),
        checks: &[
            none(Metric::FramesLost),
            none(Metric::FramesMisordered),
            none(Metric::ConnectionsClosed),
            at_most(Metric::CpuRatio, 1.5),
        ],
    },
    Scenario {
        key: 'h',
        name: "CDN: commands.json",
        kind: Kind::Rate(File::Commands),
        checks: &[share(Metric::RequestsPerSecond, 0.6), shown(Metric::CpuUsPerRequest)],
    },
    Scenario {
        key: 'i',
        name: "CDN: a library of 10 KB",
        kind: Kind::Rate(File::Library),
        checks: &[share(Metric::RequestsPerSecond, 0.6), shown(Metric::CpuUsPerRequest)],
    },
    Scenario {
        key: 'j',
        name: "CDN: a file of 1 MB",
        kind: Kind::Rate(File::Large),
        checks: &[share(Metric::MegabytesPerSecond, 0.8), shown(Metric::CpuUsPerRequest)],
    },
    Scenario {
        key: 'k',
        name: "CDN: an image of 1.5 MB for 500 clients at once",
        kind: Kind::Crowd(500),
        checks: &[
            none(Metric::BodiesWrong),
            at_most(Metric::PeakMb, 100.0),
            shown(Metric::IdleMb),
            shown(Metric::AfterwardsMb),
            shown(Metric::CrowdSeconds),
        ],
    },
    Scenario {
        key: 'l',
        name: "simulator: 50,000 devices × 20 Hz on NATS",
        kind: Kind::SimulatedOnBus(Crowd { devices: 50_000, hz: 20 }),
        checks: &[
            at_least(Metric::FramesPerSecond, A_MILLION),
            at_most(Metric::FramesMissedPercent, MISSED_PERCENT),
            none(Metric::FramesDropped),
            at_most(Metric::SimulatedKb, 1.0),
            shown(Metric::CommandableKb),
            shown(Metric::SimulatorCores),
            shown(Metric::CpuUsPerFrame),
        ],
    },
    Scenario {
        key: 'm',
        name: "simulator: 5,000 WebSockets × 10 Hz",
        kind: Kind::SimulatedOverSockets(Crowd { devices: 5_000, hz: 10 }),
        checks: &[
            at_most(Metric::SimulatorCores, 1.0),
            at_most(Metric::FramesMissedPercent, MISSED_PERCENT),
            none(Metric::FramesDropped),
            none(Metric::ConnectionsMissing),
            none(Metric::ConnectionsClosed),
            shown(Metric::FramesBeforeConnection),
            shown(Metric::CpuUsPerFrame),
        ],
    },
    Scenario {
        key: 'n',
        name: "simulator: bodies, one core",
        kind: Kind::Bodies,
        checks: &[
            at_least(Metric::MixedMillions, 10.0),
            shown(Metric::WalkMillions),
            shown(Metric::DanceMillions),
            shown(Metric::RestMillions),
            shown(Metric::FreeMillions),
            at_most(Metric::FlockCores, 0.5),
            at_most(Metric::DenseFlockCores, 0.5),
        ],
    },
    Scenario {
        key: 'o',
        name: "simulator: a recording played again",
        kind: Kind::Replay,
        checks: &[
            none(Metric::FramesLost),
            none(Metric::FramesMisordered),
            at_most(Metric::SpacingP99Ms, 2.0),
            shown(Metric::SpacingMaxMs),
            shown(Metric::OwnSpacingP99Ms),
        ],
    },
];

impl Kind {
    /// Whether it is about the CDN, with nginx as its yardstick.
    pub(crate) fn is_of_cdn(self) -> bool {
        matches!(self, Self::Rate(_) | Self::Crowd(_))
    }

    /// Connections that the generator opens at once.
    pub(crate) fn connections(self) -> u32 {
        match self {
            Self::Load(load) | Self::Command(load) | Self::Across(load) => load.devices + load.viewers,
            Self::Memory(connections) | Self::Crowd(connections) => connections,
            Self::Rate(_) => cdn::CONNECTIONS,
            // The simulator's, and the edge's: both inherit our limit.
            Self::SimulatedOverSockets(crowd) => crowd.devices,
            Self::SimulatedOnBus(_) | Self::Bodies | Self::Replay => 0,
        }
    }
}
