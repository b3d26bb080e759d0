//! Recording what a space sends, and playing it again.
//!
//! ```text
//!  bus, edge ──lines──▶ Recorder (bounded queue) ──▶ TapeFile ─ ─ when it ends, for a URL ─ ─▶ TapePlace
//!                                                                                                 │
//!  bus, edges ◀──frames, each when it is due── Player ◀── Feed ◀── file, or a copy of the URL ◀───┘
//! ```
//!
//! Whatever the place is, a recording is written into a file of this machine first, so that neither a crash nor a store that is away
//! loses it; and one is played from a file, so that a network that stutters is not heard in the timing. The format is that of
//! [`recording`](crate::recording).

mod access;
mod bus;
mod copy;
mod far;
mod feed;
mod file;
mod http;
mod info;
mod link;
mod objects;
mod place;
mod player;
mod recorder;
mod schedule;
mod spool;
mod store;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use bus::record_bus;
pub use feed::Tape;
pub use file::{TapeFile, Target};
pub use info::TapeInfo;
pub use link::Way;
pub use place::{TapePlace, TapePlaceError};
pub use player::{Played, Player, PlayerOptions, Timing};
pub use recorder::{Limits, MIN_MAX_BYTES, Recorded, Recorder, Tally, Why};
pub(crate) use schedule::frames_per_second;
pub use schedule::{Speed, SpeedError};

use crate::recording::RecordingError;
use grouploop_bridge::{BusError, Space};
use std::io;
use std::path::{Path, PathBuf};
use tokio_util::task::TaskTracker;

/// Why there is no recording, or none is played.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The recording itself is wrong, or its file fails.
    #[error("{place}: {why}")]
    Recording {
        /// Where it is.
        place: String,
        /// What is wrong.
        why: RecordingError,
    },
    /// A file cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The disk is full.
    #[error(
        "{}: the disk is full. What is in the file is whole and can be played; the last {lost} frames are not in it",
        path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// Frames that did not fit.
        lost: u64,
    },
    /// The file holds frames of other devices.
    #[error("{} is a recording of the space {found}, not of {wanted}: record to another file", path.display())]
    OtherSpace {
        /// The file.
        path: PathBuf,
        /// Whose frames it holds.
        found: Space,
        /// Whose frames were to be added.
        wanted: Space,
    },
    /// Somebody writes it already.
    #[error("{} is being recorded to by another program", .0.display())]
    InUse(PathBuf),
    /// There is a recording at the URL, which is not overwritten.
    #[error("there is something at {0} already, and it is not overwritten: choose another name")]
    Taken(String),
    /// What is there is a folder, a pipe, or a device of the system, which might never answer.
    #[error("{} is no regular file: a recording is read from one and written into one", .0.display())]
    NoFile(PathBuf),
    /// More arrives than any recording of ours has.
    #[error(
        "{place} sends more than {most_bytes} bytes, which is too much to copy: fetch it yourself, and play it from a file"
    )]
    TooLarge {
        /// Who.
        place: String,
        /// What is copied at most.
        most_bytes: u64,
    },
    /// There is nothing at the URL.
    #[error("there is nothing at {0}")]
    NotThere(String),
    /// It refuses what we want.
    #[error("{place} {why}")]
    Refused {
        /// Who.
        place: String,
        /// What it says.
        why: String,
    },
    /// It does not answer.
    #[error("no answer from {place}: {why}")]
    Away {
        /// Who.
        place: String,
        /// What is known of it.
        why: String,
    },
    /// The recording could not be brought to its URL, and is kept here.
    #[error("{why}. The recording is kept in {}: bring it there yourself, or play it from here", kept.display())]
    Kept {
        /// Why not.
        why: Box<TapeError>,
        /// Where it is.
        kept: PathBuf,
    },
    /// The bus cannot be used.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The recording is played nowhere.
    #[error("{0}")]
    NoWay(String),
}

/// Does what may hang, such as the work with a file, where nobody else has to wait for it. When the future is dropped, the work goes on and
/// its result is not used.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, TapeError> + Send + 'static,
) -> Result<T, TapeError> {
    let gone =
        |_| TapeError::File { path: path.to_owned(), why: io::Error::other("the thread that works with it is gone") };
    TaskTracker::new().spawn_blocking(work).await.unwrap_or_else(|error| Err(gone(error)))
}

impl TapeError {
    /// Whether somebody far away did not answer.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            Self::Kept { why, .. } => why.is_away(),
            _ => false,
        }
    }
}
