//! The measure of all figures: a bare TCP relay, without WebSocket and without checks. What it spends is what the kernel alone costs.
//!
//! A connection whose first bytes are `V\n` is a viewer; any other is a device whose lines go, as they are, into one buffer that is
//! written to every viewer every 5 ms. One thread; not for any use but measuring.

use anyhow::{Context, Result};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{LocalSet, spawn_local};

/// Lines wait this long for company.
const COALESCE: Duration = Duration::from_millis(5);
/// A viewer that is this far behind is dropped.
const MAX_BEHIND_BYTES: usize = 4 << 20;

/// What all connections share; one thread, so no locks.
struct Hub {
    /// Lines since the last flush.
    lines: RefCell<Vec<u8>>,
    viewers: RefCell<Vec<Viewer>>,
    /// One read buffer is enough for one thread, and keeps idle connections small.
    scratch: RefCell<Box<[u8]>>,
}

struct Viewer {
    stream: Rc<TcpStream>,
    /// What the socket did not take yet.
    behind: Vec<u8>,
}

/// Serves until the process is ended. Says on stderr where it listens, as a line of JSON like the edge's.
pub(crate) fn serve(listen: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    LocalSet::new().block_on(&runtime, async {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        let listener = socket.listen(4_096)?;
        let address = listener.local_addr()?;
        eprintln!("{}", serde_json::json!({ "message": "listening", "relay.address": address.to_string() }));
        let hub = Rc::new(Hub {
            lines: RefCell::default(),
            viewers: RefCell::default(),
            scratch: RefCell::new(vec![0; 64 * 1024].into()),
        });
        spawn_local(flush(Rc::clone(&hub)));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            spawn_local(connection(Rc::new(stream), Rc::clone(&hub)));
        }
    })
}

async fn flush(hub: Rc<Hub>) {
    let mut timer = tokio::time::interval(COALESCE);
    loop {
        timer.tick().await;
        let mut lines = hub.lines.borrow_mut();
        hub.viewers.borrow_mut().retain_mut(|viewer| viewer.send(&lines));
        lines.clear();
    }
}

impl Viewer {
    /// Whether the viewer is still there.
    fn send(&mut self, lines: &[u8]) -> bool {
        if !self.behind.is_empty() {
            match self.stream.try_write(&self.behind) {
                Ok(written) => drop(self.behind.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        let mut written = 0;
        if self.behind.is_empty() && !lines.is_empty() {
            match self.stream.try_write(lines) {
                Ok(bytes) => written = bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        self.behind.extend(lines.iter().skip(written));
        self.behind.len() <= MAX_BEHIND_BYTES
    }
}

async fn connection(stream: Rc<TcpStream>, hub: Rc<Hub>) {
    let mut first = true;
    // The begin of a line whose end has not arrived.
    let mut carry = Vec::new();
    loop {
        if stream.readable().await.is_err() {
            return;
        }
        let mut scratch = hub.scratch.borrow_mut();
        let bytes = match stream.try_read(&mut scratch) {
            Ok(0) => return,
            Ok(read) => scratch.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        if std::mem::take(&mut first) && bytes == b"V\n" {
            hub.viewers.borrow_mut().push(Viewer { stream: Rc::clone(&stream), behind: Vec::new() });
            continue;
        }
        let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            carry.extend_from_slice(bytes);
            continue;
        };
        let (whole, rest) = bytes.split_at(last + 1);
        let mut lines = hub.lines.borrow_mut();
        lines.append(&mut carry);
        lines.extend_from_slice(whole);
        carry.extend_from_slice(rest);
    }
}
