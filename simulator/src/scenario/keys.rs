//! Reads one table of a scenario key by key. Whoever asks for a key says at once what it must be; keys that nobody asked for are mistakes.

use super::duration::parse_duration;
use super::mistakes::{Mistakes, Quoted, QuotedText, nearest};
use super::swarm::Amount;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place in the text.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// One table.
pub(super) struct Keys<'t, 'm> {
    table: Option<&'t DeTable<'t>>,
    /// What the table is called, as `swarm.churn`.
    name: &'static str,
    asked: Vec<&'static str>,
    pub(super) mistakes: &'m mut Mistakes,
}

impl<'t, 'm> Keys<'t, 'm> {
    pub(super) fn new(name: &'static str, table: Option<&'t DeTable<'t>>, mistakes: &'m mut Mistakes) -> Self {
        Self { table, name, asked: Vec::new(), mistakes }
    }

    /// The value of a key, whatever it is.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'t Value<'t>> {
        // A key may be asked for twice; it is named once.
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table?.get(key)
    }

    /// Notes that a value is there that should be something else.
    pub(super) fn wrong(&mut self, key: &str, found: &Value<'_>, must_be: impl Display) {
        // Nothing written is without length: this stands in for what was no TOML, which was noted.
        if found.span().is_empty() {
            return;
        }
        let what = format_args!("`{key}` is {}, it must be {must_be}", Quoted(found.get_ref()));
        self.mistakes.note(found.span().start, what);
    }

    /// What `read` makes of the value of a key. `None` when there is none, or when it is none that `read` takes, which is noted.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        must_be: impl Display,
        read: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let found = read(value.get_ref());
        if found.is_none() {
            self.wrong(key, value, must_be);
        }
        found
    }

    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let must_be = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, must_be, |value| to_whole(value).filter(|number| range.contains(number)))
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let must_be = format!("a number from {} to {}", range.start(), range.end());
        self.read(key, must_be, |value| to_number(value).filter(|number| range.contains(number)))
    }

    /// A number for a field of fewer digits.
    pub(super) fn short_number(&mut self, key: &'static str, range: RangeInclusive<f64>) -> Option<f32> {
        self.number(key, range).map(|number| number as f32)
    }

    pub(super) fn duration(&mut self, key: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let value = self.value(key)?;
        match value.get_ref().as_str().map(parse_duration) {
            Some(Ok(found)) if range.contains(&found) => Some(found),
            Some(Ok(_)) => {
                self.wrong(key, value, format_args!("{:?} or more", range.start()));
                None
            }
            _ => {
                self.wrong(
                    key,
                    value,
                    "a duration of at most a year in quotes, such as \"10s\", \"1h30m\" or \"250ms\"",
                );
                None
            }
        }
    }

    /// A whole number is so many devices, a fraction or a percentage is a share of them: `1` is one device, `1.0` and `"100%"` are all.
    pub(super) fn amount(&mut self, key: &'static str, devices: u32) -> Option<Amount> {
        let must_be = format!(
            "a share from 0.0 to 1.0, one in per cent such as \"10%\", or a whole number of devices up to {devices}"
        );
        self.read(key, must_be, |value| match value {
            DeValue::Integer(_) => to_whole(value)
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| *count <= devices)
                .map(Amount::Count),
            // For JSON, whose writers leave out the fraction of 1.0.
            DeValue::String(text) => text
                .strip_suffix('%')
                .and_then(|number| number.parse::<f64>().ok())
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(|percent| Amount::Share(percent / 100.0)),
            _ => to_number(value).filter(|share| (0.0..=1.0).contains(share)).map(Amount::Share),
        })
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let names: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        self.read(key, names.join(" or "), |value| {
            let found = value.as_str()?;
            words.iter().find(|(word, _)| *word == found).map(|(_, meaning)| *meaning)
        })
    }

    /// The items of a list, each with its place; `None` when there is no list, or one with fewer than one or more than `most`.
    pub(super) fn list(&mut self, key: &'static str, most: usize, of: &str) -> Option<&'t [Value<'t>]> {
        self.read(key, format_args!("a list of 1 to {most} {of}"), |value| {
            value.as_array().map(|list| &list[..]).filter(|list| (1..=most).contains(&list.len()))
        })
    }

    /// What `read` makes of a table in this one. A table that is not there is one without keys.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        name: &'static str,
        read: impl FnOnce(&mut Keys<'t, '_>) -> T,
    ) -> T {
        let table = self.read(key, format_args!("a table, [{name}]"), DeValue::as_table);
        let mut keys = Keys::new(name, table, self.mistakes);
        let found = read(&mut keys);
        keys.finish();
        found
    }

    /// Whether the table is there.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Where a key stands, or where the table's first key does.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        let table = self.table?;
        let first = || table.keys().map(|key| key.span().start).min();
        table.get_key_value(key).map(|(key, _)| key.span().start).or_else(first)
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self) {
        let Some(table) = self.table else { return };
        for key in table.keys().filter(|key| !self.asked.contains(&key.get_ref().as_ref())) {
            let (found, name) = (QuotedText(key.get_ref()), self.name);
            let at = key.span().start;
            match nearest(key.get_ref(), self.asked.iter().copied()) {
                Some(near) => self.mistakes.note(at, format_args!("{name} has no key {found}, did you mean `{near}`?")),
                None => {
                    let known = self.asked.join(", ");
                    self.mistakes.note(at, format_args!("{name} has no key {found}, it has {known}"));
                }
            }
        }
    }
}

fn to_whole(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn to_number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => to_whole(value).map(|number| number as f64),
    }
}
