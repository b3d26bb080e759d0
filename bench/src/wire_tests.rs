//! The decoder against frames by hand, cut at every place.

use super::*;

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(u8::try_from(short).unwrap()),
        medium @ 126..65_536 => {
            bytes.push(126);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// What a stream says, with the text put together again.
fn decode(stream: &[u8], chunk: usize) -> Result<Vec<String>, WireFault> {
    let (mut decoder, mut said, mut message) = (Decoder::default(), Vec::new(), String::new());
    for bytes in stream.chunks(chunk) {
        decoder.feed(bytes, &mut |piece| match piece {
            Piece::Text(part) => message.push_str(std::str::from_utf8(part).unwrap()),
            Piece::End => said.push(format!("text {}", std::mem::take(&mut message))),
            Piece::Ping(payload) => said.push(format!("ping {payload:?}")),
            Piece::Close(code) => said.push(format!("close {code}")),
        })?;
    }
    Ok(said)
}

#[test]
fn every_cut_gives_the_same() {
    let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
    let texts: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
    let mut stream: Vec<u8> = texts.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
    stream.extend(frame(0x89, b"hi"));
    stream.extend(frame(0x8a, b"ignored"));
    stream.extend(frame(0x88, &[0x03, 0xe9, b'!']));
    let mut wanted: Vec<String> = texts.iter().map(|text| format!("text {text}")).collect();
    wanted.extend(["ping [104, 105]".into(), "close 1001".into()]);
    for chunk in [1, 2, 3, 7, 126, 1_000, 65_536, usize::MAX] {
        assert_eq!(decode(&stream, chunk).unwrap(), wanted, "chunks of {chunk}");
    }
}

#[test]
fn a_fragmented_message_with_a_ping_inside_is_one() {
    let stream = [frame(0x01, b"a"), frame(0x89, b""), frame(0x00, b"b"), frame(0x80, b"c")].concat();
    assert_eq!(decode(&stream, 1).unwrap(), ["ping []", "text abc"]);
}

#[test]
fn close_without_a_code_is_1005() {
    assert_eq!(decode(&frame(0x88, b""), 1).unwrap(), ["close 1005"]);
}

#[test]
fn what_no_server_may_send_is_a_fault() {
    for (stream, why) in [
        (vec![0x81, 0x80, 0, 0, 0, 0], "frame from the server is masked"),
        (vec![0x82, 0x00], "neither text nor control frame"),
        (vec![0xc1, 0x00], "reserved bits are set"),
        (vec![0x89, 126, 0, 126], "control frame is too long"),
    ] {
        assert_eq!(decode(&stream, 1), Err(WireFault(why)));
    }
}

#[test]
fn what_is_sent_is_masked_with_zero() {
    assert_eq!(text("ping"), [0x81, 0x84, 0, 0, 0, 0, b'p', b'i', b'n', b'g']);
    assert_eq!(pong(b"x"), [0x8a, 0x81, 0, 0, 0, 0, b'x']);
    assert_eq!(short_text_head(21), [0x81, 0x95, 0, 0, 0, 0]);
}

#[test]
fn random_bytes_never_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..24)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 56) as u8
            })
            .collect();
        let _ = Decoder::default().feed(&bytes, &mut |_| {});
    }
}
