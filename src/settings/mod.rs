//! The settings of every role, put together from four layers.
//!
//! ```text
//!  default.toml ─▶ settings file ─▶ environment ─▶ flags      each a list of `Given`, later ones win
//!        │               │              │            │
//!        └───────────────┴──── resolve ─┴────────────┘ ──▶ Effective: Settings, and for each key its value and `Origin`
//! ```
//!
//! Nothing stops at the first mistake: every layer is read and checked, and [`Mistakes`] names all that is wrong. The keys that exist,
//! their types and their order are those of `default.toml`; what a value may be is said by the structs.

mod environment;
mod given;
mod key;
mod layer;
mod mask;
mod print;
mod resolve;

pub(crate) use given::Flags;
pub(crate) use mask::mask_urls;
pub(crate) use print::{Format, print};
pub(crate) use resolve::{Effective, load};

use crate::log::{self, LogSettings};
use crate::tls::TlsSettings;
use crate::traces::TracingSettings;
use grouploop_bridge::{BusSettings, NodeId};
use grouploop_cdn::CdnSettings;
use grouploop_edge::EdgeSettings;
use grouploop_monitor::MonitorSettings;
use grouploop_serve::port_of;
use grouploop_simulator::SimulatorSettings;
use grouploop_ui::UiSettings;
use serde::Deserialize;
use std::fmt;

/// The first layer, with a comment for each key.
pub(crate) const DEFAULT_TOML: &str = include_str!("../default.toml");

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// `[node]`.
    pub(crate) node: NodeSettings,
    /// `[log]`.
    pub(crate) log: LogSettings,
    /// `[bus]`.
    pub(crate) bus: BusSettings,
    /// `[tls]`.
    pub(crate) tls: TlsSettings,
    /// `[tracing]`.
    pub(crate) tracing: TracingSettings,
    /// `[cdn]`.
    pub(crate) cdn: CdnSettings,
    /// `[simulator]`.
    pub(crate) simulator: SimulatorSettings,
    /// `[monitor]`.
    pub(crate) monitor: MonitorSettings,
    /// `[ui]`.
    pub(crate) ui: UiSettings,
    /// `[edge]`.
    pub(crate) edge: EdgeSettings,
}

/// `[node]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeSettings {
    /// The node's name on the bus; empty to have one made.
    pub(crate) name: String,
}

impl NodeSettings {
    /// The name that is set, or a new one for a node of this role.
    pub(crate) fn id(&self, role: &'static str) -> NodeId {
        self.name.parse().unwrap_or_else(|_| NodeId::random(role))
    }
}

impl Settings {
    /// All that is wrong with these values, each as `<key>: <why>`; empty when nothing is.
    pub(crate) fn validate(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !self.node.name.is_empty()
            && let Err(error) = self.node.name.parse::<NodeId>()
        {
            found.push(format!("node.name: {error}; leave it empty to have one made"));
        }
        if let Some(why) = log::complaint(&self.log.filter) {
            found.push(format!(
                "log.filter: {why}; it must be a level such as info, or parts such as info,grouploop_edge=debug"
            ));
        }
        found.extend(self.bus.complaints());
        found.extend(self.tls.complaints());
        if let Some(why) = url_complaint(&self.tracing.endpoint, &["http", "https"]) {
            found.push(format!("tracing.endpoint: {why}, it must look like http://host:4318"));
        }
        for (key, url) in [("base_url", &self.cdn.base_url), ("device_url", &self.cdn.device_url)] {
            if let Some(why) = url_complaint(url, &["http", "https"]) {
                found.push(format!("cdn.{key}: {why}, it must look like http://host:5008"));
            }
        }
        found.extend(self.cdn.complaints());
        found.extend(self.simulator.complaints());
        found.extend(self.monitor.complaints());
        if let Some(why) = url_complaint(&self.ui.ws_default_url, &["ws", "wss"]) {
            found.push(format!("ui.ws_default_url: {why}, it must look like ws://host:5003/"));
        }
        for (key, url, example) in [
            ("apps_base_url", &self.ui.apps_base_url, "http://host:5004"),
            ("simulator_base_url", &self.ui.simulator_base_url, "http://host:5005"),
            ("emulator_url", &self.ui.emulator_url, "https://host:5007/"),
            ("monitor_url", &self.ui.monitor_url, "http://host:5010/"),
            ("docs_url", &self.ui.docs_url, "http://host:5006/"),
            ("cdn_url", &self.ui.cdn_url, "http://host:5008"),
        ] {
            if let Some(why) = url_complaint(url, &["http", "https"]) {
                found.push(format!("ui.{key}: {why}, it must look like {example}"));
            }
        }
        found.extend(self.ui.complaints());
        found.extend(self.edge.complaints());
        found
    }
}

/// Why a text is no URL of one of these schemes; an empty one is fine.
fn url_complaint(url: &str, schemes: &[&str]) -> Option<String> {
    use tokio_tungstenite::tungstenite::http::Uri;
    if url.is_empty() {
        return None;
    }
    let shown = mask_urls(url);
    let Ok(uri) = url.parse::<Uri>() else { return Some(format!("`{shown}` is no URL")) };
    let known = uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    if !known || !host {
        return Some(format!("`{shown}` is no {} URL", schemes.join(" or ")));
    }
    let has_port = uri.authority().is_some_and(|authority| port_of(authority, 0).is_some());
    (!has_port).then(|| format!("`{shown}` has no port that there is"))
}

/// Every mistake in the settings, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistakes(pub(crate) Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_says_what_the_structs_say() {
        let settings =
            load(&Flags::default(), &Default::default(), std::path::Path::new("/nonexistent")).unwrap().settings;
        assert_eq!(settings.edge, EdgeSettings::default());
        assert_eq!(settings.bus, BusSettings::default());
        assert_eq!(settings.node.name, "");
        assert_eq!(settings.log, LogSettings { filter: "info".into(), format: crate::log::LogFormat::Text });
        assert_eq!(settings.cdn, CdnSettings::default());
        assert_eq!(settings.simulator, SimulatorSettings::default());
        assert_eq!(settings.monitor, MonitorSettings::default());
        assert_eq!(settings.ui, UiSettings::default());
        assert_eq!((settings.tls.enabled, settings.tls.folder.as_str()), (false, "data/tls"));
        assert_eq!(settings.validate(), Vec::<String>::new());
    }

    #[test]
    fn urls_have_a_scheme_that_fits_and_a_host() {
        assert_eq!(url_complaint("", &["ws"]), None);
        assert_eq!(url_complaint("ws://hub:5003/spaces/a", &["ws", "wss"]), None);
        assert_eq!(url_complaint("hub:5003", &["ws", "wss"]).unwrap(), "`hub:5003` is no ws or wss URL");
        assert_eq!(url_complaint("http://hub", &["ws"]).unwrap(), "`http://hub` is no ws URL");
        assert_eq!(url_complaint("http:// hub", &["http"]).unwrap(), "`http:// hub` is no URL");
        assert_eq!(
            url_complaint("http://hub:70000", &["http"]).unwrap(),
            "`http://hub:70000` has no port that there is"
        );
        assert_eq!(url_complaint("ws://[::1]:5003", &["ws"]), None);
        assert_eq!(url_complaint("ftp://me:secret@hub", &["http"]).unwrap(), "`ftp://****@hub` is no http URL");
    }

    #[test]
    fn a_node_is_named_or_gets_a_name_from_its_role() {
        assert_eq!(NodeSettings { name: "edge-7".into() }.id("edge").as_str(), "edge-7");
        assert!(NodeSettings { name: String::new() }.id("edge").as_str().starts_with("edge-"));
    }
}
