//! Documents of a space in the store: `spaces/<space>/<kind>/<id>.json`, where no URL of a file leads.

use crate::error::HttpError;
use crate::store::{Condition, Store, StoreError, Version};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use grouploop_bridge::Space;
use grouploop_serve::content::{Encoding, Tags, hex};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Documents of one kind in one space.
pub(crate) const MAX_DOCUMENTS: usize = 256;
/// Bytes of one document: a group of all devices that a space can have takes half of it.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 1 << 20;
/// Bytes of all documents of one kind in one space: what a list of them has.
const MAX_KIND_BYTES: u64 = 4 << 20;
/// Bytes of documents in memory, so that a list does not read all of them each time.
const KNOWN_BYTES: u64 = 16 << 20;
/// What one takes there beside its content.
const OVERHEAD_BYTES: u64 = 512;
/// Documents that are read side by side for a list.
const READS: usize = 16;
/// Longest id.
const MAX_ID: usize = 64;
/// What is written once more when another one was faster.
const ROOT: &str = "spaces";

/// What a space keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Devices under a name.
    Groups,
    /// Commands under a name.
    Scenes,
    /// Rollouts of firmware, which a CDN writes itself.
    Rollouts,
}

impl Kind {
    /// Those that people write.
    pub(crate) const WRITTEN: [Self; 2] = [Self::Groups, Self::Scenes];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Scenes => "scenes",
            Self::Rollouts => "rollouts",
        }
    }
}

/// The name of a document in URLs and in the store: `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DocumentId(Arc<str>);

impl DocumentId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DocumentId {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        let fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let fits = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(fine);
        if fits { Ok(Self(text.into())) } else { Err(HttpError::BadId) }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a document is in the store.
pub(crate) fn path_of(space: &Space, kind: Kind, id: &DocumentId) -> String {
    format!("{}/{id}.json", folder_of(space, kind))
}

fn folder_of(space: &Space, kind: Kind) -> String {
    format!("{ROOT}/{space}/{}", kind.name())
}

/// The `ETag` of content.
pub(crate) fn tag_of(bytes: &[u8]) -> String {
    let tags = Tags::new(&hex(&Sha256::digest(bytes)));
    tags.header(Encoding::Identity).to_str().unwrap_or_default().to_owned()
}

/// One of a list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) id: DocumentId,
    pub(crate) etag: String,
    pub(crate) bytes: Bytes,
}

/// The documents of all spaces.
#[derive(Debug)]
pub(crate) struct Documents {
    store: Store,
    max_spaces: usize,
    /// Content by path, with the state that the store listed it with.
    known: Cache<String, Arc<Known>, ByWeight>,
}

#[derive(Debug)]
struct Known {
    version: Version,
    etag: String,
    bytes: Bytes,
}

#[derive(Debug, Clone)]
struct ByWeight;

impl Weighter<String, Arc<Known>> for ByWeight {
    fn weight(&self, _path: &String, known: &Arc<Known>) -> u64 {
        known.bytes.len() as u64 + OVERHEAD_BYTES
    }
}

impl Documents {
    pub(crate) fn new(store: Store, max_spaces: usize) -> Self {
        Self { store, max_spaces, known: Cache::with_weighter(MAX_DOCUMENTS, KNOWN_BYTES, ByWeight) }
    }

    /// All of one kind in the order of their ids; `false` when there are more than fit, put there by hand.
    pub(crate) async fn list(&self, space: &Space, kind: Kind) -> Result<(Vec<Listed>, bool), StoreError> {
        let (found, mut complete) = self.store.notes(&folder_of(space, kind), MAX_DOCUMENTS).await?;
        let mut room = MAX_KIND_BYTES;
        let named = found.into_iter().filter_map(|(path, version)| Some((id_in(&path)?, path, version)));
        let fitting: Vec<_> = named
            .take_while(|(_, _, version)| {
                let left = room.checked_sub(version.size);
                room = left.unwrap_or_default();
                complete &= left.is_some();
                left.is_some()
            })
            .map(|(id, path, version)| self.listed(id, path, version))
            .collect();
        let listed: Vec<Option<Listed>> = futures_util::stream::iter(fitting).buffered(READS).try_collect().await?;
        Ok((listed.into_iter().flatten().collect(), complete))
    }

