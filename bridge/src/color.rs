//! Colours as people write them, and the six hex digits that stock firmware understands.

/// The names that the registry promises.
const NAMES: [(&str, &str); 8] = [
    ("red", "ff0000"),
    ("green", "00ff00"),
    ("blue", "0000ff"),
    ("white", "ffffff"),
    ("yellow", "ffff00"),
    ("cyan", "00ffff"),
    ("magenta", "ff00ff"),
    ("orange", "ff8000"),
];

/// Six lower-case hex digits for a name of any case, `#rrggbb`, `#rgb`, or one to six bare digits; `None` for anything else.
///
/// The firmware reads bare digits as a number, so `ff` is blue to it; that stays so, with zeros in front.
#[must_use]
pub fn normalize_color(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some((_, digits)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some((*digits).to_owned());
    }
    let (digits, marked) = text.strip_prefix('#').map_or((text, false), |rest| (rest, true));
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    match (digits.len(), marked) {
        (6, _) => Some(digits),
        (3, true) => Some(digits.chars().flat_map(|digit| [digit, digit]).collect()),
        (_, true) => None,
        (_, false) => Some(format!("{digits:0>6}")),
    }
}
