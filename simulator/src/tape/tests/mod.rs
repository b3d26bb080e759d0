//! Recording and replay as a whole, over the bus of one process and files of this machine.

mod edge;
mod files;
mod record;
mod replay;
mod urls;

use super::*;
use crate::recording::{BlockLimits, End, Header, Reader, Truncate, Writer};
use bytes::Bytes;
use futures_util::StreamExt;
use grouploop_bridge::{Bus, DeviceId, Frame, Hub, Pattern, Space, Subject};
use grouploop_testkit::{eventually, frame, within};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep};

type Timed = (Duration, Frame);

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("grouploop-tape-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn space() -> Space {
    "class-3b".parse().unwrap()
}

fn start_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

fn line(id: u16, number: u64) -> Bytes {
    format!("{}\n", frame(id, number)).into()
}

fn parsed(id: u16, number: u64) -> Frame {
    Frame::parse(frame(id, number).as_bytes()).unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn read(path: &Path) -> (Vec<Timed>, End) {
    let mut reader = Reader::open(File::open(path).unwrap()).unwrap();
    let frames = reader.by_ref().map(Result::unwrap).collect();
    (frames, reader.end().unwrap())
}

fn write(path: &Path, frames: &[Timed]) {
    let header = Header { space: space(), start_unix_us: 1_750_000_000_000_000 };
    let limits = BlockLimits { frames: 3, ..BlockLimits::default() };
    let mut writer = Writer::create(File::create(path).unwrap(), header, limits).unwrap();
    frames.iter().for_each(|(at, frame)| writer.push(*at, frame).unwrap());
    writer.finish().unwrap();
}

/// Two devices, ten times each.
fn some_frames() -> Vec<Timed> {
    (0..10).flat_map(|n| [(ms(500 + n * 50), parsed(0x1a2b, n)), (ms(517 + n * 50), parsed(0x3c4d, n))]).collect()
}

async fn open(path: &Path) -> Tape {
    let place: TapePlace = path.to_str().unwrap().parse().unwrap();
    Tape::open(&place, Path::new("/nonexistent"), &Access::default()).await.unwrap()
}
