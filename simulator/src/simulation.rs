//! One run of a scenario from its first frame to its report: what `grouploop simulate` does, without its terminal.

use crate::link::ConnectFailure;
use crate::measure::{Viewers, ViewersError, Watch};
use crate::report::{
    CommandLoadReport, CommandsReport, ConnectionsReport, FramesReport, Measured, Report, RunReport, SwarmReport,
    UpdatesReport, Usage,
};
use crate::scenario::{Swarm, Transport};
use crate::swarm::{Figures, SwarmHandle, Watched};
use crate::swarms::{SwarmError, Swarms};
use grouploop_bridge::Space;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long frames may be under way after the last was sent, before they count as lost.
const GRACE: Duration = Duration::from_secs(2);
/// Time for swarms to end, and for the node.
const PATIENCE: Duration = Duration::from_secs(5);

/// A run of swarms.
#[derive(Debug)]
pub struct Simulation {
    swarms: Swarms,
    handles: Vec<SwarmHandle>,
    viewers: Option<Viewers>,
    began: Instant,
    started_at: SystemTime,
    usage: Usage,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Why a run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// Nobody can watch.
    #[error(transparent)]
    Viewers(#[from] ViewersError),
    /// A swarm cannot start.
    #[error("swarm `{name}`: {error}")]
    Swarm {
        /// Its name.
        name: String,
        /// Why.
        error: SwarmError,
    },
}

/// How a run goes, for a line on the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Live {
    /// Devices that are there.
    pub present: u64,
    /// Frames that were sent.
    pub sent: u64,
    /// Frames that were made and not sent.
    pub dropped: u64,
    /// Frames that were late, or not made at all.
    pub missed: u64,
    /// Commands that reached devices.
    pub commands: u64,
}

impl Simulation {
    /// Starts all swarms at once, and before them whoever watches.
    ///
    /// # Errors
    /// [`SimulationError`]; nothing runs then.
    pub async fn start(swarms: Swarms, plans: Vec<Swarm>, watch: Option<Watch>) -> Result<Self, SimulationError> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let began = Instant::now();
        let viewers = match watch {
            Some(watch) => {
                let classes: Vec<(String, Space)> =
                    plans.iter().map(|plan| (plan.name.clone(), plan.space.clone())).collect();
                Some(Viewers::start(&classes, watch, began, &tasks, &stop).await?)
            }
            None => None,
        };
        let mut run = Self {
            swarms,
            handles: Vec::new(),
            viewers,
            began,
            started_at: SystemTime::now(),
            usage: Usage::now(),
            tasks,
            stop,
        };
        for (number, plan) in plans.into_iter().enumerate() {
            let ledger = run.viewers.as_ref().map(Viewers::ledger);
            let watched = ledger.map(|ledger| Watched::new(ledger.clone(), number, began));
            let name = plan.name.clone();
            match run.swarms.start_watched(plan, watched) {
                Ok(handle) => run.handles.push(handle),
                Err(error) => {
                    run.end().await;
                    return Err(SimulationError::Swarm { name, error });
                }
            }
        }
        Ok(run)
    }

    /// How it goes.
    #[must_use]
    pub fn live(&self) -> Live {
        let mut live = Live::default();
        for Figures { present, frames_sent, frames_late, frames_skipped, frames_dropped, commands_received, .. } in
            self.handles.iter().map(SwarmHandle::figures)
        {
            live.present += present;
            live.sent += frames_sent;
            live.dropped += frames_dropped.values().sum::<u64>();
            live.missed += frames_late + frames_skipped;
            live.commands += commands_received;
        }
        live
    }

    /// How long it runs.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns when every swarm is over.
    ///
    /// # Cancel safety
    /// May be dropped and asked again.
    pub async fn ended(&self) {
        for handle in &self.handles {
            handle.ended().await;
        }
    }

    /// Ends what still runs, waits for frames under way, and reports. The verdict is still to be [judged](Report::judge).
    pub async fn finish(self) -> Report {
        self.handles.iter().for_each(SwarmHandle::stop);
        let (elapsed, usage) = (self.elapsed(), Usage::now());
        // Cut off, their figures are as good.
        let _ = timeout(PATIENCE, self.ended()).await;
        let mut measured = None;
        if let Some(viewers) = &self.viewers {
            viewers.finish(GRACE).await;
            measured = Some(Measured::of(viewers));
        }
        let report = Report {
            run: RunReport {
                clashes: self.swarms.clashes(),
                ..RunReport::new(self.started_at, elapsed, self.usage, usage)
            },
            swarms: self.handles.iter().map(swarm_report).collect(),
            measured,
            ..Report::default()
        };
        self.end().await;
        report
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        let _ = timeout(PATIENCE, self.tasks.wait()).await;
        self.swarms.drain(PATIENCE).await;
    }
}

