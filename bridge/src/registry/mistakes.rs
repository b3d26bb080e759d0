//! What is wrong in a registry file and where: collected, so that all of it is told at once, in words that stay short whatever the file holds.

use serde_json::Value;
use std::fmt;

/// Mistakes that are told one by one; of more only the number.
const MAX_LISTED: usize = 100;
/// Mistakes that fit into one line of a log.
const MAX_IN_LINE: usize = 10;
/// Characters of a text of the file that are quoted.
const MAX_QUOTED: usize = 40;

/// Why a text is no registry: every mistake, each with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("commands.json: {}", self.line())]
pub struct RegistryError {
    listed: Vec<String>,
    unlisted: usize,
}

impl RegistryError {
    /// One line for each mistake, such as ``commands.led.schema[0].min: it is "a", it must be a whole number``. After a hundred the last
    /// line says how many more there are.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut lines = self.listed.clone();
        lines.extend(and_more(self.unlisted));
        lines
    }

    /// The first few of them, for a log.
    fn line(&self) -> String {
        let more = (self.listed.len() + self.unlisted).saturating_sub(MAX_IN_LINE);
        let mut parts: Vec<String> = self.listed.iter().take(MAX_IN_LINE).cloned().collect();
        parts.extend(and_more(more));
        parts.join("; ")
    }
}

/// How many more there are, when there are more.
fn and_more(count: usize) -> Option<String> {
    (count > 0).then(|| format!("and {count} more"))
}

/// The mistakes so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    listed: Vec<String>,
    unlisted: usize,
}

impl Mistakes {
    /// Notes what is wrong at a place. Nothing is formatted when nobody will read it.
    pub(super) fn note(&mut self, place: Place<'_>, what: impl fmt::Display) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(format!("{place}: {what}"));
        } else {
            self.unlisted += 1;
        }
    }

    /// Notes that something is there that should be something else.
    pub(super) fn wrong(&mut self, place: Place<'_>, found: &Value, must_be: impl fmt::Display) {
        self.note(place, format_args!("it is {}, it must be {must_be}", Quoted(found)));
    }

    /// What was read, when there was no mistake.
    ///
    /// # Errors
    /// [`RegistryError`] when there was one.
    pub(super) fn or<T>(self, read: T) -> Result<T, RegistryError> {
        let Self { listed, unlisted } = self;
        if listed.is_empty() { Ok(read) } else { Err(RegistryError { listed, unlisted }) }
    }
}

/// Where in the file something stands; it becomes a text only when a mistake is there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// The file as a whole.
    File,
    /// A key of an object.
    Key(&'a Place<'a>, &'a str),
    /// An item of a list.
    Item(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// The place of a key in the object here.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// The place of an item in the list here.
    pub(super) fn item(&'a self, index: usize) -> Self {
        Self::Item(self, index)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Key(Self::File, key) => f.write_str(key),
            Self::Key(parent, key) => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                if (1..=64).contains(&key.len()) && key.bytes().all(plain) {
                    write!(f, "{parent}.{key}")
                } else {
                    write!(f, "{parent}[{}]", QuotedText(key))
                }
            }
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// What the file holds at a place, short enough to be told.
pub(super) struct Quoted<'a>(pub(super) &'a Value);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "{value}"),
            Value::String(value) => QuotedText(value).fmt(f),
            Value::Array(_) => f.write_str("a list"),
            Value::Object(_) => f.write_str("an object"),
        }
    }
}

/// A text of the file in quotes, its control characters escaped and its end cut off when it is long.
pub(super) struct QuotedText<'a>(pub(super) &'a str);

impl fmt::Display for QuotedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MAX_QUOTED) {
            Some((end, _)) => write!(f, "{:?}…", self.0.get(..end).unwrap_or_default()),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_people_would() {
        let commands = Place::File.key("commands");
        let (led, odd) = (commands.key("led"), commands.key("a.\u{1b}b"));
        let schema = led.key("schema");
        assert_eq!(schema.item(0).key("min").to_string(), "commands.led.schema[0].min");
        assert_eq!(odd.key("schema").to_string(), r#"commands["a.\u{1b}b"].schema"#);
        assert_eq!(Place::File.to_string(), "the file");
    }

    #[test]
    fn what_is_told_is_short_however_much_is_wrong() {
        let mut mistakes = Mistakes::default();
        let long = Value::String("ü".repeat(10_000));
        for index in 0..1000 {
            mistakes.wrong(Place::File.item(index), &long, "a number");
        }
        let error = mistakes.or(()).unwrap_err();
        let lines = error.mistakes();
        assert_eq!(lines.len(), 101);
        assert_eq!(lines[0], format!("the file[0]: it is \"{}\"…, it must be a number", "ü".repeat(40)));
        assert_eq!(lines[100], "and 900 more");
        assert!(error.to_string().ends_with("; and 990 more") && error.to_string().len() < 2000, "{error}");
    }

    #[test]
    fn one_mistake_is_told_alone() {
        let mut mistakes = Mistakes::default();
        mistakes.wrong(Place::File, &Value::Null, "an object");
        let error = mistakes.or(()).unwrap_err();
        assert_eq!(error.to_string(), "commands.json: the file: it is null, it must be an object");
        assert_eq!(error.mistakes(), ["the file: it is null, it must be an object"]);
        assert_eq!(Mistakes::default().or(7), Ok(7));
    }
}
