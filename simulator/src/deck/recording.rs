//! What is being recorded: begun, ended, and how.

use super::name::names;
use super::{Deck, DeckError, TapeName};
use crate::scenario::show_duration;
use crate::tape::{Limits, MIN_MAX_BYTES, Recorder, Tally, TapeError, TapeFile, Why, record_bus};
use grouploop_bridge::Space;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What somebody wants to have recorded. What is not said is as the settings allow.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: Option<TapeName>,
    pub(crate) space: Space,
    pub(crate) duration: Option<Duration>,
    pub(crate) max_bytes: Option<u64>,
}

/// A recording under way.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) space: Space,
    pub(super) began: Instant,
    pub(super) started: SystemTime,
    /// It ends, and has ended.
    pub(super) stop: CancellationToken,
    pub(super) over: CancellationToken,
    tally: TallyNow,
}

/// Asks a recorder that somebody else has.
struct TallyNow(Box<dyn Fn() -> Tally + Send + Sync>);

impl std::fmt::Debug for TallyNow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TallyNow")
    }
}

impl Recording {
    pub(super) fn tally(&self) -> Tally {
        (self.tally.0)()
    }
}

/// How a recording ended, which its file does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What ended it; `None` when it was told to.
    pub(crate) by: Option<Ended>,
    /// Frames that the disk was too slow for.
    pub(crate) dropped: u64,
}

/// What ended a recording that was not told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its time was over.
    Duration,
    /// Its file is as large as it may become.
    MaxBytes,
    /// Something went wrong.
    Failed(String),
}

impl Deck {
    /// Begins to record a space, and says under which name. Only one is begun or deleted at a time: the caller sees to that.
    ///
    /// # Errors
    /// [`DeckError`]; nothing has begun then.
    pub(crate) async fn record(self: &Arc<Self>, wanted: Wanted) -> Result<TapeName, DeckError> {
        let folder = self.folder()?;
        let limits = self.limits_of(&wanted)?;
        let Wanted { name, space, .. } = wanted;
        if let Some((name, _)) = self.lock().recording.iter().find(|(_, other)| other.space == space) {
            return Err(DeckError::SpaceTaken { space, name: name.clone() });
        }
        if self.stop.is_cancelled() {
            return Err(DeckError::Stopping);
        }
        let (most, of) = (self.limits.recordings, space.clone());
        let (name, file) = self.blocking(move || open(folder, name, &of, most)).await??;
        let recorder = Recorder::start(file, limits);
        let recording = Arc::new(Recording {
            space,
            began: Instant::now(),
            started: SystemTime::now(),
            stop: self.stop.child_token(),
            over: CancellationToken::new(),
            tally: TallyNow(Box::new(recorder.progress())),
        });
        let mut inner = self.lock();
        inner.endings.remove(&name);
        inner.recording.insert(name.clone(), recording.clone());
        drop(inner);
        self.tasks.spawn(self.clone().run(name.clone(), recording, recorder));
        Ok(name)
    }

    /// Ends a recording; returns when its file is whole.
    ///
    /// # Errors
    /// It is not being recorded.
    pub(crate) async fn stop_recording(&self, name: &TapeName) -> Result<(), DeckError> {
        let recording = self.lock().recording.get(name).cloned();
        let recording = recording.ok_or_else(|| DeckError::NotRecording(name.clone()))?;
        recording.stop.cancel();
        recording.over.cancelled().await;
        Ok(())
    }

    /// Takes what the bus brings until it is told to end, or ends by itself.
    async fn run(self: Arc<Self>, name: TapeName, recording: Arc<Recording>, recorder: Recorder) {
        let broken = tokio::select! {
            biased;
            () = recording.stop.cancelled() => None,
            () = recorder.ended() => None,
            broken = record_bus(&self.ears, recording.space.clone(), &recorder, |_| ()) => broken.err(),
        };
        let finished = recorder.finish().await;
        let by = match (&finished, broken) {
            (Err(error), _) => Some(failed(error)),
            (_, Some(error)) => Some(failed(&error)),
            (Ok(recorded), None) => match recorded.why {
                Why::Told => None,
                Why::Duration => Some(Ended::Duration),
                Why::MaxBytes => Some(Ended::MaxBytes),
            },
        };
        if let Some(Ended::Failed(why)) = &by {
            tracing::warn!(recording.name = %name, space.id = %recording.space, recording.error = why, "a recording ended before its time");
        }
        let mut inner = self.lock();
        inner.recording.remove(&name);
        inner.endings.insert(name, Ending { by, dropped: recording.tally().dropped });
        drop(inner);
        recording.over.cancel();
    }

    /// What somebody wants, within what the settings allow.
    fn limits_of(&self, wanted: &Wanted) -> Result<Limits, DeckError> {
        let most = &self.limits;
        let duration = wanted.duration.unwrap_or(most.duration);
        if duration > most.duration {
            let (what, most) = (format!("a recording of {}", show_duration(duration)), show_duration(most.duration));
            return Err(DeckError::OverLimit { what, key: "max_recording_seconds", most });
        }
        let bytes = wanted.max_bytes.unwrap_or(most.bytes);
        if bytes > most.bytes {
            let (what, most) = (format!("a recording of {bytes} bytes"), most.bytes.to_string());
            return Err(DeckError::OverLimit { what, key: "max_recording_bytes", most });
        }
        Ok(Limits { duration: Some(duration), max_bytes: Some(bytes.max(MIN_MAX_BYTES)) })
    }
}

fn failed(error: &TapeError) -> Ended {
    Ended::Failed(error.to_string())
}

/// Creates the file; without a name it gets the first free one of `main-1`, `main-2` and so on.
fn open(
    folder: PathBuf,
    name: Option<TapeName>,
    space: &Space,
    most: usize,
) -> Result<(TapeName, TapeFile), DeckError> {
    std::fs::create_dir_all(&folder).map_err(DeckError::Folder)?;
    let there = names(&folder)?;
    if there.len() >= most {
        return Err(DeckError::TooMany(there.len()));
    }
    let is_free = |name: &TapeName| name.path(&folder).symlink_metadata().is_err();
    let name = match name {
        Some(name) if !is_free(&name) => return Err(DeckError::Taken(name)),
        Some(name) => name,
        None => {
            // Of one more name than there are files, one is free.
            let mut names = (1..=there.len() + 1).filter_map(|number| format!("{space}-{number}").parse().ok());
            names.find(is_free).ok_or(DeckError::TooMany(there.len()))?
        }
    };
    match create(&name.path(&folder), space) {
        Ok(Some(file)) => Ok((name, file)),
        Ok(None) => Err(DeckError::Taken(name)),
        Err(why) => Err(DeckError::tape(&name, why)),
    }
}

/// A file that was not there before; `None` when somebody else was quicker.
fn create(path: &Path, space: &Space) -> Result<Option<TapeFile>, TapeError> {
    match File::create_new(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(why) => return Err(TapeError::File { path: path.to_owned(), why }),
    }
    let opened = TapeFile::open(path, space, SystemTime::now());
    if let Err(TapeError::File { .. }) = &opened {
        // An empty file would keep the name from whoever tries again.
        let _ = std::fs::remove_file(path);
    }
    opened.map(Some)
}
