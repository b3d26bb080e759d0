//! What a peer hears: bytes in, blocks of whole lines out, whether WebSocket frames are around them or not.

use crate::wire::{Decoder, Piece, WireFault, pong};

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// An edge.
    WebSocket,
    /// The bare relay: lines on TCP, nothing else.
    Bare,
}

/// The incoming half of one connection.
#[derive(Debug)]
pub(crate) struct Inbox {
    decoder: Option<Decoder>,
    /// The begin of a line whose end has not arrived.
    carry: Vec<u8>,
    closed: Option<u16>,
}

impl Inbox {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let decoder = (dialect == Dialect::WebSocket).then(Decoder::default);
        Self { decoder, carry: Vec::new(), closed: None }
    }

    /// The code of the close frame, once one has come.
    pub(crate) fn closed(&self) -> Option<u16> {
        self.closed
    }

    /// Calls `on_lines` with blocks of one or more whole lines, each with its newline (a message's last line gets one when it has
    /// none); what must be sent back is appended to `replies`.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        replies: &mut Vec<u8>,
        on_lines: &mut impl FnMut(&[u8]),
    ) -> Result<(), WireFault> {
        let Self { decoder, carry, closed } = self;
        let Some(decoder) = decoder else {
            split(carry, bytes, on_lines);
            return Ok(());
        };
        decoder.feed(bytes, &mut |piece| match piece {
            Piece::Text(part) => split(carry, part, on_lines),
            Piece::End if carry.is_empty() => {}
            Piece::End => split(carry, b"\n", on_lines),
            Piece::Ping(payload) => replies.extend(pong(payload)),
            Piece::Close(code) => *closed = Some(code),
        })
    }
}

fn split(carry: &mut Vec<u8>, bytes: &[u8], on_lines: &mut impl FnMut(&[u8])) {
    let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        carry.extend_from_slice(bytes);
        return;
    };
    let (mut lines, rest) = bytes.split_at(last + 1);
    if !carry.is_empty() {
        let first = lines.iter().position(|byte| *byte == b'\n').unwrap_or(last);
        let (end, others) = lines.split_at(first + 1);
        carry.extend_from_slice(end);
        on_lines(carry);
        carry.clear();
        lines = others;
    }
    if !lines.is_empty() {
        on_lines(lines);
    }
    carry.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(dialect: Dialect, stream: &[u8], chunk: usize) -> (String, Vec<u8>, Option<u16>) {
        let (mut inbox, mut heard, mut replies) = (Inbox::new(dialect), String::new(), Vec::new());
        for bytes in stream.chunks(chunk) {
            inbox
                .feed(bytes, &mut replies, &mut |block| {
                    assert!(block.ends_with(b"\n"));
                    heard.push_str(std::str::from_utf8(block).unwrap());
                })
                .unwrap();
        }
        (heard, replies, inbox.closed())
    }

    #[test]
    fn lines_survive_every_cut() {
        let bare = b"one\ntwo\n\nthree\nrest";
        let framed =
            [&b"\x81\x08one\ntwo\n"[..], b"\x89\x00", b"\x81\x06\nthree", b"\x81\x04rest", b"\x88\x02\x03\xf4"]
                .concat();
        for chunk in 1..framed.len() {
            assert_eq!(hear(Dialect::Bare, bare, chunk).0, "one\ntwo\n\nthree\n");
            let (heard, replies, closed) = hear(Dialect::WebSocket, &framed, chunk);
            assert_eq!((heard.as_str(), closed), ("one\ntwo\n\nthree\nrest\n", Some(1012)));
            assert_eq!(replies, pong(b""));
        }
    }
}
