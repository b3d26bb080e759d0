//! Where an edge is: the parts of its URL that a device needs.

use grouploop_bridge::Space;
use grouploop_serve::port_of;
use thiserror::Error;
use tokio_tungstenite::tungstenite::http::Uri;

/// The port of a `ws://` URL that names none (RFC 6455, section 3).
const DEFAULT_PORT: u16 = 80;

/// A URL that no device can use.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\"{url}\" is no address of an edge: it must be ws://host:port (devices speak no TLS)")]
pub(crate) struct EdgeUrlError {
    url: String,
}

/// One edge, as the devices of a space reach it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// For logs: with the path.
    pub(super) url: String,
    /// A name or an address, without the brackets of IPv6.
    pub(super) host: String,
    pub(super) port: u16,
    /// What the `Host` header says, which always names the port, as the stock firmware's does.
    pub(super) host_header: String,
    pub(super) path: String,
}

impl Edge {
    /// A path in the URL is kept; otherwise it is that of the space.
    pub(crate) fn parse(url: &str, space: &Space) -> Result<Self, EdgeUrlError> {
        let wrong = || EdgeUrlError { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        if uri.scheme_str() != Some("ws") || authority.host().is_empty() {
            return Err(wrong());
        }
        let path = match uri.path_and_query().map_or("/", |path| path.as_str()) {
            "/" if *space == Space::main() => "/".to_owned(),
            "/" => format!("/spaces/{space}"),
            path => path.to_owned(),
        };
        let port = port_of(authority, DEFAULT_PORT).ok_or_else(wrong)?;
        let host_header = format!("{}:{port}", authority.host());
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { url: format!("ws://{host_header}{path}"), host, port, host_header, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(url: &str, space: &str) -> Edge {
        Edge::parse(url, &space.parse::<Space>().unwrap()).unwrap()
    }

    #[test]
    fn the_path_is_that_of_the_space_unless_the_url_has_one() {
        assert_eq!(edge("ws://a:5003", "main").path, "/");
        assert_eq!(edge("ws://a:5003/", "main").path, "/");
        assert_eq!(edge("ws://a:5003", "hall-2").path, "/spaces/hall-2");
        assert_eq!(edge("ws://a:5003/old/path?x=1", "hall-2").path, "/old/path?x=1");
    }

    #[test]
    fn hosts_are_names_and_addresses() {
        let found = edge("ws://[::1]:5003", "main");
        assert_eq!((found.host.as_str(), found.port, found.host_header.as_str()), ("::1", 5003, "[::1]:5003"));
        let found = edge("ws://edge.example.org", "b");
        assert_eq!((found.host.as_str(), found.port), ("edge.example.org", 80));
        assert_eq!(found.url, "ws://edge.example.org:80/spaces/b");
    }

    #[test]
    fn other_urls_are_refused_with_what_to_write_instead() {
        for bad in ["", "a:5003", "wss://a:5003", "http://a", "ws://", "ws://u@a:1", "ws://a:70000", "/x"] {
            let error = Edge::parse(bad, &Space::main()).unwrap_err();
            assert!(error.to_string().contains("must be ws://host:port"), "{bad}");
        }
    }
}
