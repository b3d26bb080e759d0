//! The file that a recording is written into, and where it goes when it ends.

use super::access::Access;
use super::place::TapePlace;
use super::spool::NewFile;
use super::{TapeError, blocking};
use crate::recording::{BlockLimits, Header, RecordingError, Truncate, Writer};
use grouploop_bridge::Space;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a crash can lose: frames are in the file as a whole block after this time.
pub(super) const FLUSH: Duration = Duration::from_secs(2);
/// When a block is full. It loses less in a crash than the format's own default.
const BLOCKS: BlockLimits = BlockLimits { frames: 32_768, span: FLUSH };

/// What a recording is written to: more than a stream of bytes.
pub(super) trait Disk: io::Write + Truncate + Send + 'static {
    /// Returns when what was written survives a power cut.
    fn sync(&self) -> io::Result<()>;
}

impl Disk for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A file that takes frames of one space. No other program of ours writes it meanwhile.
#[derive(Debug)]
pub struct TapeFile {
    pub(super) path: PathBuf,
    pub(super) writer: Writer<File>,
    /// The time of now in the recording.
    pub(super) now: Duration,
    appended: bool,
    cut_bytes: u64,
}

impl TapeFile {
    /// Creates the file, or goes on with the recording that is in it, all of which is read then: it blocks for as long as that takes.
    ///
    /// # Errors
    /// When it is no recording of this space, or cannot be written.
    pub fn open(path: &Path, space: &Space, now: SystemTime) -> Result<Self, TapeError> {
        let file = |why| TapeError::File { path: path.to_owned(), why };
        let recording = |why| TapeError::Recording { place: path.display().to_string(), why };
        regular(path)?;
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(file)?;
        match opened.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TapeError::InUse(path.to_owned())),
            // A file system without locks: one has to take care oneself.
            Err(TryLockError::Error(_)) => {}
        }
        let now_us = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let now_us = u64::try_from(now_us).unwrap_or(u64::MAX);
        if opened.metadata().map_err(file)?.len() == 0 {
            let header = Header { space: space.clone(), start_unix_us: now_us };
            let writer = Writer::create(opened, header, BLOCKS).map_err(|error| match error {
                RecordingError::Io(why) => file(why),
                why => recording(why),
            })?;
            return Ok(Self { path: path.to_owned(), writer, now: Duration::ZERO, appended: false, cut_bytes: 0 });
        }
        let (writer, cut_bytes) = Writer::append(opened, BLOCKS).map_err(recording)?;
        let found = &writer.header().space;
        if found != space {
            let (path, found, wanted) = (path.to_owned(), found.clone(), space.clone());
            return Err(TapeError::OtherSpace { path, found, wanted });
        }
        // A clock that was set back must not make times go back.
        let since = Duration::from_micros(now_us.saturating_sub(writer.header().start_unix_us));
        let now = since.max(writer.last());
        Ok(Self { path: path.to_owned(), writer, now, appended: true, cut_bytes })
    }

    /// Whether it goes on with an older recording, and how many bytes of a torn block were cut off that one's end.
    #[must_use]
    pub fn appended(&self) -> Option<u64> {
        self.appended.then_some(self.cut_bytes)
    }
}

/// Whether a file can be opened without the danger that nobody ever answers, as with a pipe. One that is not there can.
pub(super) fn regular(path: &Path) -> Result<(), TapeError> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(TapeError::NoFile(path.to_owned())),
        // Whoever opens it hears what is wrong.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What went wrong with the file, a full disk in words of its own.
pub(super) fn named(path: &Path, error: RecordingError, lost: u64) -> TapeError {
    match error {
        RecordingError::Io(error) if is_full(&error) => TapeError::DiskFull { path: path.to_owned(), lost },
        RecordingError::Io(why) => TapeError::File { path: path.to_owned(), why },
        why => TapeError::Recording { place: path.display().to_string(), why },
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Where a recording goes: straight into its file, or into a spool file that is brought to its URL when it ends.
#[derive(Debug)]
pub struct Target {
    place: TapePlace,
    file: PathBuf,
}

impl Target {
    /// Opens the file. `spool` is the folder for the spool file of a URL, where nothing may be yet.
    ///
    /// # Errors
    /// What is wrong with the file, or with the URL: better heard before the first frame than after the last.
    pub async fn open(
        place: TapePlace,
        space: &Space,
        spool: &Path,
        access: &Access,
        now: SystemTime,
    ) -> Result<(Self, TapeFile), TapeError> {
        if place.file().is_none() && access.is_there(&place).await? {
            return Err(TapeError::Taken(place.to_string()));
        }
        let (folder, space) = (spool.to_owned(), space.clone());
        let named = place.file().unwrap_or(spool).to_owned();
        blocking(&named, move || {
            let file = match place.file() {
                Some(path) => path.to_owned(),
                None => NewFile::create(&folder, place.name())?.path,
            };
            let target = Self { place, file };
            match TapeFile::open(&target.file, &space, now) {
                Ok(tape) => Ok((target, tape)),
                Err(error) => {
                    target.remove_spool();
                    Err(error)
                }
            }
        })
        .await
    }

    /// The file that it is written into meanwhile, when that is not where it belongs.
    #[must_use]
    pub fn spool(&self) -> Option<&Path> {
        self.place.file().is_none().then_some(&self.file)
    }

    /// Brings a recording that has ended to where it belongs.
    ///
    /// # Errors
    /// Why it did not arrive; it is kept then, and the error says where.
    pub async fn deliver(self, access: &Access) -> Result<(), TapeError> {
        if self.spool().is_none() {
            return Ok(());
        }
        match access.bring(&self.file, &self.place).await {
            Ok(()) => {
                self.remove_spool();
                Ok(())
            }
            Err(why) => Err(TapeError::Kept { why: Box::new(why), kept: self.file }),
        }
    }

    /// Ends without a recording: nothing is brought to a URL.
    pub fn discard(self) {
        self.remove_spool();
    }

    fn remove_spool(&self) {
        if let Some(path) = self.spool() {
            // What is left in a folder for temporary files is somebody else's to tidy up.
            let _ = std::fs::remove_file(path);
        }
    }
}
