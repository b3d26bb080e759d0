//! Takes lines as they arrive and writes them to a file, without ever making whoever delivers them wait.
//!
//! ```text
//!  take(lines) ──stamped with now──▶ queue, bounded ──▶ task ──▶ Press, on a thread that may block ──▶ file
//!      └── full: dropped, counted                        └─ at least every 2 s: a block, every 10 s: sync
//! ```

use super::TapeError;
use super::file::{Disk, FLUSH, TapeFile, named};
use crate::recording::{RecordingError, Writer};
use bytes::Bytes;
use grouploop_bridge::{DeviceId, Frame, LINE_LEN};
use rustc_hash::FxHashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

/// What a power cut can lose.
const SYNC: Duration = Duration::from_secs(10);
/// Deliveries that may wait for the disk.
const QUEUE: usize = 4096;
/// Bytes that may wait for the disk: at a million frames a second, about a second.
const QUEUE_BYTES: usize = 32 << 20;
/// Deliveries that are written in one go.
const BURST: usize = 256;
/// With less room than this left under the limit, a recording ends: it would become one of very small blocks.
const LAST_ROOM: u64 = 4096;
/// The smallest limit: room for a header, a block, and the end.
pub const MIN_MAX_BYTES: u64 = 16 * LAST_ROOM;
/// What a frame, and a block, can take in the file at most, when nothing in it can be compressed (`docs/recording.md`).
const MAX_FRAME_BYTES: u64 = 23;
const MAX_BLOCK_BYTES: u64 = 512;

/// When a recording ends by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// After this time.
    pub duration: Option<Duration>,
    /// Before the file is larger than this, at least [`MIN_MAX_BYTES`].
    pub max_bytes: Option<u64>,
}

/// What was recorded so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames taken into the recording.
    pub frames: u64,
    /// Devices that sent them.
    pub devices: usize,
    /// Bytes of the file, those from before included.
    pub bytes: u64,
    /// Frames that the disk was too slow for.
    pub dropped: u64,
    /// Lines that are no frames.
    pub foreign: u64,
    waiting_bytes: usize,
    heard: Option<Instant>,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was told to.
    Told,
    /// Its time was over.
    Duration,
    /// Its file is as large as it may become.
    MaxBytes,
}

/// A recording that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// What is in it.
    pub tally: Tally,
    /// Why it ended.
    pub why: Why,
}

/// A recording under way. Dropped, it ends as well, and what waits is still written.
#[derive(Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Lines>,
    shared: Arc<Mutex<Tally>>,
    opened: Instant,
    base: Duration,
    tasks: TaskTracker,
    outcome: oneshot::Receiver<Result<Recorded, TapeError>>,
}

/// What arrived together.
#[derive(Debug)]
struct Lines {
    at: Duration,
    lines: Bytes,
}

impl Recorder {
    /// Starts to write.
    #[must_use]
    pub fn start(file: TapeFile, limits: Limits) -> Self {
        Self::on_disk(file.path, file.writer, file.now, limits)
    }

    pub(super) fn on_disk<D: Disk>(path: PathBuf, writer: Writer<D>, base: Duration, limits: Limits) -> Self {
        let (queue, lines) = mpsc::channel(QUEUE);
        let (tell, outcome) = oneshot::channel();
        let opened = Instant::now();
        let shared = Arc::new(Mutex::new(Tally { bytes: writer.bytes(), ..Tally::default() }));
        let press = Press {
            writer,
            devices: FxHashSet::default(),
            frames: 0,
            foreign: 0,
            block_bytes: 0,
            waiting: 0,
            max_bytes: limits.max_bytes.map(|bytes| bytes.max(MIN_MAX_BYTES)),
            shared: shared.clone(),
        };
        let end = limits.duration.map(|duration| opened + duration);
        let tasks = TaskTracker::new();
        let blocking = tasks.clone();
        tasks.spawn(async move {
            // Whoever started it may be gone.
            let _ = tell.send(work(press, lines, end, path, &blocking).await);
        });
        tasks.close();
        Self { queue, shared, opened, base, tasks, outcome }
    }

    /// Takes lines that have just arrived. Nothing waits here: what the disk is too slow for is dropped and counted.
    pub fn take(&self, lines: Bytes) {
        let (at, bytes) = (self.base + self.opened.elapsed(), lines.len());
        let mut tally = lock(&self.shared);
        tally.heard = Some(Instant::now());
        let taken = tally.waiting_bytes + bytes <= QUEUE_BYTES && self.queue.try_send(Lines { at, lines }).is_ok();
        if taken {
            tally.waiting_bytes += bytes;
        } else if !self.queue.is_closed() {
            tally.dropped += (bytes / LINE_LEN) as u64;
        }
    }

    /// When the last lines arrived, whatever became of them.
    #[must_use]
    pub fn heard(&self) -> Option<Instant> {
        lock(&self.shared).heard
    }

    /// What was recorded so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        *lock(&self.shared)
    }

    /// What was recorded so far, for whoever does not have the recorder.
    pub fn progress(&self) -> impl Fn() -> Tally + Send + Sync + 'static {
        let shared = self.shared.clone();
        move || *lock(&shared)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn ended(&self) {
        self.tasks.wait().await;
    }

    /// Ends it, with all that was taken.
    ///
    /// # Errors
    /// Why the file does not hold all of it.
    pub async fn finish(self) -> Result<Recorded, TapeError> {
        let Self { queue, outcome, .. } = self;
        drop(queue);
        outcome.await.unwrap_or_else(|_| Err(TapeError::NoWay("the recording was given up".into())))
    }
}

