//! One entry of a command's `schema`: the type of one parameter, with its limits.
//!
//! ```json
//! {"name": "level", "type": "int", "min": 0, "max": 255, "unit": "of 255", "default": 128}
//! ```

use super::kind::{Bounds, Kind, TYPES, folded};
use super::mistakes::{Mistakes, Place, QuotedText};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Values that an `enum` can have.
const MAX_VALUES: usize = 256;
/// Digits that a `hex` can have.
const MAX_DIGITS: i64 = 64;
/// The largest whole number that every page reads exactly.
const MAX_WHOLE: u64 = (1 << 53) - 1;

/// What `key` holds; `null` is the same as nothing there.
pub(super) fn given<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The text at `key`, when there is one.
pub(super) fn text<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    place: Place<'_>,
    mistakes: &mut Mistakes,
) -> Option<&'a str> {
    let value = given(object, key)?;
    if !value.is_string() {
        mistakes.wrong(place.key(key), value, "a text");
    }
    value.as_str()
}

/// Reads an entry, `None` for a parameter that has no type; mistakes are noted, and then what is read is of no use. `last` tells whether no
/// parameter follows.
pub(super) fn read(entry: &Map<String, Value>, last: bool, place: Place<'_>, mistakes: &mut Mistakes) -> Option<Kind> {
    text(entry, "unit", place, mistakes);
    let Some(name) = given(entry, "type") else {
        if let Some(limit) = ["min", "max", "values", "digits"].into_iter().find(|limit| given(entry, limit).is_some())
        {
            mistakes.note(place.key("type"), format_args!("it is missing, `{limit}` has no meaning without it"));
        }
        read_default(entry, &Kind::Text, place, mistakes);
        return None;
    };
    let kind = match name.as_str() {
        Some("int") => Kind::Whole(read_bounds(entry, None, place, mistakes)),
        // No time is shorter than none.
        Some("duration_ms") => Kind::Whole(read_bounds(entry, Some(0), place, mistakes)),
        Some("color") => Kind::Color,
        Some("enum") => Kind::Enum(read_values(entry, place, mistakes)?),
        Some("hex") => Kind::Hex(read_digits(entry, place, mistakes)?),
        Some("url") => {
            if !last {
                mistakes.note(
                    place.key("type"),
                    "it is \"url\", which takes all that follows, so it must be the last parameter",
                );
            }
            Kind::Url
        }
        _ => {
            let hint = name.as_str().and_then(nearest).map(|known| format!("; did you mean {known}?"));
            let must_be = format!("one of {}{}", TYPES.join(", "), hint.unwrap_or_default());
            mistakes.wrong(place.key("type"), name, must_be);
            return None;
        }
    };
    read_default(entry, &kind, place, mistakes);
    Some(kind)
}

/// The type that somebody may have meant: one that begins as theirs does.
fn nearest(name: &str) -> Option<&'static str> {
    let alike = |known: &str| folded(name).zip(known.chars()).take_while(|(a, b)| a == b).count();
    TYPES.into_iter().max_by_key(|known| alike(known)).filter(|known| alike(known) >= 3)
}

fn read_bounds(entry: &Map<String, Value>, least: Option<i64>, place: Place<'_>, mistakes: &mut Mistakes) -> Bounds {
    let mut end = |key: &str| {
        let value = given(entry, key)?;
        let kind = Kind::Whole(Bounds { min: least, max: None });
        match whole(value) {
            Some(number) if number.unsigned_abs() > MAX_WHOLE => {
                mistakes.wrong(place.key(key), value, format_args!("at most {MAX_WHOLE} to either side of 0"));
                None
            }
            Some(number) if least.is_none_or(|least| number >= least) => Some(number),
            _ => {
                mistakes.wrong(place.key(key), value, kind);
                None
            }
        }
    };
    let bounds = Bounds { min: end("min"), max: end("max") };
    if let Bounds { min: Some(min), max: Some(max) } = bounds
        && min > max
    {
        mistakes.note(place.key("min"), format_args!("it is {min}, it must not be more than max, which is {max}"));
        // Whatever the default is, that is not what is wrong with it.
        return Bounds::default();
    }
    Bounds { min: bounds.min.or(least), ..bounds }
}

/// A JSON number without a fraction, also when it is written with one that is zero.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64))
}

