//! What this machine is called: names and addresses under which its ports are reached.

use crate::listing::lan_addresses;
use rustls::pki_types::DnsName;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// Whether a certificate can be for that.
pub(super) fn is_name(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || DnsName::try_from(text).is_ok()
}

/// All of them, as of now, and those of `more`. Of IPv6 only what is listened on by itself: most machines have an address there that is
/// another one each day, and the certificate would be too.
pub(super) fn names(listen: &[SocketAddr], more: &[String]) -> BTreeSet<String> {
    let host = gethostname::gethostname().to_string_lossy().to_ascii_lowercase();
    let mut names = BTreeSet::from(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    names.extend(of_host(&host));
    names.extend(lan_addresses().iter().map(ToString::to_string));
    names.extend(listen.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    names.extend(more.iter().map(|name| as_certificates_have_it(name)));
    names
}

/// However people write it: one that was read back from a certificate must be the same, or another one would be made each time.
fn as_certificates_have_it(name: &str) -> String {
    name.parse::<IpAddr>().map_or_else(|_| name.to_ascii_lowercase(), |ip| ip.to_string())
}

/// The name of the machine itself, and the one under which it is found without a name server.
fn of_host(host: &str) -> impl Iterator<Item = String> {
    let label = host.split('.').next().unwrap_or_default();
    [host.to_owned(), format!("{label}.local")].into_iter().filter(|name| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_found_by_its_names_and_addresses() {
        assert_eq!(of_host("hub").collect::<Vec<_>>(), ["hub", "hub.local"]);
        assert_eq!(of_host("hub.example").collect::<Vec<_>>(), ["hub.example", "hub.local"]);
        assert_eq!(of_host("").count(), 0);
        assert_eq!(of_host("what a name").count(), 0);
        let listen = ["0.0.0.0:1", "[::]:1", "[fd00::5]:1", "192.0.2.7:1"].map(|address| address.parse().unwrap());
        let more = ["Hub.example", "FD00:0::9", "::ffff:192.0.2.8"].map(str::to_owned);
        let names = names(&listen, &more);
        for name in
            ["localhost", "127.0.0.1", "::1", "fd00::5", "192.0.2.7", "hub.example", "fd00::9", "::ffff:192.0.2.8"]
        {
            assert!(names.contains(name), "{name} in {names:?}");
        }
        assert!(!names.contains("0.0.0.0") && !names.contains("::"), "{names:?}");
        assert!(names.iter().all(|name| is_name(name)), "{names:?}");
    }
}