fn swarm_report(swarm: &SwarmHandle) -> SwarmReport {
    let (plan, figures) = (swarm.plan(), swarm.figures());
    let over_ws = matches!(plan.transport, Transport::Ws { .. });
    let connections = swarm.connections();
    let dropped = figures.frames_dropped.iter().map(|(reason, frames)| ((*reason).to_owned(), *frames));
    SwarmReport {
        name: plan.name.clone(),
        space: plan.space.to_string(),
        devices: u32::try_from(plan.ids.len()).unwrap_or(u32::MAX),
        transport: if over_ws { "ws" } else { "bus" }.to_owned(),
        frames: FramesReport {
            scheduled: figures.frames_scheduled,
            sent: figures.frames_sent,
            late: figures.frames_late,
            skipped: figures.frames_skipped,
            dropped: dropped.collect(),
        },
        bytes: figures.bytes_sent,
        messages: figures.messages_sent,
        connections: over_ws.then(|| ConnectionsReport {
            opened: connections.opened.get(),
            lost: connections.lost.get(),
            failed: ConnectFailure::ALL
                .into_iter()
                .map(|kind| (kind.reason().to_owned(), connections.failed(kind).get()))
                .filter(|(_, tries)| *tries > 0)
                .collect(),
            frames_lost: connections.lost_with_connection.get(),
        }),
        commands: CommandsReport { received: figures.commands_received, lost_in_slot: figures.commands_lost_in_slot },
        updates: UpdatesReport {
            started: figures.updates_started,
            succeeded: figures.updates_succeeded,
            failed: figures.updates_failed,
            unchanged: figures.updates_unchanged,
        },
        command_load: swarm.command_figures().map(|figures| {
            let ms = |us: u64| us as f64 / 1000.0;
            CommandLoadReport {
                sent: figures.sent,
                success: figures.success,
                failed: figures.failed,
                no_answer: figures.no_answer,
                not_sent: figures.not_sent,
                p50_ms: figures.latency.map(|latency| ms(latency.p50_us)),
                p99_ms: figures.latency.map(|latency| ms(latency.p99_us)),
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::swarms::Limits;
    use grouploop_bridge::Hub;

    #[tokio::test]
    async fn a_run_reports_what_was_sent_and_what_arrived() {
        let hub = Hub::new();
        let swarms = Swarms::new("sim-1".parse().unwrap(), "0".into(), hub.attach(), Limits::NONE);
        let text = "[[swarm]]\nname = \"a\"\ndevices = 40\nduration = \"500ms\"\n\
                    [[swarm]]\nname = \"b\"\ndevices = 5\nspace = \"lab\"\nmotion = \"rest\"\nfaults = { malformed = 1, duplicate_ids = 1 }";
        let plans = Scenario::parse(text).unwrap().swarms;
        let watch = Watch { bus: Some(hub.attach()), edges: Vec::new() };
        let run = Simulation::start(swarms, plans, Some(watch)).await.unwrap();
        let handle = run.handles[0].clone();
        handle.ended().await;
        grouploop_testkit::eventually!(run.live().sent > 450);
        let report = run.finish().await;
        let [a, b] = &report.swarms[..] else { panic!() };
        assert_eq!((a.frames.scheduled, a.frames.sent, a.frames.skipped), (400, 400, 0));
        assert!(a.messages > 20 && a.bytes == 400 * 21);
        assert!(b.frames.dropped["malformed"] > 0);
        let measured = report.measured.unwrap();
        assert_eq!((measured.all.lost, measured.all.duplicated, measured.all.out_of_order), (0, 0, 0));
        assert_eq!(measured.all.delivered, a.frames.sent + b.frames.sent);
        assert_eq!(measured.foreign_in_all(), 0);
    }
}
