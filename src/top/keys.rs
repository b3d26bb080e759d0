//! Keys, as a terminal sends them while it does not wait for whole lines.

use std::io::Read as _;
use tokio::sync::mpsc;

/// Keys that may wait to be used; nobody types faster.
const QUEUE: usize = 16;

/// What a key means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    NextTable,
    PreviousTable,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

/// What was typed, in the bytes of one read: a key that is several bytes comes in one.
pub(super) fn keys(mut typed: &[u8]) -> Vec<Key> {
    const MEANT: [(&[u8], Key); 20] = [
        (b"\x1b[A", Key::Up),
        (b"\x1bOA", Key::Up),
        (b"\x1b[B", Key::Down),
        (b"\x1bOB", Key::Down),
        (b"\x1b[C", Key::NextTable),
        (b"\x1bOC", Key::NextTable),
        (b"\x1b[D", Key::PreviousTable),
        (b"\x1bOD", Key::PreviousTable),
        (b"\x1b[Z", Key::PreviousTable),
        (b"\x1b[5~", Key::PageUp),
        (b"\x1b[6~", Key::PageDown),
        (b"\x1b[H", Key::Home),
        (b"\x1b[1~", Key::Home),
        (b"\x1b[F", Key::End),
        (b"\x1b[4~", Key::End),
        (b"\t", Key::NextTable),
        (b"k", Key::Up),
        (b"j", Key::Down),
        (b"q", Key::Quit),
        (b"Q", Key::Quit),
    ];
    let mut found = Vec::new();
    while let [first, rest @ ..] = typed {
        let meant = MEANT.iter().find_map(|(bytes, key)| typed.strip_prefix(*bytes).map(|rest| (*key, rest)));
        typed = match meant {
            Some((key, rest)) => {
                found.push(key);
                rest
            }
            // Of a key that is not ours nothing is taken for one that is.
            None if *first == 0x1b => &[],
            None => rest,
        };
    }
    found
}

/// The keys of the terminal, typed without Enter and not shown, until this is dropped.
pub(super) struct Keyboard {
    keys: mpsc::Receiver<Key>,
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Keyboard {
    /// Listens from now on. Without a terminal there are no keys.
    pub(super) fn open() -> Self {
        let (sender, keys) = mpsc::channel(QUEUE);
        #[cfg(unix)]
        let before = raw();
        #[cfg(unix)]
        if before.is_some() {
            tokio::task::spawn_blocking(move || listen(&sender));
        }
        #[cfg(not(unix))]
        drop(sender);
        Self {
            keys,
            #[cfg(unix)]
            before,
        }
    }

    /// The next one; never, when there are none.
    ///
    /// # Cancel safety
    /// A key that comes while nobody waits is told to the next who does.
    pub(super) async fn next(&mut self) -> Key {
        match self.keys.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

/// Sends keys as they are typed. It has no end of its own: the process does not wait for it.
fn listen(keys_typed: &mpsc::Sender<Key>) {
    let mut typed = [0; 64];
    let mut stdin = std::io::stdin().lock();
    while let Ok(length @ 1..) = stdin.read(&mut typed) {
        for key in keys(typed.get(..length).unwrap_or_default()) {
            if keys_typed.blocking_send(key).is_err() {
                return;
            }
        }
    }
}

/// Has the terminal send keys at once and not show them; how it was before.
#[cfg(unix)]
fn raw() -> Option<rustix::termios::Termios> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin).ok()?;
    let mut now = before.clone();
    now.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    tcsetattr(&stdin, OptionalActions::Now, &now).ok()?;
    Some(before)
}

#[cfg(unix)]
impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_bytes() {
        assert_eq!(keys(b"q"), [Key::Quit]);
        assert_eq!(keys(b"\t\x1b[A\x1b[6~j"), [Key::NextTable, Key::Up, Key::PageDown, Key::Down]);
        assert_eq!(keys(b"\x1b[Z"), [Key::PreviousTable]);
        assert_eq!(keys("xü\x1bq".as_bytes()), []);
        assert_eq!(keys(b"\x1b[200~q"), []);
        assert_eq!(keys(b""), []);
    }
}
