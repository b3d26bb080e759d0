//! A space in which this node has devices. It exists while a swarm or a replay is in it.

use super::{Node, Owner, Reach};
use bytes::Bytes;
use grouploop_bridge::{
    CommandReport, Delivery, DeviceId, LINE_LEN, Member, NodeHost, Owner as _, OwnerId, Owners, PublishError, Space,
    SpaceCounts, SpaceHost, Subject, json, run_space,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;

/// What an asker hears of a command to one device.
const SUCCESS: Bytes = Bytes::from_static(b"success");
const FAILED: Bytes = Bytes::from_static(b"failed");

/// One space on this node.
#[derive(Debug)]
pub(crate) struct SpaceState {
    pub(super) owners: Owners<Owner>,
    name: Space,
    subject: Subject,
    over: CancellationToken,
    users: AtomicUsize,
    counts: Arc<SpaceCounts>,
}

/// A swarm's place in a space, which exists as long as one is held.
#[derive(Debug)]
pub(crate) struct SpacePlace {
    node: Arc<Node>,
    space: Arc<SpaceState>,
}

impl SpacePlace {
    /// Enters a space, which is made when nobody is in it.
    pub(crate) fn enter(node: &Arc<Node>, name: &Space) -> Self {
        let mut spaces = node.spaces();
        if let Some(space) = spaces.get(name) {
            space.users.fetch_add(1, Ordering::AcqRel);
            return Self { node: node.clone(), space: space.clone() };
        }
        let space = Arc::new(SpaceState {
            owners: Owners::new(),
            subject: Subject::Telemetry { space: name.clone(), node: node.member.id.clone() },
            name: name.clone(),
            over: CancellationToken::new(),
            users: AtomicUsize::new(1),
            counts: node.ledger.of(name),
        });
        spaces.insert(name.clone(), space.clone());
        let host = Host { node: node.clone(), space: space.clone() };
        node.tasks.spawn(run_space(host, space.over.clone()));
        Self { node: node.clone(), space }
    }

    /// The devices of the space on this node.
    pub(crate) fn owners(&self) -> &Owners<Owner> {
        &self.space.owners
    }

    /// The node.
    pub(crate) fn member(&self) -> &Member {
        self.node.member()
    }

    /// Publishes a batch of frames.
    ///
    /// # Errors
    /// [`PublishError`]; the batch is gone then.
    pub(crate) fn publish(&self, lines: Bytes) -> Result<(), PublishError> {
        let bytes = lines.len();
        let published = self.node.member.bus.publish(&self.space.subject, lines);
        match published {
            Ok(()) => self.space.counts.published(bytes),
            Err(_) => {
                self.node.dropped.fetch_add((bytes / LINE_LEN) as u64, Ordering::Relaxed);
                self.space.counts.lost(bytes);
            }
        }
        published
    }
}

impl Drop for SpacePlace {
    fn drop(&mut self) {
        let mut spaces = self.node.spaces();
        if self.space.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            spaces.remove(&self.space.name);
            self.space.over.cancel();
        }
    }
}

/// What the bus side of a space needs of it.
struct Host {
    node: Arc<Node>,
    space: Arc<SpaceState>,
}

impl SpaceHost for Host {
    type Owner = Owner;

    fn member(&self) -> &Member {
        self.node.member()
    }

    fn space(&self) -> &Space {
        &self.space.name
    }

    fn owners(&self) -> &Owners<Owner> {
        &self.space.owners
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.node.tasks.spawn(task);
    }

    fn command(&self, device: DeviceId, owner: &Arc<Owner>, question: Delivery) {
        let taken = owner.hand_over(Reach::One(device), question.payload.clone());
        if taken {
            self.space.counts.delivered();
        }
        // With the bus away the asker hears so from its own node.
        let _ = question.respond(if taken { SUCCESS } else { FAILED });
    }

    fn command_to_all(&self, text: &str, question: Delivery) {
        let text = Bytes::copy_from_slice(text.as_bytes());
        let mut report = CommandReport { node: self.node.member.id.clone(), sent: Vec::new(), failed: Vec::new() };
        // One message for each owner, however many devices it has.
        let mut asked: FxHashMap<OwnerId, bool> = FxHashMap::default();
        for (device, owner) in self.space.owners.all() {
            // Nobody says of those that take none that they should have.
            if owner.takes_commands() {
                let ask = || owner.hand_over(Reach::All, text.clone());
                let taken = *asked.entry(owner.id()).or_insert_with(ask);
                if taken {
                    self.space.counts.delivered();
                    report.sent.push(device)
                } else {
                    report.failed.push(device)
                }
            }
        }
        let _ = question.respond(json(&report));
    }

    fn clashed(&self, _: DeviceId) {
        self.node.clashes.fetch_add(1, Ordering::Relaxed);
    }

    fn anew(&self) -> Option<Self> {
        let space = self.node.spaces().get(&self.space.name)?.clone();
        Some(Self { node: self.node.clone(), space })
    }
}
