//! An object as it is served: what its headers say, worked out once, and its bytes when they are few.

use crate::keeping::cache_control;
use crate::manifest::{Facts, Manifest};
use crate::path::AssetPath;
use crate::store::{Reading, StoreError, Version};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use grouploop_serve::Sealed;
use grouploop_serve::content::{Forms, MediaType, Tags, hex};
use headers::HeaderValue;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Objects up to this size are kept in memory whole; larger ones are streamed from the store.
pub(crate) const SMALL_BYTES: u64 = 4 << 20;
/// Objects from this size on the kernel has as well, so that it can send them without copying. For smaller ones the copy is a small part of what
/// a request costs.
const SEALED_BYTES: usize = 128 << 10;
/// What an entry of the cache takes beside its body.
const OVERHEAD_BYTES: u64 = 2048;

/// Hashes of content, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hashes {
    pub(crate) sha256: String,
    pub(crate) md5: String,
}

/// Hashes content piece by piece.
#[derive(Default)]
pub(crate) struct Hasher {
    sha256: Sha256,
    md5: Md5,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.md5.update(bytes);
    }

    pub(crate) fn finish(self) -> Hashes {
        Hashes { sha256: hex(&self.sha256.finalize()), md5: hex(&self.md5.finalize()) }
    }
}

/// An object ready to be served.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) path: AssetPath,
    /// Its state in the store; `None` when the object is made here and nothing of it is stored yet.
    pub(crate) version: Option<Version>,
    pub(crate) size: u64,
    pub(crate) hashes: Hashes,
    /// Whole seconds, as HTTP says it.
    pub(crate) modified: Option<SystemTime>,
    pub(crate) last_modified: Option<HeaderValue>,
    pub(crate) media_type: MediaType,
    pub(crate) cache_control: &'static str,
    pub(crate) md5: HeaderValue,
    /// What a manifest says, in the manifest.
    pub(crate) manifest: Option<Manifest>,
    /// All its bytes, when they are in memory.
    pub(crate) forms: Option<Forms>,
    /// The same for the kernel, which answers with them should carry.
    pub(crate) sealed: Option<Sealed>,
    pub(crate) tags: Tags,
}

impl Asset {
    /// Reads an object to its end: every byte is hashed, and kept when they are few.
    pub(crate) async fn read(path: &AssetPath, reading: Reading) -> Result<Self, StoreError> {
        let Reading { version, mut bytes } = reading;
        let size = version.size;
        if size > SMALL_BYTES {
            let mut hasher = Hasher::default();
            let mut seen = 0;
            while let Some(piece) = bytes.next().await {
                let piece = piece?;
                seen += piece.len() as u64;
                hasher.update(&piece);
            }
            if seen != size {
                return Err(StoreError::Changed);
            }
            let modified = Some(version.modified);
            return Ok(Self::new(path, Some(version), size, modified, hasher.finish(), None));
        }
        // Within the bound that was just looked at.
        let mut whole = BytesMut::with_capacity(usize::try_from(size).unwrap_or_default());
        while let Some(piece) = bytes.next().await {
            let piece = piece?;
            if (whole.len() + piece.len()) as u64 > size {
                return Err(StoreError::Changed);
            }
            whole.extend_from_slice(&piece);
        }
        if whole.len() as u64 != size {
            return Err(StoreError::Changed);
        }
        let modified = Some(version.modified);
        Self::whole(path, Some(version), modified, whole.freeze()).await
    }

    /// An object of these bytes.
    pub(crate) async fn whole(
        path: &AssetPath,
        version: Option<Version>,
        modified: Option<SystemTime>,
        bytes: Bytes,
    ) -> Result<Self, StoreError> {
        let content = bytes.clone();
        // Up to 20 ms of work, which would hold up other requests on this thread.
        let prepared = tokio::task::spawn_blocking(move || {
            let mut hasher = Hasher::default();
            hasher.update(&content);
            (hasher.finish(), seal(content))
        });
        let (hashes, sealed) =
            prepared.await.map_err(|_| StoreError::Away("stopped in the middle of an object".into()))?;
        let asset = Self::new(path, version, bytes.len() as u64, modified, hashes, Some(bytes));
        Ok(Self { sealed, ..asset })
    }

    fn new(
        path: &AssetPath,
        version: Option<Version>,
        size: u64,
        modified: Option<SystemTime>,
        hashes: Hashes,
        body: Option<Bytes>,
    ) -> Self {
        let header = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let modified = modified.map(whole_seconds);
        let media_type = MediaType::of(path.file());
        Self {
            path: path.clone(),
            version,
            size,
            modified,
            last_modified: modified.map(|modified| header(&httpdate::fmt_http_date(modified))),
            media_type,
            cache_control: cache_control(path, &hashes.sha256),
            md5: header(&hashes.md5),
            manifest: None,
            forms: body.map(|body| Forms::new(body, media_type.compressible)),
            sealed: None,
            tags: Tags::new(&hashes.sha256),
            hashes,
        }
    }

    /// What a manifest says about an image.
    pub(crate) fn facts(&self) -> Facts {
        Facts { size: self.size, sha256: self.hashes.sha256.clone(), md5: self.hashes.md5.clone() }
    }

    /// Bytes that it takes in the cache, those of smaller forms that are yet to be made included.
    pub(crate) fn weight(&self) -> u64 {
        let body = self.forms.as_ref().map_or(0, |forms| forms.body().len() as u64);
        let copies = 1 + u64::from(self.media_type.compressible) + u64::from(self.sealed.is_some());
        OVERHEAD_BYTES + body * copies
    }
}

fn seal(content: Bytes) -> Option<Sealed> {
    if content.len() < SEALED_BYTES {
        return None;
    }
    let sealed = Sealed::new(content);
    sealed.inspect_err(|error| tracing::debug!(%error, "served with a copy for each request")).ok()
}

/// HTTP dates have no fractions.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn content_is_hashed_and_tagged() {
        let path = AssetPath::parse("js/a.js").unwrap();
        let asset = Asset::whole(&path, None, None, Bytes::from_static(b"abc")).await.unwrap();
        assert_eq!(asset.hashes.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(asset.hashes.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(asset.tags, Tags::new(&asset.hashes.sha256));
    }
}
