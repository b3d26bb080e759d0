//! What is a node's own: its owners, and what it does with what the bus brings.

use super::{Member, Owners};
use crate::bus::Delivery;
use crate::frame::DeviceId;
use crate::name::Space;
use crate::node::Heartbeat;
use crate::trace::TraceContext;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The number of an owner, never used twice in a process; 0 is nobody.
pub type OwnerId = u64;

/// Whoever sends frames of devices and takes their commands: a connection, a swarm.
///
/// All of it is called under the lock of [`Owners`]: it must neither wait nor call back.
pub trait Owner: fmt::Debug + Send + Sync + 'static {
    /// Its number.
    fn id(&self) -> OwnerId;

    /// It owns one device more.
    fn gained(&self);

    /// It owns one device fewer.
    fn lost(&self);

    /// Whether its devices take commands; the answer never changes. When they do not, the node subscribes to none of their command
    /// subjects, so a command to one has no responders. In presence and in rosters they are like any other.
    fn takes_commands(&self) -> bool {
        true
    }
}

/// A node with its heartbeat: what [`run_heartbeat`](super::run_heartbeat) stands on.
pub trait NodeHost: Send + Sync + 'static {
    /// The node.
    fn member(&self) -> &Member;

    /// Adds what there is to tell beside name and clock: devices (only spaces that have some) and viewers.
    fn describe(&self, beat: &mut Heartbeat);

    /// [Measures](Owners::sample) the rates of the devices in every space, once a second.
    fn sample(&self, elapsed: Duration);
}

/// A space of a node: what [`run_space`](super::run_space) stands on. Nothing here may wait.
pub trait SpaceHost: Sized + Send + Sync + 'static {
    /// Who owns devices.
    type Owner: Owner;

    /// The node.
    fn member(&self) -> &Member;

    /// The name of the space.
    fn space(&self) -> &Space;

    /// Its devices on this node.
    fn owners(&self) -> &Owners<Self::Owner>;

    /// Runs a small task that ends by itself, where the end of the node awaits it.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// A command to a device: valid UTF-8, at most [`MAX_COMMAND_BYTES`](crate::MAX_COMMAND_BYTES). Whoever sent it waits for `success` or
    /// `failed`.
    fn command(&self, device: DeviceId, owner: &Arc<Self::Owner>, question: Delivery);

    /// A command to all devices of the space. Whoever sent it waits for a [`CommandReport`](crate::CommandReport).
    fn command_to_all(&self, text: &str, question: Delivery);

    /// Two live owners send under this id; called once for each such clash.
    fn clashed(&self, device: DeviceId);

    /// What happens with what this very node asks of all nodes.
    fn own_questions(&self) -> OwnQuestions {
        OwnQuestions::Answered
    }

    /// Whether the node wants the telemetry of other nodes now; after a change it calls [`Owners::wake`].
    fn wants_telemetry(&self) -> bool {
        false
    }

    /// A batch of another node's frames, one of which may be traced.
    fn telemetry(&self, lines: Bytes, trace: Option<TraceContext>) {
        let _ = (lines, trace);
    }

    /// The same space, when it was made anew while this one ended: its devices have not left.
    fn anew(&self) -> Option<Self> {
        None
    }
}

/// What happens with a command to all, or a roster, that the node itself asked for on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnQuestions {
    /// It is handled like everybody's.
    Answered,
    /// Nothing: the node has handled it already, without the bus.
    Ignored,
}
