//! A few texts that are news once: what a server says again and again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Texts that are remembered; these tell what is wrong, and all others are of their kind.
pub(super) const MAX_TEXTS: usize = 8;

/// The texts since it was told to forget.
#[derive(Debug, Default)]
pub(super) struct Few {
    seen: Mutex<BTreeSet<String>>,
}

impl Few {
    /// Takes one in; whether it is news.
    pub(super) fn hear(&self, text: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.len() < MAX_TEXTS && seen.insert(text.to_owned())
    }

    pub(super) fn forget(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn forget_one(&self, text: &str) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(text);
    }

    pub(super) fn all(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_news_once_and_only_a_few_are_kept() {
        let few = Few::default();
        assert!(few.hear("a") && !few.hear("a"));
        for number in 0..100 {
            few.hear(&format!("{number:02}"));
        }
        assert_eq!(few.all().len(), MAX_TEXTS);
        assert!(!few.hear("z"));
        few.forget_one("a");
        assert!(few.hear("a"));
        few.forget();
        assert!(few.all().is_empty() && few.hear("a"));
    }
}
