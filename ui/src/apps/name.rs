//! The name of an app: that of its folder, and a part of its URL.

use std::fmt;

/// Longest name.
const MAX_BYTES: usize = 64;

/// 1 to 64 of `A-Z a-z 0-9 . _ -`, not starting with a dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AppName(String);

impl AppName {
    /// Reads a name; `None` when it can be none.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_name = (1..=MAX_BYTES).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(fine);
        is_name.then(|| Self(name.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_no_spelling() {
        for name in ["a", "My-App_2.0", "0", "-", &"x".repeat(MAX_BYTES)] {
            assert_eq!(AppName::parse(name).unwrap().to_string(), name);
        }
        for name in ["", ".", "..", ".git", "a b", "a/b", "a%20b", "ä", "a:b", "a\\b", &"x".repeat(MAX_BYTES + 1)] {
            assert_eq!(AppName::parse(name), None, "{name}");
        }
    }
}
