//! Recordings behind HTTP, as the CDN has them: `HEAD`, `GET`, and `PUT` with a token.

use super::TapeError;
use super::access::Access;
use super::copy::Copy;
use super::far::{CONNECT_PATIENCE, PATIENCE, PIECE, patiently};
use super::place::TapePlace;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Response, StatusCode, Url};
use std::error::Error;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncReadExt;

/// What is read of an explanation.
const MAX_REASON_BYTES: usize = 16 * 1024;

fn client(url: &str, access: &Access) -> Result<Client, TapeError> {
    // rustls takes its cryptography from whoever is first to say so; a second one in the process is content with it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A token is for whom it was given to, and for nobody that they point to.
    let builder = || {
        let builder = Client::builder().connect_timeout(CONNECT_PATIENCE).redirect(Policy::none());
        // A proxy that the environment names cannot reach what is on this machine alone.
        if is_loopback(url) { builder.no_proxy() } else { builder }
    };
    let client = builder().tls_certs_merge(access.trusted.iter().cloned()).build();
    // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
    client
        .or_else(|_| builder().tls_certs_only([]).build())
        .map_err(|error| TapeError::NoWay(format!("there is no HTTP client: {}", cause(&error))))
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = url.parse::<Url>() else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(super) async fn is_there(place: &TapePlace, url: &str, access: &Access) -> Result<bool, TapeError> {
    let asking = client(url, access)?.head(url).send();
    let response = patiently(place, asking).await?.map_err(|error| away(place, &error))?;
    match response.status() {
        status if status.is_success() => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(refusal(place, response, Token::ForWrites).await),
    }
}

pub(super) async fn get(place: &TapePlace, url: &str, access: &Access, into: &mut Copy) -> Result<(), TapeError> {
    let asking = client(url, access)?.get(url).send();
    let mut response = patiently(place, asking).await?.map_err(|error| away(place, &error))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(TapeError::NotThere(place.to_string())),
        _ => return Err(refusal(place, response, Token::ForWrites).await),
    }
    into.announced(response.content_length())?;
    while let Some(piece) = patiently(place, response.chunk()).await?.map_err(|error| away(place, &error))? {
        into.write(&piece).await?;
    }
    Ok(())
}

pub(super) async fn put(file: &Path, place: &TapePlace, url: &str, access: &Access) -> Result<(), TapeError> {
    let token = access.token.as_str();
    let unreadable = |why| TapeError::File { path: file.to_owned(), why };
    let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
    let length = opened.metadata().await.map_err(unreadable)?.len();
    let moved = Arc::<AtomicU64>::default();
    let mut request = client(url, access)?
        .put(url)
        .header(CONTENT_LENGTH, length)
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(IF_NONE_MATCH, "*")
        .body(body(opened, moved.clone()));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send();
    tokio::pin!(answer);
    let mut before = 0;
    // It may take as long as it takes, as long as something moves.
    let answer = loop {
        match patiently(place, &mut answer).await {
            Ok(answer) => break answer,
            Err(stalled) if moved.load(Ordering::Relaxed) == before => return Err(stalled),
            Err(_) => before = moved.load(Ordering::Relaxed),
        }
    };
    let response = match answer {
        Ok(response) => response,
        // Who refuses an upload at its head and hangs up may not be heard over the bytes that are still on their way.
        Err(error) if !error.is_connect() => return Err(why_cut(place, url, access, &error).await),
        Err(error) => return Err(away(place, &error)),
    };
    match response.status() {
        status if status.is_success() => Ok(()),
        StatusCode::PRECONDITION_FAILED => Err(TapeError::Taken(place.to_string())),
        _ => Err(refusal(place, response, Token::of(token)).await),
    }
}

fn body(file: tokio::fs::File, moved: Arc<AtomicU64>) -> Body {
    Body::wrap_stream(stream::try_unfold(file, move |mut file| {
        let moved = moved.clone();
        async move {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = file.read_buf(&mut piece).await?;
            moved.fetch_add(read as u64, Ordering::Relaxed);
            Ok::<_, std::io::Error>((read > 0).then(|| (piece.freeze(), file)))
        }
    }))
}

/// Asks for a write that cannot happen, since no object has this ETag, to hear why an upload was cut.
async fn why_cut(place: &TapePlace, url: &str, access: &Access, error: &reqwest::Error) -> TapeError {
    let token = access.token.as_str();
    let Ok(client) = client(url, access) else { return away(place, error) };
    let request = client.put(url).header(CONTENT_LENGTH, 0).header("if-match", "\"0\"");
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    match patiently(place, request.send()).await {
        Ok(Ok(response)) if response.status() != StatusCode::PRECONDITION_FAILED => {
            refusal(place, response, Token::of(token)).await
        }
        _ => away(place, error),
    }
}

fn away(place: &TapePlace, error: &reqwest::Error) -> TapeError {
    let why = if error.is_timeout() { format!("it takes longer than {} s", PATIENCE.as_secs()) } else { cause(error) };
    TapeError::Away { place: place.to_string(), why }
}

/// What is known of a token when we are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Sent,
    Missing,
    /// Reads need none.
    ForWrites,
}

impl Token {
    fn of(token: &str) -> Self {
        if token.is_empty() { Self::Missing } else { Self::Sent }
    }
}

/// What an answer that is no good one says.
async fn refusal(place: &TapePlace, mut response: Response, token: Token) -> TapeError {
    let status = response.status();
    let elsewhere = response.headers().contains_key(LOCATION);
    let mut said = Vec::new();
    while said.len() < MAX_REASON_BYTES {
        let Ok(Ok(Some(piece))) = patiently(place, response.chunk()).await else { break };
        said.extend_from_slice(&Bytes::slice(&piece, ..piece.len().min(MAX_REASON_BYTES)));
    }
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap_or_default();
    let message = said.get("message").and_then(serde_json::Value::as_str);
    let why = match status {
        StatusCode::UNAUTHORIZED => match token {
            Token::Sent => {
                "refuses the token: set GROUPLOOP_CDN__TOKEN (or cdn.token), or --token, to the one of the CDN"
                    .to_owned()
            }
            Token::Missing => {
                "wants a token, and none was sent: that of the settings (cdn.token) goes to nobody but the CDN of the \
                               settings. Set cdn.base_url to this one's URL, or give its token with --token"
                    .to_owned()
            }
            Token::ForWrites => {
                "lets nobody read it without a token, which is sent with writes only: fetch it yourself".to_owned()
            }
        },
        StatusCode::FORBIDDEN => "takes no uploads: set cdn.token there".to_owned(),
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!("finds it too large: {}", message.unwrap_or("see cdn.max_upload_bytes there"))
        }
        status if status.is_redirection() && elsewhere => format!("answers {status}: name where it points to"),
        status => message.map_or_else(|| format!("answers {status}"), |why| format!("answers {status}: {why}")),
    };
    TapeError::Refused { place: place.to_string(), why }
}

/// The innermost reason, which is the one that says something.
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
