//! What is served, in reach: objects that were asked for lately, each looked at again in the store when it was not for a second.
//!
//! ```text
//!  lookup ─▶ kept and fresh? ──yes──────────────────────────▶ answer
//!                │ no: one request looks, the others wait
//!                ▼
//!             store: same version? ──yes─▶ fresh again ─────▶ answer
//!                │ no, or not kept            ▲
//!                ▼                            │ away: what is kept is served
//!             read, hash, keep ───────────────┴─────────────▶ answer
//! ```
//!
//! So several CDNs over one store agree within that second, and a store that is away takes nothing along that is in reach.

use crate::asset::Asset;
use crate::health::StoreHealth;
use crate::manifest::{Facts, Manifest};
use crate::metrics::{Lookup, Metrics};
use crate::path::AssetPath;
use crate::store::{Store, StoreError, Version};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use grouploop_serve::content::Forms;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Requests to the store at a time; the rest waits its turn.
const STORE_REQUESTS: usize = 64;
/// How often an object is read again that is replaced while it is read.
const TRIES: usize = 4;
/// Objects that the cache lays itself out for.
const EXPECTED_OBJECTS: usize = 1024;
/// Images that are looked at side by side for the manifest.
const IMAGES_AT_A_TIME: usize = 16;
/// Images whose hashes are remembered: all that a manifest can name, twice.
const MAX_KNOWN_FACTS: usize = 2048;
/// Largest stored manifest.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// How new an answer has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As new as the settings say.
    Recent,
    /// Asked of the store after this moment.
    Now,
}

/// The objects in reach.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) store: Store,
    pub(crate) health: Arc<StoreHealth>,
    metrics: Arc<Metrics>,
    cache: Cache<AssetPath, Arc<Kept>, ByWeight>,
    revalidate: Duration,
    started: Instant,
    /// Turns at the store: for what is kept and looked at again, and for what is not. So nobody who asks for names that are not there keeps
    /// what is there from being looked at.
    turns_again: Semaphore,
    turns_first: Semaphore,
    known_facts: StdMutex<BTreeMap<AssetPath, (Version, Facts)>>,
}

#[derive(Debug)]
struct Kept {
    asset: Arc<Asset>,
    /// Milliseconds from the start of the shelf to the last look at the store.
    checked_ms: AtomicU64,
    /// Who may look.
    turn: Mutex<()>,
}

#[derive(Debug, Clone)]
struct ByWeight;

impl Weighter<AssetPath, Arc<Kept>> for ByWeight {
    fn weight(&self, _path: &AssetPath, kept: &Arc<Kept>) -> u64 {
        kept.asset.weight()
    }
}

impl Shelf {
    pub(crate) fn new(store: Store, metrics: Arc<Metrics>, cache_bytes: u64, revalidate: Duration) -> Self {
        // One shard, because each shard takes only what fits into its part, and few are written to.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(EXPECTED_OBJECTS)
            .weight_capacity(cache_bytes)
            .build();
        let cache = match options {
            Ok(options) => Cache::with_options(options, ByWeight, DefaultHashBuilder::default(), Default::default()),
            Err(_) => Cache::with_weighter(EXPECTED_OBJECTS, cache_bytes, ByWeight),
        };
        Self {
            store,
            health: Arc::default(),
            metrics,
            cache,
            revalidate,
            started: Instant::now(),
            turns_again: Semaphore::new(STORE_REQUESTS),
            turns_first: Semaphore::new(STORE_REQUESTS),
            known_facts: StdMutex::default(),
        }
    }

    /// The object with this name.
    pub(crate) async fn lookup(&self, path: &AssetPath, freshness: Freshness) -> Result<Arc<Asset>, StoreError> {
        match self.cache.get(path) {
            Some(kept) if freshness == Freshness::Recent && self.is_fresh(&kept) => {
                self.metrics.lookup_hit.inc();
                Ok(kept.asset.clone())
            }
            Some(kept) => self.look_again(path, kept, freshness).await,
            None => self.look_first(path, freshness).await,
        }
    }

    /// Forgets an object that was written or removed.
    pub(crate) fn forget(&self, path: &AssetPath) {
        self.cache.remove(path);
    }

    /// Bytes in memory.
    pub(crate) fn weight(&self) -> u64 {
        self.cache.weight()
    }

