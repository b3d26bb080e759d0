//! `/config.js`: what this installation knows of its addresses, and the script that makes URLs of it in the browser, which alone knows under
//! which name it reached us.

use crate::{Port, UiSettings};
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A function of what is known here.
const SCRIPT: &str = include_str!("config.js");

/// Where the other services of this installation listen: those of the same process, or what the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// The edge.
    pub edge: SocketAddr,
    /// The CDN.
    pub cdn: SocketAddr,
    /// The simulator.
    pub simulator: SocketAddr,
    /// The monitor.
    pub monitor: SocketAddr,
}

/// What does not change while the process runs.
#[derive(Debug)]
pub(crate) struct Config {
    version: String,
    neighbours: Neighbours,
    /// Where each page listens.
    ports: Vec<(Port, SocketAddr)>,
    /// What somebody set.
    set: Map<String, Value>,
    /// Whether the ports speak TLS too.
    tls: bool,
    /// The addresses of this machine, which come and go with its networks.
    lan: fn() -> Vec<Ipv4Addr>,
    /// What somebody said that they are.
    hosts: Option<Vec<String>>,
}

impl Config {
    /// `cdn_base_url` is the CDN as browsers reach it; empty when nobody said.
    pub(crate) fn new(
        settings: &UiSettings,
        cdn_base_url: &str,
        version: String,
        neighbours: Neighbours,
        ports: Vec<(Port, SocketAddr)>,
        tls: bool,
        lan: fn() -> Vec<Ipv4Addr>,
    ) -> Self {
        let bare = |url: &str| without_user(url).trim_end_matches('/').to_owned();
        let set = [
            // As it was set: whoever connects does not care, and whoever set it may.
            ("wsDefaultUrl", without_user(&settings.ws_default_url)),
            ("cdnBaseUrl", bare(cdn_base_url)),
            ("appsBaseUrl", bare(&settings.apps_base_url)),
            ("simulatorBaseUrl", bare(&settings.simulator_base_url)),
            ("emulatorUrl", without_user(&settings.emulator_url)),
            ("monitorUrl", without_user(&settings.monitor_url)),
            ("docsUrl", without_user(&settings.docs_url)),
        ];
        let set = set.into_iter().filter(|(_, url)| !url.is_empty());
        let set = set.map(|(key, url)| (key.to_owned(), Value::String(url))).collect();
        let hosts = settings.hosts().map(|hosts| hosts.into_iter().map(str::to_owned).collect());
        Self { version, neighbours, ports, set, tls, lan, hosts }
    }

    /// The script, as it is served at the port that has this page at its root.
    pub(crate) fn script(&self, here: &str) -> String {
        let lan = self.hosts.clone().unwrap_or_else(|| (self.lan)().iter().map(ToString::to_string).collect());
        let service = |address: SocketAddr| json!({"port": address.port(), "lan": reached_from_outside(address, &lan)});
        let Neighbours { edge, cdn, simulator, monitor } = self.neighbours;
        let mut said = json!({
            "here": here,
            "version": self.version,
            "tls": self.tls,
            "edge": service(edge),
            "cdn": service(cdn),
            "simulator": service(simulator),
            "monitor": service(monitor),
            "set": self.set,
        });
        if let Some(said) = said.as_object_mut() {
            said.extend(self.ports.iter().map(|(port, address)| (port.page().to_owned(), service(*address))));
        }
        format!("{}({});\n", SCRIPT.trim_end(), as_script(&said))
    }
}

/// JSON that stays what it is in any script, wherever that stands: inside of HTML too, and for readers that take U+2028 for a line's end.
fn as_script(value: &Value) -> String {
    let json = value.to_string();
    let mut script = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // They occur in strings alone.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => script.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => script.push(letter),
        }
    }
    script
}

/// The hosts under which others in the same network reach what listens here.
fn reached_from_outside(address: SocketAddr, lan: &[String]) -> Vec<String> {
    match address.ip() {
        ip if ip.is_unspecified() => lan.to_vec(),
        ip if ip.is_loopback() => Vec::new(),
        IpAddr::V4(ip) => vec![ip.to_string()],
        IpAddr::V6(ip) => vec![format!("[{ip}]")],
    }
}

/// The URL without the name and the password that may stand in it: everybody who opens a page can read it.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_set_stays_a_string() {
        let script = as_script(&json!({"a": "</script><!-- & \u{2028}\u{2029} \" \\ \n"}));
        assert_eq!(script, r#"{"a":"\u003c/script\u003e\u003c!-- \u0026 \u2028\u2029 \" \\ \n"}"#);
        assert_eq!(serde_json::from_str::<Value>(&script).unwrap()["a"], "</script><!-- & \u{2028}\u{2029} \" \\ \n");
    }

    #[test]
    fn nobody_reads_a_password() {
        for (url, shown) in [
            ("", ""),
            ("ws://hub:5003/spaces/a@b", "ws://hub:5003/spaces/a@b"),
            ("wss://me:se@cret@hub/x?y=a@b", "wss://hub/x?y=a@b"),
            ("http://me@hub?x", "http://hub?x"),
        ] {
            assert_eq!(without_user(url), shown, "{url}");
        }
    }

    #[test]
    fn only_what_others_reach_is_told() {
        let lan = ["10.0.0.7", "192.168.1.20"].map(str::to_owned);
        let hosts = |address: &str| reached_from_outside(address.parse().unwrap(), &lan);
        assert_eq!(hosts("0.0.0.0:1"), ["10.0.0.7", "192.168.1.20"]);
        assert_eq!(hosts("[::]:1"), ["10.0.0.7", "192.168.1.20"]);
        assert_eq!(hosts("192.168.1.20:1"), ["192.168.1.20"]);
        assert_eq!(hosts("[fd00::1]:1"), ["[fd00::1]"]);
        assert_eq!(hosts("127.0.0.1:1"), [""; 0]);
    }
}
