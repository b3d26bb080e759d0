//! What an edge adds to what every node does on the bus: commands go to connections, telemetry of other nodes to viewers, and heartbeat
//! and report tell of its spaces. All else is `grouploop_bridge`'s.

use crate::dispatch::{deliver, send_to_own};
use crate::peer::{Completion, Peer, PendingCommand};
use crate::ring::Arrival;
use crate::space::SpaceState;
use crate::state::EdgeState;
use bytes::Bytes;
use grouploop_bridge::{
    Delivery, DeviceId, Heartbeat, Member, NodeHost, OwnQuestions, Owners, Report, ReportHost, Side, Space, SpaceHost,
    TraceContext, json,
};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Utf8Bytes;

impl NodeHost for EdgeState {
    fn member(&self) -> &Member {
        &self.node.member
    }

    fn describe(&self, beat: &mut Heartbeat) {
        for space in self.spaces.all() {
            let owned = u32::try_from(space.owners.len()).unwrap_or(u32::MAX);
            if owned > 0 {
                beat.devices.insert(space.name.clone(), owned);
            }
            let watching = u32::try_from(space.viewers()).unwrap_or(u32::MAX);
            if watching > 0 {
                beat.viewers.insert(space.name.clone(), watching);
            }
        }
    }

    fn sample(&self, elapsed: Duration) {
        for space in self.spaces.all() {
            space.owners.sample(elapsed);
        }
    }
}

impl ReportHost for EdgeState {
    fn report(&self, report: &mut Report) {
        report.connections = self.node.peer_count() as u64;
        report.drops = self.node.metrics.drops();
        let (spaces, all) = self.node.ledger.look();
        (report.spaces, report.all) = (spaces.into_iter().collect(), all);
        let now = Instant::now();
        for space in self.spaces.all() {
            let (devices, viewers) = (space.owners.len() as u64, space.viewers() as u64);
            report.all.devices += devices;
            report.all.viewers += viewers;
            let figures = report.spaces.entry(space.name.clone()).or_default();
            (figures.devices, figures.viewers, figures.silent) = (devices, viewers, space.owners.silent() as u64);
            let clashing = space.owners.clashing(now);
            if !clashing.is_empty() {
                report.clashes.insert(space.name.clone(), clashing);
            }
        }
    }
}

/// One space of an edge.
#[derive(Debug)]
pub(crate) struct OnTheBus {
    edge: Arc<EdgeState>,
    space: Arc<SpaceState>,
}

impl OnTheBus {
    pub(crate) fn new(edge: Arc<EdgeState>, space: Arc<SpaceState>) -> Self {
        Self { edge, space }
    }
}

impl SpaceHost for OnTheBus {
    type Owner = Peer;

    fn member(&self) -> &Member {
        &self.edge.node.member
    }

    fn space(&self) -> &Space {
        &self.space.name
    }

    fn owners(&self) -> &Owners<Peer> {
        &self.space.owners
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.edge.node.tasks.spawn_on(task, &self.edge.node.runtime);
    }

    fn command(&self, device: DeviceId, owner: &Arc<Peer>, question: Delivery) {
        let text = Utf8Bytes::try_from(question.payload.clone());
        let span = deliver(&self.edge.node, Side::Consumer, question.trace, device);
        let completion = Completion::bus(question).traced(span);
        // Checked already; what were none would be dropped here and answer `failed`.
        let Ok(text) = text else { return };
        let now = Instant::now();
        let deadline = now + self.edge.node.settings.command_timeout();
        owner.send(PendingCommand { device, text, deadline, completion }, now);
    }

    fn command_to_all(&self, text: &str, question: Delivery) {
        let report = send_to_own(&self.edge.node, &self.space, text, Side::Consumer, question.trace);
        // Ends by itself within the command timeout.
        self.spawn(async move {
            // When the bus went away the asker counts what it heard.
            let _ = question.respond(json(&report.await));
        });
    }

    fn clashed(&self, device: DeviceId) {
        let node = &self.edge.node;
        node.metrics.clashes.inc();
        if let Some(unsaid) = node.clash_log.lock().unwrap_or_else(PoisonError::into_inner).say(Instant::now()) {
            tracing::warn!(
                device.id = %device,
                space.id = %self.space.name,
                unsaid,
                "two live connections send under one device id; give one of them another id"
            );
        }
    }

    /// What connections here ask is answered for the devices here without the bus, so that it works while the bus is away.
    fn own_questions(&self) -> OwnQuestions {
        OwnQuestions::Ignored
    }

    fn wants_telemetry(&self) -> bool {
        self.space.viewers() > 0
    }

    fn telemetry(&self, lines: Bytes, trace: Option<TraceContext>) {
        self.space.telemetry.show(lines, Arrival { at: Instant::now(), trace });
    }

    fn anew(&self) -> Option<Self> {
        let space = self.edge.spaces.get(&self.space.name)?;
        Some(Self { edge: self.edge.clone(), space })
    }
}