fn lock(shared: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until there is no more to write.
async fn work<D: Disk>(
    mut press: Press<D>,
    mut queue: mpsc::Receiver<Lines>,
    end: Option<Instant>,
    path: PathBuf,
    blocking: &TaskTracker,
) -> Result<Recorded, TapeError> {
    let mut flushed = Instant::now();
    let mut synced = flushed;
    let mut why = None;
    while why.is_none() {
        let mut burst = Vec::new();
        tokio::select! {
            biased;
            () = until(end) => why = Some(Why::Duration),
            received = queue.recv_many(&mut burst, BURST) => if received == 0 { why = Some(Why::Told) },
            () = sleep_until(flushed + FLUSH) => {}
        }
        if why == Some(Why::Duration) {
            queue.close();
            while let Ok(lines) = queue.try_recv() {
                burst.push(lines);
            }
        }
        let now = Instant::now();
        let flush = why.is_some() || now >= flushed + FLUSH;
        let sync = why.is_some() || now >= synced + SYNC;
        if flush {
            flushed = now;
        }
        if sync {
            synced = now;
        }
        let pressed = blocking.spawn_blocking(move || press.press(burst, flush, sync)).await;
        let pressed = pressed.unwrap_or_else(|_| Err(Broken { error: gone().into(), lost: 0 }));
        match pressed {
            Ok((back, room)) => {
                press = back;
                if room == Room::None {
                    why = why.or(Some(Why::MaxBytes));
                }
            }
            Err(Broken { error, lost }) => {
                queue.close();
                let mut lost = lost;
                while let Ok(lines) = queue.try_recv() {
                    lost += frames_in(&[lines], 0);
                }
                return Err(named(&path, error, lost));
            }
        }
    }
    let tally = *lock(&press.shared);
    Ok(Recorded { tally, why: why.unwrap_or(Why::Told) })
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

fn gone() -> std::io::Error {
    std::io::Error::other("the thread that writes it is gone")
}

/// The writer and what it knows, on whichever thread it is just now.
struct Press<D> {
    writer: Writer<D>,
    devices: FxHashSet<DeviceId>,
    frames: u64,
    foreign: u64,
    /// Bytes of the file when it was last looked at, and frames that were not in it then or came since.
    block_bytes: u64,
    waiting: u64,
    max_bytes: Option<u64>,
    shared: Arc<Mutex<Tally>>,
}

/// Whether the file may become larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Some,
    None,
}

/// The lines of a burst, each with the time when it arrived.
fn split(burst: &[Lines]) -> impl Iterator<Item = (Duration, &[u8])> {
    burst.iter().flat_map(|Lines { at, lines }| {
        let lines = lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty()).map(|line| (*at, line))
    })
}

/// Frames in a burst, without those of its first lines.
fn frames_in(burst: &[Lines], after_lines: usize) -> u64 {
    split(burst).skip(after_lines).filter(|(_, line)| Frame::parse(line).is_some()).count() as u64
}

/// The file failed.
struct Broken {
    error: RecordingError,
    lost: u64,
}

impl<D: Disk> Press<D> {
    fn press(mut self, burst: Vec<Lines>, flush: bool, sync: bool) -> Result<(Self, Room), Broken> {
        let taken_bytes: usize = burst.iter().map(|lines| lines.lines.len()).sum();
        let mut handled = 0;
        let outcome = self.write(&burst, flush, &mut handled).and_then(|room| {
            if sync || room == Room::None {
                self.writer.get_ref().sync()?;
            }
            Ok(room)
        });
        {
            let mut tally = lock(&self.shared);
            tally.waiting_bytes = tally.waiting_bytes.saturating_sub(taken_bytes);
            tally.bytes = self.writer.bytes();
            tally.devices = self.devices.len();
            tally.frames = self.frames;
            tally.foreign = self.foreign;
        }
        match outcome {
            Ok(room) => Ok((self, room)),
            Err(error) => {
                let (whole, lost) = (self.writer.bytes(), self.waiting + frames_in(&burst, handled));
                // What stands of a torn block helps nobody. When even that fails, a reader stops there by itself.
                let mut disk = self.writer.into_inner();
                let _ = disk.truncate(whole);
                let _ = disk.sync();
                Err(Broken { error, lost })
            }
        }
    }

    /// Takes the burst in. `handled` lines of it are in the writer, or are no frames.
    fn write(&mut self, burst: &[Lines], flush: bool, handled: &mut usize) -> Result<Room, RecordingError> {
        for (at, line) in split(burst) {
            let Some(frame) = Frame::parse(line) else {
                self.foreign += 1;
                *handled += 1;
                continue;
            };
            if self.make_room()? == Room::None {
                return Ok(Room::None);
            }
            self.waiting += 1;
            *handled += 1;
            self.writer.push(at, &frame)?;
            self.devices.insert(frame.device());
            self.frames += 1;
            if self.writer.bytes() != self.block_bytes {
                self.block_bytes = self.writer.bytes();
                // The block that was full may have been written just before this frame.
                self.waiting = 1;
            }
        }
        if flush {
            self.flush()?;
        }
        Ok(Room::Some)
    }

    /// Whether one more frame fits under the limit, whatever it is.
    fn make_room(&mut self) -> Result<Room, RecordingError> {
        let Some(max_bytes) = self.max_bytes else { return Ok(Room::Some) };
        let most = self.writer.bytes() + MAX_BLOCK_BYTES + (self.waiting + 1) * MAX_FRAME_BYTES;
        if most <= max_bytes {
            return Ok(Room::Some);
        }
        self.flush()?;
        Ok(if max_bytes.saturating_sub(self.writer.bytes()) < LAST_ROOM { Room::None } else { Room::Some })
    }

    fn flush(&mut self) -> Result<(), RecordingError> {
        self.writer.flush()?;
        self.block_bytes = self.writer.bytes();
        self.waiting = 0;
        Ok(())
    }
}