    async fn look_again(
        &self,
        path: &AssetPath,
        seen: Arc<Kept>,
        freshness: Freshness,
    ) -> Result<Arc<Asset>, StoreError> {
        let mut kept = seen.clone();
        // Who must know how it is from now on cannot share a look that has begun.
        let _turn = match freshness {
            Freshness::Now => None,
            Freshness::Recent => {
                let turn = seen.turn.lock().await;
                if let Some(now) = self.cache.get(path) {
                    if self.is_fresh(&now) {
                        self.metrics.lookup(Lookup::Waited);
                        return Ok(now.asset.clone());
                    }
                    kept = now;
                }
                Some(turn)
            }
        };
        if self.health.is_away() {
            self.metrics.lookup(Lookup::Stale);
            return Ok(kept.asset.clone());
        }
        let begun_ms = self.now_ms();
        match self.refresh(path, &kept.asset).await {
            Ok(None) => {
                kept.checked_ms.fetch_max(begun_ms, Ordering::Relaxed);
                self.metrics.lookup(Lookup::Same);
                Ok(kept.asset.clone())
            }
            Ok(Some(asset)) => {
                self.metrics.lookup(Lookup::Changed);
                Ok(self.keep(path, asset, begun_ms))
            }
            // A store that is not there has nothing in it either, which is no news of the object.
            Err(StoreError::NotFound) if self.store.probe().await.is_ok() => {
                self.cache.remove(path);
                self.metrics.lookup(Lookup::Missing);
                Err(StoreError::NotFound)
            }
            Err(error) => {
                // Not asked again by every request until the probe finds that the store is away.
                kept.checked_ms.store(self.now_ms(), Ordering::Relaxed);
                self.metrics.lookup(Lookup::Stale);
                tracing::debug!(object.path = %path, %error, "served from memory, the store does not answer");
                Ok(kept.asset.clone())
            }
        }
    }

    async fn look_first(&self, path: &AssetPath, freshness: Freshness) -> Result<Arc<Asset>, StoreError> {
        if let Some(why) = self.health.away() {
            self.metrics.lookup(Lookup::Failed);
            return Err(StoreError::Away(why));
        }
        let mut loaded = false;
        let begun_ms = self.now_ms();
        let load = async {
            loaded = true;
            let asset = self.load(path).await?;
            Ok(Arc::new(Kept::new(asset, begun_ms)))
        };
        let kept = self.cache.get_or_insert_async(path, load).await;
        let outcome = match &kept {
            Ok(_) => Lookup::Loaded,
            Err(StoreError::NotFound) => Lookup::Missing,
            Err(_) => Lookup::Failed,
        };
        self.metrics.lookup(outcome);
        let kept = kept?;
        // Another request had begun to read before this one came.
        if freshness == Freshness::Now && !loaded {
            return self.look_again(path, kept, freshness).await;
        }
        Ok(kept.asset.clone())
    }

    /// The object as it is now, when it is another one than this.
    async fn refresh(&self, path: &AssetPath, asset: &Asset) -> Result<Option<Asset>, StoreError> {
        if *path == AssetPath::manifest() {
            let now = self.load(path).await?;
            let same = now.hashes == asset.hashes && now.version == asset.version;
            return Ok((!same).then_some(now));
        }
        let version = {
            let _turn = self.turn(&self.turns_again).await?;
            self.store.version(path).await?
        };
        if asset.version.as_ref() == Some(&version) { Ok(None) } else { self.load(path).await.map(Some) }
    }

