//! A WebSocket client of any edge: which URL to use, and a connection that has heard the greeting.

use crate::settings::{Settings, mask_urls};
use crate::terminal::printable;
use crate::tls::{client_config, distrust};
use clap::Args;
use futures_util::StreamExt;
use grouploop_bridge::{GREETING, Space};
use grouploop_serve::port_of;
use rustls::ClientConfig;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

/// Which edge to talk to.
#[derive(Debug, Default, Args)]
pub(crate) struct Peer {
    /// The edge to connect to; without it ui.ws_default_url, else the edge on this machine [env: WS_DEFAULT_URL]
    #[arg(long, value_name = "WS_URL")]
    pub(crate) url: Option<String>,
    /// The space of the group; without it the one that the URL names
    #[arg(long, value_name = "NAME")]
    pub(crate) space: Option<Space>,
}

/// An open connection to an edge.
pub(crate) type Connection = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where an edge is, space included. Shown without user and password.
#[derive(Clone)]
pub(crate) struct EdgeUrl {
    text: String,
    /// How to speak TLS, where it is `wss://`.
    tls: Option<Arc<ClientConfig>>,
}

impl fmt::Display for EdgeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_urls(&self.text))
    }
}

impl fmt::Debug for EdgeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl EdgeUrl {
    /// What the flags name, else `ui.ws_default_url`, else the edge of these settings on this machine.
    ///
    /// # Errors
    /// Why the URL cannot be used, in one line.
    pub(crate) fn choose(peer: &Peer, settings: &Settings) -> Result<Self, String> {
        let configured = Some(&settings.ui.ws_default_url).filter(|url| !url.is_empty());
        let text = peer.url.as_ref().or(configured).cloned().unwrap_or_else(|| local(&settings.edge.listen));
        let shown = mask_urls(&text);
        let wrong =
            || format!("`{shown}` is no address of an edge, it must look like ws://host:5003/ (--url, WS_DEFAULT_URL)");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or_else(wrong)?;
        port_of(authority, 0).ok_or_else(wrong)?;
        let (scheme, tls) = match uri.scheme_str() {
            Some("ws") => ("ws", None),
            Some("wss") => ("wss", Some(client_config(&settings.tls)?)),
            _ => return Err(wrong()),
        };
        let path = match &peer.space {
            Some(space) => format!("/spaces/{space}"),
            None => uri.path().to_owned(),
        };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { text: format!("{scheme}://{authority}{path}{query}"), tls })
    }

    /// For those who are to be like devices, which speak no TLS.
    ///
    /// # Errors
    /// One line, when it needs TLS.
    pub(crate) fn plain(self) -> Result<Self, String> {
        match self.tls {
            None => Ok(self),
            Some(_) => Err(format!("`{self}` needs TLS, which devices do not speak; name a ws:// address of the edge")),
        }
    }

    /// The address alone, as `ws://host:5003`: without path and query.
    pub(crate) fn origin(&self) -> String {
        let uri: Option<Uri> = self.text.parse().ok();
        let authority = uri.as_ref().and_then(Uri::authority).map(ToString::to_string).unwrap_or_default();
        format!("ws{}://{authority}", if self.tls.is_some() { "s" } else { "" })
    }

    /// With user and password: to connect with, never to be shown.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Connects and waits for the greeting.
    ///
    /// # Errors
    /// Why there is no connection, in a few words.
    pub(crate) async fn connect(&self) -> Result<Connection, String> {
        let tls = self.tls.clone().map_or(Connector::Plain, Connector::Rustls);
        let connected = connect_async_tls_with_config(self.text.as_str(), None, true, Some(tls)).await;
        let (mut connection, _) = connected.map_err(|error| reason(&error))?;
        loop {
            match receive(&mut connection).await? {
                Some(text) if text.trim() == GREETING => return Ok(connection),
                // Another text: whoever it is, it may still greet.
                _ => {}
            }
        }
    }
}

/// The edge that these settings would start, seen from the same machine.
fn local(listen: &str) -> String {
    let mut address = listen.parse().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    if address.port() == 0 {
        address.set_port(5003);
    }
    format!("ws://{address}/")
}

/// The next text message; `None` for a message of another kind.
///
/// # Errors
/// Why there will be no more, in a few words.
///
/// # Cancel safety
/// Nothing is lost when the future is dropped.
pub(crate) async fn receive(connection: &mut Connection) -> Result<Option<String>, String> {
    match connection.next().await {
        Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
        Some(Ok(Message::Close(frame))) => Err(closed(frame.as_ref())),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(reason(&error)),
        None => Err(closed(None)),
    }
}

