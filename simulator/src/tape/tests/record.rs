//! What arrives is in the file.

use super::*;
use crate::tape::file::Disk;

#[tokio::test(start_paused = true)]
async fn what_the_bus_carries_is_recorded_with_its_times() {
    let (folder, hub) = (Folder::new(), Hub::new());
    let (ears, mouth) = (hub.attach(), hub.attach());
    let path = folder.path("a");
    let recorder = Recorder::start(TapeFile::open(&path, &space(), start_time()).unwrap(), Limits::default());
    let publish = async {
        let subject = |space| Subject::Telemetry { space, node: "edge-1".parse().unwrap() };
        for number in 0..4 {
            sleep(ms(250)).await;
            let two = [line(0x1a2b, number), line(0x3c4d, number)].concat();
            mouth.publish(&subject(space()), two.into()).unwrap();
            mouth.publish(&subject(space()), Bytes::from_static(b"no frame\n")).unwrap();
            mouth.publish(&subject(Space::main()), line(0xffff, number)).unwrap();
        }
        sleep(ms(1)).await;
    };
    let heard = Mutex::new(Vec::new());
    tokio::select! {
        biased;
        () = publish => {}
        Err(error) = record_bus(&ears, space(), &recorder, |state| heard.lock().unwrap().push(state.clone())) => panic!("{error}"),
    }
    let recorded = recorder.finish().await.unwrap();
    assert_eq!((recorded.why, recorded.tally.frames, recorded.tally.devices), (Why::Told, 8, 2));
    assert_eq!(recorded.tally.foreign, 4);
    assert_eq!(recorded.tally.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(*heard.lock().unwrap(), [grouploop_bridge::BusState::Up]);
    let (frames, end) = read(&path);
    let expected = (0..4).flat_map(|number| [parsed(0x1a2b, number), parsed(0x3c4d, number)]);
    assert!(frames.iter().map(|(_, frame)| *frame).eq(expected), "{frames:?}");
    for (index, pair) in frames.chunks(2).enumerate() {
        assert_eq!((pair[0].0, pair[1].0 - frames[0].0), (pair[1].0, ms(250 * index as u64)), "{frames:?}");
    }
    assert_eq!(end, End::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_no_more_than_two_seconds() {
    let folder = Folder::new();
    let path = folder.path("a");
    let recorder = Recorder::start(TapeFile::open(&path, &space(), start_time()).unwrap(), Limits::default());
    recorder.take(line(1, 0));
    let begin = Instant::now();
    eventually!(ms(3000), read(&path).0.len() == 1);
    assert!(begin.elapsed() <= ms(2100), "{:?}", begin.elapsed());
    recorder.take(line(1, 1));
    eventually!(ms(3000), read(&path).0.len() == 2);
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_gone_on_with_and_the_pause_is_in_it() {
    let folder = Folder::new();
    let path = folder.path("a");
    let session = async |file: TapeFile, number| {
        let recorder = Recorder::start(file, Limits::default());
        recorder.take(line(1, number));
        sleep(ms(100)).await;
        recorder.take(line(1, number + 1));
        recorder.finish().await.unwrap();
    };
    let file = TapeFile::open(&path, &space(), start_time()).unwrap();
    assert_eq!(file.appended(), None);
    let why = TapeFile::open(&path, &space(), start_time()).unwrap_err();
    assert!(matches!(why, TapeError::InUse(_)), "{why}");
    session(file, 0).await;
    // As after a crash.
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"GLRB torn").unwrap();
    let file = TapeFile::open(&path, &space(), start_time() + ms(60_000)).unwrap();
    assert_eq!(file.appended(), Some(9));
    session(file, 2).await;
    // A clock that was set back.
    session(TapeFile::open(&path, &space(), UNIX_EPOCH).unwrap(), 4).await;
    let (frames, end) = read(&path);
    assert_eq!(end, End::Clean);
    let times: Vec<_> = frames.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 100, 60_000, 60_100, 60_100, 60_200].map(ms));
    assert!(frames.iter().map(|(_, frame)| *frame).eq((0..6).map(|number| parsed(1, number))));
}

#[tokio::test]
async fn a_file_of_another_space_or_of_something_else_is_refused_and_left() {
    let folder = Folder::new();
    let path = folder.path("a");
    drop(TapeFile::open(&path, &space(), start_time()).unwrap());
    let before = std::fs::read(&path).unwrap();
    let why = TapeFile::open(&path, &Space::main(), start_time()).unwrap_err().to_string();
    assert!(why.contains("a recording of the space class-3b, not of main: record to another file"), "{why}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, b"dear diary").unwrap();
    let why = TapeFile::open(&path, &space(), start_time()).unwrap_err().to_string();
    assert!(why.contains("this is no recording"), "{why}");
    assert_eq!(std::fs::read(&path).unwrap(), b"dear diary");
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_its_time_is_over() {
    let folder = Folder::new();
    let path = folder.path("a");
    let limits = Limits { duration: Some(ms(1500)), ..Limits::default() };
    let recorder = Recorder::start(TapeFile::open(&path, &space(), start_time()).unwrap(), limits);
    let begin = Instant::now();
    recorder.take(line(1, 0));
    recorder.ended().await;
    assert!(begin.elapsed() >= ms(1500) && begin.elapsed() < ms(1510), "{:?}", begin.elapsed());
    recorder.take(line(1, 1));
    let recorded = recorder.finish().await.unwrap();
    assert_eq!((recorded.why, recorded.tally.frames, recorded.tally.dropped), (Why::Duration, 1, 0));
    assert_eq!(read(&path).0.len(), 1);
}

#[tokio::test]
async fn it_ends_before_its_file_is_too_large() {
    let folder = Folder::new();
    let path = folder.path("a");
    let limits = Limits { max_bytes: Some(MIN_MAX_BYTES), ..Limits::default() };
    let recorder = Recorder::start(TapeFile::open(&path, &space(), start_time()).unwrap(), limits);
    let mut number = 0u64;
    let feed = async {
        loop {
            // Digits without a pattern, so that they stay large.
            for _ in 0..100 {
                number += 1;
                let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                recorder.take(line((noise >> 7) as u16, noise.rotate_left(17)));
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = within("the end", recorder.ended()) => {}
        () = feed => {}
    }
    let recorded = recorder.finish().await.unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert_eq!((recorded.why, recorded.tally.bytes), (Why::MaxBytes, bytes));
    assert!(bytes <= MIN_MAX_BYTES && bytes > MIN_MAX_BYTES * 8 / 10, "{bytes}");
    let (frames, end) = read(&path);
    assert_eq!((frames.len() as u64, end), (recorded.tally.frames, End::Clean));
}

/// A disk with room for so many bytes.
struct Small {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.bytes.lock().unwrap();
        let fits = bytes.len().min(self.room - held.len());
        if fits == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        held.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Truncate for Small {
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().truncate(usize::try_from(len).unwrap());
        Ok(())
    }
}

impl Disk for Small {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_said_and_what_is_there_is_whole() {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let header = Header { space: space(), start_unix_us: 0 };
    let disk = Small { bytes: bytes.clone(), room: 200 };
    let writer = Writer::create(disk, header, BlockLimits::default()).unwrap();
    let recorder = Recorder::on_disk("full.glrec".into(), writer, Duration::ZERO, Limits::default());
    recorder.take(line(1, 0));
    eventually!(ms(3000), recorder.tally().bytes > 60);
    (1..30).for_each(|number| recorder.take(line(1, u64::MAX / number)));
    recorder.ended().await;
    let why = recorder.finish().await.unwrap_err().to_string();
    assert!(why.contains("full.glrec: the disk is full") && why.contains("the last 29 frames"), "{why}");
    let bytes = bytes.lock().unwrap();
    let mut reader = Reader::open(&bytes[..]).unwrap();
    assert_eq!((reader.by_ref().count(), reader.end()), (1, Some(End::Clean)));
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_counts_every_frame_that_is_not_in_the_file() {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let header = Header { space: space(), start_unix_us: 0 };
    let writer = Writer::create(
        Small { bytes: bytes.clone(), room: 400 },
        header,
        BlockLimits { frames: 4, ..BlockLimits::default() },
    );
    let recorder = Recorder::on_disk("full.glrec".into(), writer.unwrap(), Duration::ZERO, Limits::default());
    // More than one burst, and nothing is awaited, so all of it waits when the disk turns out to be full.
    (0..600).for_each(|number| recorder.take(Bytes::from([&line(1, number)[..], b"no frame\n"].concat())));
    recorder.ended().await;
    let why = recorder.finish().await.unwrap_err().to_string();
    let bytes = bytes.lock().unwrap();
    let held = Reader::open(&bytes[..]).unwrap().count();
    assert!(held >= 4, "{held}");
    // A frame is told as lost, too, when it is not known whether a block ended just before it or with it.
    let told = |lost: usize| why.contains(&format!("the last {lost} frames"));
    assert!(told(600 - held) || told(601 - held), "{held}: {why}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_disk_is_bounded_and_the_rest_is_counted() {
    let folder = Folder::new();
    let file = TapeFile::open(&folder.path("a"), &space(), start_time()).unwrap();
    let recorder = Recorder::start(file, Limits::default());
    // Nothing is awaited, so nothing is written meanwhile.
    (0..5000).for_each(|number| recorder.take(line(1, number)));
    assert_eq!(recorder.tally().dropped, 5000 - 4096);
    let recorded = recorder.finish().await.unwrap();
    assert_eq!((recorded.tally.frames, recorded.tally.dropped), (4096, 904));
}
