//! Frames of a recording for whoever must not wait for a disk: one piece is read ahead, on a thread that may block.

use super::access::Access;
use super::copy::{Copy, MAX_COPY_BYTES};
use super::file::regular;
use super::place::TapePlace;
use super::spool::NewFile;
use super::{TapeError, blocking};
use crate::recording::{End, Header, Reader, RecordingError};
use grouploop_bridge::{DeviceId, Frame};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Frames of one piece.
const PIECE: usize = 4096;

/// A recording that can be read again and again: its file, or a copy of what is at its URL.
#[derive(Debug, Clone)]
pub struct Tape {
    place: String,
    file: Arc<File>,
    header: Header,
    bytes: u64,
}

impl Tape {
    /// Opens a recording. One at a URL is copied into the folder `spool` first, where it is gone when this is dropped.
    ///
    /// # Errors
    /// When it is not there, or is no recording.
    pub async fn open(place: &TapePlace, spool: &Path, access: &Access) -> Result<Self, TapeError> {
        let name = place.to_string();
        if let Some(path) = place.file() {
            let (path, named) = (path.to_owned(), path);
            return blocking(named, move || {
                regular(&path)?;
                let file = File::open(&path).map_err(|why| TapeError::File { path, why })?;
                Self::of(name, file)
            })
            .await;
        }
        let (folder, last) = (spool.to_owned(), place.name().to_owned());
        let copy = blocking(spool, move || {
            let copy = NewFile::create(&folder, &last)?;
            // Without its name it cannot be left behind; a system that does not let go of the name keeps the file.
            let _ = std::fs::remove_file(&copy.path);
            Ok(copy)
        });
        let mut copy = Copy::new(name.clone(), copy.await?, MAX_COPY_BYTES);
        access.fetch(place, &mut copy).await?;
        let file = copy.finish().await?;
        blocking(spool, move || Self::of(name, file)).await
    }

    fn of(place: String, file: File) -> Result<Self, TapeError> {
        let bytes = file.metadata().map_err(|error| wrong(&place, error.into()))?.len();
        let header = Reader::open(rewound(&file, &place)?).map_err(|why| wrong(&place, why))?.header().clone();
        Ok(Self { place, file: Arc::new(file), header, bytes })
    }

    /// Whose frames these are, and when the recording began.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// From the beginning. Only one is read at a time.
    fn reader(&self) -> Result<Reader<BufReader<File>>, TapeError> {
        Reader::open(rewound(&self.file, &self.place)?).map_err(|why| wrong(&self.place, why))
    }
}

fn rewound(mut file: &File, place: &str) -> Result<BufReader<File>, TapeError> {
    let rewound = file.seek(SeekFrom::Start(0)).and_then(|_| file.try_clone());
    rewound.map(BufReader::new).map_err(|error| wrong(place, error.into()))
}

fn wrong(place: &str, why: RecordingError) -> TapeError {
    TapeError::Recording { place: place.to_owned(), why }
}

/// The frames of some devices or all, in order.
#[derive(Debug)]
pub(super) struct Feed {
    place: String,
    next: JoinHandle<Result<Read, TapeError>>,
    tasks: TaskTracker,
    devices: Arc<Option<BTreeSet<DeviceId>>>,
}

#[derive(Debug)]
struct Read {
    frames: Vec<(Duration, Frame)>,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    More(Box<Reader<BufReader<File>>>),
    Ended(End),
}

impl Feed {
    pub(super) fn start(tape: &Tape, devices: Arc<Option<BTreeSet<DeviceId>>>) -> Self {
        let (tasks, tape, place) = (TaskTracker::new(), tape.clone(), tape.place.clone());
        let wanted = devices.clone();
        let next = tasks.spawn_blocking(move || read(Box::new(tape.reader()?), &wanted, &tape.place));
        Self { place, next, tasks, devices }
    }

    /// The next frames, and how the recording ends when they are the last ones.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Result<(Vec<(Duration, Frame)>, Option<End>), TapeError> {
        let gone = || wrong(&self.place, std::io::Error::other("the thread that reads is gone").into());
        let Read { frames, rest } = (&mut self.next).await.unwrap_or_else(|_| Err(gone()))?;
        match rest {
            Rest::More(reader) => {
                let (devices, place) = (self.devices.clone(), self.place.clone());
                self.next = self.tasks.spawn_blocking(move || read(reader, &devices, &place));
                Ok((frames, None))
            }
            Rest::Ended(end) => Ok((frames, Some(end))),
        }
    }
}

/// The next piece.
fn read(
    mut reader: Box<Reader<BufReader<File>>>,
    devices: &Option<BTreeSet<DeviceId>>,
    place: &str,
) -> Result<Read, TapeError> {
    let mut frames = Vec::new();
    while frames.len() < PIECE {
        match reader.next() {
            Some(timed) => {
                let (at, frame) = timed.map_err(|error| wrong(place, error.into()))?;
                if devices.as_ref().is_none_or(|wanted| wanted.contains(&frame.device())) {
                    frames.push((at, frame));
                }
            }
            None => {
                let end = reader.end().unwrap_or(End::Clean);
                return Ok(Read { frames, rest: Rest::Ended(end) });
            }
        }
    }
    Ok(Read { frames, rest: Rest::More(reader) })
}
