//! The settings of a monitor: plain values with units in their names, as they stand in `[monitor]` of the settings file.

use grouploop_serve::Origins;
use serde::Deserialize;
use std::time::Duration;

/// NATS servers that are asked at most.
const MAX_SERVERS: usize = 32;

/// `[monitor]`. Every field has its default in the binary's commented `default.toml`; [`MonitorSettings::default`] is the same for tests and
/// embedding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorSettings {
    /// Address to listen on.
    pub listen: String,
    /// Where NATS servers tell of themselves over HTTP, separated by commas; empty for none.
    pub nats_urls: String,
    /// Other origins whose pages may look, separated by commas.
    pub allow_origins: String,
    /// Streams of the system at most.
    pub max_streams: u32,
    /// Taps at most.
    pub max_taps: u32,
    /// Open connections at most.
    pub max_connections: u32,
    /// Time for a whole request head.
    pub header_timeout_ms: u64,
    /// How long a client may be slower than 1 KiB/s.
    pub slow_client_ms: u64,
    /// Time between readiness turning red and the end of connections.
    pub lame_duck_ms: u64,
    /// Time for connections to end.
    pub drain_timeout_ms: u64,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:5010".into(),
            nats_urls: String::new(),
            allow_origins: String::new(),
            max_streams: 32,
            max_taps: 8,
            max_connections: 1_000,
            header_timeout_ms: 10_000,
            slow_client_ms: 10_000,
            lame_duck_ms: 0,
            drain_timeout_ms: 5_000,
        }
    }
}

impl MonitorSettings {
    /// All that is wrong with the values, each as `monitor.<key>: <why>`; empty when nothing is.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut range = |key: &str, value: u64, low: u64, high: u64| {
            if !(low..=high).contains(&value) {
                found.push(format!("monitor.{key}: {value} is out of range, it must be {low} to {high}"));
            }
        };
        range("max_streams", self.max_streams.into(), 0, 1_000);
        range("max_taps", self.max_taps.into(), 0, 100);
        range("max_connections", self.max_connections.into(), 1, 1_000_000);
        range("header_timeout_ms", self.header_timeout_ms, 100, 600_000);
        range("slow_client_ms", self.slow_client_ms, 100, 600_000);
        range("lame_duck_ms", self.lame_duck_ms, 0, 600_000);
        range("drain_timeout_ms", self.drain_timeout_ms, 100, 600_000);
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            let listen = &self.listen;
            found
                .push(format!("monitor.listen: `{listen}` is no address, it must look like 0.0.0.0:5010 or [::]:5010"));
        }
        let servers = self.servers();
        if let Some(wrong) = servers.iter().find(|url| !is_server(url)) {
            // What stands before an @ may be a password.
            let wrong = wrong.rsplit_once('@').map_or(wrong.as_str(), |(_, host)| host);
            found.push(format!(
                "monitor.nats_urls: `{wrong}` is no address of a NATS server, it must look like http://nats-1:8222"
            ));
        }
        if servers.len() > MAX_SERVERS {
            found
                .push(format!("monitor.nats_urls: {} are too many, at most {MAX_SERVERS} are possible", servers.len()));
        }
        if let Err(wrong) = Origins::parse(&self.allow_origins) {
            found.push(format!(
                "monitor.allow_origins: `{wrong}` is no origin, it must look like https://host or http://host:8080"
            ));
        }
        found
    }

    /// The NATS servers, each without a slash in the end.
    pub(crate) fn servers(&self) -> Vec<String> {
        let urls = self.nats_urls.split(',').map(|url| url.trim().trim_end_matches('/'));
        urls.filter(|url| !url.is_empty()).map(str::to_owned).collect()
    }

    pub(crate) fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.drain_timeout_ms)
    }
}

/// Scheme, host and port, and nothing else: a path of ours comes behind it.
fn is_server(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        !rest.contains(['/', '?', '#', '@']) && format!("{url}/").parse::<axum::http::Uri>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_cannot_be_is_named() {
        assert_eq!(MonitorSettings::default().complaints(), Vec::<String>::new());
        let wrong = MonitorSettings {
            listen: "here".into(),
            nats_urls: "http://fine:8222/, me:secret@nats:8222".into(),
            allow_origins: "fine.example/path".into(),
            max_streams: 1_001,
            max_taps: 101,
            max_connections: 0,
            header_timeout_ms: 1,
            slow_client_ms: 1,
            lame_duck_ms: 600_001,
            drain_timeout_ms: 1,
        };
        let complaints = wrong.complaints();
        assert_eq!(complaints.len(), 10, "{complaints:?}");
        assert!(complaints[8].contains("`nats:8222` is no address"), "{complaints:?}");
    }

    #[test]
    fn servers_are_read_from_a_list() {
        let servers = |urls: &str| MonitorSettings { nats_urls: urls.into(), ..Default::default() }.servers();
        assert_eq!(servers(" http://a:8222/ ,,http://b:8222"), ["http://a:8222", "http://b:8222"]);
        assert_eq!(servers(""), [""; 0]);
        for wrong in ["nats://a", "http://", "http://a b", "http://me@a", "http://a/varz"] {
            assert!(!is_server(wrong), "{wrong}");
        }
    }
}
