//! What is wrong in a scenario and on which line: collected, so that all of it is told at once, in words that stay short whatever the file
//! holds.

use std::fmt;
use toml::de::DeValue;

/// Mistakes that are told one by one; of more only the number.
const MAX_LISTED: usize = 100;
/// Characters of a text of the file that are quoted.
const MAX_QUOTED: usize = 40;

/// Something wrong in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what it must be.
    pub text: String,
}

/// The mistakes so far.
#[derive(Debug)]
pub(super) struct Mistakes {
    /// Where each line starts.
    starts: Vec<usize>,
    listed: Vec<Mistake>,
    /// Lines that are no TOML; what else seems wrong there is only what was made of them.
    broken: Vec<usize>,
    unlisted: usize,
}

impl Mistakes {
    pub(super) fn new(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { starts, listed: Vec::new(), broken: Vec::new(), unlisted: 0 }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Notes what is wrong at a byte of the text.
    pub(super) fn note(&mut self, at: usize, what: impl fmt::Display) {
        let line = self.line(at);
        if self.broken.contains(&line) {
            return;
        }
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Mistake { line, text: what.to_string() });
        } else {
            self.unlisted += 1;
        }
    }

    /// Notes that a byte of the text is no TOML; one such mistake a line is enough.
    pub(super) fn syntax(&mut self, at: usize, what: &str) {
        let line = self.line(at);
        self.note(at, what);
        if self.broken.len() < MAX_LISTED && !self.broken.contains(&line) {
            self.broken.push(line);
        }
    }

    /// What was read, when there was no mistake; else the mistakes in the order of their lines.
    pub(super) fn or<T>(self, read: T) -> Result<T, Vec<Mistake>> {
        let mut listed = self.listed;
        if listed.is_empty() {
            return Ok(read);
        }
        // Stable: mistakes on one line stay in the order in which they were found.
        listed.sort_by_key(|mistake| mistake.line);
        if self.unlisted > 0 {
            let line = listed.last().map_or(1, |mistake| mistake.line);
            listed.push(Mistake { line, text: format!("and {} more mistakes in the file", self.unlisted) });
        }
        Err(listed)
    }
}

/// What the file holds somewhere, short enough to be told.
pub(super) struct Quoted<'a>(pub(super) &'a DeValue<'a>);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DeValue::String(text) => QuotedText(text).fmt(f),
            DeValue::Integer(number) => f.write_str(shortened(number.as_str()).0),
            DeValue::Float(number) => f.write_str(shortened(number.as_str()).0),
            DeValue::Boolean(value) => value.fmt(f),
            DeValue::Datetime(_) => f.write_str("a date"),
            DeValue::Array(_) => f.write_str("a list"),
            DeValue::Table(_) => f.write_str("a table"),
        }
    }
}

/// A text of the file in quotes, its control characters escaped and its end cut off when it is long.
pub(crate) struct QuotedText<'a>(pub(crate) &'a str);

impl fmt::Display for QuotedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, dots) = shortened(self.0);
        write!(f, "{text:?}{dots}")
    }
}

fn shortened(text: &str) -> (&str, &'static str) {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => (text.get(..end).unwrap_or_default(), "…"),
        None => (text, ""),
    }
}

/// The word that is most like another, when one is like it at all.
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A stranger's word may be as long as the file.
    if word.len() > MAX_QUOTED {
        return None;
    }
    // People leave out the unit more often than they mistype.
    let is_start = |known: &str| word.len() >= 3 && known.starts_with(word);
    let distance = |known: &str| if is_start(known) { 1 } else { changes(word, known) };
    let near = words.into_iter().map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance)?;
    (near.0 <= 1 + near.1.len() / 3).then_some(near.1)
}

/// Letters to change, add or leave out to make one word of another.
fn changes(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (place, letter) in from.chars().enumerate() {
        let mut left = place + 1;
        let mut diagonal = place;
        let mut next = vec![left];
        for (above, other) in row.iter().skip(1).zip(to.chars()) {
            let changed = diagonal + usize::from(letter != other);
            left = changed.min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        let mistakes = Mistakes::new("ab\n\ncd\n");
        assert_eq!([0, 2, 3, 4, 6, 7, 99].map(|at| mistakes.line(at)), [1, 1, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn what_is_told_is_short_however_much_is_wrong() {
        let mut mistakes = Mistakes::new("");
        for _ in 0..1000 {
            mistakes.note(0, QuotedText(&"ü".repeat(10_000)));
        }
        let listed = mistakes.or(()).unwrap_err();
        assert_eq!(listed.len(), 101);
        assert_eq!(listed[0].to_string(), format!("line 1: \"{}\"…", "ü".repeat(40)));
        assert_eq!(listed[100].text, "and 900 more mistakes in the file");
    }

    #[test]
    fn a_word_is_near_another_or_none() {
        assert_eq!((changes("kitten", "sitting"), changes("", "abc"), changes("abc", "abc")), (3, 3, 0));
        let words = ["name", "rate_hz", "ramp_up", "seed"];
        assert_eq!(nearest("rate", words), Some("rate_hz"));
        assert_eq!(nearest("rampup", words), Some("ramp_up"));
        assert_eq!(nearest("colour_of_the_sky", words), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), words), None);
    }
}
