//! Which of several CDNs runs the rollouts: the one that holds the lease, a small object in the store.
//!
//! ```text
//!   {"node": "cdn-1", "term": 7, "beat": 412}
//! ```
//!
//! The holder writes the next beat every second, on the condition that the object is as it was. The others look, and take the lease when
//! the beat has not moved for [`EXPIRY`] by their own clocks: nobody compares the time of two machines. Who takes it writes the next term.
//! A holder that could not write for [`HOLD`], which is shorter, stops to act; and whatever it would still write to a record is refused by
//! the term there. A holder without the bus can tell no device anything: after [`CUT_OFF`] its beats say so, and one that has the bus takes
//! the lease at once; where nobody has the bus the holder stays. When somebody removed or broke the object by hand, the terms go on above
//! those that [records](Lease::surpass) tell of.

use crate::store::{Condition, Store, StoreError};
use grouploop_bridge::NodeId;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// The object.
const NOTE: &str = ".grouploop/rollouts-lease.json";
/// How long a holder acts after its last beat.
const HOLD: Duration = Duration::from_secs(3);
/// How long a beat stands still until the lease counts as free.
const EXPIRY: Duration = Duration::from_secs(5);
/// How long a holder may be without the bus.
const CUT_OFF: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Who holds it; nobody when it was let go.
    node: Option<NodeId>,
    term: u64,
    beat: u64,
    /// It holds the lease, and has no bus.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_cut_off: bool,
}

/// One CDN's view of it.
#[derive(Debug)]
pub(super) struct Lease {
    store: Store,
    node: NodeId,
    held: Option<Held>,
    /// What was seen last of another holder, and since when.
    seen: Option<(Note, Instant)>,
    /// The latest term that a record told of.
    known_term: u64,
}

/// That it is held.
#[derive(Debug, Clone, Copy)]
struct Held {
    term: u64,
    until: Instant,
}

impl Lease {
    pub(super) fn new(store: Store, node: NodeId) -> Self {
        Self { store, node, held: None, seen: None, known_term: 0 }
    }

    /// The term while it is held, and until when it surely is.
    pub(super) fn held(&self) -> Option<(u64, Instant)> {
        self.held.map(|held| (held.term, held.until))
    }

    /// A record was written in this term: ours has to be a later one.
    pub(super) fn surpass(&mut self, term: u64) {
        self.known_term = self.known_term.max(term);
    }

