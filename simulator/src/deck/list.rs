//! What is in the folder, and what becomes of it.

use super::name::names;
use super::{Deck, DeckError, Ending, Looked, TapeName};
use crate::recording::{RecordingError, Skimmed};
use crate::tape::{Tally, TapeError};
use grouploop_bridge::Space;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A recording of the folder.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) name: TapeName,
    pub(crate) what: What,
}

/// What is known of it.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// It is being made.
    Recording { space: Space, started: SystemTime, since: Duration, tally: Tally },
    /// It is whole, as far as it goes.
    Kept { skimmed: Skimmed, ending: Option<Ending> },
    /// It cannot be read.
    Unreadable(String),
}

impl Deck {
    /// All recordings, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) async fn list(self: &Arc<Self>) -> Result<Vec<Listed>, DeckError> {
        let Some(folder) = self.folder.clone() else { return Ok(Vec::new()) };
        let deck = self.clone();
        let list = move || {
            let names = names(&folder)?;
            deck.forget_all_but(&folder, &names);
            Ok(names.into_iter().filter_map(|name| deck.look(&folder, name)).collect())
        };
        self.blocking(list).await?
    }

    /// One recording.
    ///
    /// # Errors
    /// When there is none of this name.
    pub(crate) async fn find(self: &Arc<Self>, name: &TapeName) -> Result<Listed, DeckError> {
        let (folder, deck, wanted) = (self.folder()?, self.clone(), name.clone());
        let found = self.blocking(move || deck.look(&folder, wanted)).await?;
        found.ok_or_else(|| DeckError::Unknown(name.clone()))
    }

    /// Deletes a recording. Only one is begun or deleted at a time: the caller sees to that.
    ///
    /// # Errors
    /// When there is none of this name, or it is at work.
    pub(crate) async fn delete(&self, name: &TapeName) -> Result<(), DeckError> {
        let path = name.path(&self.folder()?);
        if self.lock().recording.contains_key(name) {
            return Err(DeckError::Recording(name.clone()));
        }
        if self.lock().replays.values().any(|replay| replay.is_playing() && replay.name() == name) {
            return Err(DeckError::Playing(name.clone()));
        }
        match self.blocking(move || remove(path)).await? {
            Ok(()) => {
                self.lock().endings.remove(name);
                Ok(())
            }
            Err(TapeError::File { why, .. }) if why.kind() == io::ErrorKind::NotFound => {
                Err(DeckError::Unknown(name.clone()))
            }
            Err(why) => Err(DeckError::tape(name, why)),
        }
    }

    /// Forgets what is known of files that somebody took out of the folder.
    fn forget_all_but(&self, folder: &Path, names: &[TapeName]) {
        let is_there = |name: &TapeName| names.binary_search(name).is_ok();
        self.skimmed.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| is_there(name));
        // One that has ended since the names were read is not forgotten.
        self.lock().endings.retain(|name, _| is_there(name) || name.path(folder).exists());
    }

    /// What there is under a name. It blocks.
    fn look(&self, folder: &Path, name: TapeName) -> Option<Listed> {
        let recording = self.lock().recording.get(&name).cloned();
        if let Some(recording) = recording {
            let (space, since) = (recording.space.clone(), recording.began.elapsed());
            let what = What::Recording { space, started: recording.started, since, tally: recording.tally() };
            return Some(Listed { name, what });
        }
        let path = name.path(folder);
        let about = std::fs::metadata(&path).ok()?;
        let (bytes, modified) = (about.len(), about.modified().ok());
        let known = || self.skimmed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known().get(&name).filter(|was| (was.bytes, was.modified) == (bytes, modified)).cloned();
        let what = match before.map_or_else(|| skim(&path), |looked| Ok(looked.skimmed)) {
            Ok(skimmed) => {
                known().insert(name.clone(), Looked { bytes, modified, skimmed: skimmed.clone() });
                What::Kept { skimmed, ending: self.lock().endings.get(&name).cloned() }
            }
            Err(error) => What::Unreadable(error.to_string()),
        };
        Some(Listed { name, what })
    }
}

/// Deletes a file, which blocks. One that another program of ours writes stays: that one would write on, into a file that nobody finds.
fn remove(path: PathBuf) -> Result<(), TapeError> {
    // A pipe would never open. What cannot be opened may still be deleted.
    let is_file = std::fs::metadata(&path).is_ok_and(|about| about.is_file());
    if is_file
        && let Ok(file) = File::open(&path)
        && let Err(TryLockError::WouldBlock) = file.try_lock()
    {
        return Err(TapeError::InUse(path));
    }
    std::fs::remove_file(&path).map_err(|why| TapeError::File { path, why })
}

/// Looks into a file, which blocks.
pub(super) fn skim(path: &Path) -> Result<Skimmed, RecordingError> {
    // A pipe would never answer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file").into());
    }
    Skimmed::read(File::open(path)?)
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
