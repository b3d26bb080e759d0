//! What lets one in where recordings are far away.

use reqwest::Certificate;
use std::collections::BTreeMap;
use std::fmt;

/// What lets one in.
#[derive(Clone, Default)]
pub struct Access {
    /// The token of the CDN at the place, which must be meant for that one; empty for none. It is sent with writes only.
    pub token: String,
    /// The environment, where object stores have their addresses and credentials.
    pub variables: BTreeMap<String, String>,
    /// Certificates that are trusted beside those of the system, where the CDN has HTTPS.
    pub trusted: Vec<Certificate>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}
