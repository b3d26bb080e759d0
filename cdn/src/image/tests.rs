//! What the image check must do.

use super::*;

fn board(name: &str) -> Board {
    name.parse().unwrap()
}

fn c3() -> Board {
    board("seeed_xiao_esp32c3")
}

/// An image with these segments.
fn image(chip: u16, segments: &[Vec<u8>], hashed: bool) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[0] = MAGIC;
    bytes[1] = u8::try_from(segments.len()).unwrap();
    bytes[12..14].copy_from_slice(&chip.to_le_bytes());
    bytes[23] = u8::from(hashed);
    for data in segments {
        bytes.extend(0x3c00_0020_u32.to_le_bytes());
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
    }
    bytes.resize((bytes.len() + 1).next_multiple_of(16), 0);
    *bytes.last_mut().unwrap() = segments.iter().flatten().fold(0xef, |sum, byte| sum ^ byte);
    if hashed {
        let hash = Sha256::digest(&bytes);
        bytes.extend(hash);
    }
    bytes
}

fn segments() -> Vec<Vec<u8>> {
    vec![vec![7; 300], (0..=251).collect(), vec![0; 4]]
}

fn mistakes(bytes: &[u8], board: &Board) -> Vec<String> {
    check_image(bytes, board).unwrap_err().mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn whole_images_pass_with_or_without_hash_and_with_a_signature() {
    for hashed in [false, true] {
        let mut bytes = image(5, &segments(), hashed);
        let info = ImageInfo { chip: Chip(5), project: None, version: None };
        assert_eq!(check_image(&bytes, &c3()).unwrap(), info);
        assert!(check_image(&bytes, &board("esp32-c3-devkitm-1")).is_ok());
        bytes.extend([0xe7; 4096]);
        assert_eq!(check_image(&bytes, &c3()).unwrap(), info);
    }
    // The checksum has a place of its own even when the segments end where 16 bytes end.
    let even = image(5, &[vec![1; 16 * 4 - HEADER_BYTES - SEGMENT_HEADER_BYTES]], false);
    assert_eq!(even.len(), 16 * 5);
    assert!(check_image(&even, &c3()).is_ok());
    assert!(check_image(&image(5, &vec![vec![1; 4]; 16], true), &c3()).is_ok());
}

#[test]
fn the_description_is_read_when_it_is_there() {
    let mut data = vec![0; 256];
    data[..4].copy_from_slice(&0xabcd_5432_u32.to_le_bytes());
    data[16..21].copy_from_slice(b"1.3.9");
    data[48..80].copy_from_slice(b"a-name-that-takes-all-of-its-32-");
    let info = check_image(&image(5, &[data.clone()], true), &c3()).unwrap();
    assert_eq!(info.version.as_deref(), Some("1.3.9"));
    assert_eq!(info.project.as_deref(), Some("a-name-that-takes-all-of-its-32-"));
    // Nothing that could move a cursor, nothing of the next segment.
    data[16] = 0x1b;
    data[48] = 0xff;
    let info = check_image(&image(5, &[data.clone()], true), &c3()).unwrap();
    assert_eq!((info.version, info.project), (None, None));
    // A description that is not all there is none.
    (data[16], data[48]) = (b'1', b'a');
    data.truncate(76);
    let info = check_image(&image(5, &[data, vec![b'x'; 64]], true), &c3()).unwrap();
    assert_eq!((info.version, info.project), (None, None));
}

#[test]
fn what_is_no_image_is_told_by_its_first_bytes() {
    assert_eq!(mistakes(b"", &c3()), ["the file is empty"]);
    assert_eq!(mistakes(b"\x7fEx", &c3()), ["this is no ESP32 image: it starts with 0x7f 0x45, not 0xe9"]);
    assert_eq!(mistakes(b"<", &c3()), ["this is no ESP32 image: it starts with 0x3c, not 0xe9"]);
    assert!(mistakes(b"\x7fELF\x01", &c3())[0].contains("the .bin"));
}

#[test]
fn the_wrong_chip_is_named_together_with_damage() {
    let chip = "it is for the ESP32-S3 (chip 9), the board seeed_xiao_esp32c3 has an ESP32-C3 (chip 5)";
    let mut bytes = image(9, &segments(), true);
    assert_eq!(mistakes(&bytes, &c3()), [chip]);
    bytes[100] ^= 1;
    assert_eq!(mistakes(&bytes, &c3()), [chip, "its checksum is wrong: the file is damaged"]);
    assert_eq!(
        mistakes(&image(0xffff, &segments(), true), &board("esp32dev")),
        ["it is for the unknown chip 65535, the board esp32dev has an ESP32 (chip 0)"]
    );
}

#[test]
fn each_place_where_it_can_be_cut_is_named() {
    let whole = image(5, &segments(), true);
    let without_hash = whole.len() - 32;
    let segments_end = HEADER_BYTES + 3 * SEGMENT_HEADER_BYTES + 300 + 252 + 4;
    for length in 1..whole.len() {
        let place = match length {
            ..24 => "its header",
            24..332 => "segment 1",
            332..592 => "segment 2",
            _ if length < segments_end => "segment 3",
            _ if length < without_hash => "its padding",
            _ => "its SHA-256",
        };
        let expected = format!("it ends in the middle of {place}: was the download cut short?");
        assert_eq!(mistakes(&whole[..length], &c3()), [expected], "{length} bytes");
    }
}

#[test]
fn damage_is_found_wherever_it_is() {
    let whole = image(5, &segments(), true);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            if (at, bit) == (23, 0) {
                // Now it says that it has no hash, and what follows is allowed.
                continue;
            }
            assert!(check_image(&damaged, &c3()).is_err(), "bit {bit} of byte {at}");
        }
    }
    let mut damaged = whole.clone();
    damaged[60] ^= 1;
    assert_eq!(mistakes(&damaged, &c3()), ["its checksum is wrong: the file is damaged"]);
    // The load address of a segment is not part of the checksum.
    damaged = whole.clone();
    damaged[24] ^= 1;
    assert_eq!(mistakes(&damaged, &c3()), ["its SHA-256 is wrong: the file is damaged"]);
}

