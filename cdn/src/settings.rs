//! The settings of a CDN: plain values with units in their names, as they stand in `[cdn]` of the settings file.

use grouploop_serve::Origins;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// A token is at least this long, so that nobody guesses it.
const MIN_TOKEN: usize = 16;

/// `[cdn]`. Every field has its default in the binary's commented `default.toml`; [`CdnSettings::default`] is the same for tests and
/// embedding.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CdnSettings {
    /// Where others reach the CDN: what edges load the command registry from. Empty: the built-in registry, or the CDN of the same process.
    pub base_url: String,
    /// Where devices reach the CDN, for rollouts. Empty: as `base_url` says, or as whoever makes a rollout reaches it.
    pub device_url: String,
    /// Address to listen on.
    pub listen: String,
    /// URL of the object store.
    pub store: String,
    /// Who knows it may write; empty turns writing off.
    pub token: String,
    /// Bytes of the largest object that can be written.
    pub max_upload_bytes: u64,
    /// Other origins whose pages may change what spaces keep, separated by commas.
    pub allow_origins: String,
    /// Spaces that keep something at most.
    pub max_spaces: u32,
    /// Streams of events at most.
    pub max_event_streams: u32,
    /// Bytes of objects that are kept in memory.
    pub cache_bytes: u64,
    /// How long a cached object is served before the store is asked whether it changed.
    pub revalidate_ms: u64,
    /// How long the store may take to begin an answer.
    pub store_timeout_ms: u64,
    /// Open connections at most.
    pub max_connections: u32,
    /// Time for a whole request head.
    pub header_timeout_ms: u64,
    /// How long a client may be slower than 1 KiB/s, in either direction.
    pub slow_client_ms: u64,
    /// Time between readiness turning red and the end of connections.
    pub lame_duck_ms: u64,
    /// Time for connections to end.
    pub drain_timeout_ms: u64,
}

impl Default for CdnSettings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            device_url: String::new(),
            listen: "0.0.0.0:5008".into(),
            store: "file://./data/cdn".into(),
            token: String::new(),
            max_upload_bytes: 64 << 20,
            allow_origins: String::new(),
            max_spaces: 256,
            max_event_streams: 256,
            cache_bytes: 64 << 20,
            revalidate_ms: 1_000,
            store_timeout_ms: 2_000,
            max_connections: 10_000,
            header_timeout_ms: 10_000,
            slow_client_ms: 10_000,
            lame_duck_ms: 0,
            drain_timeout_ms: 5_000,
        }
    }
}

impl CdnSettings {
    /// All that is wrong with the values, each as `cdn.<key>: <why>`; empty when nothing is. `base_url` and `device_url` are looked at by the
    /// caller.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut range = |key: &str, value: u64, low: u64, high: u64| {
            if !(low..=high).contains(&value) {
                found.push(format!("cdn.{key}: {value} is out of range, it must be {low} to {high}"));
            }
        };
        range("max_upload_bytes", self.max_upload_bytes, 1_024, 5 << 30);
        range("max_spaces", self.max_spaces.into(), 1, 65_536);
        range("max_event_streams", self.max_event_streams.into(), 0, 100_000);
        range("cache_bytes", self.cache_bytes, 16 << 20, 1 << 40);
        range("revalidate_ms", self.revalidate_ms, 0, 3_600_000);
        range("store_timeout_ms", self.store_timeout_ms, 100, 60_000);
        range("max_connections", self.max_connections.into(), 1, 1_000_000);
        range("header_timeout_ms", self.header_timeout_ms, 100, 600_000);
        range("slow_client_ms", self.slow_client_ms, 100, 600_000);
        range("lame_duck_ms", self.lame_duck_ms, 0, 600_000);
        range("drain_timeout_ms", self.drain_timeout_ms, 100, 600_000);
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            found.push(format!(
                "cdn.listen: `{}` is no address, it must look like 0.0.0.0:5008 or [::]:5008",
                self.listen
            ));
        }
        if let Err(why) = crate::store::check_url(&self.store) {
            found.push(format!("cdn.store: {why}"));
        }
        if let Err(wrong) = Origins::parse(&self.allow_origins) {
            found.push(format!(
                "cdn.allow_origins: `{wrong}` is no origin, it must look like https://host or http://host:8080"
            ));
        }
        let token = &self.token;
        if !token.is_empty() && (token.len() < MIN_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            found.push(format!(
                "cdn.token: it must be {MIN_TOKEN} or more letters, digits or signs without spaces; empty turns writing off"
            ));
        }
        found
    }

    pub(crate) fn revalidate(&self) -> Duration {
        Duration::from_millis(self.revalidate_ms)
    }
    pub(crate) fn store_timeout(&self) -> Duration {
        Duration::from_millis(self.store_timeout_ms)
    }
}

/// Without the token.
impl fmt::Debug for CdnSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdnSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}
