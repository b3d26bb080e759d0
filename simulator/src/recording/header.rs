//! What a recording starts with: whose frames these are, and when it began.

use super::crc::crc32;
use super::{RecordingError, take};
use grouploop_bridge::{MAX_NAME_LEN, Space};

/// The first bytes of every recording. A transfer that changes line ends, or drops the eighth bit, changes them.
pub(super) const MAGIC: [u8; 8] = *b"\x89GLR\r\n\x1a\n";
/// The version that is written and read.
pub(super) const VERSION: u8 = 1;
/// Bytes of a header.
pub(super) const HEADER_LEN: usize = MAGIC.len() + 2 + MAX_NAME_LEN + 8 + 4;

/// Whose frames a recording holds, and what its times count from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The space that was recorded.
    pub space: Space,
    /// When it began, in microseconds since 1970 (UTC); all times in it count from here.
    pub start_unix_us: u64,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let name = self.space.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&MAGIC);
        // A space is at most 32 bytes long: its type says so.
        bytes.extend_from_slice(&[VERSION, u8::try_from(name.len()).unwrap_or(u8::MAX)]);
        bytes.extend_from_slice(name);
        bytes.resize(HEADER_LEN - 12, 0);
        bytes.extend_from_slice(&self.start_unix_us.to_le_bytes());
        bytes.extend_from_slice(&crc32(&bytes).to_le_bytes());
        bytes
    }

    /// Reads what may be the first [`HEADER_LEN`] bytes of a recording, or fewer when there are no more.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RecordingError> {
        let short = || RecordingError::ShortHeader(bytes.len());
        if !starts_alike(bytes) {
            return Err(RecordingError::NotARecording);
        }
        let mut rest = bytes.get(MAGIC.len()..).ok_or_else(short)?;
        let [version] = take(&mut rest).ok_or_else(short)?;
        // Before the check: a later version may have another layout.
        if version != VERSION {
            return Err(RecordingError::Version(version));
        }
        let [name_len] = take(&mut rest).ok_or_else(short)?;
        let name: [u8; MAX_NAME_LEN] = take(&mut rest).ok_or_else(short)?;
        let start_unix_us = take(&mut rest).map(u64::from_le_bytes).ok_or_else(short)?;
        let check = take(&mut rest).map(u32::from_le_bytes).ok_or_else(short)?;
        let checked = bytes.get(..HEADER_LEN - 4).ok_or_else(short)?;
        let name = name.get(..usize::from(name_len)).and_then(|name| str::from_utf8(name).ok());
        match name.and_then(|name| name.parse().ok()) {
            Some(space) if crc32(checked) == check => Ok(Self { space, start_unix_us }),
            _ => Err(RecordingError::DamagedHeader),
        }
    }
}

/// Whether these are the first bytes of a recording, as far as they go.
fn starts_alike(bytes: &[u8]) -> bool {
    MAGIC.iter().zip(bytes).all(|(expected, found)| expected == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { space: "class-3b".parse().unwrap(), start_unix_us: 1_750_000_000_000_000 }
    }

    #[test]
    fn it_comes_back_and_has_the_length_that_it_claims() {
        for space in ["a", "main", &"x".repeat(MAX_NAME_LEN)] {
            let header = Header { space: space.parse().unwrap(), start_unix_us: u64::MAX };
            let bytes = header.encode();
            assert_eq!(bytes.len(), HEADER_LEN);
            assert_eq!(Header::decode(&bytes).unwrap(), header);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = header().encode();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Header::decode(&bytes).unwrap_err()
        };
        assert!(matches!(with(0, b'P'), RecordingError::NotARecording));
        assert!(matches!(with(8, 2), RecordingError::Version(2)));
        for at in 9..HEADER_LEN {
            assert!(matches!(with(at, 0xee), RecordingError::DamagedHeader), "byte {at}");
        }
        for cut in 0..HEADER_LEN {
            let error = Header::decode(&good[..cut]).unwrap_err();
            assert!(matches!(error, RecordingError::ShortHeader(found) if found == cut), "{error}");
        }
        assert!(matches!(Header::decode(b"{\"a\": 1}").unwrap_err(), RecordingError::NotARecording));
    }
}
