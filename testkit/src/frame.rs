//! Frames for tests: a device id and a number, so that loss, order and origin can be checked from the line alone.

/// A frame of device `id` that carries `number` in its 16 other digits, all lower case: as an edge passes it on.
pub fn frame(id: u16, number: u64) -> String {
    format!("{id:04x}{number:016x}")
}

/// The same frame as the stock firmware writes it: the id in upper case, the rest in lower case.
pub fn stock_frame(id: u16, number: u64) -> String {
    format!("{id:04X}{number:016x}")
}

/// The device id of a frame.
///
/// # Panics
/// When `line` does not begin with four hex digits.
pub fn frame_id(line: &str) -> u16 {
    line.get(..4).and_then(|id| u16::from_str_radix(id, 16).ok()).unwrap_or_else(|| panic!("not a frame: {line:?}"))
}

/// The number that [`frame`] put into a frame.
///
/// # Panics
/// When `line` is not a frame.
pub fn frame_number(line: &str) -> u64 {
    line.get(4..).and_then(|rest| u64::from_str_radix(rest, 16).ok()).unwrap_or_else(|| panic!("not a frame: {line:?}"))
}

/// Whether `line` is a frame as a subscriber must receive it: 20 hex digits, lower case.
pub fn is_frame(line: &str) -> bool {
    line.len() == 20 && line.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_carries_its_id_and_number() {
        let line = frame(0x1a2b, 77);
        assert!(is_frame(&line));
        assert_eq!((frame_id(&line), frame_number(&line)), (0x1a2b, 77));
        assert_eq!(stock_frame(0x1a2b, 0xabc), "1A2B0000000000000abc");
        assert!(!is_frame(&stock_frame(0x1a2b, 1)));
    }
}