    /// One of a list; `None` when it was removed meanwhile.
    async fn listed(&self, id: DocumentId, path: String, version: Version) -> Result<Option<Listed>, StoreError> {
        if let Some(known) = self.known.get(&path)
            && known.version == version
        {
            return Ok(Some(Listed { id, etag: known.etag.clone(), bytes: known.bytes.clone() }));
        }
        let bytes = match self.store.read_note(&path).await {
            Ok((bytes, _)) => bytes,
            Err(StoreError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = tag_of(&bytes);
        // Kept under the state of the list, which is the older one when it was replaced since: then it is read once more.
        self.known.insert(path, Arc::new(Known { version, etag: etag.clone(), bytes: bytes.clone() }));
        Ok(Some(Listed { id, etag, bytes }))
    }

    /// A document as it is in the store now.
    pub(crate) async fn read(
        &self,
        space: &Space,
        kind: Kind,
        id: &DocumentId,
    ) -> Result<(Bytes, Version), StoreError> {
        self.store.read_note(&path_of(space, kind, id)).await
    }

    /// Writes a document when it is as the condition says.
    pub(crate) async fn write(
        &self,
        space: &Space,
        kind: Kind,
        id: &DocumentId,
        bytes: Bytes,
        condition: &Condition,
    ) -> Result<(), HttpError> {
        self.check_room(space, kind, id, bytes.len() as u64).await?;
        Ok(self.store.write_note(&path_of(space, kind, id), bytes, condition).await?)
    }

    /// The store that they are in.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Writes a document of our own, whose room was looked at when it was made.
    pub(crate) async fn write_own(
        &self,
        space: &Space,
        kind: Kind,
        id: &DocumentId,
        bytes: Bytes,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        self.store.write_note(&path_of(space, kind, id), bytes, condition).await
    }

    /// Removes a document when it is as the condition says.
    pub(crate) async fn delete(
        &self,
        space: &Space,
        kind: Kind,
        id: &DocumentId,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        self.store.delete_note(&path_of(space, kind, id), condition).await
    }

    /// Whether one of this size fits beside the others. Looked at just before it is written: of two that are written at once, both may fit.
    async fn check_room(&self, space: &Space, kind: Kind, id: &DocumentId, size: u64) -> Result<(), HttpError> {
        let path = path_of(space, kind, id);
        let (others, complete) = self.store.notes(&folder_of(space, kind), MAX_DOCUMENTS).await?;
        let (count, bytes) = others
            .iter()
            .filter(|(other, _)| *other != path)
            .fold((0, size), |(count, bytes), (_, version)| (count + 1, bytes.saturating_add(version.size)));
        if count >= MAX_DOCUMENTS || (!complete && count == others.len()) {
            return Err(HttpError::Full(format!(
                "a space keeps at most {MAX_DOCUMENTS} {}; remove one first",
                kind.name()
            )));
        }
        if bytes > MAX_KIND_BYTES {
            return Err(HttpError::Full(format!(
                "all {} of a space have at most {MAX_KIND_BYTES} bytes; remove one first",
                kind.name()
            )));
        }
        if others.is_empty() { self.check_space(space).await } else { Ok(()) }
    }

    /// The spaces that keep something.
    pub(crate) async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        let spaces = self.store.branches(ROOT).await?;
        Ok(spaces.iter().filter_map(|space| space.parse().ok()).collect())
    }

    /// Whether there is room for one more space, when it is one.
    pub(crate) async fn check_space(&self, space: &Space) -> Result<(), HttpError> {
        let spaces = self.store.branches(ROOT).await?;
        let most = self.max_spaces;
        if spaces.len() >= most && !spaces.iter().any(|other| other == space.as_str()) {
            return Err(HttpError::Full(format!("{most} spaces keep something already (cdn.max_spaces)")));
        }
        Ok(())
    }
}

/// The id of a document at this path; `None` for anything else that somebody put there.
fn id_in(path: &str) -> Option<DocumentId> {
    path.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()
}