#[test]
fn claims_that_cannot_be_are_refused() {
    let mut bytes = image(5, &segments(), false);
    for count in [0, 17, 255] {
        bytes[1] = count;
        assert!(mistakes(&bytes, &c3())[0].starts_with(&format!("it has {count} segments")));
    }
    bytes[1] = 3;
    for length in [u32::MAX - 3, 1 << 31, 0x7fff_fffc] {
        bytes[28..32].copy_from_slice(&length.to_le_bytes());
        assert!(mistakes(&bytes, &c3())[0].contains("in the middle of segment 1"), "{length}");
    }
    bytes[28..32].copy_from_slice(&301_u32.to_le_bytes());
    assert!(mistakes(&bytes, &c3())[0].starts_with("segment 1 has 301 bytes"));
}

#[test]
fn an_image_of_the_whole_flash_is_not_taken_for_an_application() {
    let mut flash = image(5, &segments(), true);
    flash.resize(0x8000, 0xff);
    flash.extend([0xaa, 0x50]);
    assert!(mistakes(&flash, &c3())[0].contains("publish the application alone"));
    // An application may have the same bytes there.
    let mut data = vec![0xaa; 0x9000];
    data[0x8000 - 31] = 0x50;
    assert!(check_image(&image(5, &[data], true), &c3()).is_ok());
}

#[test]
fn random_bytes_and_random_damage_never_panic() {
    let mut state = 1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let whole = image(5, &segments(), true);
    for _ in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random() % 4 {
            let at = random() as usize % 64;
            bytes[at] = random() as u8;
        }
        bytes.truncate(random() as usize % (bytes.len() + 1));
        let _ = check_image(&bytes, &c3());
    }
}

#[test]
fn the_chip_of_a_board_is_in_its_name() {
    for (name, chip) in [
        ("seeed_xiao_esp32c3", 5),
        ("esp32-c3-devkitm-1", 5),
        ("esp32-c6-devkitc-1", 13),
        ("esp32c6", 13),
        ("ESP32_S3_BOX", 9),
        ("adafruit_feather_esp32s3_tft", 9),
        ("esp32s3box", 9),
        ("esp32-s2-saola-1", 2),
        ("esp32c2", 12),
        ("esp32h2", 16),
        ("esp32", 0),
        ("esp32dev", 0),
        ("esp32cam", 0),
        ("esp32c", 0),
        ("esp32-wrover-kit2", 0),
        ("esp32-esp32", 0),
    ] {
        assert_eq!(board(name).chip(), Chip(chip), "{name}");
        assert_eq!(board(name).name(), name);
    }
    for unclear in ["wemos_d1", "esp8266", "esp3212", "esp32-c61", "esp32c9", "esp32-esp32c3"] {
        let said = unclear.parse::<Board>().unwrap_err().to_string();
        assert!(said.contains(unclear) && said.contains(KNOWN_BOARDS), "{said}");
    }
}

#[test]
fn names_and_versions_are_fit_for_a_path() {
    let long = "esp32".to_owned() + &"x".repeat(60);
    for wrong in ["", ".esp32", "../esp32", "esp32/..", "esp32 ", "esp32+", "esp32\n", "ésp32", &long] {
        assert!(matches!(wrong.parse::<Board>(), Err(BoardError::Name(_))), "{wrong:?}");
    }
    let long = "1".repeat(65);
    for wrong in ["", ".1", "1/2", "1 2", "1\u{1b}", "1%2f", &long] {
        let said = wrong.parse::<Version>().unwrap_err().to_string();
        assert!(!said.contains('\u{1b}'), "{said}");
    }
    let version: Version = "1.4.0-rc_1+b7".parse().unwrap();
    assert_eq!(image_path(&c3(), &version), "firmware/firmware-seeed_xiao_esp32c3-1.4.0-rc_1+b7.bin");
    assert!("1".repeat(64).parse::<Version>().is_ok());
}
