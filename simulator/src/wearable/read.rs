//! Numbers and colours as the firmware reads them: it takes what it understands, and the rest is nothing. Never an error.

use super::lights::Rgb;

/// A whole number as `toInt` reads it: white space, a sign, digits; 0 when there are none. Stops at the ends of 32 bits.
pub(crate) fn int(text: &str) -> i32 {
    let (negative, digits) = sign(text.trim_start());
    let size = digits
        .bytes()
        .map_while(|byte| char::from(byte).to_digit(10))
        .fold(0i32, |sum, digit| sum.saturating_mul(10).saturating_add(digit.cast_signed()));
    if negative { -size } else { size }
}

/// A colour as a plain hex parse reads it: the digits up to the first character that is none, so `#ff0000` and `red` are black.
pub(crate) fn color(text: &str) -> Rgb {
    let (negative, digits) = sign(text.trim_start());
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    let number = digits
        .bytes()
        .map_while(|byte| char::from(byte).to_digit(16))
        .fold(0i64, |sum, digit| (sum << 4 | i64::from(digit)).min(i64::from(i32::MAX)));
    let [.., red, green, blue] = if negative { -number } else { number }.to_be_bytes();
    Rgb([red, green, blue])
}

/// Exactly six hex digits as three bytes.
pub(crate) fn three_bytes(text: &str) -> Option<[u8; 3]> {
    let text = text.trim();
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(color(text).0)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_can_be_read_of_them() {
        let given = ["12", " 12x", "-3", "+4", "", "x", "99999999999", "-99999999999", "1.9", "- 3"];
        assert_eq!(given.map(int), [12, 12, -3, 4, 0, 0, i32::MAX, -i32::MAX, 1, 0]);
    }

    #[test]
    fn colours_are_plain_hex() {
        let given = ["ff8000", "FF8000", "ff", "#ff0000", "red", "0x102030", "12ff8000", "", " 00ff00 ", "00ff00zz"];
        let expected =
            ["ff8000", "ff8000", "0000ff", "000000", "000000", "102030", "ff8000", "000000", "00ff00", "00ff00"];
        assert_eq!(given.map(|text| color(text).to_string()), expected);
    }

    #[test]
    fn three_bytes_are_six_digits_and_nothing_else() {
        assert_eq!(three_bytes("64140a"), Some([0x64, 0x14, 0x0a]));
        for text in ["64140", "64140a0", "#64140", "64140g", "-64140", "ééé", ""] {
            assert_eq!(three_bytes(text), None, "{text}");
        }
    }
}
