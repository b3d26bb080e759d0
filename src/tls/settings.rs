//! `[tls]` of the settings.

use super::names::is_name;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `[tls]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// Whether ports speak TLS beside plain HTTP and WebSocket.
    pub(crate) enabled: bool,
    /// PEM file of the certificate and what leads to its issuer; empty to have one made.
    pub(crate) certificate_file: String,
    /// PEM file of its key.
    pub(crate) key_file: String,
    /// Where a certificate that was made is kept.
    pub(crate) folder: String,
    /// What such a certificate is for beside this machine's names and addresses, separated by commas.
    pub(crate) names: String,
    /// Time between two looks whether the certificate is another one.
    pub(crate) reload_ms: u64,
    /// PEM file of certificates that clients of this program trust beside those of the system.
    pub(crate) ca_file: String,
}

impl TlsSettings {
    /// All that is wrong with these values, each as `tls.<key>: <why>`; empty when nothing is.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (given, missing, empty) in [
            ("certificate_file", "key_file", self.key_file.is_empty() && !self.certificate_file.is_empty()),
            ("key_file", "certificate_file", self.certificate_file.is_empty() && !self.key_file.is_empty()),
        ] {
            if empty {
                found.push(format!("tls.{missing}: it is empty, and tls.{given} is not; set both, or neither to have a certificate made"));
            }
        }
        if self.folder.is_empty() {
            found.push("tls.folder: it is empty, it must be a folder such as data/tls".into());
        }
        for wrong in self.more_names().filter(|name| !is_name(name)) {
            found.push(format!(
                "tls.names: `{wrong}` is no name and no address, it must look like hub.example or 10.0.0.9"
            ));
        }
        if !(100..=86_400_000).contains(&self.reload_ms) {
            found.push(format!("tls.reload_ms: {} is out of range, it must be 100 to 86400000", self.reload_ms));
        }
        found
    }

    /// The names of `names`.
    pub(super) fn more_names(&self) -> impl Iterator<Item = &str> {
        self.names.split(',').map(str::trim).filter(|name| !name.is_empty())
    }

    /// Certificate and key of one's own.
    pub(super) fn own(&self) -> Option<(&Path, &Path)> {
        let own = !self.certificate_file.is_empty();
        own.then(|| (Path::new(&self.certificate_file), Path::new(&self.key_file)))
    }

    /// Where the certificate is that was made here.
    pub(super) fn made(&self) -> PathBuf {
        Path::new(&self.folder).join(super::made::CERTIFICATE)
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Flags, load};
    use std::path::Path;

    fn complaints(set: &[&str]) -> Vec<String> {
        let flags = Flags { set: set.iter().map(|pair| (*pair).into()).collect(), ..Flags::default() };
        load(&flags, &Default::default(), Path::new("/nonexistent")).map(|_| Vec::new()).unwrap_or_else(|wrong| wrong.0)
    }

    #[test]
    fn every_value_that_cannot_be_is_named() {
        assert_eq!(complaints(&["tls.names=hub.example, 10.0.0.9,fd00::1", "tls.enabled=true"]), [""; 0]);
        for (set, complaint) in [
            ("tls.key_file=a.pem", "tls.certificate_file: it is empty, and tls.key_file is not; set both"),
            ("tls.certificate_file=a.pem", "tls.key_file: it is empty, and tls.certificate_file is not; set both"),
            ("tls.folder=", "tls.folder: it is empty"),
            ("tls.names=fine.example,a b", "tls.names: `a b` is no name"),
            ("tls.names=https://hub.example", "tls.names: `https://hub.example` is no name"),
            ("tls.reload_ms=1", "tls.reload_ms: 1 is out of range"),
        ] {
            let found = complaints(&[set]);
            assert!(found.len() == 1 && found[0].starts_with(complaint), "{set}: {found:?}");
        }
    }
}
