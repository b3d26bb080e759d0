//! The newest frames of a space, for the viewers on this edge. A viewer is a cursor into it and can hold nothing up: what it has not
//! taken when the ring comes round is replaced by the newest frame of each device.
//!
//! ```text
//!   seq   0 ........ start ............................ end
//!         (gone)     [chunk][chunk][chunk] ... [chunk]
//!                                   ▲ a viewer's cursor: the first frame that it has not taken
//! ```

use bytes::{Bytes, BytesMut};
use grouploop_bridge::{DeviceId, Frame, LINE_LEN, TraceContext};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Frames in one message to a viewer at most: 65,520 bytes.
pub(crate) const MESSAGE_FRAMES: usize = 65_536 / LINE_LEN;

/// The ring of one space.
#[derive(Debug)]
pub(crate) struct Ring {
    inner: Mutex<Inner>,
    /// The seq after the newest frame; what [`Ring::end`] reads without the lock.
    end: AtomicU64,
}

#[derive(Debug)]
struct Inner {
    capacity: usize,
    chunks: VecDeque<Chunk>,
    frames: usize,
    end: u64,
    latest: FxHashMap<DeviceId, Latest>,
}

#[derive(Debug)]
struct Chunk {
    start: u64,
    lines: Bytes,
    arrival: Arrival,
}

/// How a batch came to this edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// When its oldest frame did.
    pub(crate) at: Instant,
    /// The trace of one of its frames, when somebody traces it.
    pub(crate) trace: Option<TraceContext>,
}

/// The newest frame of a device, and when it last said that it was tapped.
#[derive(Debug)]
struct Latest {
    frame: Frame,
    seq: u64,
    tap_seq: Option<u64>,
}

/// What a viewer gets for its cursor.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Whole lines.
    pub(crate) lines: Bytes,
    /// Where the cursor is afterwards.
    pub(crate) cursor: u64,
    /// Frames that were left out because a newer one of the same device is there.
    pub(crate) skipped: u64,
    /// How it came to this edge, where that is known.
    pub(crate) arrival: Option<Arrival>,
}

impl Ring {
    pub(crate) fn new(capacity: usize) -> Self {
        let inner = Inner { capacity, chunks: VecDeque::new(), frames: 0, end: 0, latest: FxHashMap::default() };
        Self { inner: Mutex::new(inner), end: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The seq that the next frame will get.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Takes in a batch of this node or of another. Returns how many lines of it were no frames; then only the others are kept.
    pub(crate) fn push(&self, lines: Bytes, arrival: Arrival) -> u64 {
        let mut inner = self.lock();
        let (whole, rest) = lines.as_chunks::<LINE_LEN>();
        if rest.is_empty() {
            let mut valid = 0;
            for line in whole {
                let Some(frame) = Frame::from_line(line) else { break };
                inner.note(frame, valid);
                valid += 1;
            }
            if valid == whole.len() as u64 {
                inner.append(lines, arrival);
                self.end.store(inner.end, Ordering::Release);
                return 0;
            }
        }
        // A publisher that writes frames in another way: read line by line as from a device.
        let mut kept = BytesMut::new();
        let mut bad = 0;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match Frame::parse(line.trim_ascii()) {
                Some(frame) => {
                    inner.note(frame, (kept.len() / LINE_LEN) as u64);
                    kept.extend_from_slice(frame.line());
                }
                None => bad += 1,
            }
        }
        inner.append(kept.freeze(), arrival);
        self.end.store(inner.end, Ordering::Release);
        bad
    }

    /// Everything from the cursor on, or `None` when some of that is gone: then [`Ring::newest`] is what can be had.
    pub(crate) fn since(&self, cursor: u64) -> Option<Reading> {
        let inner = self.lock();
        if cursor >= inner.end {
            return Some(Reading { cursor: inner.end, ..Reading::default() });
        }
        let first = inner.chunks.partition_point(|chunk| chunk.end() <= cursor);
        let chunk = inner.chunks.get(first).filter(|chunk| chunk.start <= cursor)?;
        let skip = usize::try_from(cursor - chunk.start).ok()? * LINE_LEN;
        let (head, at) = (chunk.lines.slice(skip..), chunk.arrival.at);
        let trace = inner.chunks.range(first..).find_map(|chunk| chunk.arrival.trace);
        let arrival = Some(Arrival { at, trace });
        if first + 1 == inner.chunks.len() {
            return Some(Reading { lines: head, cursor: inner.end, skipped: 0, arrival });
        }
        let size = usize::try_from(inner.end - cursor).ok()? * LINE_LEN;
        let mut lines = BytesMut::with_capacity(size);
        lines.extend_from_slice(&head);
        for chunk in inner.chunks.range(first + 1..) {
            lines.extend_from_slice(&chunk.lines);
        }
        Some(Reading { lines: lines.freeze(), cursor: inner.end, skipped: 0, arrival })
    }

    /// The newest frame of each device (of `only`, when given) that has sent since the cursor. A tap since then is never lost: it shows
    /// in that frame.
    pub(crate) fn newest(&self, cursor: u64, only: Option<&[DeviceId]>) -> Reading {
        let inner = self.lock();
        let mut lines = BytesMut::new();
        let mut take = |latest: &Latest| {
            if latest.seq >= cursor {
                let tapped = latest.tap_seq.is_some_and(|seq| seq >= cursor);
                let frame = if tapped { latest.frame.with_tap() } else { latest.frame };
                lines.extend_from_slice(frame.line());
            }
        };
        match only {
            Some(devices) => devices.iter().filter_map(|device| inner.latest.get(device)).for_each(&mut take),
            None => inner.latest.values().for_each(&mut take),
        }
        let skipped = inner.end.saturating_sub(cursor).saturating_sub((lines.len() / LINE_LEN) as u64);
        Reading { lines: lines.freeze(), cursor: inner.end, skipped, arrival: None }
    }

    /// Forgets all frames, when there is no viewer any more.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.chunks = VecDeque::new();
        inner.frames = 0;
        inner.latest = FxHashMap::default();
    }
}

