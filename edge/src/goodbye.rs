//! Telling connections to go. Stock firmware comes back after a fixed time, so those who are sent away in one instant come back in one, and
//! the last of them waits for all the others; who is told a little later goes on meanwhile as if nothing were.

use crate::peer::Peer;
use grouploop_bridge::CloseReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// Time between two portions.
const STEP: Duration = Duration::from_millis(20);
/// A portion is at least so many: 800 a second.
const PORTION: usize = 16;

/// Tells them, spread over this time at most. Returns when all have been told.
pub(crate) async fn say(peers: &[Arc<Peer>], spread: Duration) {
    let mut every = interval(STEP);
    for portion in peers.chunks(portion(peers.len(), spread)) {
        every.tick().await;
        portion.iter().for_each(|peer| peer.say_goodbye(CloseReason::Restart));
    }
}

/// How many are told together.
fn portion(peers: usize, spread: Duration) -> usize {
    // One at the begin, and one after each step.
    let portions = 1 + usize::try_from(spread.as_millis() / STEP.as_millis()).unwrap_or(usize::MAX - 1);
    if portions == 1 { peers.max(1) } else { peers.div_ceil(portions).max(PORTION) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use crate::peer::Next;
    use std::time::Instant;

    const SPREAD: Duration = Duration::from_millis(1500);

    fn peers(count: u64) -> Vec<Arc<Peer>> {
        let pace = Arc::new(Pace::new(Duration::ZERO));
        (1..=count).map(|id| Arc::new(Peer::new(id, pace.clone(), 1))).collect()
    }

    fn told(peers: &[Arc<Peer>]) -> usize {
        let next = |peer: &&Arc<Peer>| {
            matches!(peer.next(Instant::now(), Duration::ZERO), Next::Goodbye(CloseReason::Restart))
        };
        peers.iter().filter(next).count()
    }

    #[tokio::test(start_paused = true)]
    async fn many_are_told_one_portion_after_the_other() {
        let peers = peers(1000);
        let mut saying = Box::pin(say(&peers, SPREAD));
        let began = tokio::time::Instant::now();
        let mut at_half = 0;
        tokio::select! {
            () = &mut saying => panic!("all at once"),
            () = tokio::time::sleep(Duration::from_millis(609)) => at_half += told(&peers),
        }
        assert_eq!(at_half, 31 * PORTION, "at 0, 20 … 600 ms");
        saying.await;
        assert_eq!(began.elapsed(), Duration::from_millis(62 * 20));
        assert_eq!(at_half + told(&peers), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn few_are_told_at_once_and_so_are_all_without_a_time() {
        let began = tokio::time::Instant::now();
        for (count, spread) in [(0, SPREAD), (16, SPREAD), (1000, Duration::ZERO)] {
            let peers = peers(count);
            say(&peers, spread).await;
            assert_eq!(told(&peers) as u64, count);
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[test]
    fn very_many_get_no_more_time() {
        for count in [1_200, 1_201, 100_000, 10_000_000_usize] {
            let portions = count.div_ceil(portion(count, SPREAD));
            assert!(STEP * (portions as u32 - 1) <= SPREAD, "{count}: {portions}");
        }
    }
}
