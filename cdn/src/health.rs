//! Whether the store is there, and has what the program brings along, as the watch found it last.

use std::sync::{PoisonError, RwLock};

/// The state of the store. It counts as there until it was found away.
#[derive(Debug, Default)]
pub(crate) struct StoreHealth {
    away: RwLock<Option<String>>,
    unfilled: RwLock<Option<String>>,
}

impl StoreHealth {
    /// Why the store is away; `None` when it is there.
    pub(crate) fn away(&self) -> Option<String> {
        self.away.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_away(&self) -> bool {
        self.away.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Why the built-in files are not in the store; `None` when they are.
    pub(crate) fn unfilled(&self) -> Option<String> {
        self.unfilled.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what the probe found; returns whether that is news.
    pub(crate) fn set(&self, away: Option<String>) -> bool {
        let mut now = self.away.write().unwrap_or_else(PoisonError::into_inner);
        let news = now.is_some() != away.is_some();
        *now = away;
        news
    }

    /// Notes how putting the built-in files there went; returns whether that is news.
    pub(crate) fn set_unfilled(&self, unfilled: Option<String>) -> bool {
        let mut now = self.unfilled.write().unwrap_or_else(PoisonError::into_inner);
        let news = *now != unfilled;
        *now = unfilled;
        news
    }
}
