//! What one device sent last, and which of it each viewer has. Pure: frames and times in, matches out.
//!
//! ```text
//!   frames sent      … 40 41 42 43 44 45 46        the last HISTORY of them, each with its content
//!   a viewer's         ■  ■  □  ■  ■  .  .         ■ received   □ missing so far   . not yet
//!                                     ▲ next: after the newest that it has
//! ```
//!
//! Frames have no number on the wire, so a frame that arrives is looked for by its content: first from `next` on, then before it.

/// Frames of a device that are remembered: 3.2 s at 20 Hz. What arrives later than that counts as lost, and as foreign when it comes.
pub const HISTORY: usize = 64;

/// What a frame says but for the id: 8 bytes.
pub(super) type Content = u64;

/// One device of one swarm.
#[derive(Debug)]
pub(super) struct Track {
    /// The swarm.
    pub(super) class: usize,
    /// Frames sent so far: the number of the next.
    sent: u64,
    contents: [Content; HISTORY],
    due_us: [u64; HISTORY],
    views: Box<[View]>,
    /// The next track of the same id, if there is one.
    pub(super) twin: Option<usize>,
}

/// What one viewer has of a track.
#[derive(Debug, Clone, Copy, Default)]
struct View {
    /// The number after the newest frame that it has.
    next: u64,
    /// The bit `number % HISTORY` for each frame of the history that it has.
    received: u64,
}

fn bit(number: u64) -> u64 {
    1 << (number % HISTORY as u64)
}

impl Track {
    pub(super) fn new(class: usize, viewers: usize, twin: Option<usize>) -> Self {
        let views = vec![View::default(); viewers].into_boxed_slice();
        Self { class, sent: 0, contents: [0; HISTORY], due_us: [0; HISTORY], views, twin }
    }

    /// Notes a frame that is sent. It pushes the oldest out of the history: for how many viewers that one is lost.
    #[inline]
    pub(super) fn push(&mut self, content: Content, due_us: u64) -> u64 {
        let bit = bit(self.sent);
        let full = self.sent >= HISTORY as u64;
        let mut lost = 0;
        for view in &mut self.views {
            lost += u64::from(full && view.received & bit == 0);
            view.received &= !bit;
        }
        let slot = (self.sent % HISTORY as u64) as usize;
        if let (Some(at), Some(due)) = (self.contents.get_mut(slot), self.due_us.get_mut(slot)) {
            (*at, *due) = (content, due_us);
        }
        self.sent += 1;
        lost
    }

    /// The oldest frame of this content that is newer than all that the viewer has.
    #[inline]
    pub(super) fn ahead(&self, viewer: usize, content: Content) -> Option<Ahead> {
        let view = self.views.get(viewer)?;
        let number = (view.next.max(self.oldest())..self.sent).find(|number| self.is(*number, content))?;
        Some(Ahead { number, skipped: number - view.next })
    }

    /// The oldest frame of this content that the viewer has skipped: of equal ones it is the first to fall out of the history.
    pub(super) fn behind(&self, viewer: usize, content: Content) -> Option<u64> {
        let view = self.views.get(viewer)?;
        let skipped = |number: &u64| view.received & bit(*number) == 0;
        (self.oldest()..view.next).filter(skipped).find(|number| self.is(*number, content))
    }

    /// Whether the viewer has a frame of this content already.
    pub(super) fn has(&self, viewer: usize, content: Content) -> bool {
        let Some(view) = self.views.get(viewer) else { return false };
        (self.oldest()..view.next).any(|number| view.received & bit(number) != 0 && self.is(number, content))
    }

    /// Notes that the viewer has a frame of the history: when it was due, µs.
    #[inline]
    pub(super) fn take(&mut self, viewer: usize, number: u64) -> u64 {
        if let Some(view) = self.views.get_mut(viewer) {
            view.received |= bit(number);
            view.next = view.next.max(number + 1);
        }
        self.due_us.get((number % HISTORY as u64) as usize).copied().unwrap_or_default()
    }

    /// Frames of the history that viewers do not have, each counted for each viewer.
    pub(super) fn missing(&self) -> u64 {
        let held = self.sent - self.oldest();
        self.views.iter().map(|view| held - u64::from(view.received.count_ones())).sum()
    }

    fn oldest(&self) -> u64 {
        self.sent.saturating_sub(HISTORY as u64)
    }

    #[inline]
    fn is(&self, number: u64, content: Content) -> bool {
        self.contents.get((number % HISTORY as u64) as usize) == Some(&content)
    }
}

/// A frame that a viewer does not have yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    /// Its number.
    pub(super) number: u64,
    /// Older ones that the viewer does not have either, and that are skipped when this one is taken.
    pub(super) skipped: u64,
}