    /// Keeps it, or takes it when it is free; to be called every second while there is something to run. `bus_away` is since when there is no
    /// bus.
    ///
    /// # Errors
    /// When the store does not answer; what was held is held until its time is over.
    pub(super) async fn turn(&mut self, bus_away: Option<Instant>) -> Result<(), StoreError> {
        // From before the store has it.
        let started = Instant::now();
        let (note, condition) = match self.store.read_note(NOTE).await {
            Ok((bytes, version)) => {
                (serde_json::from_slice::<Note>(&bytes).unwrap_or_default(), Condition::Is(version))
            }
            Err(StoreError::NotFound) => (Note::default(), Condition::Absent),
            Err(error) => return Err(error),
        };
        let own = note.node.as_ref() == Some(&self.node) && self.held.is_some_and(|held| held.term == note.term);
        let keeps = own && note.term >= self.known_term;
        let next = if keeps {
            let is_cut_off = bus_away.is_some_and(|since| since.elapsed() >= CUT_OFF);
            Note { beat: note.beat.wrapping_add(1), is_cut_off, ..note }
        } else {
            self.held = None;
            let may_relieve = note.is_cut_off && bus_away.is_none();
            if !own && !may_relieve && !self.is_free(&note, started) {
                return Ok(());
            }
            let term = note.term.max(self.known_term).saturating_add(1);
            Note { node: Some(self.node.clone()), term, beat: 0, is_cut_off: false }
        };
        match self.write(&next, &condition).await {
            Ok(()) => {
                if !keeps {
                    tracing::info!(lease.term = next.term, "this CDN runs the rollouts");
                }
                self.held = Some(Held { term: next.term, until: started + HOLD });
                self.seen = None;
                Ok(())
            }
            // Another one was faster; the next look will tell who.
            Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether nobody holds it any more, as the store said when it was asked at `asked`: from the answer before to this question nothing moved.
    fn is_free(&mut self, note: &Note, asked: Instant) -> bool {
        match (&note.node, &self.seen) {
            (None, _) => true,
            (Some(_), Some((seen, since))) if seen == note => asked.saturating_duration_since(*since) >= EXPIRY,
            (Some(_), _) => {
                self.seen = Some((note.clone(), Instant::now()));
                false
            }
        }
    }

    /// Lets it go, so that another one need not wait.
    pub(super) async fn let_go(&mut self) {
        let Some(held) = self.held.take() else { return };
        let Ok((bytes, version)) = self.store.read_note(NOTE).await else { return };
        let Ok(note) = serde_json::from_slice::<Note>(&bytes) else { return };
        if note.node.as_ref() == Some(&self.node) && note.term == held.term {
            // If it cannot be written it runs out by itself.
            let _ = self.write(&Note { node: None, ..note }, &Condition::Is(version)).await;
        }
    }

    async fn write(&self, note: &Note, condition: &Condition) -> Result<(), StoreError> {
        self.store.write_note(NOTE, serde_json::to_vec(note).unwrap_or_default().into(), condition).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(store: &Store, node: &str) -> Lease {
        Lease::new(store.clone(), node.parse().unwrap())
    }

    fn store() -> Store {
        Store::open("memory://", [], Duration::from_secs(2)).unwrap()
    }

    /// Both take their turns, once a second, for so long.
    async fn turns(leases: &mut [&mut Lease], seconds: u64) {
        for _ in 0..seconds {
            for lease in leases.iter_mut() {
                lease.turn(None).await.unwrap();
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_holds_it_as_long_as_it_lives() {
        let store = store();
        let (mut one, mut two) = (lease(&store, "one"), lease(&store, "two"));
        turns(&mut [&mut one, &mut two], 60).await;
        assert_eq!(one.held().unwrap().0, 1);
        assert!(two.held().is_none());
        // It dies: the other one waits, and takes over with the next term.
        turns(&mut [&mut two], 4).await;
        assert!(two.held().is_none(), "it may only be slow");
        turns(&mut [&mut two], 2).await;
        assert_eq!(two.held().unwrap().0, 2);
        assert!(one.held().unwrap().1 < Instant::now(), "the first one had stopped to act before");
        one.turn(None).await.unwrap();
        assert!(one.held().is_none(), "it learns of it");
    }

    #[tokio::test(start_paused = true)]
    async fn who_lets_it_go_is_followed_at_once() {
        let store = store();
        let (mut one, mut two) = (lease(&store, "one"), lease(&store, "two"));
        turns(&mut [&mut one, &mut two], 2).await;
        one.let_go().await;
        two.turn(None).await.unwrap();
        assert_eq!(two.held().unwrap().0, 2);
        one.let_go().await;
        two.turn(None).await.unwrap();
        assert!(two.held().is_some(), "what is another one's is not let go");
    }

    #[tokio::test(start_paused = true)]
    async fn terms_go_on_when_somebody_removed_or_broke_the_object() {
        let store = store();
        let mut one = lease(&store, "one");
        one.surpass(7);
        one.turn(None).await.unwrap();
        assert_eq!(one.held().unwrap().0, 8);
        for broken in ["{}", "no JSON", r#"{"node": null, "term": 18446744073709551615, "beat": 0}"#] {
            store.write_note(NOTE, broken.into(), &Condition::Any).await.unwrap();
            let mut two = lease(&store, "two");
            two.turn(None).await.unwrap();
            assert!(two.held().is_some(), "{broken}");
            two.let_go().await;
        }
        // Whoever holds it already learns from a record that its term is too early.
        store.delete_note(NOTE, &Condition::Any).await.unwrap();
        one.turn(None).await.unwrap();
        one.surpass(20);
        one.turn(None).await.unwrap();
        assert_eq!(one.held().unwrap().0, 21);
        one.turn(None).await.unwrap();
        assert_eq!(one.held().unwrap().0, 21, "and keeps the later one");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_slow_store_said_counts_from_its_answer() {
        let mut one = lease(&store(), "one");
        let note = Note { node: Some("two".parse().unwrap()), term: 1, beat: 1, is_cut_off: false };
        let asked = Instant::now();
        tokio::time::advance(EXPIRY).await;
        assert!(!one.is_free(&note, asked));
        assert!(!one.is_free(&note, Instant::now()), "it moved while the store took its time");
        tokio::time::advance(EXPIRY).await;
        assert!(one.is_free(&note, Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_was_only_slow_goes_on() {
        let store = store();
        let mut one = lease(&store, "one");
        one.turn(None).await.unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(one.held().unwrap().1 < Instant::now());
        one.turn(None).await.unwrap();
        assert_eq!(one.held().unwrap().0, 1);
        assert!(one.held().unwrap().1 > Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_cut_off_from_the_bus_is_followed_by_one_who_has_it() {
        let store = store();
        let (mut one, mut two) = (lease(&store, "one"), lease(&store, "two"));
        one.turn(None).await.unwrap();
        let since = Some(Instant::now());
        for _ in 0..5 {
            one.turn(since).await.unwrap();
            two.turn(None).await.unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(two.held().is_none(), "it may be back in a moment");
        one.turn(since).await.unwrap();
        two.turn(since).await.unwrap();
        assert!(two.held().is_none(), "who has no bus either does no better");
        two.turn(None).await.unwrap();
        assert_eq!(two.held().unwrap().0, 2);
        one.turn(since).await.unwrap();
        assert!(one.held().is_none(), "it learns of it");
        // And who is back before anybody came has it as before.
        let since = Some(Instant::now().checked_sub(CUT_OFF).unwrap());
        two.turn(since).await.unwrap();
        two.turn(None).await.unwrap();
        one.turn(None).await.unwrap();
        assert_eq!((two.held().unwrap().0, one.held().is_none()), (2, true));
    }
}
