//! The object store: one type over every engine of the `object_store` crate, with the few verbs that a CDN needs.
//!
//! # Contract
//! The conformance suite has one property for each number and runs over memory, a folder and a real S3 server.
//!
//! 1. An object is seen whole or not at all; who reads one while it is replaced gets the old bytes, or [`StoreError::Changed`].
//! 2. [`Condition`] decides between writers: of two that saw the same version one succeeds, the other hears [`StoreError::Conflict`].
//! 3. A version changes whenever the bytes do.
//! 4. A store that does not answer in time is [`StoreError::Away`]; nothing waits longer.
//!
//! Two limits between processes, which no engine lifts but the folder: an object over [`WHOLE_BYTES`] is written in parts, and its condition is looked at when the last one
//! is there, just before it becomes visible; and a condition on a delete is looked at just before.

mod error;
mod folder;
mod upload;
mod url;

pub use error::OpenError;
pub(crate) use error::StoreError;
pub(crate) use upload::Upload;
pub use url::variables_complaints;
pub(crate) use url::{check_url, shown};

use crate::path::AssetPath;
use bytes::Bytes;
use folder::{Folder, FolderLock};
use futures_util::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// Bytes that are written in one piece.
pub(crate) const WHOLE_BYTES: usize = 5 << 20;
/// Largest note that is read.
const MAX_NOTE_BYTES: u64 = 8 << 20;
/// Time for the store to take a piece, beyond that for an answer.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// File systems know the time to some milliseconds. A file that is replaced twice in between may be given the place, the time and the size of
/// the first, and would be taken for it; so no file is replaced before it is older than this.
const FILE_TICK: Duration = Duration::from_millis(12);

/// Where objects are. A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    folder: Option<Folder>,
    timeout: Duration,
    turns: Turns,
}

/// Whose turn it is to write an object, by the hash of its name. So between the writers of one process a condition decides even where a
/// store only looks at it before it writes.
type Turns = Arc<[Mutex<()>; 16]>;

/// Which object it is, at which state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    e_tag: Option<String>,
    version: Option<String>,
    /// Bytes of the object.
    pub(crate) size: u64,
    /// When it was written.
    pub(crate) modified: SystemTime,
}

/// When a write counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// In any case.
    Any,
    /// When there is no such object.
    Absent,
    /// When the object is at this state.
    Is(Version),
}

/// An object that is being read.
pub(crate) struct Reading {
    /// What it is.
    pub(crate) version: Version,
    /// Its bytes.
    pub(crate) bytes: BoxStream<'static, Result<Bytes, StoreError>>,
}

impl Store {
    /// Opens the store that the URL names; `variables` is the environment.
    ///
    /// # Errors
    /// What is wrong with the URL or the variables. A store that is away is no error.
    pub(crate) fn open(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
        timeout: Duration,
    ) -> Result<Self, OpenError> {
        url::open(url, variables, timeout)
    }

