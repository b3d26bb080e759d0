//! The monitor, as this program reads it: one stream of events that comes back after each loss.
//!
//! ```text
//!  GET <monitor>/api/stream ─▶ events, one a second ─▶ whoever shows them
//!     ▲                          │ lost, silent, or refused for now
//!     └── jittered pause ◀───────┘
//! ```

use super::events::Events;
use crate::backoff::Backoff;
use crate::settings::{Settings, mask_urls};
use crate::terminal::printable;
use crate::tls::distrust;
use crate::viewer::Closed;
use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, StatusCode, Url};
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Time for a connection and the begin of an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// An event comes once a second, so a stream this silent is dead.
const SILENCE: Duration = Duration::from_secs(5);
/// Port of a monitor whose settings leave it open.
const DEFAULT_PORT: u16 = 5010;
/// What is read of an explanation.
const MAX_REASON_BYTES: usize = 1024;

/// Where a monitor is; ends without a slash and holds no user.
#[derive(Debug, Clone)]
pub(crate) struct MonitorUrl(Url);

impl fmt::Display for MonitorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl MonitorUrl {
    /// What the flag names, else `ui.monitor_url`, else the monitor of these settings on this machine.
    ///
    /// # Errors
    /// Why the URL cannot be used, in one line.
    pub(crate) fn choose(flag: Option<&str>, settings: &Settings) -> Result<Self, String> {
        let configured = Some(settings.ui.monitor_url.as_str()).filter(|url| !url.is_empty());
        let text = flag.or(configured).map_or_else(|| local(&settings.monitor.listen), str::to_owned);
        let shown = mask_urls(&text);
        let wrong = || {
            format!("`{shown}` is no address of a monitor, it must look like http://host:5010 (--url, ui.monitor_url)")
        };
        let url: Url = text.parse().map_err(|_| wrong())?;
        let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "http" | "https") || !is_plain || url.password().is_some() {
            return Err(wrong());
        }
        Ok(Self(url))
    }

    fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// The monitor that these settings would start, seen from the same machine.
fn local(listen: &str) -> String {
    let mut address = listen.parse().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)));
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    if address.port() == 0 {
        address.set_port(DEFAULT_PORT);
    }
    format!("http://{address}")
}

/// Who shows what the monitor says.
pub(super) trait Reader {
    /// A try begins.
    fn connecting(&self);
    /// There is no stream; the next try is after the pause.
    fn away(&self, why: String, pause: Duration);
    /// Takes a `System`, as JSON on one line.
    ///
    /// # Errors
    /// When it wants no more.
    async fn take(&self, system: &str) -> Result<(), Closed>;
}

/// Why a stream is over.
enum End {
    /// It was lost; another may do better.
    Lost(String),
    /// What answers is no monitor, and would be none the next time either.
    Refused(String),
    /// Nobody wants more.
    Closed,
}

/// A monitor, and the way to ask it.
pub(crate) struct Source {
    pub(super) url: MonitorUrl,
    client: Client,
}

impl Source {
    /// # Errors
    /// One line, when there can be no client.
    pub(crate) fn new(url: MonitorUrl, trusted: Vec<Certificate>) -> Result<Self, String> {
        // rustls takes its cryptography from whoever is first to say so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            let builder = Client::builder().connect_timeout(PATIENCE).redirect(Policy::none());
            // A proxy that the environment names cannot reach what is on this machine alone.
            if url.is_loopback() { builder.no_proxy() } else { builder }
        };
        let client = builder()
            .tls_certs_merge(trusted)
            .build()
            // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
            .or_else(|_| builder().tls_certs_only([]).build())
            .map_err(|error| format!("there is no HTTP client: {}", cause(&error)))?;
        Ok(Self { url, client })
    }

    /// Reads again and again. Returns when the reader wants no more.
    ///
    /// # Errors
    /// One line, when what is there is no monitor.
    pub(super) async fn follow(&self, reader: &impl Reader) -> Result<Closed, String> {
        let mut backoff = Backoff::default();
        loop {
            reader.connecting();
            match self.session(reader, &mut backoff).await {
                End::Closed => return Ok(Closed),
                End::Refused(why) => return Err(why),
                End::Lost(why) => {
                    let pause = backoff.next();
                    reader.away(why, pause);
                    sleep(pause).await;
                }
            }
        }
    }

    async fn session(&self, reader: &impl Reader, backoff: &mut Backoff) -> End {
        let request = self.client.get(format!("{}/api/stream", self.url)).header(ACCEPT, "text/event-stream");
        let mut response = match timeout(PATIENCE, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return End::Lost(cause(&error)),
            Err(_) => return End::Lost(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return End::Refused(format!(
                    "what answers at {} is no monitor; `grouploop up` and `grouploop monitor` have one (--url)",
                    self.url
                ));
            }
            _ => return End::Lost(refusal(response).await),
        }
        let mut events = Events::default();
        loop {
            let piece = match timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => return End::Lost("closed by the monitor".into()),
                Ok(Err(error)) => return End::Lost(cause(&error)),
                Err(_) => return End::Lost(format!("nothing heard for {} s", SILENCE.as_secs())),
            };
            for event in events.read(&piece).iter().filter(|event| event.name == "system") {
                backoff.reset();
                if reader.take(&event.data).await.is_err() {
                    return End::Closed;
                }
            }
        }
    }
}

