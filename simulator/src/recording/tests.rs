//! The recording as a whole: what goes in comes out, however the file is cut, damaged or made up.

use super::block::{HEAD_LEN, Head, MAX_PLAIN_BYTES};
use super::crc::crc32;
use super::header::HEADER_LEN;
use super::*;
use grouploop_bridge::Frame;
use std::io::{Cursor, Read};
use std::time::Duration;

type Timed = (Duration, Frame);

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn frame(id: u16, values: [u8; 8]) -> Frame {
    let digits: String = values.iter().map(|value| format!("{value:02x}")).collect();
    Frame::parse(format!("{id:04x}{digits}").as_bytes()).unwrap()
}

/// Devices that send at 20 Hz, each at its own moment with some jitter, their values a random walk with the noise of sensors.
fn crowd(devices: u16, seconds: u64, seed: u64) -> Vec<Timed> {
    let mut dice = Dice(seed);
    let mut bodies: Vec<[i64; 8]> =
        (0..devices).map(|_| std::array::from_fn(|_| dice.roll(256).cast_signed())).collect();
    let ids: Vec<u16> = (0..devices).map(|_| u16::try_from(dice.roll(65_536)).unwrap()).collect();
    let mut frames = Vec::new();
    for tick in 0..seconds * 20 {
        for (place, body) in bodies.iter_mut().enumerate() {
            for (field, value) in body.iter_mut().enumerate() {
                let reach = if field < 3 { 9 } else { 5 };
                *value = (*value + dice.roll(reach).cast_signed() - reach.cast_signed() / 2).clamp(0, 255);
            }
            let mut values = body.map(|value| u8::try_from(value).unwrap());
            values[7] = if dice.roll(400) == 0 { 0xff } else { 0 };
            let phase = 50_000 * place as u64 / u64::from(devices);
            frames.push((Duration::from_micros(tick * 50_000 + phase + dice.roll(3000)), frame(ids[place], values)));
        }
    }
    frames.sort_by_key(|(at, _)| *at);
    frames
}

fn header() -> Header {
    Header { space: "class-3b".parse().unwrap(), start_unix_us: 1_750_000_000_000_000 }
}

/// Blocks of so many frames.
fn blocks_of(frames: u32) -> BlockLimits {
    BlockLimits { frames, ..BlockLimits::default() }
}

fn recorded(frames: &[Timed], limits: BlockLimits) -> Vec<u8> {
    let mut writer = Writer::create(Vec::new(), header(), limits).unwrap();
    for (at, frame) in frames {
        writer.push(*at, frame).unwrap();
    }
    let claimed = |file: &Vec<u8>, bytes: u64| assert_eq!(file.len() as u64, bytes);
    writer.flush().unwrap();
    let bytes = writer.bytes();
    let file = writer.finish().unwrap();
    claimed(&file, bytes);
    file
}

fn played(file: &[u8]) -> (Vec<Timed>, End) {
    let mut reader = Reader::open(file).unwrap();
    assert_eq!(reader.end(), None);
    let frames = reader.by_ref().map(Result::unwrap).collect();
    assert!(reader.next().is_none());
    (frames, reader.end().unwrap())
}

/// Where each block starts, and where the file ends.
fn borders(file: &[u8]) -> Vec<usize> {
    let mut borders = vec![HEADER_LEN];
    while let Some(head) = file[*borders.last().unwrap()..].first_chunk::<HEAD_LEN>() {
        let head = Head::decode(head).unwrap();
        borders.push(borders.last().unwrap() + HEAD_LEN + head.stored_len as usize);
    }
    borders
}

/// A file of one block with this payload, every check in it right.
fn forged(plain: &[u8], change: impl FnOnce(&mut Head)) -> Vec<u8> {
    let stored = zstd::bulk::compress(plain, 1).unwrap();
    let mut head = Head {
        frames: 1,
        stored_len: u32::try_from(stored.len()).unwrap(),
        plain_len: u32::try_from(plain.len()).unwrap(),
        stored_crc: crc32(&stored),
        first_us: 0,
        last_us: 0,
    };
    change(&mut head);
    [header().encode(), head.encode(), stored].concat()
}

/// A reader that gives few bytes at a time, cannot seek, and is interrupted.
struct Trickle<'a>(&'a [u8], u8);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1.wrapping_add(1);
        if self.1.is_multiple_of(5) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let len = buffer.len().min(3);
        self.0.read(&mut buffer[..len])
    }
}

