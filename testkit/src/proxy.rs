//! A TCP proxy that makes networks go wrong.
//!
//! ```text
//!            up: client to target
//!  client ──▶ read ──▶ [ wait for the latency ] ──▶ write ──▶ target
//!         ◀── write ◀── [ wait for the latency ] ◀── read ◀──
//!            down: target to client
//! ```
//!
//! While it is stalled neither side is read or written: connections stay open, their buffers fill, and nobody is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Bytes that are kept of each direction.
const CAPTURE_BYTES: usize = 16 << 20;
/// Chunks that may wait for their latency to pass, in each direction of a connection.
const CHUNKS: usize = 1_024;

/// A loopback port that leads to another address, as well or as badly as the test wants. Ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    weather: watch::Sender<Weather>,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

/// What has passed through, over all connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// From clients to the target.
    pub up: Vec<u8>,
    /// From the target to clients.
    pub down: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    latency: Duration,
    stalled: bool,
    refusing: bool,
    /// Connections of an older generation are cut.
    generation: u64,
}

#[derive(Debug, Default)]
struct Shared {
    captured: Mutex<Captured>,
    connections: Mutex<usize>,
}

impl Proxy {
    /// Starts one towards `target` (`127.0.0.1:4222`), in fine weather.
    ///
    /// # Panics
    /// When no loopback port is free.
    pub async fn start(target: impl ToString) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let addr = listener.local_addr().expect("it is bound");
        let (weather, shared) = (watch::Sender::new(Weather::default()), Arc::<Shared>::default());
        let mut server = JoinSet::new();
        server.spawn(accept(listener, target.to_string(), weather.subscribe(), Arc::clone(&shared)));
        Self { addr, weather, shared, _server: server }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address with a scheme: `url("nats")`, `url("ws")`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.addr)
    }

    /// Delays every byte by this much, in each direction, without changing the order or the throughput.
    pub fn latency(&self, latency: Duration) {
        self.weather.send_modify(|weather| weather.latency = latency);
    }

    /// Forwards nothing more, on old connections and new ones, and says so to nobody.
    pub fn stall(&self) {
        self.weather.send_modify(|weather| weather.stalled = true);
    }

    /// Forwards again, beginning with what waited.
    pub fn resume(&self) {
        self.weather.send_modify(|weather| weather.stalled = false);
    }

    /// Drops all connections. New ones are served.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.generation += 1);
    }

    /// Drops all connections, and new ones as soon as they come.
    pub fn refuse(&self) {
        self.weather.send_modify(|weather| {
            weather.refusing = true;
            weather.generation += 1;
        });
    }

    /// Serves new connections again.
    pub fn accept(&self) {
        self.weather.send_modify(|weather| weather.refusing = false);
    }

    /// How many connections go through it now.
    pub fn connections(&self) -> usize {
        *lock(&self.shared.connections)
    }

    /// What it has forwarded so far: the first 16 MiB of each direction.
    pub fn captured(&self) -> Captured {
        lock(&self.shared.captured).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, target: String, weather: watch::Receiver<Weather>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let now = *weather.borrow();
        if now.refusing {
            continue;
        }
        let (target, mut weather, shared) = (target.clone(), weather.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let _counted = Counted::new(&shared);
            let mut cut = weather.clone();
            tokio::select! {
                biased;
                _ = cut.wait_for(|weather| weather.generation != now.generation) => {}
                () = forward(client, &target, &mut weather, &shared) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// One more connection, as long as this lives.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared) -> Self {
        *lock(&shared.connections) += 1;
        Self(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        *lock(&self.0.connections) -= 1;
    }
}

/// Forwards both directions until both have ended, or one is broken.
async fn forward(client: TcpStream, target: &str, weather: &mut watch::Receiver<Weather>, shared: &Shared) {
    if clear(weather).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let up = pump(from_client, to_server, weather.clone(), |bytes| keep(&mut lock(&shared.captured).up, bytes));
    let down = pump(from_server, to_client, weather.clone(), |bytes| keep(&mut lock(&shared.captured).down, bytes));
    let _ = tokio::try_join!(up, down);
}

fn keep(captured: &mut Vec<u8>, bytes: &[u8]) {
    let room = CAPTURE_BYTES - captured.len();
    captured.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// Waits until nothing is stalled; `Err` when the proxy is gone.
async fn clear(weather: &mut watch::Receiver<Weather>) -> Result<(), ()> {
    weather.wait_for(|weather| !weather.stalled).await.map(drop).map_err(drop)
}

/// Forwards one direction to its end. `Err` when it is broken: then the whole connection ends.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    forwarded: impl Fn(&[u8]),
) -> Result<(), ()> {
    let (queue, mut waiting) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS);
    let mut reader_weather = weather.clone();
    let read = async move {
        let mut buffer = vec![0; 64 << 10];
        loop {
            clear(&mut reader_weather).await?;
            let length = from.read(&mut buffer).await.map_err(drop)?;
            if length == 0 {
                return Ok(()); // the queue closes, and the writer passes the end on when it is empty
            }
            let latency = reader_weather.borrow().latency;
            queue.send((Instant::now() + latency, buffer[..length].to_vec())).await.map_err(drop)?;
        }
    };
    let write = async move {
        while let Some((due, bytes)) = waiting.recv().await {
            tokio::time::sleep_until(due).await;
            clear(&mut weather).await?;
            to.write_all(&bytes).await.map_err(drop)?;
            forwarded(&bytes);
        }
        clear(&mut weather).await?;
        to.shutdown().await.map_err(drop)
    };
    tokio::try_join!(read, write).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eventually, within};

    /// A server that sends back what it gets.
    async fn echo() -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        (addr, tasks)
    }

    async fn ask(stream: &mut TcpStream, text: &[u8]) -> Vec<u8> {
        stream.write_all(text).await.unwrap();
        let mut answer = vec![0; text.len()];
        within("the echo", stream.read_exact(&mut answer)).await.unwrap();
        answer
    }

    async fn ends(mut stream: TcpStream) -> bool {
        !matches!(within("the end", stream.read(&mut [0; 16])).await, Ok(length) if length > 0)
    }

    #[tokio::test]
    async fn it_forwards_captures_and_passes_the_end_on() {
        let (target, _echo) = echo().await;
        let proxy = Proxy::start(target).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(ask(&mut client, b"hello").await, b"hello");
        assert_eq!(proxy.connections(), 1);
        client.shutdown().await.unwrap();
        assert!(ends(client).await);
        eventually!(proxy.connections() == 0);
        assert_eq!(proxy.captured(), Captured { up: b"hello".into(), down: b"hello".into() });
    }

    #[tokio::test]
    async fn latency_counts_in_both_directions() {
        let (target, _echo) = echo().await;
        let proxy = Proxy::start(target).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        let latency = Duration::from_millis(30);
        proxy.latency(latency);
        let start = Instant::now();
        ask(&mut client, b"hello").await;
        assert!(start.elapsed() >= 2 * latency, "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn a_stall_is_silent_and_loses_nothing() {
        let (target, _echo) = echo().await;
        let proxy = Proxy::start(target).await;
        let mut old = TcpStream::connect(proxy.addr()).await.unwrap();
        ask(&mut old, b"before").await;
        proxy.stall();
        let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
        old.write_all(b"old").await.unwrap();
        new.write_all(b"new").await.unwrap();
        eventually!(proxy.connections() == 2);
        assert_eq!(proxy.captured().up, b"before");
        proxy.resume();
        for (stream, text) in [(&mut old, b"old"), (&mut new, b"new")] {
            let mut answer = [0; 3];
            within("what waited", stream.read_exact(&mut answer)).await.unwrap();
            assert_eq!(&answer, text);
        }
    }

    #[tokio::test]
    async fn connections_can_be_cut_and_refused() {
        let (target, _echo) = echo().await;
        let proxy = Proxy::start(target).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        ask(&mut client, b"a").await;
        proxy.cut();
        assert!(ends(client).await);
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        ask(&mut client, b"b").await;
        proxy.refuse();
        assert!(ends(client).await);
        assert!(ends(TcpStream::connect(proxy.addr()).await.unwrap()).await);
        proxy.accept();
        ask(&mut TcpStream::connect(proxy.addr()).await.unwrap(), b"c").await;
    }
}