/// What a monitor says when it says no.
async fn refusal(mut response: Response) -> String {
    let status = response.status();
    let mut text = Vec::new();
    while let Ok(Ok(Some(piece))) = timeout(PATIENCE, response.chunk()).await
        && text.len() < MAX_REASON_BYTES
    {
        text.extend_from_slice(&piece);
    }
    let said: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
    let said = said.as_ref().and_then(|said| said.get("error")).and_then(serde_json::Value::as_str);
    said.map_or_else(|| format!("it answers {}", status.as_u16()), printable)
}

/// What went wrong at the bottom of it.
fn cause(error: &reqwest::Error) -> String {
    let mut deepest: &(dyn Error + 'static) = error;
    while let Some(source) = deepest.source() {
        if let Some(said) = source.downcast_ref::<io::Error>().and_then(distrust) {
            return said;
        }
        deepest = source;
    }
    printable(&deepest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Flags, load};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn choose(flag: Option<&str>, set: &str) -> Result<String, String> {
        let flags = Flags { set: vec![set.to_owned()], ..Flags::default() };
        let settings = load(&flags, &Default::default(), std::path::Path::new("/nonexistent")).unwrap().settings;
        MonitorUrl::choose(flag, &settings).map(|url| url.to_string())
    }

    #[test]
    fn the_flag_wins_then_the_setting_then_this_machine() {
        let set = "ui.monitor_url=http://hub:2/";
        assert_eq!(choose(Some("http://hub:1/"), set).unwrap(), "http://hub:1");
        assert_eq!(choose(Some("https://hub/monitor"), set).unwrap(), "https://hub/monitor");
        assert_eq!(choose(None, set).unwrap(), "http://hub:2");
        assert_eq!(choose(None, "monitor.listen=0.0.0.0:6010").unwrap(), "http://127.0.0.1:6010");
        assert_eq!(choose(None, "monitor.listen=127.0.0.1:0").unwrap(), "http://127.0.0.1:5010");
        for wrong in ["", "hub:5010", "ws://hub", "http://", "http://me:secret@hub", "http://hub/?x"] {
            let said = choose(Some(wrong), set).unwrap_err();
            assert!(said.contains("it must look like http://host:5010") && !said.contains("secret"), "{said}");
        }
    }

    /// Notes what it is told, and wants so many systems.
    struct Notes(std::cell::RefCell<Vec<String>>, usize);

    impl Reader for Notes {
        fn connecting(&self) {
            self.0.borrow_mut().push("connecting".into());
        }

        fn away(&self, why: String, _: Duration) {
            self.0.borrow_mut().push(why);
        }

        async fn take(&self, system: &str) -> Result<(), Closed> {
            let mut notes = self.0.borrow_mut();
            notes.push(system.to_owned());
            let taken = notes.iter().filter(|note| note.starts_with('{')).count();
            if taken < self.1 { Ok(()) } else { Err(Closed) }
        }
    }

    /// Follows somebody who gives these answers, one for each connection.
    async fn follow(answers: &[&str], wanted: usize) -> (Vec<String>, Result<(), String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = MonitorUrl(format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap());
        let server = async {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let length = stream.read(&mut request).await.unwrap();
                assert!(request[..length].starts_with(b"GET /api/stream HTTP/1.1\r\n"));
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let notes = Notes(Default::default(), wanted);
        let source = Source::new(url, Vec::new()).unwrap();
        let (end, ()) = tokio::join!(source.follow(&notes), server);
        (notes.0.into_inner(), end.map(|Closed| ()))
    }

    #[tokio::test]
    async fn it_comes_back_after_a_loss_and_a_refusal() {
        let stream = "HTTP/1.1 200 OK\r\n\r\nevent: system\ndata: {}\n\nevent: other\ndata: {}\n\n";
        let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 27\r\n\r\n{\"error\": \"32 are looking\"}";
        let (notes, end) = follow(&[stream, busy, stream], 2).await;
        assert_eq!(
            notes,
            ["connecting", "{}", "closed by the monitor", "connecting", "32 are looking", "connecting", "{}"]
        );
        assert_eq!(end, Ok(()));
    }

    #[tokio::test]
    async fn what_is_no_monitor_is_left_alone() {
        let (notes, end) = follow(&["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"], 1).await;
        assert_eq!(notes, ["connecting"]);
        assert!(end.unwrap_err().contains("is no monitor; `grouploop up`"));
    }
}