fn read_values(entry: &Map<String, Value>, place: Place<'_>, mistakes: &mut Mistakes) -> Option<Vec<String>> {
    let place = place.key("values");
    let Some(given) = given(entry, "values") else {
        mistakes.note(place, "it is missing, it must be a list of the texts that are allowed");
        return None;
    };
    let Some(list) = given.as_array() else {
        mistakes.wrong(place, given, "a list of the texts that are allowed");
        return None;
    };
    if list.is_empty() {
        mistakes.note(place, "it is empty, it must have at least one text");
        return None;
    }
    if list.len() > MAX_VALUES {
        mistakes.note(place, format_args!("it has {} texts, at most {MAX_VALUES} fit", list.len()));
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut values = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let sendable = |text: &&str| {
            !text.is_empty()
                && text.trim() == *text
                && !text.contains(|letter: char| letter == ':' || letter.is_control())
        };
        match value.as_str().filter(sendable) {
            None => mistakes.wrong(
                place.item(index),
                value,
                "a text that is not empty and has no colon, no control character and no white space at its ends",
            ),
            Some(text) if seen.insert(folded(text).collect::<String>()) => values.push(text.to_owned()),
            Some(text) => mistakes.note(
                place.item(index),
                format_args!("it is {}, which is in the list already (case does not count)", QuotedText(text)),
            ),
        }
    }
    (values.len() == list.len()).then_some(values)
}

fn read_digits(entry: &Map<String, Value>, place: Place<'_>, mistakes: &mut Mistakes) -> Option<usize> {
    let place = place.key("digits");
    let must_be = Kind::Whole(Bounds { min: Some(1), max: Some(MAX_DIGITS) });
    let Some(given) = given(entry, "digits") else {
        mistakes.note(place, format_args!("it is missing, it must be {must_be}"));
        return None;
    };
    let digits = whole(given).filter(|digits| (1..=MAX_DIGITS).contains(digits));
    if digits.is_none() {
        mistakes.wrong(place, given, must_be);
    }
    digits.and_then(|digits| usize::try_from(digits).ok())
}

