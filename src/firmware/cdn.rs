//! The CDN as a publisher sees it: images and the manifest, read and written under conditions, and what it says when it refuses.

use super::upload::{self, UploadError};
use super::{Trouble, etag};
use crate::exit::Exit;
use crate::settings::mask_urls;
use bytes::Bytes;
use grouploop_cdn::{CdnSettings, Facts, Manifest};
use reqwest::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where the manifest is.
const MANIFEST: &str = "firmware/manifest.json";
/// Port of a CDN whose settings leave it open.
const DEFAULT_PORT: u16 = 5008;
/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Matches nothing.
const NOBODYS_ETAG: &str = "\"0\"";
/// What is answered before the content is looked at.
const REFUSED_AT_ONCE: [StatusCode; 3] =
    [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];
/// A manifest over this is none.
const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// What is read of an explanation.
const MAX_REASON_BYTES: usize = 64 * 1024;

/// Where a CDN is; ends without a slash and holds no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(Url);

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl BaseUrl {
    /// What the flag names, else `cdn.base_url`, else the CDN of these settings on this machine.
    ///
    /// # Errors
    /// Why the URL cannot be used, in one line.
    pub(super) fn choose(flag: Option<&str>, settings: &CdnSettings) -> Result<Self, String> {
        let configured = Some(settings.base_url.as_str()).filter(|url| !url.is_empty());
        let text = flag.or(configured).map_or_else(|| local(&settings.listen), str::to_owned);
        let shown = mask_urls(&text);
        let wrong =
            || format!("`{shown}` is no address of a CDN, it must look like http://host:5008 (--cdn, CDN_BASE_URL)");
        let url: Url = text.parse().map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "`{shown}` holds a user or a password: what lets you in is the token (cdn.token), take them out"
            ));
        }
        Ok(Self(url))
    }

    /// The URL of what is at this path of the CDN.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{self}/{path}")
    }

    /// Whether only this machine reaches it.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// The CDN that these settings would start, seen from the same machine.
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

/// What must be true for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing is there.
    Nothing,
    /// What is there has this ETag.
    Same(HeaderValue),
}

impl Condition {
    fn header(&self) -> (HeaderName, HeaderValue) {
        match self {
            Self::Nothing => (IF_NONE_MATCH, HeaderValue::from_static("*")),
            Self::Same(etag) => (IF_MATCH, etag.clone()),
        }
    }
}

/// A CDN, and the right to write there.
pub(super) struct Cdn {
    pub(super) base: BaseUrl,
    client: Client,
    token: String,
    patience: Duration,
}

impl Cdn {
    pub(super) fn new(
        base: BaseUrl,
        token: &str,
        trusted: Vec<Certificate>,
        patience: Duration,
    ) -> Result<Self, Trouble> {
        // rustls takes its cryptography from whoever is first to say so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A token is for the CDN that was named and for nobody that it points to.
        let builder = || {
            let builder = Client::builder().connect_timeout(CONNECT).redirect(Policy::none());
            // A proxy that the environment names cannot reach what is on this machine alone.
            if base.is_loopback() { builder.no_proxy() } else { builder }
        };
        let client = builder()
            .tls_certs_merge(trusted)
            .build()
            // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
            .or_else(|_| builder().tls_certs_only([]).build())
            .map_err(|error| Trouble::new(Exit::Failed, format!("there is no HTTP client: {}", cause(&error))))?;
        Ok(Self { base, client, token: token.to_owned(), patience })
    }

    /// The ETag of what is at a path, without marks of weakness; `None` when nothing is. Empty when it has none.
    pub(super) async fn etag(&self, path: &str) -> Result<Option<String>, Trouble> {
        let response = self.ask(self.request(Method::HEAD, path)).await?;
        match response.status() {
            StatusCode::OK => {
                let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default();
                Ok(Some(etag.trim_start_matches("W/").to_owned()))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refusal(response).await),
        }
    }

    /// Uploads an image. False when one is there that must not be replaced.
    pub(super) async fn put_image(
        &self,
        path: &str,
        bytes: Bytes,
        facts: &Facts,
        replace: bool,
    ) -> Result<bool, Trouble> {
        let mut request = self
            .request(Method::PUT, path)
            .bearer_auth(&self.token)
            .header(CONTENT_LENGTH, bytes.len())
            .header(CONTENT_TYPE, "application/octet-stream");
        if !replace {
            request = request.header(IF_NONE_MATCH, "*");
        }
        let request = request.build().map_err(|error| self.unreachable(&error))?;
        let response = match upload::send(&self.client, request, bytes, self.patience).await {
            Ok(response) => response,
            Err(UploadError::Http(error)) if error.is_connect() => return Err(self.unreachable(&error)),
            Err(UploadError::Http(error)) => return Err(self.why_cut(path, &error).await),
            Err(error @ UploadError::Stalled(_)) => {
                return Err(Trouble::new(Exit::NoAnswer, format!("no answer from {}: {error}", self.base)));
            }
        };
        match response.status() {
            StatusCode::PRECONDITION_FAILED if !replace => Ok(false),
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => {
                let stored = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
                if stored.is_some_and(|stored| stored.trim_start_matches("W/") != etag(facts)) {
                    let line = format!("{} stored other bytes than were sent: run it again with --replace", self.base);
                    return Err(Trouble::new(Exit::Failed, line));
                }
                Ok(true)
            }
            _ => Err(self.refusal(response).await),
        }
    }

