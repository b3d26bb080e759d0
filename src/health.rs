//! `grouploop health URL`: one HTTP request for container checks, where no other client is at hand. No redirects.

use crate::exit::Exit;
use crate::terminal::printable;
use crate::tls::distrust;
use grouploop_serve::{Scheme, port_of};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::http::Uri;

/// Time for the whole check; container runtimes ask every few seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthUrl {
    scheme: Scheme,
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl fmt::Display for HealthUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.http(), self.authority, self.path)
    }
}

impl HealthUrl {
    /// Whether asking there takes TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }
}

/// Reads `http://host:port[/path]`, or the same with `https`.
///
/// # Errors
/// What the URL must look like.
pub(crate) fn parse_url(text: &str) -> Result<HealthUrl, String> {
    let wrong = || "it must look like http://127.0.0.1:5003".to_owned();
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let (scheme, port) = match uri.scheme_str() {
        Some("http") => (Scheme::Http, 80),
        Some("https") => (Scheme::Https, 443),
        _ => return Err(wrong()),
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(wrong());
    }
    let path = match uri.path_and_query().map(|path| path.as_str()) {
        None | Some("" | "/") => "/readyz".to_owned(),
        Some(path) => path.to_owned(),
    };
    Ok(HealthUrl {
        scheme,
        authority: authority.as_str().to_owned(),
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: port_of(authority, port).ok_or_else(wrong)?,
        path,
    })
}

/// Asks, by this TLS where there is one, and tells the outcome in one line: what to print and how to end.
pub(crate) async fn check(url: &HealthUrl, tls: Option<Arc<ClientConfig>>, patience: Duration) -> (Exit, String) {
    match tokio::time::timeout(patience, ask(url, tls)).await {
        Ok(Ok(answer)) => judge(url, &answer),
        Ok(Err(error)) => {
            let why = distrust(&error).unwrap_or_else(|| error.to_string());
            (Exit::Failed, printable(&format!("{url} does not answer: {why}")))
        }
        Err(_) => (Exit::Failed, format!("{url} does not answer within {} s", patience.as_secs_f64())),
    }
}

async fn ask(url: &HealthUrl, tls: Option<Arc<ClientConfig>>) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await?;
    let Some(tls) = tls else { return ask_over(stream, url).await };
    let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
    ask_over(TlsConnector::from(tls).connect(name, stream).await?, url).await
}

/// HTTP/1.0, so that the answer is not chunked and ends with the connection.
async fn ask_over(mut stream: impl AsyncRead + AsyncWrite + Unpin, url: &HealthUrl) -> io::Result<Vec<u8>> {
    let request = format!("GET {} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n\r\n", url.path, url.authority);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn judge(url: &HealthUrl, answer: &[u8]) -> (Exit, String) {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let code =
        head.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).and_then(|code| code.parse::<u16>().ok());
    match code {
        Some(200) => (Exit::Success, status(body).unwrap_or_else(|| "ok".into())),
        Some(code) => {
            let said: Vec<&str> = body.split_whitespace().collect();
            (Exit::Failed, printable(&format!("{url} answers {code}: {}", said.join(" "))))
        }
        None => (Exit::Failed, format!("{url} does not answer in HTTP")),
    }
}

/// The `status` of a JSON body, else the first line.
fn status(body: &str) -> Option<String> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(body)
        && let Some(status) = json.get("status").and_then(serde_json::Value::as_str)
    {
        return Some(printable(status));
    }
    let line = body.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(printable(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn the_path_is_readyz_unless_one_is_named() {
        for (text, shown) in [
            ("http://127.0.0.1:5003", "http://127.0.0.1:5003/readyz"),
            ("http://127.0.0.1:5003/", "http://127.0.0.1:5003/readyz"),
            ("http://hub/health?x=1", "http://hub/health?x=1"),
            ("http://[::1]:5003/livez", "http://[::1]:5003/livez"),
        ] {
            assert_eq!(parse_url(text).unwrap().to_string(), shown);
        }
        assert_eq!(parse_url("http://[::1]").unwrap().host, "::1");
        assert_eq!(parse_url("http://[::1]").unwrap().port, 80);
        assert_eq!(parse_url("https://hub/").unwrap().to_string(), "https://hub/readyz");
        assert_eq!(parse_url("https://hub").unwrap().port, 443);
        for wrong in
            ["", "hub", "hub:5003", "wss://hub", "http://", "http://a b", "http://hub:70000", "http://me:secret@hub"]
        {
            assert!(parse_url(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_200_is_healthy() {
        let url = parse_url("http://hub").unwrap();
        let judge = |answer: &str| judge(&url, answer.as_bytes());
        assert_eq!(judge("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"status\":\"ready\"}"), (Exit::Success, "ready".into()));
        assert_eq!(judge("HTTP/1.0 200 OK\r\n\r\nready\nmore"), (Exit::Success, "ready".into()));
        assert_eq!(judge("HTTP/1.0 200 OK\r\n\r\n"), (Exit::Success, "ok".into()));
        assert_eq!(
            judge("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"not ready\",\n\"reasons\":[]}"),
            (Exit::Failed, "http://hub/readyz answers 503: {\"status\":\"not ready\", \"reasons\":[]}".into())
        );
        assert_eq!(judge("HTTP/1.1 204 No Content\r\n\r\n").0, Exit::Failed);
        for nonsense in ["", "SSH-2.0-x\r\n", "HTTP/1.1\r\n\r\n"] {
            assert_eq!(judge(nonsense), (Exit::Failed, "http://hub/readyz does not answer in HTTP".into()));
        }
    }

    #[tokio::test]
    async fn it_asks_over_a_real_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = parse_url(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /readyz HTTP/1.0\r\n"));
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{\"status\":\"ready\"}").await.unwrap();
        };
        let ((exit, line), ()) = tokio::join!(check(&url, None, PATIENCE), server);
        assert_eq!((exit, line.as_str()), (Exit::Success, "ready"));

        drop(listener);
        assert_eq!(check(&url, None, PATIENCE).await.0, Exit::Failed);
    }

    #[tokio::test]
    async fn it_does_not_wait_for_a_silent_peer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = parse_url(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (exit, line) = check(&url, None, Duration::from_millis(50)).await;
        assert_eq!(exit, Exit::Failed);
        assert!(line.ends_with("does not answer within 0.05 s"), "{line}");
    }
}
