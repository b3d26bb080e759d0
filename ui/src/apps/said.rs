//! What was said in the log already: that a folder is no app is worth a line, and not one at each reload.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What is remembered; after that nothing more is said.
const MOST: usize = 1024;

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Said(Mutex<BTreeSet<String>>);

impl Said {
    /// Says it, unless that was done.
    pub(super) fn once(&self, what: &str, say: impl FnOnce()) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < MOST && said.insert(what.to_owned()) {
            say();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once_and_not_without_end() {
        let (said, mut lines) = (Said::default(), 0);
        for what in (0..2 * MOST).chain(0..10) {
            said.once(&what.to_string(), || lines += 1);
        }
        assert_eq!(lines, MOST);
    }
}
