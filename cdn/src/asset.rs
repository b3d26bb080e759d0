//! An object as it is served: what its headers say, worked out once, and its bytes when they are few.

use crate::encoding::Encoding;
use crate::kind::{Kind, cache_control};
use crate::manifest::{Facts, Manifest};
use crate::path::AssetPath;
use crate::store::{Reading, StoreError, Version};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt, Shared};
use headers::{ETag, HeaderValue};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Objects up to this size are kept in memory whole; larger ones are streamed from the store.
pub(crate) const SMALL_BYTES: u64 = 4 << 20;
/// Digits of the SHA-256 in an `ETag`: 128 bits.
const TAG_DIGITS: usize = 32;
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The strong tag of content with this SHA-256 in this form: the same for every store, because it comes from the bytes alone.
pub(crate) fn tag(sha256: &str, encoding: Encoding) -> String {
    format!("\"{}{}\"", sha256.get(..TAG_DIGITS).unwrap_or(sha256), encoding.tag_suffix())
}

/// A smaller form that is made, or was: once, for all who wait for it, and to its end whether they wait or go.
type Making = Shared<BoxFuture<'static, Option<Bytes>>>;

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
    pub(crate) kind: Kind,
    pub(crate) cache_control: &'static str,
    pub(crate) md5: HeaderValue,
    /// What a manifest says, in the manifest.
    pub(crate) manifest: Option<Manifest>,
    body: Option<Bytes>,
    tags: [HeaderValue; 3],
    gzip: OnceLock<Making>,
    brotli: OnceLock<Making>,
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
        let hashes = tokio::task::spawn_blocking(move || {
            let mut hasher = Hasher::default();
            hasher.update(&content);
            hasher.finish()
        });
        let hashes = hashes.await.map_err(|_| StoreError::Away("stopped in the middle of an object".into()))?;
        Ok(Self::new(path, version, bytes.len() as u64, modified, hashes, Some(bytes)))
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
        Self {
            path: path.clone(),
            version,
            size,
            modified,
            last_modified: modified.map(|modified| header(&httpdate::fmt_http_date(modified))),
            kind: Kind::of(path),
            cache_control: cache_control(path, &hashes.sha256),
            md5: header(&hashes.md5),
            manifest: None,
            body,
            tags: [Encoding::Identity, Encoding::Gzip, Encoding::Brotli]
                .map(|encoding| header(&tag(&hashes.sha256, encoding))),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            hashes,
        }
    }

    /// All its bytes, when they are in memory.
    pub(crate) fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Its bytes in the form that was asked for, or as they are when it has no smaller one. Made once and kept.
    pub(crate) async fn encoded(self: &Arc<Self>, wanted: Encoding) -> Option<(Encoding, Bytes)> {
        let body = self.body.as_ref()?;
        let smaller = match wanted {
            Encoding::Identity => None,
            _ if !self.kind.compressible => None,
            Encoding::Gzip => self.gzip.get_or_init(|| encode(wanted, body.clone())).clone().await,
            Encoding::Brotli => self.brotli.get_or_init(|| encode(wanted, body.clone())).clone().await,
        };
        Some(match smaller {
            Some(smaller) => (wanted, smaller),
            None => (Encoding::Identity, body.clone()),
        })
    }

    /// The header `ETag` of a form.
    pub(crate) fn tag(&self, encoding: Encoding) -> &HeaderValue {
        let [identity, gzip, brotli] = &self.tags;
        match encoding {
            Encoding::Identity => identity,
            Encoding::Gzip => gzip,
            Encoding::Brotli => brotli,
        }
    }

    /// The same to compare with.
    pub(crate) fn typed_tag(&self, encoding: Encoding) -> Option<ETag> {
        self.tag(encoding).to_str().ok()?.parse().ok()
    }

    /// What a manifest says about an image.
    pub(crate) fn facts(&self) -> Facts {
        Facts { size: self.size, sha256: self.hashes.sha256.clone(), md5: self.hashes.md5.clone() }
    }

    /// Bytes that it takes in the cache, those of smaller forms that are yet to be made included.
    pub(crate) fn weight(&self) -> u64 {
        let body = self.body.as_ref().map_or(0, |body| body.len() as u64);
        OVERHEAD_BYTES + if self.kind.compressible { body * 2 } else { body }
    }
}

fn encode(encoding: Encoding, body: Bytes) -> Making {
    let work = tokio::task::spawn_blocking(move || encoding.encode(&body));
    work.map(|done| done.ok().flatten()).boxed().shared()
}

/// HTTP dates have no fractions.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asset(path: &str, body: &'static [u8]) -> Arc<Asset> {
        let path = AssetPath::parse(path).unwrap();
        Arc::new(Asset::whole(&path, None, None, Bytes::from_static(body)).await.unwrap())
    }

    #[tokio::test]
    async fn tags_come_from_the_content_and_the_form() {
        let asset = asset("js/a.js", b"abc").await;
        assert_eq!(asset.hashes.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(asset.hashes.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(asset.tag(Encoding::Identity), "\"ba7816bf8f01cfea414140de5dae2223\"");
        assert_eq!(asset.tag(Encoding::Gzip), "\"ba7816bf8f01cfea414140de5dae2223-gz\"");
        assert_eq!(asset.tag(Encoding::Brotli), "\"ba7816bf8f01cfea414140de5dae2223-br\"");
        assert!(asset.typed_tag(Encoding::Brotli).is_some());
    }

    #[tokio::test]
    async fn who_goes_away_does_not_have_a_form_made_again() {
        const TEXT: &[u8] = &[b'a'; 1 << 20];
        let text = asset("js/a.js", TEXT).await;
        assert!(text.encoded(Encoding::Brotli).now_or_never().is_none(), "it takes a while");
        let begun = text.brotli.get().unwrap().clone();
        text.encoded(Encoding::Brotli).await.unwrap();
        assert!(begun.ptr_eq(text.brotli.get().unwrap()), "the one that was begun is the one that is kept");
    }

    #[tokio::test]
    async fn only_text_gets_smaller_and_stays_so() {
        const TEXT: &[u8] = &[b'a'; 4096];
        let text = asset("js/a.js", TEXT).await;
        let (encoding, first) = text.encoded(Encoding::Brotli).await.unwrap();
        let (_, second) = text.encoded(Encoding::Brotli).await.unwrap();
        assert_eq!(encoding, Encoding::Brotli);
        assert_eq!(first.as_ptr(), second.as_ptr(), "made once");
        assert_eq!(asset("firmware/a.bin", TEXT).await.encoded(Encoding::Gzip).await.unwrap().0, Encoding::Identity);
        assert_eq!(asset("js/a.js", b"tiny").await.encoded(Encoding::Gzip).await.unwrap().0, Encoding::Identity);
    }
}
