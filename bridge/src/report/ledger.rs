//! The counts of all spaces of a node. They outlive the space itself for a while: it goes when its last connection does, and is often back in
//! a moment.

use super::counts::SpaceCounts;
use super::figures::SpaceFigures;
use crate::name::Space;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Spaces that are counted apart at most: as many as an edge may have.
const MAX_SPACES: usize = 8192;
/// Looks, one a second, after which a space in which nothing happens and that nobody holds is forgotten.
const IDLE_LOOKS: u32 = 15;

/// The counts of a node by space.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    spaces: FxHashMap<Space, Page>,
    /// What was counted in spaces that are forgotten.
    forgotten: SpaceFigures,
    /// Where those are counted for which there is no page.
    beyond: Arc<SpaceCounts>,
}

#[derive(Debug)]
struct Page {
    counts: Arc<SpaceCounts>,
    seen: SpaceFigures,
    idle: u32,
}

impl Ledger {
    /// The counts of a space.
    pub fn of(&self, space: &Space) -> Arc<SpaceCounts> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = pages.spaces.get(space) {
            return page.counts.clone();
        }
        if pages.spaces.len() >= MAX_SPACES {
            return pages.beyond.clone();
        }
        let counts = Arc::<SpaceCounts>::default();
        let page = Page { counts: counts.clone(), seen: SpaceFigures::default(), idle: 0 };
        pages.spaces.insert(space.clone(), page);
        counts
    }

    /// The figures of each space and the sum of all there ever were, without levels; to be called once a second.
    pub fn look(&self) -> (Vec<(Space, SpaceFigures)>, SpaceFigures) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Pages { spaces, forgotten, beyond } = &mut *pages;
        let mut figures = Vec::with_capacity(spaces.len());
        let mut sum = beyond.look();
        spaces.retain(|space, page| {
            let now = page.counts.look();
            page.idle = if now == page.seen { page.idle + 1 } else { 0 };
            page.seen = now;
            // Under the lock, so nobody gets hold of it in between.
            if page.idle >= IDLE_LOOKS && Arc::strong_count(&page.counts) == 1 {
                forgotten.add(&now);
                return false;
            }
            sum.add(&now);
            figures.push((space.clone(), now));
            true
        });
        sum.add(forgotten);
        (figures, sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_that_nobody_holds_is_forgotten_after_a_while_and_its_counts_are_not() {
        let (ledger, [held, left]) = (Ledger::default(), ["held", "left"].map(|name| name.parse::<Space>().unwrap()));
        let kept = ledger.of(&held);
        kept.published(21 * 3);
        ledger.of(&left).published(21 * 4);
        ledger.of(&left).published(21);
        let (first, sum) = ledger.look();
        assert_eq!((first.len(), sum.frames, sum.messages), (2, 8, 3));
        let looks: Vec<_> = (0..=IDLE_LOOKS).map(|_| ledger.look()).collect();
        assert_eq!(looks[IDLE_LOOKS as usize - 2].0.len(), 2);
        let (last, sum) = looks.last().unwrap();
        assert_eq!(last.iter().map(|(space, _)| space).collect::<Vec<_>>(), [&held]);
        assert_eq!((sum.frames, sum.messages), (8, 3));
        ledger.of(&left).published(21);
        let (_, sum) = ledger.look();
        assert_eq!(sum.frames, 9);
    }

    #[test]
    fn beyond_as_many_as_may_be_they_are_counted_together() {
        let ledger = Ledger::default();
        for number in 0..MAX_SPACES + 10 {
            ledger.of(&format!("s-{number}").parse().unwrap()).published(21);
        }
        let (spaces, sum) = ledger.look();
        assert_eq!((spaces.len(), sum.frames), (MAX_SPACES, MAX_SPACES as u64 + 10));
    }
}
