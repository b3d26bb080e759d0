//! Many clients that fetch one file at the same moment, and look at every byte of it.

use anyhow::{Context, Result, anyhow, bail, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a client waits for its file.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest head of an answer.
const MAX_HEAD: usize = 16 * 1024;
const READ_BYTES: usize = 64 * 1024;

/// What became of them.
#[derive(Debug)]
pub(crate) struct Pulled {
    /// Clients that did not get exactly the file.
    pub(crate) wrong: u32,
    /// Why, for the first of them.
    pub(crate) why: Option<String>,
    /// From the first request until the last client has everything.
    pub(crate) time: Duration,
}

/// Fetches `path` with so many clients. All are connected before the first asks.
pub(crate) fn pull(address: SocketAddr, path: &str, file: &[u8], clients: u32) -> Result<Pulled> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(pull_all(address, path, file.into(), clients))
}

async fn pull_all(address: SocketAddr, path: &str, file: Arc<[u8]>, clients: u32) -> Result<Pulled> {
    let together = Arc::new(Barrier::new(usize::try_from(clients)? + 1));
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let connecting = timeout(PATIENCE, TcpStream::connect(address)).await.map_err(|_| anyhow!("it takes too long"));
        let stream = connecting.and_then(|connected| Ok(connected?)).context("cannot connect")?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let (together, file) = (together.clone(), file.clone());
        tasks.spawn(async move {
            together.wait().await;
            match timeout(PATIENCE, fetch(stream, &request, &file)).await {
                Ok(fetched) => fetched,
                Err(_) => Err(anyhow!("not there after {} s", PATIENCE.as_secs())),
            }
        });
    }
    together.wait().await;
    let started = Instant::now();
    let mut pulled = Pulled { wrong: 0, why: None, time: Duration::ZERO };
    while let Some(fetched) = tasks.join_next().await {
        if let Err(error) = fetched? {
            pulled.wrong += 1;
            pulled.why.get_or_insert(format!("{error:#}"));
        }
    }
    pulled.time = started.elapsed();
    Ok(pulled)
}

/// Asks once, and reads to the end of the connection.
async fn fetch(mut stream: TcpStream, request: &str, file: &[u8]) -> Result<()> {
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = Vec::with_capacity(READ_BYTES);
    let head_bytes = loop {
        ensure!(buffer.len() <= MAX_HEAD, "the head of the answer does not end");
        ensure!(stream.read_buf(&mut buffer).await? > 0, "the connection ends in the head of the answer");
        if let Some(place) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break place + 4;
        }
    };
    let (head, first) = buffer.split_at(head_bytes);
    check_head(std::str::from_utf8(head)?, file.len())?;
    let mut rest = take(file, first)?;
    loop {
        buffer.clear();
        if stream.read_buf(&mut buffer).await? == 0 {
            break;
        }
        rest = take(rest, &buffer)?;
    }
    ensure!(rest.is_empty(), "{} of {} bytes did not come", rest.len(), file.len());
    Ok(())
}

fn check_head(head: &str, file_bytes: usize) -> Result<()> {
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    ensure!(status.starts_with("HTTP/1.1 200"), "answered with `{status}`");
    let mut named = lines.filter_map(|line| line.split_once(':'));
    let length = named.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: Option<usize> = length.and_then(|(_, value)| value.trim().parse().ok());
    ensure!(length == Some(file_bytes), "Content-Length is {length:?} for a file of {file_bytes} bytes");
    Ok(())
}

/// What is left of the file when `came` is what it goes on with.
fn take<'a>(rest: &'a [u8], came: &[u8]) -> Result<&'a [u8]> {
    match rest.strip_prefix(came) {
        Some(rest) => Ok(rest),
        None if came.len() > rest.len() => bail!("more came than the file has"),
        None => bail!("other bytes came than the file has"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Three clients, who want this file, of a server that answers so.
    async fn pulled(file: &[u8], answer: &[u8]) -> Pulled {
        let answer: Arc<[u8]> = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = async {
            let mut tasks = JoinSet::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = answer.clone();
                tasks.spawn(async move {
                    // All connect before the first asks, so nobody may be waited for here.
                    let _ = stream.read(&mut [0; 512]).await;
                    let _ = stream.write_all(&answer).await;
                });
            }
        };
        tokio::select! {
            () = serving => unreachable!(),
            pulled = pull_all(address, "/a", file.into(), 3) => pulled.unwrap(),
        }
    }

    #[tokio::test]
    async fn only_the_very_bytes_are_right() {
        assert_eq!(pulled(b"0123456789", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await.wrong, 0);
        for (answer, why) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456799"[..], "other bytes"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012345678", "1 of 10 bytes did not come"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234567890", "more came"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678", "Content-Length is Some(9)"),
            (b"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n0123456789", "404"),
            (b"HTTP/1.1 200 OK\r\n", "ends in the head"),
        ] {
            let pulled = pulled(b"0123456789", answer).await;
            assert_eq!(pulled.wrong, 3);
            assert!(pulled.why.as_ref().is_some_and(|said| said.contains(why)), "{why}: {:?}", pulled.why);
        }
    }

    #[tokio::test]
    async fn the_last_byte_of_many_counts() {
        let file = vec![7; 5 * READ_BYTES];
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len()).into_bytes();
        answer.extend(&file);
        assert_eq!(pulled(&file, &answer).await.wrong, 0);
        *answer.last_mut().unwrap() = 8;
        assert_eq!(pulled(&file, &answer).await.wrong, 3);
    }
}
