//! One load against one or two servers: devices that send, viewers that receive, and what the servers spent meanwhile.

use crate::audience::{Audience, Received};
use crate::clock::Timeline;
use crate::histogram::Histogram;
use crate::inbox::Dialect;
use crate::peer::{Peer, Role};
use crate::process::Process;
use crate::sender::{Sender, Sent};
use crate::spending::{Spending, Spent};
use anyhow::{Result, anyhow};
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;

/// More late frames than this in a thousand, and the generator did not do what was asked of it.
const MAX_LATE_PER_MILLE: u64 = 10;

/// How many send how often to how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Load {
    pub(crate) devices: u32,
    pub(crate) hz: u32,
    pub(crate) viewers: u32,
}

/// Where the two halves connect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) dialect: Dialect,
    pub(crate) devices: SocketAddr,
    pub(crate) viewers: SocketAddr,
}

/// Quantiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) max_ms: f64,
}

/// What one load gave. Frames are those of the measured window unless a name says otherwise.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    /// Length of the window.
    pub(crate) seconds: f64,
    pub(crate) inbound: u64,
    pub(crate) delivered: u64,
    /// Frames that a viewer should have received and did not: of the window for viewers that look at every frame, of the whole run
    /// for those that count.
    pub(crate) lost: u64,
    /// Frames out of order within their device, or received twice, or of no device.
    pub(crate) misordered: u64,
    /// Connections that the server ended.
    pub(crate) closed: u64,
    pub(crate) latency: Latency,
    pub(crate) server_cpu_seconds: f64,
    pub(crate) cpu_us_per_inbound: f64,
    pub(crate) cpu_us_per_delivered: f64,
    pub(crate) generator_us_per_inbound: f64,
    pub(crate) generator_lag_p99_ms: f64,
    /// Part of the machine that neither the servers nor the generator used, but somebody did; 1 is all cores.
    pub(crate) foreign_load: f64,
    /// Whether the generator kept its schedule.
    pub(crate) valid: bool,
}

impl From<&Histogram> for Latency {
    fn from(histogram: &Histogram) -> Self {
        let ms = |us: u64| us as f64 / 1_000.0;
        let quantile = |per_mille| ms(histogram.quantile(per_mille));
        Self {
            p50_ms: quantile(500),
            p90_ms: quantile(900),
            p99_ms: quantile(990),
            p999_ms: quantile(999),
            max_ms: ms(histogram.max()),
        }
    }
}

/// Both halves, connected.
pub(crate) struct Swarm {
    load: Load,
    devices: Vec<Peer>,
    viewers: Vec<Peer>,
}

impl Swarm {
    /// Viewers first, so that they miss nothing.
    pub(crate) fn connect(load: Load, site: Site) -> Result<Self> {
        let viewers = Peer::open_all(site.viewers, site.dialect, Role::Viewer, load.viewers)?;
        let devices = Peer::open_all(site.devices, site.dialect, Role::Device, load.devices)?;
        Ok(Self { load, devices, viewers })
    }

    /// Runs the load along the timeline, and adds up the CPU time of `servers` over its window.
    pub(crate) fn run(self, timeline: Timeline, servers: &[&Process]) -> Result<Outcome> {
        let audience = Audience::start(self.viewers, self.load.devices, timeline)?;
        let sender = Sender::new(self.devices, self.load.hz, timeline)?;
        let sending = std::thread::Builder::new().name("devices".into()).spawn(move || sender.run())?;
        timeline.clock.sleep_until(timeline.window_start_us);
        let before = Spending::now(servers)?;
        timeline.clock.sleep_until(timeline.end_us);
        let after = Spending::now(servers)?;
        let (sent, _open) = sending.join().map_err(|_| anyhow!("the devices' thread panicked"))?;
        let received = audience.finish(sent.written * u64::from(self.load.viewers))?;
        Ok(settle(&sent, &received, after.since(&before)))
    }
}

fn settle(sent: &Sent, received: &Received, spent: Spent) -> Outcome {
    let audit = &received.audit;
    let all = sent.written + sent.refused;
    let due_to_attentive = sent.offered * received.attentive;
    let due_to_counting = all * received.counting;
    let lost = due_to_attentive.saturating_sub(audit.in_window) + due_to_counting.saturating_sub(received.counted);
    let twice = audit.repeated + audit.strange + received.counted.saturating_sub(due_to_counting);
    // Viewers that only count do not know the window; its part of what they counted is its part of what was sent.
    let in_window = sent.offered as f64 / all.max(1) as f64;
    let delivered = audit.in_window + (received.counted as f64 * in_window) as u64;
    let us = |time: Duration, frames: u64| time.as_secs_f64() * 1e6 / frames.max(1) as f64;
    let on_time = sent.offered * 100 >= sent.planned * 99;
    Outcome {
        seconds: spent.wall.as_secs_f64(),
        inbound: sent.offered,
        delivered,
        lost,
        misordered: audit.reordered + twice,
        closed: sent.closed + received.closed,
        latency: Latency::from(&audit.latency),
        server_cpu_seconds: spent.servers.as_secs_f64(),
        cpu_us_per_inbound: us(spent.servers, sent.offered),
        cpu_us_per_delivered: us(spent.servers, delivered),
        generator_us_per_inbound: us(spent.generator, sent.offered),
        generator_lag_p99_ms: sent.lag.quantile(990) as f64 / 1_000.0,
        foreign_load: spent.foreign_load,
        valid: on_time && sent.late * 1_000 <= sent.planned * MAX_LATE_PER_MILLE,
    }
}
