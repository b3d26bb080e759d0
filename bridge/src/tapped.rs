//! What somebody wants to look at on the bus: a subject, or a pattern of any shape below `gl.`.

use crate::subject::Subject;
use std::str::FromStr;
use std::sync::Arc;

/// Longest pattern in bytes: the longest subject has two names in it.
const MAX_LEN: usize = 128;

/// Words between dots, of which `*` is any one word, and `>` in the end one or more of any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tapped(Arc<str>);

/// Why a text is no such pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no subject and no pattern of ours: it must begin with gl. and have words of a-z, 0-9 and - between dots, where * is any one word and > in the end any words"
)]
pub struct TappedError(String);

impl Tapped {
    /// The pattern as NATS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message on this subject is meant.
    #[must_use]
    pub fn matches(&self, subject: &Subject) -> bool {
        let subject = subject.to_string();
        let mut words = subject.split('.');
        for wanted in self.0.split('.') {
            match (wanted, words.next()) {
                (_, None) => return false,
                (">", Some(_)) => return true,
                ("*", Some(_)) => {}
                (wanted, Some(word)) if wanted == word => {}
                _ => return false,
            }
        }
        words.next().is_none()
    }
}

impl FromStr for Tapped {
    type Err = TappedError;

    fn from_str(text: &str) -> Result<Self, TappedError> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let words: Vec<&str> = text.split('.').collect();
        let last = words.len() - 1;
        let fits = |(place, word): (usize, &&str)| is_word(word) || *word == "*" || (*word == ">" && place == last);
        let is_ours = text.len() <= MAX_LEN && words.first() == Some(&"gl") && last > 0;
        if is_ours && words.iter().enumerate().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(TappedError(text.chars().take(MAX_LEN).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_with_ours_can_be_looked_at() {
        for text in
            ["gl.>", "gl.registry", "gl.space.*.presence", "gl.space.main.telemetry.edge-1", "gl.*.*.command.1a2b"]
        {
            assert_eq!(text.parse::<Tapped>().unwrap().as_str(), text);
        }
        let long = format!("gl.{}", "a".repeat(126));
        for text in [
            "",
            ">",
            "gl",
            "gl.",
            "*.>",
            "gl.>.x",
            "gl.a*",
            "gl.space..x",
            "gl.A",
            "gl.a b",
            "gl.a\r\nSUB > 1",
            "_INBOX.>",
            &long,
        ] {
            assert!(text.parse::<Tapped>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn it_matches_as_nats_does() {
        let subject = Subject::parse("gl.space.main.command.1a2b").unwrap();
        let matches = |text: &str| text.parse::<Tapped>().unwrap().matches(&subject);
        for text in
            ["gl.>", "gl.space.main.>", "gl.space.*.command.*", "gl.*.main.command.1a2b", "gl.space.main.command.>"]
        {
            assert!(matches(text), "{text}");
        }
        for text in [
            "gl.space.main.command",
            "gl.space.*",
            "gl.space.blue.>",
            "gl.space.main.command.1a2b.>",
            "gl.space.main.command.1a2c",
        ] {
            assert!(!matches(text), "{text}");
        }
    }
}
