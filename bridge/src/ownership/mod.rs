//! What makes a node an owner of devices on the bus: presence, takeover, command subjects, rosters and heartbeats. Edges and simulators
//! have them from here, so that nobody can tell whose devices they are.
//!
//! ```text
//!   owner ──claim, release──▶ Owners ──(changed)──▶ run_space ──▶ subscribe command.<device>, presence: joined, left
//!     ▲     note_frame: Slot                            ▲ │
//!     └──────────── SpaceHost::command ◀────────────────┘ └──▶ answers: roster, failed, a later claim
//!   NodeHost::describe ──▶ run_heartbeat, once a second ──▶ gl.node.<node>          gl.node.* ──▶ Others
//! ```
//!
//! There is one [`Member`] and one [`run_heartbeat`] for each node, and one [`Owners`] and one [`run_space`] for each of its spaces. What
//! differs between nodes is asked of two traits, [`NodeHost`] and [`SpaceHost`].

mod collect;
mod contest;
mod heartbeat;
mod host;
mod interest;
mod member;
mod others;
mod owners;
mod slot;
mod space;
#[cfg(test)]
mod tests;

pub use heartbeat::run_heartbeat;
pub use host::{NodeHost, OwnQuestions, Owner, OwnerId, SpaceHost};
pub use member::Member;
pub use others::Others;
pub use owners::Owners;
pub use slot::Slot;
pub use space::run_space;

/// The [`OwnerId`] of a device without an owner.
const NOBODY: OwnerId = 0;
