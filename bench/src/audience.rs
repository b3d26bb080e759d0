//! The viewers. A few attentive ones have a thread each that blocks in `read`, so that arrival times are exact, and they look at every
//! frame; the others are swept every few milliseconds by one thread that only counts, so that 500 viewers cost the machine little.
//! The attentive ones are spread over the order of connection, because a server may serve viewers in that order.

use crate::auditor::Auditor;
use crate::clock::{Timeline, pause};
use crate::peer::{Heard, Peer, READ_BYTES};
use crate::stamp::count_frames;
use anyhow::{Context, Result, anyhow};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Viewers that look at every frame.
const ATTENTIVE: usize = 10;
/// Pause between two sweeps over the others; in this time a viewer's socket collects a few KB at most.
const SWEEP: Duration = Duration::from_millis(20);
/// An attentive viewer looks up this often when nothing arrives.
const LOOK_UP: Duration = Duration::from_millis(100);

/// What all viewers received.
#[derive(Debug)]
pub(crate) struct Received {
    /// The attentive viewers' books, added up.
    pub(crate) audit: Auditor,
    pub(crate) attentive: u64,
    /// Frames of the whole run that the other viewers counted.
    pub(crate) counted: u64,
    pub(crate) counting: u64,
    /// Viewers whose connection ended before the run did.
    pub(crate) closed: u64,
}

/// The viewers at work.
pub(crate) struct Audience {
    stop: Arc<AtomicBool>,
    progress: Vec<Arc<AtomicU64>>,
    attentive: Vec<JoinHandle<(Auditor, bool)>>,
    sweeper: Option<JoinHandle<(u64, u64)>>,
    counting: u64,
}

impl Audience {
    pub(crate) fn start(peers: Vec<Peer>, devices: u32, timeline: Timeline) -> Result<Self> {
        let mut audience =
            Self { stop: Arc::default(), progress: Vec::new(), attentive: Vec::new(), sweeper: None, counting: 0 };
        let every = peers.len().div_ceil(ATTENTIVE).max(1);
        let mut others = Vec::new();
        for (index, peer) in peers.into_iter().enumerate() {
            if index % every != 0 {
                others.push(peer);
                continue;
            }
            peer.stream.set_read_timeout(Some(LOOK_UP))?;
            let auditor = Auditor::new(devices, timeline);
            let (stop, progress) = audience.hand_out();
            let watch = move || watch(peer, auditor, &stop, &progress);
            audience.attentive.push(Builder::new().name(format!("viewer-{index}")).spawn(watch)?);
        }
        audience.counting = others.len() as u64;
        if !others.is_empty() {
            others.iter().try_for_each(|peer| peer.stream.set_nonblocking(true))?;
            let (stop, progress) = audience.hand_out();
            let sweep = move || sweep(others, &stop, &progress);
            audience.sweeper = Some(Builder::new().name("viewers".into()).spawn(sweep)?);
        }
        Ok(audience)
    }

    fn hand_out(&mut self) -> (Arc<AtomicBool>, Arc<AtomicU64>) {
        let progress = Arc::<AtomicU64>::default();
        self.progress.push(Arc::clone(&progress));
        (Arc::clone(&self.stop), progress)
    }

    /// Frames received by all viewers so far.
    pub(crate) fn received(&self) -> u64 {
        self.progress.iter().map(|progress| progress.load(Relaxed)).sum()
    }

    /// Waits until `expected` frames have arrived, or none has for a second; then stops.
    pub(crate) fn finish(self, expected: u64) -> Result<Received> {
        let (mut last, mut quiet) = (self.received(), 0);
        while last < expected && quiet < 50 {
            pause(Duration::from_millis(20));
            let now = self.received();
            quiet = if now == last { quiet + 1 } else { 0 };
            last = now;
        }
        // A frame too many would come now.
        pause(Duration::from_millis(50));
        self.stop.store(true, Relaxed);
        let attentive = self.attentive.len() as u64;
        let (mut audit, mut closed) = (None::<Auditor>, 0);
        for thread in self.attentive {
            let (books, ended) = thread.join().map_err(|_| anyhow!("a viewer's thread panicked"))?;
            closed += u64::from(ended);
            match &mut audit {
                Some(audit) => audit.merge(&books),
                None => audit = Some(books),
            }
        }
        let (counted, ended) = match self.sweeper {
            Some(thread) => thread.join().map_err(|_| anyhow!("the viewers' thread panicked"))?,
            None => (0, 0),
        };
        let audit = audit.context("a load needs a viewer")?;
        Ok(Received { audit, attentive, counted, counting: self.counting, closed: closed + ended })
    }
}

/// One attentive viewer. Returns its books and whether its connection ended.
fn watch(mut peer: Peer, mut auditor: Auditor, stop: &AtomicBool, progress: &AtomicU64) -> (Auditor, bool) {
    let clock = auditor.clock();
    let mut buffer = vec![0; READ_BYTES];
    while !stop.load(Relaxed) {
        let heard = peer.listen(&mut buffer, &mut |block| {
            let frames = auditor.take(block, clock.now_us());
            progress.fetch_add(frames, Relaxed);
        });
        if heard == Heard::Closed {
            return (auditor, true);
        }
    }
    (auditor, false)
}

/// All other viewers. Returns the frames counted and the connections that ended.
fn sweep(peers: Vec<Peer>, stop: &AtomicBool, progress: &AtomicU64) -> (u64, u64) {
    let mut open = peers;
    let (mut counted, mut closed) = (0, 0);
    let mut buffer = vec![0; READ_BYTES];
    while !stop.load(Relaxed) {
        pause(SWEEP);
        open.retain_mut(|peer| {
            let heard = peer.listen(&mut buffer, &mut |block| counted += count_frames(block, |_| {}));
            closed += u64::from(heard == Heard::Closed);
            heard != Heard::Closed
        });
        progress.store(counted, Relaxed);
    }
    (counted, closed)
}