/// What a form starts with must be a value that it could send. It is checked strictly, because a page puts it into the form as it is.
fn read_default(entry: &Map<String, Value>, kind: &Kind, place: Place<'_>, mistakes: &mut Mistakes) {
    let Some(value) = given(entry, "default") else { return };
    let fits = match kind {
        Kind::Whole(bounds) => {
            whole(value).is_some_and(|number| number.unsigned_abs() <= MAX_WHOLE && bounds.contain(number))
        }
        Kind::Enum(values) => values.iter().any(|known| value == known),
        _ => value.as_str().is_some_and(|text| kind.write(text, &mut String::new()).is_some()),
    };
    if !fits {
        mistakes.wrong(place.key("default"), value, kind);
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::Registry;

    /// The mistakes in the one schema entry of a file.
    fn mistakes_in(entry: &str) -> Vec<String> {
        let file = format!(r#"{{"commands": {{"x": {{"parameters": ["p"], "schema": [{entry}]}}}}}}"#);
        Registry::parse(file.as_bytes()).map_or_else(|error| error.mistakes(), |_| Vec::new())
    }

    #[test]
    fn unknown_keys_are_no_mistake() {
        for entry in [
            r#"{"type": "int", "min": 0.0, "max": 5, "step": 2, "unit": "px", "default": 5}"#,
            r#"{"name": null, "type": "int", "min": null, "max": null, "unit": null, "default": null, "digits": "?"}"#,
            r#"{"type": "duration_ms", "min": 1, "default": 200, "label": {"de": "Dauer"}}"#,
            r#"{"type": "enum", "values": ["a b", "Größe"], "default": "Größe"}"#,
            r##"{"type": "color", "default": "#f00"}"##,
            r#"{"type": "hex", "digits": 64}"#,
            r#"{"name": "p", "type": "url", "default": "http://h:5008/x"}"#,
            r#"{"default": "hello"}"#,
        ] {
            assert_eq!(mistakes_in(entry), Vec::<String>::new(), "{entry}");
        }
    }

    #[test]
    fn each_mistake_in_a_schema_says_what_and_where() {
        for (entry, mistake) in [
            (r#"{"type": "int", "min": "a"}"#, r#".min: it is "a", it must be a whole number"#),
            (r#"{"type": "int", "max": 1.5}"#, ".max: it is 1.5, it must be a whole number"),
            (
                r#"{"type": "int", "max": 1e300}"#,
                ".max: it is 1e+300, it must be at most 9007199254740991 to either side of 0",
            ),
            (
                r#"{"type": "int", "min": -9223372036854775808}"#,
                ".min: it is -9223372036854775808, it must be at most 9007199254740991 to either side of 0",
            ),
            (r#"{"type": "int", "min": 5, "max": 3}"#, ".min: it is 5, it must not be more than max, which is 3"),
            (r#"{"type": "int", "max": 3, "default": 4}"#, ".default: it is 4, it must be a whole number up to 3"),
            (
                r#"{"type": "int", "min": 1, "default": "1"}"#,
                r#".default: it is "1", it must be a whole number from 1 up"#,
            ),
            (r#"{"type": "int", "default": 1e300}"#, ".default: it is 1e+300, it must be a whole number"),
            (
                r#"{"type": "int", "min": 0, "max": 9, "default": -1}"#,
                ".default: it is -1, it must be a whole number from 0 to 9",
            ),
            (r#"{"type": "duration_ms", "min": -1}"#, ".min: it is -1, it must be a whole number from 0 up"),
            (r#"{"type": "duration_ms", "default": -1}"#, ".default: it is -1, it must be a whole number from 0 up"),
            (r#"{"type": "duration_ms", "unit": 1}"#, ".unit: it is 1, it must be a text"),
            (
                r#"{"type": "color", "default": "mauve"}"#,
                r#".default: it is "mauve", it must be a colour as a text, such as "ff8000" or "orange""#,
            ),
            (r#"{"type": "enum"}"#, ".values: it is missing, it must be a list of the texts that are allowed"),
            (
                r#"{"type": "enum", "values": {}}"#,
                ".values: it is an object, it must be a list of the texts that are allowed",
            ),
            (r#"{"type": "enum", "values": []}"#, ".values: it is empty, it must have at least one text"),
            (
                r#"{"type": "enum", "values": ["a", "A"]}"#,
                r#".values[1]: it is "A", which is in the list already (case does not count)"#,
            ),
            (
                r#"{"type": "enum", "values": ["a"], "default": "A"}"#,
                r#".default: it is "A", it must be one of `values`, spelled as there"#,
            ),
            (r#"{"type": "hex"}"#, ".digits: it is missing, it must be a whole number from 1 to 64"),
            (r#"{"type": "hex", "digits": 0}"#, ".digits: it is 0, it must be a whole number from 1 to 64"),
            (r#"{"type": "hex", "digits": 65}"#, ".digits: it is 65, it must be a whole number from 1 to 64"),
            (r#"{"type": "hex", "digits": "6"}"#, r#".digits: it is "6", it must be a whole number from 1 to 64"#),
            (
                r#"{"type": "hex", "digits": 2, "default": "abc"}"#,
                r#".default: it is "abc", it must be a text of 2 hex digits"#,
            ),
            (
                r#"{"type": "url", "default": "h/x"}"#,
                r#".default: it is "h/x", it must be an http or https URL with a host"#,
            ),
            (
                r#"{"type": "Colour"}"#,
                r#".type: it is "Colour", it must be one of int, color, enum, duration_ms, hex, url; did you mean color?"#,
            ),
            (
                r#"{"type": "duration"}"#,
                r#".type: it is "duration", it must be one of int, color, enum, duration_ms, hex, url; did you mean duration_ms?"#,
            ),
            (
                r#"{"type": "blob"}"#,
                r#".type: it is "blob", it must be one of int, color, enum, duration_ms, hex, url"#,
            ),
            (r#"{"type": 7}"#, ".type: it is 7, it must be one of int, color, enum, duration_ms, hex, url"),
            (r#"{"max": 7}"#, ".type: it is missing, `max` has no meaning without it"),
            (r#"{"default": 7}"#, ".default: it is 7, it must be a text"),
            (r#"{"name": "q", "type": "int"}"#, r#".name: it is "q", it must be "p" as in `parameters`"#),
            (r#"{"name": 1, "type": "int"}"#, r#".name: it is 1, it must be "p" as in `parameters`"#),
            (r#"[]"#, r#": it is a list, it must be an object such as {"name": "level", "type": "int"}"#),
        ] {
            assert_eq!(mistakes_in(entry), [format!("commands.x.schema[0]{mistake}")], "{entry}");
        }
        for value in [r#""""#, r#"" a""#, r#""a:b""#, r#""a\u001bb""#, "5", "null", "[]"] {
            let mistakes = mistakes_in(&format!(r#"{{"type": "enum", "values": ["ok", {value}]}}"#));
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].starts_with("commands.x.schema[0].values[1]: it is "), "{mistakes:?}");
        }
    }
}
