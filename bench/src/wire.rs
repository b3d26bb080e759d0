//! Just enough of the WebSocket protocol for a client that costs next to nothing: frames are masked with the key 0, so masking is no
//! work, and frames from the server are taken apart as they arrive, without ever being put together. Not for general use: answers to
//! the handshake are hardly checked, and compression does not exist.

use std::net::SocketAddr;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Bytes before the payload of a masked frame with less than 126 bytes of payload.
pub(crate) const SHORT_HEAD_BYTES: usize = 6;

/// What the stock firmware says to open a connection.
pub(crate) fn handshake(host: SocketAddr) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: file://\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Z3JvdXBsb29wLWJlbmNoIQ==\r\nSec-WebSocket-Protocol: arduino\r\n\r\n"
    )
    .into_bytes()
}

/// The head of a short masked text frame; the payload follows as it is, because the key is 0.
pub(crate) fn short_text_head(payload_bytes: u8) -> [u8; SHORT_HEAD_BYTES] {
    [0x80 | TEXT, 0x80 | payload_bytes.min(125), 0, 0, 0, 0]
}

/// A whole masked text frame with at most 125 bytes of payload.
pub(crate) fn text(line: &str) -> Vec<u8> {
    short(TEXT, line.as_bytes())
}

/// The answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    short(PONG, payload)
}

fn short(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | u8::try_from(payload.len()).unwrap_or(125).min(125), 0, 0, 0, 0];
    frame.extend(payload.iter().take(125));
    frame
}

/// A part of what a server sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Bytes of the current text message, as many as have arrived.
    Text(&'a [u8]),
    /// The text message is complete.
    End,
    Ping(&'a [u8]),
    /// The server says goodbye, with this code (1005 when it gave none).
    Close(u16),
}

/// Something that no server may send to this client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WireFault(pub(crate) &'static str);

/// Takes frames apart as bytes arrive. Keeps at most a head and the payload of one control frame.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    head: [u8; 10],
    head_bytes: usize,
    /// Payload bytes still to come; `Some` while in a payload.
    left: Option<u64>,
    control: Vec<u8>,
}

impl Decoder {
    pub(crate) fn feed(&mut self, mut bytes: &[u8], on: &mut impl FnMut(Piece<'_>)) -> Result<(), WireFault> {
        loop {
            match self.left {
                None => {
                    let Some((byte, rest)) = bytes.split_first() else { return Ok(()) };
                    bytes = rest;
                    if let Some(slot) = self.head.get_mut(self.head_bytes) {
                        *slot = *byte;
                    }
                    self.head_bytes += 1;
                    self.left = self.payload_bytes()?;
                }
                Some(left) => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (payload, rest) = bytes.split_at_checked(take).unwrap_or((bytes, &[]));
                    bytes = rest;
                    let left = left - payload.len() as u64;
                    self.take(payload, left == 0, on);
                    if left > 0 {
                        self.left = Some(left);
                        return Ok(());
                    }
                    self.left = None;
                    self.head_bytes = 0;
                }
            }
        }
    }

    /// The payload's length once the head is complete.
    fn payload_bytes(&self) -> Result<Option<u64>, WireFault> {
        let [first, second, a, b, c, d, e, f, g, h] = self.head;
        if self.head_bytes < 2 {
            return Ok(None);
        }
        if first & 0x70 != 0 {
            return Err(WireFault("reserved bits are set"));
        }
        if !matches!(first & 0xf, CONTINUATION | TEXT | CLOSE | PING | PONG) {
            return Err(WireFault("neither text nor control frame"));
        }
        if second & 0x80 != 0 {
            return Err(WireFault("frame from the server is masked"));
        }
        if first & 0x8 != 0 && second > 125 {
            return Err(WireFault("control frame is too long"));
        }
        Ok(match (second, self.head_bytes) {
            (126, 4) => Some(u16::from_be_bytes([a, b]).into()),
            (127, 10) => Some(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            (126 | 127, _) => None,
            (short, _) => Some(short.into()),
        })
    }

    fn take(&mut self, payload: &[u8], complete: bool, on: &mut impl FnMut(Piece<'_>)) {
        let [first, ..] = self.head;
        let opcode = first & 0xf;
        if matches!(opcode, TEXT | CONTINUATION) {
            if !payload.is_empty() {
                on(Piece::Text(payload));
            }
            if complete && first & 0x80 != 0 {
                on(Piece::End);
            }
            return;
        }
        self.control.extend_from_slice(payload);
        if complete {
            match opcode {
                PING => on(Piece::Ping(&self.control)),
                CLOSE => on(Piece::Close(self.control.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)))),
                _ => {}
            }
            self.control.clear();
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