    /// Waits for a turn, and not longer than for an answer.
    async fn turn<'a>(&self, turns: &'a Semaphore) -> Result<SemaphorePermit<'a>, StoreError> {
        let away = |why: &str| StoreError::Away(why.to_owned());
        let turn = timeout(self.store.timeout(), turns.acquire()).await;
        let turn = turn.map_err(|_| away("too many requests wait for it"))?.map_err(|_| away("it is closed"))?;
        // It may have been found away meanwhile, and everybody behind would wait in vain.
        match self.health.away() {
            Some(why) => Err(StoreError::Away(why)),
            None => Ok(turn),
        }
    }

    async fn load(&self, path: &AssetPath) -> Result<Asset, StoreError> {
        if *path == AssetPath::manifest() { self.make_manifest().await } else { self.read(path).await }
    }

    async fn read(&self, path: &AssetPath) -> Result<Asset, StoreError> {
        let _turn = self.turn(&self.turns_first).await?;
        for _ in 1..TRIES {
            match Asset::read(path, self.store.read(path, None, None).await?).await {
                Err(StoreError::Changed) => {}
                other => return other,
            }
        }
        Asset::read(path, self.store.read(path, None, None).await?).await
    }

    /// The manifest: what was published, with what the store has of it. One that people wrote by hand and that cannot be read is served as
    /// they wrote it.
    fn make_manifest(&self) -> BoxFuture<'_, Result<Asset, StoreError>> {
        Box::pin(async move {
            let path = AssetPath::manifest();
            let (mut manifest, version, mut modified) = match self.stored_manifest().await? {
                Stored::Nothing => (Manifest::default(), None, None),
                Stored::Broken(asset) => return Ok(*asset),
                Stored::Manifest(manifest, version) => {
                    let modified = version.modified;
                    (manifest, Some(version), Some(modified))
                }
            };
            let images: Vec<AssetPath> = manifest.paths().into_iter().filter_map(AssetPath::parse).collect();
            let looks = images.into_iter().filter(|image| *image != path).map(|image| async move {
                match self.facts(&image).await {
                    Ok((version, facts)) => Ok(Some((image, version, facts))),
                    // Left out of the manifest: what is not there, and what nobody may read.
                    Err(StoreError::NotFound | StoreError::Denied(_)) => Ok(None),
                    Err(error) => Err(error),
                }
            });
            let mut looks = futures_util::stream::iter(looks).buffer_unordered(IMAGES_AT_A_TIME);
            let mut facts = BTreeMap::new();
            while let Some(found) = looks.next().await {
                if let Some((image, version, found)) = found? {
                    modified = modified.max(Some(version.modified));
                    facts.insert(image.to_string(), found);
                }
            }
            manifest.describe(|name| facts.get(name).cloned());
            let mut asset = Asset::whole(&path, version, modified, Bytes::from(manifest.to_json())).await?;
            asset.manifest = Some(manifest);
            Ok(asset)
        })
    }

    /// What the manifest says of an image. The image itself is not kept for that.
    async fn facts(&self, image: &AssetPath) -> Result<(Version, Facts), StoreError> {
        let version = {
            let _turn = self.turn(&self.turns_again).await?;
            self.store.version(image).await?
        };
        let known = self.known_facts().get(image).filter(|(known, _)| *known == version).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let asset = self.read(image).await?;
        let found = (asset.version.clone().unwrap_or(version), asset.facts());
        let mut known = self.known_facts();
        if known.len() >= MAX_KNOWN_FACTS {
            known.clear();
        }
        known.insert(image.clone(), found.clone());
        Ok(found)
    }

    fn known_facts(&self) -> MutexGuard<'_, BTreeMap<AssetPath, (Version, Facts)>> {
        self.known_facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stored_manifest(&self) -> Result<Stored, StoreError> {
        let asset = match self.read(&AssetPath::manifest()).await {
            Ok(asset) => asset,
            Err(StoreError::NotFound) => return Ok(Stored::Nothing),
            Err(error) => return Err(error),
        };
        let parsed = asset
            .forms
            .as_ref()
            .map(Forms::body)
            .filter(|body| body.len() as u64 <= MAX_MANIFEST_BYTES)
            .map(|body| Manifest::parse(body));
        match (parsed, asset.version.clone()) {
            (Some(Ok(manifest)), Some(version)) => Ok(Stored::Manifest(manifest, version)),
            _ => Ok(Stored::Broken(Box::new(asset))),
        }
    }

    fn keep(&self, path: &AssetPath, asset: Asset, checked_ms: u64) -> Arc<Asset> {
        let kept = Arc::new(Kept::new(asset, checked_ms));
        let asset = kept.asset.clone();
        self.cache.insert(path.clone(), kept);
        asset
    }

    fn is_fresh(&self, kept: &Kept) -> bool {
        let age_ms = self.now_ms().saturating_sub(kept.checked_ms.load(Ordering::Relaxed));
        Duration::from_millis(age_ms) < self.revalidate
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Kept {
    fn new(asset: Asset, checked_ms: u64) -> Self {
        Self { asset: Arc::new(asset), checked_ms: AtomicU64::new(checked_ms), turn: Mutex::new(()) }
    }
}

/// What is stored of the manifest.
enum Stored {
    Nothing,
    Broken(Box<Asset>),
    Manifest(Manifest, Version),
}
