//! The smallest HTTP client that tells a test everything: one request, one connection.

use crate::wait::within;
use std::fmt::Display;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200, 404…
    pub status: u16,
    /// As they came, in order.
    pub headers: Vec<(String, String)>,
    /// The content, with a chunked transfer put together again.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON: with the body.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {:?}", self.text()))
    }
}

/// `GET path`.
///
/// # Panics
/// When there is no complete answer in time.
pub async fn http_get(addr: impl ToSocketAddrs + Display, path: &str) -> Response {
    http("GET", addr, path, &[], b"").await
}

/// Any request. `Host`, `Connection: close` and, with a body, `Content-Length` are added.
///
/// # Panics
/// When there is no complete answer in time.
pub async fn http(
    method: &str,
    addr: impl ToSocketAddrs + Display,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Response {
    let (what, body) = (format!("{method} {path} at {addr}"), body.as_ref());
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    let exchange = async {
        let mut stream = TcpStream::connect(&addr).await?;
        stream.write_all(request.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = within(&what, exchange).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    let expect_body = method != "HEAD";
    parse(&bytes, expect_body)
        .unwrap_or_else(|| panic!("{what}: not an HTTP answer: {}", String::from_utf8_lossy(&bytes)))
}

/// Reads the head of a request or answer: its first line and the headers.
pub(crate) fn parse_head(head: &str) -> Option<(&str, Vec<(String, String)>)> {
    let mut lines = head.lines();
    let first = lines.next()?;
    let headers =
        lines.map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
    Some((first, headers.collect::<Option<_>>()?))
}

/// Where the head of an HTTP message ends and its body begins.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4)
}

fn parse(bytes: &[u8], expect_body: bool) -> Option<Response> {
    let end = end_of_head(bytes)?;
    let (first, headers) = parse_head(std::str::from_utf8(&bytes[..end - 4]).ok()?)?;
    let status = first.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let mut response = Response { status, headers, body: bytes[end..].to_vec() };
    if response.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        response.body = join_chunks(&response.body)?;
    } else if expect_body && let Some(length) = response.header("content-length") {
        // A body that was cut short is no answer.
        if status != 304 && length.parse::<usize>().ok()? != response.body.len() {
            return None;
        }
    }
    Some(response)
}

fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 2 + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let plain = parse(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX-A:  b \r\n\r\nno", true).unwrap();
        assert_eq!((plain.status, plain.text(), plain.header("x-a")), (404, "no", Some("b")));
        let chunked = parse(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
            true,
        )
        .unwrap();
        assert_eq!(chunked.json()["a"], 1);
        for broken in ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno", "HTTP/1.1 200 OK\r\n", "SSH-2.0\r\n\r\n", ""] {
            assert_eq!(parse(broken.as_bytes(), true), None, "{broken}");
        }
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false).unwrap().body, b"");
    }
}
