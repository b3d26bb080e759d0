//! The desk for the answers of the NATS engine: one subscription for all questions of a node.

use crate::bus::delivery::Answer;
use async_nats::StatusCode;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// The desk for answers: one subscription for all questions of the node. (The library's own keeps a question that ran into its timeout
/// for ever, and takes one answer only.)
#[derive(Debug, Default)]
pub(super) struct Inbox {
    prefix: String,
    next: AtomicU64,
    open: Mutex<HashMap<u64, mpsc::Sender<Answer>>>,
    /// Answers for which an asker had no room.
    lost: AtomicU64,
}

impl Inbox {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// What the subjects of all answers begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The pattern of all subjects that answers arrive on.
    pub(super) fn pattern(&self) -> String {
        format!("{}.*", self.prefix)
    }

    /// Where the answers to this question go.
    pub(super) fn subject(&self, question: &PendingQuestion) -> String {
        format!("{}.{}", self.prefix, question.token)
    }

    /// Whether answers on this subject come here: then the question is our own.
    pub(super) fn is_own(&self, reply: &str) -> bool {
        reply.strip_prefix(self.prefix.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }

    pub(super) fn open(self: &Arc<Self>, asker: mpsc::Sender<Answer>) -> PendingQuestion {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(token, asker);
        PendingQuestion { inbox: self.clone(), token }
    }

    pub(super) fn take_in(&self, message: async_nats::Message) {
        let token = message.subject.rsplit_once('.').and_then(|(_, token)| token.parse::<u64>().ok());
        let Some(token) = token else { return };
        let answer = match message.status {
            Some(StatusCode::NO_RESPONDERS) => Answer::NoResponders,
            _ => Answer::Payload(message.payload),
        };
        if let Some(asker) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&token) {
            // An asker with that many unread answers has its picture; more cannot help it.
            if let Err(mpsc::error::TrySendError::Full(_)) = asker.try_send(answer) {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A question that waits for answers; forgotten when dropped.
#[derive(Debug)]
pub(crate) struct PendingQuestion {
    inbox: Arc<Inbox>,
    token: u64,
}

impl Drop for PendingQuestion {
    fn drop(&mut self) {
        self.inbox.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.token);
    }
}
