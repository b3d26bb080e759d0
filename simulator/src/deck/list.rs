//! What is in the folder, and what becomes of it.

use super::recording::Ended;
use super::{Deck, DeckError, Looked, TapeName};
use crate::recording::{RecordingError, Skimmed};
use crate::tape::Tally;
use grouploop_bridge::Space;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Files that are looked at: more are somebody else's.
const MAX_LISTED: usize = 10_000;

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
    Kept { skimmed: Skimmed, ended: Option<Ended> },
    /// It cannot be read.
    Unreadable(String),
}

/// The names of all recordings of a folder, which need not be there.
pub(super) fn names(folder: &Path) -> Result<Vec<TapeName>, DeckError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DeckError::Folder(error)),
    };
    let names = entries.filter_map(|entry| TapeName::of_file(entry.ok()?.file_name().to_str()?));
    let mut names: Vec<TapeName> = names.take(MAX_LISTED).collect();
    names.sort_unstable();
    Ok(names)
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
            let mut known = deck.skimmed.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|name, _| names.binary_search(name).is_ok());
            drop(known);
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
        match self.blocking(move || std::fs::remove_file(path)).await? {
            Ok(()) => {
                self.lock().ended.remove(name);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(DeckError::Unknown(name.clone())),
            Err(error) => Err(DeckError::Folder(error)),
        }
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
                What::Kept { skimmed, ended: self.lock().ended.get(&name).cloned() }
            }
            Err(error) => What::Unreadable(error.to_string()),
        };
        Some(Listed { name, what })
    }
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