    /// The manifest, and what must still be true when it is written.
    pub(super) async fn manifest(&self) -> Result<(Manifest, Condition), Trouble> {
        // Whatever caches stand between: an old manifest cannot be written over a new one, but costs a round.
        let response = self.ask(self.request(Method::GET, MANIFEST).header(CACHE_CONTROL, "no-cache")).await?;
        match response.status() {
            StatusCode::NOT_FOUND => return Ok((Manifest::default(), Condition::Nothing)),
            StatusCode::OK => {}
            _ => return Err(self.refusal(response).await),
        }
        let condition = response.headers().get(ETAG).cloned().map_or(Condition::Nothing, Condition::Same);
        let (bytes, whole) = self.read(response, MAX_MANIFEST_BYTES).await?;
        let damaged = |mistakes: Vec<String>| {
            let start = format!("the manifest of {} is damaged, put it right first", self.base);
            Trouble { exit: Exit::Failed, lines: std::iter::once(start).chain(mistakes).collect() }
        };
        if !whole {
            return Err(damaged(vec![format!("it is larger than {MAX_MANIFEST_BYTES} bytes")]));
        }
        Ok((Manifest::parse(&bytes).map_err(damaged)?, condition))
    }

    /// Writes the manifest. False when the condition does not hold any more.
    pub(super) async fn put_manifest(&self, manifest: &Manifest, condition: &Condition) -> Result<bool, Trouble> {
        let (name, value) = condition.header();
        let request = self
            .request(Method::PUT, MANIFEST)
            .bearer_auth(&self.token)
            .header(name, value)
            .header(CONTENT_TYPE, "application/json")
            .body(manifest.to_json());
        let response = self.ask(request).await?;
        match response.status() {
            StatusCode::PRECONDITION_FAILED => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.refusal(response).await),
        }
    }

    /// Why an upload was cut. Who refuses one at its head and hangs up may not be heard over the bytes that are still on their way, so we
    /// ask for a write that cannot happen: no object has this ETag.
    async fn why_cut(&self, path: &str, error: &reqwest::Error) -> Trouble {
        let request = self
            .request(Method::PUT, path)
            .bearer_auth(&self.token)
            .header(CONTENT_LENGTH, 0)
            .header(IF_MATCH, NOBODYS_ETAG);
        let refused = match self.ask(request).await {
            Ok(response) => Some(response).filter(|response| REFUSED_AT_ONCE.contains(&response.status())),
            Err(_) => None,
        };
        match refused {
            Some(response) => self.refusal(response).await,
            None => self.unreachable(error),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.base.join(path))
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        request.timeout(self.patience).send().await.map_err(|error| self.unreachable(&error))
    }

    /// At most so much of the body, and whether that is all.
    async fn read(&self, mut response: Response, most: usize) -> Result<(Vec<u8>, bool), Trouble> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > most {
                return Ok((body, false));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, true))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Trouble {
        let why = if error.is_timeout() { "it takes too long".into() } else { cause(error) };
        Trouble::new(Exit::NoAnswer, format!("no answer from {}: {why}", self.base))
    }

    /// What an answer that is no good one says.
    async fn refusal(&self, response: Response) -> Trouble {
        let (status, base) = (response.status(), &self.base);
        let elsewhere = response.headers().get(LOCATION).and_then(|url| url.to_str().ok()).map(mask_urls);
        // Whatever cannot be read explains nothing.
        let (body, _) = self.read(response, MAX_REASON_BYTES).await.unwrap_or_default();
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = said.get("message").and_then(Value::as_str);
        let why = match status {
            StatusCode::UNAUTHORIZED => {
                "refuses the token: set GROUPLOOP_CDN__TOKEN (or cdn.token) to the one of the CDN".to_owned()
            }
            StatusCode::FORBIDDEN => "takes no uploads: set cdn.token there".to_owned(),
            StatusCode::PAYLOAD_TOO_LARGE => {
                format!("finds it too large: {}", message.unwrap_or("see cdn.max_upload_bytes there"))
            }
            StatusCode::SERVICE_UNAVAILABLE => match message {
                Some(message) => format!("cannot do it now, try again later: {message}"),
                None => "cannot do it now, try again later".to_owned(),
            },
            status if status.is_redirection() => match elsewhere {
                Some(url) => format!("points to {url}: name the right address with --cdn"),
                None => format!("answers {status}: name the right address with --cdn"),
            },
            StatusCode::UNPROCESSABLE_ENTITY => format!("refuses it: {}", message.unwrap_or("it is not right")),
            status => match message {
                Some(message) => format!("answers {status}: {message}"),
                None => format!("answers {status}"),
            },
        };
        let mistakes = said.get("mistakes").and_then(Value::as_array).into_iter().flatten();
        let mistakes = mistakes.filter_map(Value::as_str).map(str::to_owned);
        Trouble { exit: Exit::Failed, lines: std::iter::once(format!("{base} {why}")).chain(mistakes).collect() }
    }
}

/// The innermost reason, which is the one that says something.
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
