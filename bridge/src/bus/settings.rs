//! `[bus]`: which engine carries the messages, and a table for each engine that needs one.

use serde::Deserialize;

/// `[bus]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusSettings {
    /// The engine in use.
    pub engine: EngineKind,
    /// `[bus.nats]`, used when the engine is `nats`.
    pub nats: NatsSettings,
}

/// The name of an engine, as it stands in settings, metrics and `/health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Everything in one process.
    Embedded,
    /// A NATS server or cluster.
    Nats,
}

impl EngineKind {
    /// The name as it stands in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Nats => "nats",
        }
    }
}

/// `[bus.nats]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsSettings {
    /// One or several server URLs, separated by commas. A user and a password may stand in them.
    pub url: String,
    /// Path of a NATS credentials file; empty for none.
    pub credentials_file: String,
}

impl Default for BusSettings {
    fn default() -> Self {
        Self {
            engine: EngineKind::Embedded,
            nats: NatsSettings { url: "nats://127.0.0.1:4222".into(), credentials_file: String::new() },
        }
    }
}

impl BusSettings {
    /// Settings for one NATS server.
    #[must_use]
    pub fn nats(url: impl Into<String>) -> Self {
        Self { engine: EngineKind::Nats, nats: NatsSettings { url: url.into(), credentials_file: String::new() } }
    }

    /// All that is wrong with these values, as `bus.<key>: <why>`; empty when nothing is.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.engine == EngineKind::Nats {
            for url in self.nats.url.split(',').map(str::trim) {
                if let Err(error) = url.parse::<async_nats::ServerAddr>() {
                    found.push(format!("bus.nats.url: {error}; it must look like nats://host:4222"));
                }
            }
        }
        found
    }
}
