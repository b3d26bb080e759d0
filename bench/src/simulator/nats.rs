//! As much of the NATS protocol as it takes to publish frames, and to hear when which frame arrives.
//!
//! ```text
//!  INFO {…}\r\n                         ◀── first of all
//!  CONNECT {…}\r\n                      ──▶
//!  SUB <subject> <id>\r\n               ──▶
//!  PUB <subject> <bytes>\r\n…\r\n       ──▶
//!  MSG <subject> <id> <bytes>\r\n…\r\n  ◀──
//!  PING\r\n   PONG\r\n                  ◀──▶
//! ```

use crate::clock::Clock;
use crate::stamp::{LINE_BYTES, Stamp};
use anyhow::{Context, Result, bail, ensure};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a server may take to answer while a connection is opened.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest wait for a message before somebody else has a say.
const WAIT: Duration = Duration::from_millis(20);
const READ_BYTES: usize = 64 * 1_024;
/// Longer than any line that a server sends, its greeting included.
const MAX_LINE_BYTES: usize = 16 * 1_024;

/// A connection to a NATS server.
#[derive(Debug)]
pub(crate) struct Nats {
    stream: TcpStream,
    inbox: Inbox,
}

/// A frame, and when it was here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) stamp: Stamp,
    pub(crate) received_us: u64,
}

impl Nats {
    /// Connects and waits until the server has taken that in.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("cannot connect to NATS at {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(WAIT))?;
        let mut nats = Self { stream, inbox: Inbox::default() };
        nats.send(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"bench\",\"lang\":\"rust\",\"version\":\"0\"}\r\n")?;
        nats.settle()?;
        Ok(nats)
    }

    /// Subscribes; from here on nothing is missed.
    pub(crate) fn subscribe(&mut self, subject: &str) -> Result<()> {
        self.send(format!("SUB {subject} 1\r\n").as_bytes())?;
        self.settle()
    }

    /// Publishes one message.
    pub(crate) fn publish(&mut self, subject: &str, payload: &[u8]) -> Result<()> {
        let message = [format!("PUB {subject} {}\r\n", payload.len()).as_bytes(), payload, b"\r\n"].concat();
        self.send(&message)
    }

    /// Waits until the server has handled all that was sent.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.round_trip(&mut |_| ())
    }

    /// Takes in the frames that are here, or that arrive within a moment.
    pub(crate) fn listen(&mut self, clock: Clock, arrivals: &mut Vec<Arrival>) -> Result<()> {
        self.read(&mut |payload| take(payload, clock, arrivals))
    }

    /// Takes in all frames that the server has for us by now.
    pub(crate) fn listen_to_the_end(&mut self, clock: Clock, arrivals: &mut Vec<Arrival>) -> Result<()> {
        self.round_trip(&mut |payload| take(payload, clock, arrivals))
    }

    fn round_trip(&mut self, on_message: &mut impl FnMut(&[u8])) -> Result<()> {
        self.send(b"PING\r\n")?;
        let (pongs, started) = (self.inbox.pongs, Instant::now());
        while self.inbox.pongs == pongs {
            ensure!(started.elapsed() < PATIENCE, "NATS does not answer within {} s", PATIENCE.as_secs());
            self.read(on_message)?;
        }
        Ok(())
    }

    fn read(&mut self, on_message: &mut impl FnMut(&[u8])) -> Result<()> {
        let mut buffer = [0; READ_BYTES];
        let read = match self.stream.read(&mut buffer) {
            Ok(0) => bail!("NATS has closed the connection"),
            Ok(read) => read,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error).context("NATS cannot be read"),
        };
        for _ in 0..self.inbox.feed(buffer.get(..read).unwrap_or_default(), on_message)? {
            self.send(b"PONG\r\n")?;
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).context("NATS cannot be written to")
    }
}

/// Other lines than frames are passed over: they are nobody's here.
fn take(payload: &[u8], clock: Clock, arrivals: &mut Vec<Arrival>) {
    let received_us = clock.now_us();
    let lines = payload.as_chunks::<LINE_BYTES>().0;
    arrivals.extend(lines.iter().map(|line| Arrival { stamp: Stamp::read(line), received_us }));
}

/// Takes apart what a server sends, in whatever pieces it comes.
#[derive(Debug, Default)]
struct Inbox {
    waiting: Vec<u8>,
    pongs: u64,
}

impl Inbox {
    /// Hands out messages. Returns how many pings are to be answered.
    fn feed(&mut self, bytes: &[u8], on_message: &mut impl FnMut(&[u8])) -> Result<u64> {
        self.waiting.extend_from_slice(bytes);
        let (mut rest, mut pings) = (&*self.waiting, 0);
        while let Some((line, behind)) = first_line(rest)? {
            rest = match line.split_once(' ').map_or(line, |(word, _)| word) {
                "MSG" => {
                    let bytes = line.rsplit(' ').next().and_then(|bytes| bytes.parse::<usize>().ok());
                    let bytes = bytes.with_context(|| format!("NATS sends a message without a size: {line}"))?;
                    // With the line's end behind it.
                    let Some((message, behind)) = behind.split_at_checked(bytes.saturating_add(2)) else { break };
                    on_message(message.get(..bytes).unwrap_or_default());
                    behind
                }
                "PING" => {
                    pings += 1;
                    behind
                }
                "PONG" => {
                    self.pongs += 1;
                    behind
                }
                "INFO" | "+OK" => behind,
                _ => bail!("NATS says: {line}"),
            };
        }
        let done = self.waiting.len() - rest.len();
        self.waiting.drain(..done);
        Ok(pings)
    }
}

/// A whole line, and what is behind it.
fn first_line(bytes: &[u8]) -> Result<Option<(&str, &[u8])>> {
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
        ensure!(bytes.len() < MAX_LINE_BYTES, "NATS sends a line that does not end");
        return Ok(None);
    };
    let (line, behind) = bytes.split_at(end);
    Ok(Some((std::str::from_utf8(line)?, behind.get(2..).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = b"INFO {\"max_payload\":1}\r\nPONG\r\nMSG gl.space.bench.telemetry.x 1 3\r\na\r\n\r\nPING\r\nMSG s 1 reply 2\r\nhi\r\n";

    #[test]
    fn what_a_server_says_is_taken_apart_wherever_it_is_cut() {
        for cut in 0..=SAID.len() {
            let (mut inbox, mut messages, mut pings) = (Inbox::default(), Vec::new(), 0);
            for piece in [&SAID[..cut], &SAID[cut..]] {
                pings += inbox.feed(piece, &mut |message| messages.push(message.to_vec())).unwrap();
            }
            assert_eq!(messages, [b"a\r\n".to_vec(), b"hi".to_vec()], "{cut}");
            assert_eq!((pings, inbox.pongs, inbox.waiting.len()), (1, 1, 0), "{cut}");
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_said() {
        let error = |said: &[u8]| Inbox::default().feed(said, &mut |_| ()).unwrap_err().to_string();
        assert_eq!(error(b"-ERR 'Authorization Violation'\r\n"), "NATS says: -ERR 'Authorization Violation'");
        assert!(error(b"MSG s 1 many\r\n").contains("without a size"));
        assert!(error(&[b'x'; MAX_LINE_BYTES]).contains("does not end"));
    }
}