impl Inner {
    fn note(&mut self, frame: Frame, offset: u64) {
        let seq = self.end + offset;
        let tap_seq = frame.tapped().then_some(seq);
        self.latest
            .entry(frame.device())
            .and_modify(|latest| {
                latest.frame = frame;
                latest.seq = seq;
                latest.tap_seq = tap_seq.or(latest.tap_seq);
            })
            .or_insert(Latest { frame, seq, tap_seq });
    }

    fn append(&mut self, lines: Bytes, arrival: Arrival) {
        if lines.is_empty() {
            return;
        }
        let frames = lines.len() / LINE_LEN;
        self.chunks.push_back(Chunk { start: self.end, lines, arrival });
        self.end += frames as u64;
        self.frames += frames;
        while self.frames > self.capacity && self.chunks.len() > 1 {
            if let Some(gone) = self.chunks.pop_front() {
                self.frames -= gone.lines.len() / LINE_LEN;
            }
        }
    }
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + (self.lines.len() / LINE_LEN) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(frames: &[(u16, u8, bool)]) -> Bytes {
        frames
            .iter()
            .map(|(id, n, tap)| format!("{id:04x}{n:02x}80ff00112233{}\n", if *tap { "ff" } else { "00" }))
            .collect::<String>()
            .into()
    }

    fn push(ring: &Ring, lines: Bytes) -> u64 {
        ring.push(lines, Arrival { at: Instant::now(), trace: None })
    }

    #[test]
    fn a_viewer_gets_everything_in_order() {
        let ring = Ring::new(1000);
        push(&ring, lines(&[(1, 0, false), (2, 0, false)]));
        push(&ring, lines(&[(1, 1, false)]));
        let all = ring.since(0).unwrap();
        assert_eq!(all.lines, lines(&[(1, 0, false), (2, 0, false), (1, 1, false)]));
        assert_eq!((all.cursor, all.skipped), (3, 0));
        assert_eq!(ring.since(1).unwrap().lines, lines(&[(2, 0, false), (1, 1, false)]));
        assert_eq!(ring.since(2).unwrap().lines, lines(&[(1, 1, false)]));
        assert!(ring.since(3).unwrap().lines.is_empty());
    }

    #[test]
    fn a_lapped_viewer_gets_the_newest_of_each_device_and_every_tap() {
        let ring = Ring::new(4);
        push(&ring, lines(&[(1, 0, false), (2, 0, true)]));
        for n in 1..=4 {
            push(&ring, lines(&[(2, n, false)]));
        }
        assert!(ring.since(0).is_none());
        let newest = ring.newest(0, None);
        let mut got: Vec<_> = newest.lines.chunks(LINE_LEN).map(<[u8]>::to_vec).collect();
        got.sort();
        assert_eq!(got.concat(), lines(&[(1, 0, false), (2, 4, true)]));
        assert_eq!((newest.cursor, newest.skipped), (6, 4));
        // Device 1 has not sent since, and the tap was before.
        assert_eq!(ring.newest(3, None).lines, lines(&[(2, 4, false)]));
        assert_eq!(ring.newest(0, Some(&[DeviceId(1), DeviceId(9)])).lines, lines(&[(1, 0, false)]));
    }

    #[test]
    fn the_ring_is_bounded_and_can_be_emptied() {
        let ring = Ring::new(10);
        for n in 0..1000u16 {
            push(&ring, lines(&[(n, 0, false); 3]));
        }
        assert!(ring.lock().frames <= 10);
        assert_eq!(ring.end(), 3000);
        ring.clear();
        assert!(ring.since(0).is_none() && ring.newest(0, None).lines.is_empty());
        push(&ring, lines(&[(1, 1, false)]));
        assert_eq!(ring.since(3000).unwrap().lines, lines(&[(1, 1, false)]));
    }

    #[test]
    fn batches_of_strangers_are_checked() {
        let ring = Ring::new(10);
        let bad = push(&ring, Bytes::from_static(b"0001AA80ff0011223300\r\nnonsense\n\n000200\n0003 "));
        assert_eq!(bad, 3);
        assert_eq!(ring.since(0).unwrap().lines, lines(&[(1, 0xaa, false)]));
        assert_eq!(push(&ring, Bytes::from_static(b"000100ZZff0011223300\n000200ZZff001122330\n")), 2);
        assert_eq!(ring.end(), 1);
    }
}