#[test]
fn what_goes_in_comes_out() {
    for (devices, seconds, limits) in [
        (1, 1, BlockLimits::default()),
        (40, 3, blocks_of(7)),
        (40, 3, BlockLimits { span: Duration::from_millis(110), ..BlockLimits::default() }),
        (300, 2, blocks_of(MAX_BLOCK_FRAMES)),
    ] {
        let frames = crowd(devices, seconds, 1);
        let file = recorded(&frames, limits);
        assert_eq!(played(&file), (frames.clone(), End::Clean));
        let trickled: Vec<Timed> = Reader::open(Trickle(&file, 0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(trickled, frames);
        assert_eq!(Reader::open(&file[..]).unwrap().header(), &header());
    }
    assert_eq!(played(&recorded(&[], BlockLimits::default())), (Vec::new(), End::Clean));
}

#[test]
fn a_block_ends_with_its_frames_or_its_time() {
    let frames = crowd(1, 10, 2);
    assert_eq!(borders(&recorded(&frames, blocks_of(50))).len() - 1, 4, "200 frames");
    let limits = BlockLimits { span: Duration::from_secs(1), ..BlockLimits::default() };
    assert_eq!(borders(&recorded(&frames, limits)).len() - 1, 10, "10 seconds");
    assert_eq!(borders(&recorded(&frames, blocks_of(0))).len() - 1, 200, "a limit of none is one of one");
}

#[test]
fn times_never_go_back_and_may_be_as_late_as_time_goes() {
    let one = frame(1, [0; 8]);
    let (late, latest) = (Duration::from_secs(9), Duration::from_micros(u64::MAX));
    let file = recorded(&[(late, one), (Duration::ZERO, one), (Duration::MAX, one)], BlockLimits::default());
    assert_eq!(played(&file).0, [(late, one), (late, one), (latest, one)]);
}

#[test]
fn a_file_that_was_cut_plays_up_to_its_last_whole_block_and_goes_on_there() {
    let frames = crowd(3, 1, 3);
    let file = recorded(&frames, blocks_of(20));
    let borders = borders(&file);
    assert_eq!(borders.len(), 4);
    let more: Vec<Timed> = crowd(2, 1, 4).into_iter().map(|(at, frame)| (at + Duration::from_secs(5), frame)).collect();
    for cut in 0..=file.len() {
        if cut < HEADER_LEN {
            assert!(matches!(Reader::open(&file[..cut]), Err(RecordingError::ShortHeader(len)) if len == cut));
            continue;
        }
        let whole = borders.iter().filter(|border| **border <= cut).count() - 1;
        let at = borders[whole];
        let end = if cut == at { End::Clean } else { End::Cut { at_byte: at as u64 } };
        assert_eq!(played(&file[..cut]), (frames[..whole * 20].to_vec(), end), "cut at {cut}");

        let (mut writer, lost) = Writer::append(Cursor::new(file[..cut].to_vec()), blocks_of(20)).unwrap();
        assert_eq!((lost, writer.bytes()), ((cut - at) as u64, at as u64));
        assert_eq!(writer.last(), if whole == 0 { Duration::ZERO } else { frames[whole * 20 - 1].0 });
        assert_eq!(writer.header(), &header());
        for (at, frame) in &more {
            writer.push(*at, frame).unwrap();
        }
        let file = writer.finish().unwrap().into_inner();
        assert_eq!(played(&file), ([&frames[..whole * 20], &more[..]].concat(), End::Clean), "cut at {cut}");
    }
}

#[test]
fn a_file_on_disk_is_gone_on_with() {
    let path = std::env::temp_dir().join(format!("grouploop-recording-{}", std::process::id()));
    let frames = crowd(5, 1, 5);
    let whole = recorded(&frames, blocks_of(50));
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let open = || std::fs::File::options().read(true).write(true).open(&path).unwrap();
    let (writer, lost) = Writer::append(open(), blocks_of(50)).unwrap();
    let borders = borders(&whole);
    assert_eq!(lost as usize, whole.len() - 1 - borders[1]);
    drop(writer.finish().unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), &whole[..borders[1]]);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn zeros_where_a_block_should_be_are_cut_off_and_whole_blocks_behind_damage_are_not() {
    let frames = crowd(3, 1, 6);
    let file = recorded(&frames, blocks_of(20));
    let borders = borders(&file);

    let mut zeros = file.clone();
    zeros[borders[2] + 3..].fill(0);
    zeros.resize(zeros.len() + 200_000, 0);
    assert_eq!(played(&zeros), (frames[..40].to_vec(), End::Damaged { at_byte: borders[2] as u64 }));
    let (writer, lost) = Writer::append(Cursor::new(zeros.clone()), blocks_of(20)).unwrap();
    assert_eq!(lost as usize, zeros.len() - borders[2]);
    assert_eq!(writer.finish().unwrap().into_inner(), &file[..borders[2]]);

    for at in [borders[1], borders[1] + 5, borders[1] + HEAD_LEN, borders[2] - 1] {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        let at_byte = borders[1] as u64;
        assert_eq!(played(&damaged), (frames[..20].to_vec(), End::Damaged { at_byte }));
        let error = Writer::append(Cursor::new(damaged), blocks_of(20)).unwrap_err();
        assert!(matches!(error, RecordingError::Damaged { at_byte: at } if at == at_byte), "{error}");
    }
}

#[test]
fn a_head_across_two_chunks_is_found() {
    let frames = crowd(3, 1, 6);
    let file = recorded(&frames, blocks_of(20));
    let borders = borders(&file);
    for gap in 65_536 - HEAD_LEN..65_540 {
        let parts = [&file[..borders[1]], &vec![7; gap], &file[borders[1]..borders[2]]];
        assert!(matches!(
            Writer::append(Cursor::new(parts.concat()), blocks_of(20)),
            Err(RecordingError::Damaged { .. })
        ));
    }
}

#[test]
fn random_damage_is_noticed_and_never_panics() {
    let frames = crowd(4, 2, 7);
    let file = recorded(&frames, blocks_of(16));
    let mut dice = Dice(8);
    for round in 0..5000 {
        let mut damaged = file.clone();
        let mut first = usize::MAX;
        for _ in 0..=dice.roll(4) {
            let at = HEADER_LEN + usize::try_from(dice.roll((file.len() - HEADER_LEN) as u64)).unwrap();
            damaged[at] ^= 1 << dice.roll(8);
            first = first.min(if damaged[at] == file[at] { usize::MAX } else { at });
        }
        if damaged == file {
            continue;
        }
        let (played, end) = played(&damaged);
        assert!(matches!(end, End::Damaged { .. } | End::Cut { .. }), "round {round}: {end:?}");
        assert_eq!(played, frames[..played.len()], "round {round}");
        let _ = Writer::append(Cursor::new(damaged), blocks_of(16));
    }
}

#[test]
fn made_up_files_are_refused_within_the_bounds() {
    let end = |file: &[u8]| played(file).1;
    let damaged = End::Damaged { at_byte: HEADER_LEN as u64 };
    // One device, its id, one frame, no time.
    let plain: Vec<u8> = [1u32.to_le_bytes().to_vec(), vec![0; 13]].concat();
    let longer = [&plain[..], &[0]].concat();
    assert_eq!(end(&forged(&plain, |_| ())), End::Clean, "the forger can do it right");
    assert_eq!(end(&forged(&plain, |head| head.plain_len = 18)), damaged, "shorter than claimed");
    assert_eq!(end(&forged(&longer, |head| head.plain_len = 17)), damaged, "longer than claimed");
    assert_eq!(end(&forged(&[0; 5000], |head| head.plain_len = 17)), damaged, "far longer than claimed");
    assert_eq!(end(&forged(&vec![0; 64 << 20], |head| head.plain_len = 17)), damaged, "a bomb");
    assert_eq!(end(&forged(&plain, |head| head.last_us = 1)), damaged, "another end");
    assert_eq!(end(&forged(&[&plain[..16], &[0xff; 9]].concat(), |_| ())), damaged, "a time without an end");
    assert_eq!(end(&forged(&plain, |head| head.stored_len = 1_000_000)), End::Cut { at_byte: HEADER_LEN as u64 });
    assert_eq!(end(&forged(&plain, |head| head.stored_len = u32::MAX)), damaged);
    assert_eq!(end(&forged(&plain, |head| head.frames = u32::MAX)), damaged);
    let mut back = forged(&plain, |head| (head.first_us, head.last_us) = (5, 5));
    back.extend_from_slice(&forged(&plain, |_| ())[HEADER_LEN..]);
    assert!(matches!(end(&back), End::Damaged { at_byte } if at_byte > HEADER_LEN as u64), "time goes back");
    let full = forged(&vec![0; MAX_PLAIN_BYTES], |head| head.frames = MAX_BLOCK_FRAMES);
    assert_eq!(end(&full), damaged, "as large as can be");
}

#[test]
fn random_bytes_behind_a_header_never_panic() {
    let mut dice = Dice(9);
    for _ in 0..2000 {
        let mut file = header().encode();
        if dice.roll(2) == 0 {
            file.extend_from_slice(b"GLRB");
        }
        file.extend((0..dice.roll(200)).map(|_| u8::try_from(dice.roll(256)).unwrap()));
        let (frames, end) = played(&file);
        assert!(frames.is_empty() && (end != End::Clean || file.len() == HEADER_LEN));
    }
}

#[test]
fn after_a_failed_write_nothing_follows() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let len = bytes.len().min(self.0);
            self.0 -= len;
            if len == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(len) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut writer = Writer::create(Full(HEADER_LEN + 60), header(), blocks_of(10)).unwrap();
    let results: Vec<bool> = crowd(1, 1, 10).iter().map(|(at, frame)| writer.push(*at, frame).is_ok()).collect();
    assert_eq!(results, [[true; 9].to_vec(), [false; 11].to_vec()].concat(), "every push behind the failed block");
    assert!(writer.flush().is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn the_size_of_a_crowd() {
    let crowd = crowd(100, 60, 11);
    let in_batches: Vec<Timed> = crowd
        .iter()
        .map(|(at, frame)| (Duration::from_millis(at.as_secs() * 1000 + u64::from(at.subsec_millis()) / 5 * 5), *frame))
        .collect();
    let second = BlockLimits { span: Duration::from_secs(1), ..BlockLimits::default() };
    for (name, frames, limits, most) in [
        ("a time for each frame", &crowd, BlockLimits::default(), 5.6),
        ("in batches of 5 ms", &in_batches, BlockLimits::default(), 4.0),
        ("in batches, blocks of 1 s", &in_batches, second, 4.5),
    ] {
        let file = recorded(frames, limits);
        assert!(played(&file).0 == *frames);
        let size = file.len() as f64 / frames.len() as f64;
        println!("{name}: {size:.2} bytes for each frame of 10 bytes and a time");
        assert!(size < most, "{name}: {size}");
    }
}

#[test]
fn the_example_of_the_documentation_is_what_it_says() {
    let text = include_str!("../../../docs/recording.md");
    let example = text.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let digits = |line: &str| {
        line.split("  ").next().unwrap().split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    let file: Vec<u8> = example.lines().flat_map(|line| -> Vec<u8> { digits(line) }).collect();
    let frame = |at, digits: &[u8]| (Duration::from_micros(at), Frame::parse(digits).unwrap());
    let expected = [
        frame(1000, b"1a2b8080ff403c221000"),
        frame(51_000, b"3c4d7f81c01e14780a00"),
        frame(51_200, b"1a2b8281fe413c2111ff"),
    ];
    assert_eq!(played(&file), (expected.to_vec(), End::Clean));
    assert_eq!(Reader::open(&file[..]).unwrap().header(), &header());
    let head = HEADER_LEN + 20..HEADER_LEN + 36;
    let written = recorded(&expected, BlockLimits::default());
    assert_eq!(
        (&written[..HEADER_LEN], &written[head.clone()]),
        (&file[..HEADER_LEN], &file[head]),
        "zstd may change, these may not"
    );
}

#[test]
fn heads_tell_what_is_in_a_recording_wherever_it_was_cut() {
    let whole = recorded(&crowd(20, 3, 7), blocks_of(300));
    for len in HEADER_LEN..=whole.len() {
        let file = &whole[..len];
        let (frames, end) = played(file);
        let skimmed = Skimmed::read(Cursor::new(file)).unwrap();
        let at = |found: Option<&Timed>| found.map_or(Duration::ZERO, |(at, _)| *at);
        assert_eq!((skimmed.frames, skimmed.end, skimmed.bytes), (frames.len() as u64, end, len as u64));
        assert_eq!((skimmed.first, skimmed.last), (at(frames.first()), at(frames.last())), "{len}");
        assert_eq!(skimmed.header, header());
    }
    let second = borders(&whole)[1];
    let mut damaged = whole;
    damaged[second + 5] ^= 1;
    let skimmed = Skimmed::read(Cursor::new(&damaged)).unwrap();
    assert_eq!((skimmed.frames, skimmed.end), (300, End::Damaged { at_byte: second as u64 }));
    assert!(matches!(Skimmed::read(Cursor::new(b"no recording")), Err(RecordingError::NotARecording)));
}
