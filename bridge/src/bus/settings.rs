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
    /// User there, with `password`; empty for what stands in the URL, or none.
    pub user: String,
    /// Password of that user.
    pub password: String,
    /// Path of a NATS credentials file; empty for none.
    pub credentials_file: String,
    /// What subjects for answers begin with: users of a server that gives rights have one each.
    pub inbox_prefix: String,
}

impl Default for NatsSettings {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".into(),
            user: String::new(),
            password: String::new(),
            credentials_file: String::new(),
            inbox_prefix: "_INBOX".into(),
        }
    }
}

impl Default for BusSettings {
    fn default() -> Self {
        Self { engine: EngineKind::Embedded, nats: NatsSettings::default() }
    }
}

impl BusSettings {
    /// Settings for one NATS server.
    #[must_use]
    pub fn nats(url: impl Into<String>) -> Self {
        Self { engine: EngineKind::Nats, nats: NatsSettings { url: url.into(), ..NatsSettings::default() } }
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
            let NatsSettings { user, password, credentials_file, inbox_prefix, .. } = &self.nats;
            match (user.is_empty(), password.is_empty()) {
                (true, false) => found.push("bus.nats.user: it is empty, and bus.nats.password is not".into()),
                (false, true) => found.push("bus.nats.password: it is empty, and bus.nats.user is not".into()),
                (false, false) if !credentials_file.is_empty() => {
                    found.push("bus.nats.credentials_file: give this, or bus.nats.user and password, not both".into());
                }
                _ => {}
            }
            let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
            if !inbox_prefix.split('.').all(|token| !token.is_empty() && token.bytes().all(sign)) {
                found.push(format!(
                    "bus.nats.inbox_prefix: `{inbox_prefix}` is no beginning of a subject; it must look like _INBOX_edge"
                ));
            }
        }
        found
    }
}
