//! A stand-in for the CDN: serves what a test gives it, with ETags, and remembers what it was asked.

use crate::http::{end_of_head, parse_head};
use crate::wait::POLL;
use std::collections::{HashMap, hash_map::DefaultHasher};
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A loopback HTTP server. Ends when dropped.
#[derive(Debug)]
pub struct HttpStub {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    _server: JoinSet<()>,
}

/// A request that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubRequest {
    /// `GET`…
    pub method: String,
    /// With the query.
    pub path: String,
    /// As they came.
    pub headers: Vec<(String, String)>,
    /// The status that it was answered with; 0 when it was left waiting.
    pub answered: u16,
}

impl StubRequest {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct State {
    bodies: HashMap<String, Vec<u8>>,
    /// Answers of which every byte is given.
    exact: HashMap<String, (u16, Vec<u8>)>,
    mood: Mood,
    requests: Vec<StubRequest>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Mood {
    #[default]
    Serve,
    Fail(u16),
    Hang,
}

impl HttpStub {
    /// Starts one that knows no path yet: everything is 404.
    ///
    /// # Panics
    /// When no loopback port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let addr = listener.local_addr().expect("it is bound");
        let state = Arc::<Mutex<State>>::default();
        let mut server = JoinSet::new();
        server.spawn(accept(listener, Arc::clone(&state)));
        Self { addr, state, _server: server }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:<port>`, as a `CDN_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Serves `body` at `path` from now on, with an ETag of its own; a request with that ETag in `If-None-Match` gets a 304. Puts an
    /// end to [`fail`](Self::fail) and [`hang`](Self::hang).
    pub fn serve(&self, path: &str, body: impl Into<Vec<u8>>) {
        let mut state = lock(&self.state);
        state.bodies.insert(path.to_owned(), body.into());
        state.mood = Mood::Serve;
    }

    /// Answers requests for `path` from now on with this status, these header lines and this body, and nothing else: not even a
    /// `Content-Length`. Then the connection ends.
    pub fn answer(&self, path: &str, status: u16, headers: &[&str], body: &[u8]) {
        let head: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} Stub\r\nConnection: close\r\n{head}\r\n");
        lock(&self.state).exact.insert(path.to_owned(), (status, [head.as_bytes(), body].concat()));
    }

    /// Answers everything with this status from now on.
    pub fn fail(&self, status: u16) {
        lock(&self.state).mood = Mood::Fail(status);
    }

    /// Takes requests and never answers them, from now on.
    pub fn hang(&self) {
        lock(&self.state).mood = Mood::Hang;
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<StubRequest> {
        lock(&self.state).requests.clone()
    }

    /// Waits until there were `count` requests in all.
    ///
    /// # Panics
    /// When there are fewer in time.
    pub async fn wait_for_requests(&self, count: usize) {
        let arrive = async {
            while lock(&self.state).requests.len() < count {
                tokio::time::sleep(POLL).await;
            }
        };
        crate::within(format_args!("request {count} at the stub"), arrive).await;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            // A peer that goes away in the middle is the peer's affair.
            let _ = answer(stream, &state).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Takes one request, answers it, closes.
async fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = end_of_head(&bytes) {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end - 4]);
    let Some((first, headers)) = parse_head(&head) else { return Ok(()) };
    let (method, rest) = first.split_once(' ').unwrap_or((first, ""));
    let path = rest.split_once(' ').map_or(rest, |(path, _)| path);
    let mut request = StubRequest { method: method.to_owned(), path: path.to_owned(), headers, answered: 0 };
    let response = {
        let mut state = lock(state);
        let response = respond(&state, &request);
        request.answered = response.as_ref().map_or(0, |(status, _)| *status);
        state.requests.push(request);
        response
    };
    match response {
        Some((_, response)) => stream.write_all(&response).await,
        None => std::future::pending().await,
    }
}

fn respond(state: &State, request: &StubRequest) -> Option<(u16, Vec<u8>)> {
    let path = request.path.split_once('?').map_or(request.path.as_str(), |(path, _)| path);
    if let (Mood::Serve, Some((status, answer))) = (state.mood, state.exact.get(path)) {
        return Some((*status, answer.clone()));
    }
    let (status, etag, body): (u16, Option<String>, &[u8]) = match (state.mood, state.bodies.get(path)) {
        (Mood::Hang, _) => return None,
        (Mood::Fail(status), _) => (status, None, b""),
        (Mood::Serve, None) => (404, None, b""),
        (Mood::Serve, Some(body)) => {
            let etag = etag(body);
            let known = request.header("if-none-match").is_some_and(|known| known == etag);
            if known { (304, Some(etag), b"") } else { (200, Some(etag), body) }
        }
    };
    let mut head = format!("HTTP/1.1 {status} Stub\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if let Some(etag) = etag {
        head += &format!("ETag: {etag}\r\n");
    }
    Some((status, [head.as_bytes(), b"\r\n", body].concat()))
}

fn etag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http, http_get};

    #[tokio::test]
    async fn it_serves_with_etags_and_remembers() {
        let stub = HttpStub::start().await;
        assert_eq!(http_get(stub.addr(), "/static/commands.json").await.status, 404);

        stub.serve("/static/commands.json", "{\"a\":1}");
        let first = http_get(stub.addr(), "/static/commands.json?x").await;
        assert_eq!((first.status, &first.json()["a"]), (200, &1.into()));
        let etag = first.header("etag").unwrap();
        let again = http("GET", stub.addr(), "/static/commands.json", &[("If-None-Match", etag)], "").await;
        assert_eq!((again.status, again.text()), (304, ""));
        stub.serve("/static/commands.json", "{\"a\":2}");
        let new = http("GET", stub.addr(), "/static/commands.json", &[("If-None-Match", etag)], "").await;
        assert_eq!((new.status, &new.json()["a"]), (200, &2.into()));

        stub.fail(503);
        assert_eq!(http_get(stub.addr(), "/static/commands.json").await.status, 503);
        stub.wait_for_requests(5).await;
        let answers: Vec<_> = stub.requests().iter().map(|request| request.answered).collect();
        assert_eq!(answers, [404, 200, 304, 200, 503]);
        assert_eq!(stub.requests()[2].header("if-none-match"), Some(etag));
    }

    #[tokio::test]
    async fn it_answers_to_the_byte_when_it_is_told_so() {
        let stub = HttpStub::start().await;
        stub.answer("/x", 418, &["X-Kind: teapot"], b"short");
        let answer = http_get(stub.addr(), "/x").await;
        assert_eq!((answer.status, answer.header("x-kind"), answer.text()), (418, Some("teapot"), "short"));
        assert_eq!((answer.header("content-length"), stub.requests()[0].answered), (None, 418));
    }

    #[tokio::test]
    async fn it_can_leave_a_request_waiting() {
        let stub = HttpStub::start().await;
        stub.hang();
        let mut stream = TcpStream::connect(stub.addr()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        stub.wait_for_requests(1).await;
        assert_eq!(stub.requests()[0].answered, 0);
        drop(stub);
        let end = crate::within("the end of the stub", stream.read_to_end(&mut Vec::new())).await;
        assert!(end.is_err() || end.is_ok_and(|length| length == 0));
    }
}