fn closed(frame: Option<&CloseFrame>) -> String {
    match frame {
        Some(frame) => printable(format!("closed by the edge ({} {})", u16::from(frame.code), frame.reason).trim()),
        None => "closed by the edge".into(),
    }
}

/// What went wrong, in words for someone who does not know the library.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::Io(error) => printable(&distrust(error).unwrap_or_else(|| error.to_string())),
        Error::Http(response) => format!("it answers {} instead of a WebSocket", response.status()),
        Error::ConnectionClosed | Error::AlreadyClosed => closed(None),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => "the connection was cut".into(),
        Error::Protocol(ProtocolError::HandshakeIncomplete) => "it is no WebSocket server".into(),
        other => printable(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Flags, load};

    fn choose(url: Option<&str>, space: Option<&str>, set: &[&str]) -> Result<String, String> {
        let flags = Flags { set: set.iter().map(|pair| (*pair).into()).collect(), ..Flags::default() };
        let settings = load(&flags, &Default::default(), std::path::Path::new("/nonexistent")).unwrap().settings;
        let peer = Peer { url: url.map(Into::into), space: space.map(|space| space.parse().unwrap()) };
        EdgeUrl::choose(&peer, &settings).map(|url| url.text)
    }

    #[test]
    fn the_flag_wins_then_the_setting_then_this_machine() {
        let set = ["ui.ws_default_url=ws://hub:1/x"];
        assert_eq!(choose(Some("ws://a:2"), None, &set).unwrap(), "ws://a:2/");
        assert_eq!(choose(None, None, &set).unwrap(), "ws://hub:1/x");
        assert_eq!(choose(None, None, &[]).unwrap(), "ws://127.0.0.1:5003/");
        assert_eq!(choose(None, None, &["edge.listen=[::]:6000"]).unwrap(), "ws://127.0.0.1:6000/");
        assert_eq!(choose(None, None, &["edge.listen=10.0.0.1:0"]).unwrap(), "ws://10.0.0.1:5003/");
    }

    #[test]
    fn a_space_replaces_the_path() {
        assert_eq!(choose(None, Some("class-3b"), &[]).unwrap(), "ws://127.0.0.1:5003/spaces/class-3b");
        assert_eq!(choose(Some("ws://a/spaces/b?rate=3"), Some("c"), &[]).unwrap(), "ws://a/spaces/c?rate=3");
        assert_eq!(choose(Some("ws://a/spaces/b"), None, &[]).unwrap(), "ws://a/spaces/b");
    }

    #[test]
    fn other_schemes_are_refused_with_a_hint() {
        for wrong in ["http://a", "a:5003", "", "ws://", "ws:// a", "ws://a:70000"] {
            assert!(choose(Some(wrong), None, &[]).unwrap_err().contains("it must look like ws://"), "{wrong}");
        }
    }

    #[test]
    fn tls_is_for_those_who_are_no_devices() {
        // A machine may have no certificates, and then there is nobody to trust.
        let file = std::env::temp_dir().join(format!("grouploop-client-{}.pem", std::process::id()));
        std::fs::write(&file, grouploop_testkit::TestCertificate::new().certificate).unwrap();
        let flags = Flags { set: vec![format!("tls.ca_file={}", file.display())], ..Flags::default() };
        let settings = load(&flags, &Default::default(), std::path::Path::new("/nonexistent")).unwrap().settings;
        let peer = Peer { url: Some("wss://a:1/x".into()), space: Some("b".parse().unwrap()) };
        let url = EdgeUrl::choose(&peer, &settings).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!((url.as_str(), url.origin().as_str()), ("wss://a:1/spaces/b", "wss://a:1"));
        assert!(url.plain().unwrap_err().starts_with("`wss://a:1/spaces/b` needs TLS"));
        let gone = EdgeUrl::choose(&peer, &settings).unwrap_err();
        assert!(gone.contains("cannot be read") && gone.ends_with("(--ca, tls.ca_file)"), "{gone}");
    }

    #[test]
    fn a_password_in_the_url_is_not_shown() {
        let url = EdgeUrl { text: "ws://me:secret@hub/".into(), tls: None };
        assert_eq!(format!("{url} {url:?}"), "ws://****@hub/ ws://****@hub/");
    }
}
