//! Telling it: once a second, and when the node goes.

use super::fit::Fit;
use super::{REPORT_INTERVAL, Report, SpaceFigures, usage};
use crate::bus::Bus;
use crate::name::NodeId;
use crate::subject::Subject;
use crate::version::Version;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// How long the bus may take to answer before nothing is said of it.
const ROUND_TRIP_PATIENCE: Duration = Duration::from_millis(500);

/// Whose reports they are.
#[derive(Debug, Clone)]
pub struct Reporter {
    /// The node.
    pub node: NodeId,
    /// `edge`, `simulator`, `cdn` …
    pub role: &'static str,
    /// Version of the program.
    pub version: Version,
    /// Its access to the bus.
    pub bus: Bus,
}

/// A node that has figures to tell.
pub trait ReportHost: Send + Sync + 'static {
    /// Adds what there is to tell: connections, drops, clashes, spaces and their sum. Called once a second.
    fn report(&self, report: &mut Report);
}

/// Sends reports until the node stops; the last one says so.
pub async fn run_reports<H: ReportHost>(host: Arc<H>, reporter: Reporter, stop: CancellationToken) {
    let (started, run) = (Instant::now(), rand::random());
    let mut every = tokio::time::interval(REPORT_INTERVAL);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut fit, mut round_trip) = (Fit::default(), None);
    loop {
        let leaving = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            _ = every.tick() => false,
        };
        let mut report = Report {
            node: reporter.node.clone(),
            role: reporter.role.to_owned(),
            version: reporter.version.number.clone(),
            commit: reporter.version.commit.clone(),
            run,
            leaving,
            clock_ms: millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
            up_ms: millis(started.elapsed()),
            cpu_ms: usage::cpu_ms(),
            memory_bytes: usage::memory_bytes(),
            connections: 0,
            round_trip_us: round_trip,
            drops: BTreeMap::new(),
            clashes: BTreeMap::new(),
            all: SpaceFigures::default(),
            spaces_in_all: 0,
            spaces: BTreeMap::new(),
        };
        host.report(&mut report);
        // With the bus away nobody hears it; the counts of the next one hold what this one would have told.
        let _ = reporter.bus.publish(&Subject::Report { node: reporter.node.clone() }, fit.bytes(report));
        if leaving {
            return;
        }
        round_trip = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            took = reporter.bus.round_trip(ROUND_TRIP_PATIENCE) => took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
        };
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
