//! The settings of the pages' server: plain values with units in their names, as they stand in `[ui]` of the settings file.

use crate::Port;
use serde::Deserialize;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// `[ui]`. Every field has its default in the binary's commented `default.toml`; [`UiSettings::default`] is the same for tests and embedding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UiSettings {
    /// The edge that pages and the terminal commands talk to; empty to derive it.
    pub ws_default_url: String,
    /// Where pages find the hub; empty to derive it.
    pub apps_base_url: String,
    /// Where pages find the simulator; empty to derive it.
    pub simulator_base_url: String,
    /// Where phones find the emulator; empty to derive it.
    pub emulator_url: String,
    /// Where pages find the monitor; empty to derive it.
    pub monitor_url: String,
    /// Where pages find the documentation; empty to derive it.
    pub docs_url: String,
    /// Where others in the same network reach this machine, separated by commas; empty for the addresses that it has, `none` for none.
    pub host_addresses: String,
    /// Address of the dashboard and hub.
    pub listen: String,
    /// Address of the emulator.
    pub emulator_listen: String,
    /// Address of device control.
    pub control_listen: String,
    /// Address of the documentation.
    pub docs_listen: String,
    /// The folder with a folder for each app; empty for none.
    pub apps: String,
    /// Where this server finds the CDN; empty for the one of the process, or that of the settings.
    pub cdn_url: String,
    /// Time for the CDN to begin an answer, and between two pieces of it.
    pub cdn_timeout_ms: u64,
    /// Open connections at most, at each port.
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

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            ws_default_url: String::new(),
            apps_base_url: String::new(),
            simulator_base_url: String::new(),
            emulator_url: String::new(),
            monitor_url: String::new(),
            docs_url: String::new(),
            host_addresses: String::new(),
            listen: "0.0.0.0:5004".into(),
            emulator_listen: "0.0.0.0:5007".into(),
            control_listen: "0.0.0.0:5009".into(),
            docs_listen: "0.0.0.0:5006".into(),
            apps: "data/apps".into(),
            cdn_url: String::new(),
            cdn_timeout_ms: 15_000,
            max_connections: 10_000,
            header_timeout_ms: 10_000,
            slow_client_ms: 10_000,
            lame_duck_ms: 0,
            drain_timeout_ms: 5_000,
        }
    }
}

impl UiSettings {
    /// All that is wrong with the values, each as `ui.<key>: <why>`; empty when nothing is. URLs are looked at by the caller.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut range = |key: &str, value: u64, low: u64, high: u64| {
            if !(low..=high).contains(&value) {
                found.push(format!("ui.{key}: {value} is out of range, it must be {low} to {high}"));
            }
        };
        range("cdn_timeout_ms", self.cdn_timeout_ms, 100, 60_000);
        range("max_connections", self.max_connections.into(), 1, 1_000_000);
        range("header_timeout_ms", self.header_timeout_ms, 100, 600_000);
        range("slow_client_ms", self.slow_client_ms, 100, 600_000);
        range("lame_duck_ms", self.lame_duck_ms, 0, 600_000);
        range("drain_timeout_ms", self.drain_timeout_ms, 100, 600_000);
        for host in self.hosts().into_iter().flatten() {
            if !is_host(host) {
                found.push(format!(
                    "ui.host_addresses: `{host}` is no address and no name, it must look like 192.168.1.20, [fd00::5] or hub.local, or be none alone"
                ));
            }
        }
        for port in Port::ALL {
            let (key, listen) = (port.setting(), port.listen(self));
            if listen.parse::<SocketAddr>().is_err() {
                found.push(format!("{key}: `{listen}` is no address, it must look like 0.0.0.0:5004 or [::]:5004"));
            }
        }
        found
    }

    /// The hosts of `host_addresses`; `None` when nobody said.
    pub(crate) fn hosts(&self) -> Option<Vec<&str>> {
        match self.host_addresses.trim() {
            "" => None,
            "none" => Some(Vec::new()),
            all => Some(all.split(',').map(str::trim).collect()),
        }
    }

    pub(crate) fn cdn_timeout(&self) -> Duration {
        Duration::from_millis(self.cdn_timeout_ms)
    }
}

/// As addresses do, and names never.
fn ends_with_a_number(text: &str) -> bool {
    text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether it can be a part of a name between two dots.
fn is_label(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.bytes().all(is_fine)
}

/// Whether it can stand in a URL between `//` and a port.
fn is_host(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.is_some_and(|bare| bare.parse::<Ipv6Addr>().is_ok())
        || text.parse::<Ipv4Addr>().is_ok()
        || (text != "none" && !ends_with_a_number(text) && text.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_cannot_be_is_named() {
        assert_eq!(UiSettings::default().complaints(), Vec::<String>::new());
        let wrong = UiSettings {
            listen: "here".into(),
            emulator_listen: "there".into(),
            host_addresses: "192.168.1.20, http://hub, fd00::5, [fd00::5], hub.local, none, 1.2.3.999, a..b, -, h2o"
                .into(),
            cdn_timeout_ms: 1,
            max_connections: 0,
            header_timeout_ms: 1,
            slow_client_ms: 1,
            lame_duck_ms: 600_001,
            drain_timeout_ms: 1,
            ..UiSettings::default()
        };
        let complaints = wrong.complaints();
        assert_eq!(complaints.len(), 14, "{complaints:?}");
        assert!(complaints[6].starts_with("ui.host_addresses: `http://hub` is no address"), "{complaints:?}");
        assert!(complaints[7].starts_with("ui.host_addresses: `fd00::5` is no address"), "{complaints:?}");
        assert!(complaints[13].starts_with("ui.emulator_listen: `there` is no address"), "{complaints:?}");
    }
}