    /// How long it may take to begin an answer.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether the store answers.
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        self.in_time(async {
            match &self.folder {
                Some(folder) => folder.probe().await.map_err(|error| StoreError::Away(error.to_string())),
                // An object that need not be there: that it is not is an answer.
                None => match self.objects.head(&Path::from("static/commands.json")).await.map_err(StoreError::from) {
                    Ok(_) => Ok(()),
                    // A bucket that is not there says the same of each object; its list says it of itself.
                    Err(StoreError::NotFound) => match self.objects.list(None).next().await {
                        Some(Err(error)) => Err(StoreError::away(&error)),
                        _ => Ok(()),
                    },
                    Err(error) => Err(error),
                },
            }
        })
        .await
    }

    /// The state of an object.
    pub(crate) async fn version(&self, path: &AssetPath) -> Result<Version, StoreError> {
        let path = path.in_store();
        self.in_time(async {
            self.admit(&path).await?;
            match self.objects.head(&path).await {
                Ok(meta) => Ok(Version::from(&meta)),
                Err(error) => Err(self.failed(error).await),
            }
        })
        .await
    }

    /// Reads an object, or a range of it. With `expected` it is that state or [`StoreError::Changed`].
    pub(crate) async fn read(
        &self,
        path: &AssetPath,
        range: Option<Range<u64>>,
        expected: Option<&Version>,
    ) -> Result<Reading, StoreError> {
        self.read_at(path.in_store(), range, expected).await
    }

    async fn read_at(
        &self,
        path: Path,
        range: Option<Range<u64>>,
        expected: Option<&Version>,
    ) -> Result<Reading, StoreError> {
        let options = GetOptions {
            if_match: expected.and_then(|version| version.e_tag.clone()),
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let result = self
            .in_time(async {
                self.admit(&path).await?;
                match self.objects.get_opts(&path, options).await {
                    Ok(result) => Ok(result),
                    Err(error) => Err(self.failed(error).await),
                }
            })
            .await
            .map_err(|error| if error == StoreError::Conflict { StoreError::Changed } else { error })?;
        let version = Version::from(&result.meta);
        if expected.is_some_and(|expected| *expected != version) {
            return Err(StoreError::Changed);
        }
        let (patience, is_file) = (self.timeout, self.folder.is_some());
        let pieces = result.into_stream().map(|piece| piece.map_err(StoreError::from));
        let bytes = futures_util::stream::unfold(Some(pieces), move |pieces| async move {
            let mut pieces = pieces?;
            match timeout(patience, pieces.next()).await {
                Ok(None) => None,
                // A file that somebody made shorter meanwhile gives nothing, for ever.
                Ok(Some(Ok(piece))) if is_file && piece.is_empty() => Some((Err(StoreError::Changed), None)),
                Ok(Some(piece)) => Some((piece, Some(pieces))),
                Err(_) => Some((Err(StoreError::Away("it stopped in the middle of an object".into())), None)),
            }
        });
        Ok(Reading { version, bytes: bytes.boxed() })
    }

    /// Writes an object of at most [`WHOLE_BYTES`] in one piece.
    pub(crate) async fn write(&self, path: &AssetPath, bytes: Bytes, condition: &Condition) -> Result<(), StoreError> {
        self.write_at(path.in_store(), PutPayload::from(bytes), condition).await
    }

    async fn write_at(&self, path: Path, payload: PutPayload, condition: &Condition) -> Result<(), StoreError> {
        let write = async {
            self.admit(&path).await?;
            let _turn = self.turn(&path).await?;
            self.find_way(&path).await?;
            let mode = match condition {
                Condition::Any => PutMode::Overwrite,
                Condition::Absent => PutMode::Create,
                Condition::Is(_) if self.folder.is_some() => {
                    self.hold(&path, condition).await?;
                    PutMode::Overwrite
                }
                Condition::Is(version) => {
                    PutMode::Update(UpdateVersion { e_tag: version.e_tag.clone(), version: version.version.clone() })
                }
            };
            self.objects.put_opts(&path, payload, PutOptions { mode, ..PutOptions::default() }).await?;
            Ok(())
        };
        timeout(WRITE_PATIENCE, write).await.unwrap_or_else(|_| Err(StoreError::late()))
    }

    /// Begins an object that may be larger.
    pub(crate) async fn upload(&self, path: &AssetPath, condition: Condition) -> Result<Upload, StoreError> {
        self.admit(&path.in_store()).await?;
        Ok(Upload::new(self.clone(), path.in_store(), condition))
    }

    /// Removes an object.
    pub(crate) async fn delete(&self, path: &AssetPath, condition: &Condition) -> Result<(), StoreError> {
        self.delete_at(path.in_store(), condition, false).await
    }

    async fn delete_at(&self, path: Path, condition: &Condition, tidy: bool) -> Result<(), StoreError> {
        let delete = async {
            self.admit(&path).await?;
            let _turn = self.turn(&path).await?;
            self.hold(&path, condition).await?;
            self.objects.delete(&path).await?;
            if let Some(folder) = self.folder.as_ref().filter(|_| tidy) {
                folder.tidy(&path).await;
            }
            Ok(())
        };
        timeout(WRITE_PATIENCE, delete).await.unwrap_or_else(|_| Err(StoreError::late()))
    }

    /// Reads a small object of our own, one that no URL reaches.
    pub(crate) async fn read_note(&self, name: &str) -> Result<(Bytes, Version), StoreError> {
        let mut reading = self.read_at(Path::from(name), None, None).await?;
        let size = reading.version.size;
        if size > MAX_NOTE_BYTES {
            return Err(StoreError::Denied(format!("{name} has {size} bytes, at most {MAX_NOTE_BYTES} are read")));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = reading.bytes.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok((bytes.into(), reading.version))
    }

    /// Writes such an object.
    pub(crate) async fn write_note(&self, name: &str, bytes: Bytes, condition: &Condition) -> Result<(), StoreError> {
        self.write_at(Path::from(name), PutPayload::from(bytes), condition).await
    }

    /// Removes such an object, and in a folder what is empty then.
    pub(crate) async fn delete_note(&self, name: &str, condition: &Condition) -> Result<(), StoreError> {
        self.delete_at(Path::from(name), condition, true).await
    }

    /// The names of such objects below a prefix with their states, sorted; of more than `most` the first, and `false`.
    pub(crate) async fn notes(&self, prefix: &str, most: usize) -> Result<(Vec<(String, Version)>, bool), StoreError> {
        let prefix = Path::from(prefix);
        self.in_time(async {
            self.admit(&prefix).await?;
            let mut found = BTreeMap::new();
            let (mut listed, mut complete) = (self.objects.list(Some(&prefix)), true);
            while let Some(meta) = listed.next().await {
                let meta = meta?;
                found.insert(meta.location.to_string(), Version::from(&meta));
                if found.len() > most {
                    found.pop_last();
                    complete = false;
                }
            }
            self.probe_when(found.is_empty()).await?;
            Ok((found.into_iter().collect(), complete))
        })
        .await
    }

    /// The names directly below a prefix that have something below themselves.
    pub(crate) async fn branches(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let prefix = Path::from(prefix);
        self.in_time(async {
            let listed = self.objects.list_with_delimiter(Some(&prefix)).await?;
            self.probe_when(listed.common_prefixes.is_empty()).await?;
            Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
        })
        .await
    }

    /// In a folder that is gone nothing is listed, which says nothing of what is in it.
    async fn probe_when(&self, empty: bool) -> Result<(), StoreError> {
        match &self.folder {
            Some(folder) if empty => folder.probe().await.map_err(|error| StoreError::Away(error.to_string())),
            _ => Ok(()),
        }
    }

    /// A file that a link leads out of the folder is no object.
    async fn admit(&self, path: &Path) -> Result<(), StoreError> {
        match &self.folder {
            Some(folder) if !folder.holds(path).await => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    }

    /// Waits until nobody else writes this object here, nor anybody into the folder. Without a condition as well: what is written between
    /// the look of another and its write would be lost.
    async fn turn(&self, path: &Path) -> Result<Turn<'_>, StoreError> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % 16).unwrap_or_default();
        let here = match self.turns.get(place) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let folder = match &self.folder {
            Some(folder) => Some(folder.lock().await?),
            None => None,
        };
        if folder.is_some()
            && let Ok(meta) = self.objects.head(path).await
            && let Ok(age) = SystemTime::from(meta.last_modified).elapsed()
        {
            tokio::time::sleep(FILE_TICK.saturating_sub(age)).await;
        }
        Ok(Turn { _folder: folder, _here: here })
    }

    /// Whether there is room for an object of this name: no store has both `js/a` and `js/a/b`, because a folder cannot.
    async fn find_way(&self, path: &Path) -> Result<(), StoreError> {
        let names: Vec<_> = path.parts().collect();
        // The first name is one of the folders that we serve, and those are no objects.
        for depth in (2..names.len()).rev() {
            let above: Path = names.iter().take(depth).cloned().collect();
            if self.objects.list(Some(&above)).next().await.is_some_and(|below| below.is_ok()) {
                // Something has come this way before.
                break;
            }
            // Some servers fail when they are asked for what they hold as a folder. If it is more than that, the write will tell.
            if self.objects.head(&above).await.is_ok() {
                return Err(StoreError::InTheWay);
            }
        }
        match self.objects.list(Some(path)).next().await {
            Some(Ok(below)) if below.location != *path => Err(StoreError::InTheWay),
            Some(Err(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What an error of a read means: in a folder that is gone nothing is found, which says nothing of the object.
    async fn failed(&self, error: object_store::Error) -> StoreError {
        match (StoreError::from(error), &self.folder) {
            (StoreError::NotFound, Some(folder)) => match folder.probe().await {
                Ok(()) => StoreError::NotFound,
                Err(error) => StoreError::Away(error.to_string()),
            },
            (error, _) => error,
        }
    }

    /// Whether the condition holds now.
    async fn hold(&self, path: &Path, condition: &Condition) -> Result<(), StoreError> {
        let now = match self.objects.head(path).await.map_err(StoreError::from) {
            Ok(meta) => Some(Version::from(&meta)),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let holds = match condition {
            Condition::Any => true,
            Condition::Absent => now.is_none(),
            Condition::Is(version) => now.as_ref() == Some(version),
        };
        if holds { Ok(()) } else { Err(StoreError::Conflict) }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        timeout(self.timeout, work).await.unwrap_or_else(|_| Err(StoreError::late()))
    }
}

/// While it lives nobody else writes the object.
struct Turn<'a> {
    // Before the other, so that whoever is next here finds the folder free.
    _folder: Option<FolderLock>,
    _here: Option<MutexGuard<'a, ()>>,
}

impl From<&ObjectMeta> for Version {
    fn from(meta: &ObjectMeta) -> Self {
        Self {
            e_tag: meta.e_tag.clone(),
            version: meta.version.clone(),
            size: meta.size,
            modified: meta.last_modified.into(),
        }
    }
}
