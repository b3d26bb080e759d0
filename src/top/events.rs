//! Server-Sent Events as they come in pieces. Pure: bytes in, events out.

/// What may wait for its end; a `System` is far below this.
const MAX_WAITING: usize = 8 << 20;

/// An event, with its data on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// Takes a stream apart.
#[derive(Debug, Default)]
pub(super) struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// The events that are whole with this piece.
    pub(super) fn read(&mut self, piece: &[u8]) -> Vec<Event> {
        // Carriage returns are for other senders than ours.
        self.rest.extend(piece.iter().filter(|byte| **byte != b'\r'));
        let mut events = Vec::new();
        let mut from = 0;
        while let Some(length) = end(self.rest.get(from..).unwrap_or_default()) {
            let block = self.rest.get(from..from + length).unwrap_or_default();
            events.extend(event(&String::from_utf8_lossy(block)));
            from += length + 2;
        }
        self.rest.drain(..from);
        if self.rest.len() > MAX_WAITING {
            self.rest.clear();
        }
        events
    }
}

/// Where the empty line is.
fn end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\n\n")
}

/// The event of a block of lines; none in one without data, such as a comment that keeps a connection alive.
fn event(block: &str) -> Option<Event> {
    let mut name = "message";
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = value,
            "data" => data.push(value),
            _ => {}
        }
    }
    (!data.is_empty()).then(|| Event { name: name.to_owned(), data: data.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = "event: system\ndata: {\"at\":1}\n\n: alive\n\ndata: one\r\ndata:two\r\n\r\ndata: ü\n\n";
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into() };
        let whole = [event("system", "{\"at\":1}"), event("message", "one two"), event("message", "ü")];
        for size in 1..=text.len() {
            let mut events = Events::default();
            let read: Vec<Event> = text.as_bytes().chunks(size).flat_map(|piece| events.read(piece)).collect();
            assert_eq!(read, whole, "pieces of {size}");
        }
    }

    #[test]
    fn what_never_ends_does_not_fill_the_memory() {
        let mut events = Events::default();
        for _ in 0..10 {
            assert_eq!(events.read(&vec![b'x'; 1 << 20]), []);
        }
        assert!(events.rest.len() <= MAX_WAITING);
    }
}
