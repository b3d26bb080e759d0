//! What changed of what spaces keep, from whatever CDN: heard on the bus, and told to whoever listens here.

use super::{DocumentId, Kind};
use futures_util::StreamExt;
use grouploop_bridge::{Bus, BusState, Kept, NodeId, PANIC, Pattern, Space, Subject, Subscription, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// Changes that a listener may be behind; one more, and it has to begin anew.
const BEHIND: usize = 256;
/// Time between two tries to subscribe, which fail only while a CDN ends.
const PAUSE: Duration = Duration::from_secs(1);

/// One piece of news for a space.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// This changed.
    Kept(Arc<Kept>),
    /// Some may have been missed while the bus was away: look at all of it again.
    Missed,
}

/// Who listens to which space.
#[derive(Debug, Default)]
pub(crate) struct News {
    spaces: Mutex<BTreeMap<Space, broadcast::Sender<Piece>>>,
    /// A rollout changed somewhere, or may have: whoever runs them looks what is wished.
    pub(crate) rollouts: Notify,
}

impl News {
    fn spaces(&self) -> MutexGuard<'_, BTreeMap<Space, broadcast::Sender<Piece>>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens in the space from now on.
    pub(super) fn listen(&self, space: &Space) -> broadcast::Receiver<Piece> {
        let mut spaces = self.spaces();
        spaces.retain(|_, listeners| listeners.receiver_count() > 0);
        spaces.entry(space.clone()).or_insert_with(|| broadcast::Sender::new(BEHIND)).subscribe()
    }

    /// Tells everybody, here and elsewhere, that a document changed; without a tag it is gone. While the bus is away those here.
    pub(crate) fn announce(
        &self,
        bus: &Bus,
        node: &NodeId,
        space: &Space,
        kind: Kind,
        id: &DocumentId,
        etag: Option<String>,
    ) {
        let kept = Kept { node: node.clone(), kind: kind.name().into(), id: id.to_string(), etag };
        self.publish(bus, space, kept);
    }

    /// Tells everybody, here and elsewhere, that the space was darkened: who still sends it something stops.
    pub(super) fn panic(&self, bus: &Bus, node: &NodeId, space: &Space, by: String) {
        let kept = Kept { node: node.clone(), kind: PANIC.into(), id: by, etag: None };
        self.publish(bus, space, kept);
    }

    fn publish(&self, bus: &Bus, space: &Space, kept: Kept) {
        if bus.publish(&Subject::Kept { space: space.clone() }, json(&kept)).is_err() {
            self.tell(space, kept);
        }
    }

    fn tell(&self, space: &Space, kept: Kept) {
        if kept.kind == Kind::Rollouts.name() {
            self.rollouts.notify_one();
        }
        if let Some(listeners) = self.spaces().get(space) {
            // Nobody listens any more: that is all right.
            let _ = listeners.send(Piece::Kept(Arc::new(kept)));
        }
    }

    fn tell_all_missed(&self) {
        self.rollouts.notify_one();
        for listeners in self.spaces().values() {
            let _ = listeners.send(Piece::Missed);
        }
    }

    /// Hears the bus until `stop`. The first subscription is taken before, so that nothing is missed from the first request on.
    pub(crate) async fn run(&self, bus: Bus, first: Option<Subscription>, stop: CancellationToken) {
        let mut state = bus.state();
        state.mark_unchanged();
        let mut subscription = first;
        loop {
            let Some(changes) = &mut subscription else {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
                subscription = bus.subscribe(Pattern::AllKept).await.ok();
                continue;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Ok(()) = state.changed() => {
                    if *state.borrow_and_update() == BusState::Up {
                        self.tell_all_missed();
                    }
                }
                delivery = changes.next() => match delivery {
                    Some(delivery) => {
                        if let Subject::Kept { space } = &delivery.subject
                            && let Ok(kept) = serde_json::from_slice(&delivery.payload)
                        {
                            self.tell(space, kept);
                        }
                    }
                    None => subscription = None,
                },
            }
        }
    }
}
