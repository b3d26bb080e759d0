//! A connection of the generator: opening many of them at once, and reading what arrives.

use crate::inbox::{Dialect, Inbox};
use crate::wire;
use anyhow::{Context, Result, bail, ensure};
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The first message of every edge.
const GREETING: &str = "Connected to GroupLoop WebSocket server";
/// Connections opened together: their handshakes overlap, and no listener's queue overflows.
const BATCH: usize = 64;
/// How long a server may take for any answer while connections are opened.
const PATIENCE: Duration = Duration::from_secs(10);
/// Read buffers are shared by all connections of a thread.
pub(crate) const READ_BYTES: usize = 256 * 1024;

/// What a connection is for; a connection that is neither yet sends lines later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Device,
    Viewer,
}

/// What one look at a connection gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing before the socket would have blocked longer than it may.
    Nothing,
    Something,
    /// Nothing more will come.
    Closed,
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) dialect: Dialect,
    inbox: Inbox,
    replies: Vec<u8>,
}

impl Peer {
    /// Opens `count` connections and waits until the server has greeted (and, for viewers, subscribed) each.
    pub(crate) fn open_all(address: SocketAddr, dialect: Dialect, role: Role, count: u32) -> Result<Vec<Self>> {
        let count = usize::try_from(count)?;
        let mut peers = Vec::with_capacity(count);
        while peers.len() < count {
            let mut batch = (0..BATCH.min(count - peers.len()))
                .map(|_| Self::dial(address, dialect, role))
                .collect::<Result<Vec<_>>>()?;
            if dialect == Dialect::WebSocket {
                batch.iter_mut().try_for_each(Self::finish_handshake)?;
                if role == Role::Viewer {
                    batch.iter_mut().try_for_each(|peer| peer.say("s"))?;
                    batch.iter_mut().try_for_each(|peer| peer.wait_for("stream:on"))?;
                }
            }
            peers.append(&mut batch);
        }
        Ok(peers)
    }

    /// Opens one connection.
    pub(crate) fn open(address: SocketAddr, dialect: Dialect, role: Role) -> Result<Self> {
        Self::open_all(address, dialect, role, 1)?.pop().context("no connection was opened")
    }

    fn dial(address: SocketAddr, dialect: Dialect, role: Role) -> Result<Self> {
        let stream =
            TcpStream::connect_timeout(&address, PATIENCE).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // Ten thousand closed connections shall not wait out their last minute.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        match (dialect, role) {
            (Dialect::WebSocket, _) => (&stream).write_all(&wire::handshake(address))?,
            (Dialect::Bare, Role::Viewer) => (&stream).write_all(b"V\n")?,
            (Dialect::Bare, Role::Device) => {}
        }
        Ok(Self { stream, dialect, inbox: Inbox::new(dialect), replies: Vec::new() })
    }

    fn finish_handshake(&mut self) -> Result<()> {
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        let end = loop {
            let read = self.stream.read(&mut buffer).context("no answer to the WebSocket handshake")?;
            ensure!(read > 0, "the server closed the connection during the handshake");
            answer.extend(buffer.iter().take(read));
            if let Some(start) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break start + 4;
            }
            ensure!(answer.len() < 16_384, "the answer to the handshake does not end");
        };
        let (head, rest) = answer.split_at(end);
        if !head.starts_with(b"HTTP/1.1 101 ") {
            bail!("the handshake was refused: {}", String::from_utf8_lossy(head).lines().next().unwrap_or_default());
        }
        let mut greeted = false;
        self.take(rest, &mut |block| greeted |= block.trim_ascii() == GREETING.as_bytes())?;
        if greeted { Ok(()) } else { self.wait_for(GREETING) }
    }

    /// Sends a short line as a message of its own; on a blocking socket.
    pub(crate) fn say(&mut self, line: &str) -> Result<()> {
        match self.dialect {
            Dialect::WebSocket => self.stream.write_all(&wire::text(line))?,
            Dialect::Bare => self.stream.write_all(format!("{line}\n").as_bytes())?,
        }
        Ok(())
    }

    /// Reads on until a line that equals `wanted` has come; other lines are passed over.
    pub(crate) fn wait_for(&mut self, wanted: &str) -> Result<()> {
        self.wait_for_any(&[wanted]).map(|_| ())
    }

    /// The place in `wanted` of the line that came first.
    pub(crate) fn wait_for_any(&mut self, wanted: &[&str]) -> Result<usize> {
        let started = Instant::now();
        let mut buffer = vec![0; 16_384];
        let mut found = None;
        while found.is_none() {
            let heard = self.listen(&mut buffer, &mut |block| {
                for line in block.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
                    found = found.or_else(|| wanted.iter().position(|wish| wish.as_bytes() == line));
                }
            });
            ensure!(found.is_some() || heard != Heard::Closed, "closed while waiting for {wanted:?}");
            ensure!(found.is_some() || started.elapsed() < PATIENCE, "no {wanted:?} within {} s", PATIENCE.as_secs());
        }
        found.context("nothing found")
    }

    /// One read, as long as the socket lets it wait. Pings are answered.
    pub(crate) fn listen(&mut self, buffer: &mut [u8], on_lines: &mut impl FnMut(&[u8])) -> Heard {
        let read = match self.stream.read(buffer) {
            Ok(0) => return Heard::Closed,
            Ok(read) => read,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                return Heard::Nothing;
            }
            Err(_) => return Heard::Closed,
        };
        match self.take(buffer.get(..read).unwrap_or_default(), on_lines) {
            Ok(()) if self.inbox.closed().is_none() => Heard::Something,
            _ => Heard::Closed,
        }
    }

    fn take(&mut self, bytes: &[u8], on_lines: &mut impl FnMut(&[u8])) -> Result<()> {
        if let Err(fault) = self.inbox.feed(bytes, &mut self.replies, on_lines) {
            bail!("the server does not speak the protocol: {}", fault.0);
        }
        if !self.replies.is_empty() {
            self.stream.write_all(&self.replies)?;
            self.replies.clear();
        }
        Ok(())
    }
}
