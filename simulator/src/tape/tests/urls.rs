//! Into URLs and out of them.

use super::*;
use crate::tape::copy::Copy;
use crate::tape::spool::NewFile;
use grouploop_testkit::{HttpStub, S3Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn record_to(url: &str, spool: &Path, numbers: std::ops::Range<u64>) -> Result<(), TapeError> {
    let (place, access) = (url.parse().unwrap(), Access::default());
    let (target, file) = Target::open(place, &space(), spool, &access, start_time()).await?;
    assert_eq!(target.spool().unwrap().parent().unwrap(), spool);
    let recorder = Recorder::start(file, Limits::default());
    numbers.for_each(|number| recorder.take(line(1, number)));
    recorder.finish().await.unwrap();
    target.deliver(&access).await
}

#[tokio::test]
async fn a_recording_that_cannot_be_brought_to_its_url_is_kept_and_named() {
    let (folder, stub) = (Folder::new(), HttpStub::start().await);
    let url = format!("{}/static/night.glrec", stub.url());
    // The stub knows nothing of PUT: 404.
    let why = record_to(&url, &folder.0, 0..3).await.unwrap_err();
    let TapeError::Kept { kept, .. } = &why else { panic!("{why}") };
    assert!(why.to_string().contains(&format!("{url} answers 404")), "{why}");
    assert!(why.to_string().contains(&format!("kept in {}", kept.display())), "{why}");
    assert!(kept.to_str().unwrap().ends_with("-night.glrec"), "{kept:?}");
    assert_eq!((read(kept).0.len(), folder.files().len()), (3, 1));
    let put = stub.requests().pop().unwrap();
    assert_eq!((put.method.as_str(), put.header("if-none-match")), ("PUT", Some("*")));
}

#[tokio::test]
async fn a_url_that_is_taken_refused_or_away_is_heard_before_the_first_frame() {
    let (folder, stub) = (Folder::new(), HttpStub::start().await);
    let url = format!("{}/static/night.glrec", stub.url());
    stub.serve("/static/night.glrec", "older");
    let why = record_to(&url, &folder.0, 0..1).await.unwrap_err();
    assert!(matches!(why, TapeError::Taken(_)), "{why}");
    stub.fail(503);
    let why = record_to(&url, &folder.0, 0..1).await.unwrap_err();
    assert!(matches!(why, TapeError::Refused { .. }), "{why}");
    drop(stub);
    let why = record_to(&url, &folder.0, 0..1).await.unwrap_err();
    assert!(why.is_away(), "{why}");
    assert_eq!(folder.files().len(), 0);
}

#[tokio::test]
async fn what_is_at_a_url_is_played_from_a_copy_that_is_gone_afterwards() {
    let (folder, spool, stub) = (Folder::new(), Folder::new(), HttpStub::start().await);
    let path = folder.path("a");
    write(&path, &some_frames());
    stub.serve("/a", std::fs::read(&path).unwrap());
    let place: TapePlace = format!("{}/a", stub.url()).parse().unwrap();
    let tape = Tape::open(&place, &spool.0, &Access::default()).await.unwrap();
    assert_eq!(spool.files().len(), 0);
    let info = TapeInfo::read(&tape).await.unwrap();
    assert_eq!((info.frames, info.devices, info.first, info.last), (20, 2, ms(500), ms(967)));
    assert_eq!((info.pause, info.end, tape.header().space.as_str()), (ms(33), End::Clean, "class-3b"));
    assert_eq!(TapeInfo::read(&tape).await.unwrap(), info, "as often as one likes");
    let missing: TapePlace = format!("{}/b", stub.url()).parse().unwrap();
    let why = Tape::open(&missing, &spool.0, &Access::default()).await.unwrap_err();
    assert!(matches!(why, TapeError::NotThere(_)), "{why}");
    stub.serve("/b", "<html>");
    let why = Tape::open(&missing, &spool.0, &Access::default()).await.unwrap_err().to_string();
    assert!(why.contains("/b: this is no recording"), "{why}");
}

#[tokio::test]
async fn a_store_takes_what_is_too_large_for_one_write_and_gives_the_same_back() {
    let (folder, s3) = (Folder::new(), S3Server::start().await);
    let access = Access { variables: s3.env().into_iter().collect(), ..Access::default() };
    let place: TapePlace = format!("s3://{}/nights/one.glrec", s3.bucket()).parse().unwrap();
    assert!(!access.is_there(&place).await.unwrap());
    let (file, bytes) = (folder.path("a"), (0..3_000_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    write(&file, &[]);
    let bytes = [std::fs::read(&file).unwrap(), bytes].concat();
    std::fs::write(&file, &bytes).unwrap();
    access.bring(&file, &place).await.unwrap();
    assert!(access.is_there(&place).await.unwrap());
    let new = NewFile::create(&folder.0, place.name()).unwrap();
    let path = new.path.clone();
    let mut copy = Copy::new(place.to_string(), new, 100 << 20);
    access.fetch(&place, &mut copy).await.unwrap();
    copy.finish().await.unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes);
    let why = access.bring(&file, &place).await.unwrap_err();
    assert!(matches!(why, TapeError::Taken(_)), "{why}");
    s3.kill().await;
    let why = within("the end of the retries", access.bring(&file, &place)).await.unwrap_err();
    assert!(why.is_away(), "{why}");
}

/// A server that sends this and then neither more nor an end.
async fn endless(body: Vec<u8>) -> (TapePlace, impl Future<Output = ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}/a", listener.local_addr().unwrap()).parse().unwrap();
    let serve = async move {
        let mut peer = listener.accept().await.unwrap().0;
        assert!(peer.read(&mut [0; 4096]).await.unwrap() > 0);
        peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        peer.write_all(&body).await.unwrap();
        std::future::pending().await
    };
    (place, serve)
}

#[tokio::test]
async fn what_is_no_recording_is_refused_before_the_rest_of_it_comes() {
    let spool = Folder::new();
    write(&spool.path("a"), &[]);
    let mut header = std::fs::read(spool.path("a")).unwrap();
    header[45] ^= 1;
    for (body, expected) in [(b"<html>".to_vec(), "this is no recording"), (header, "damaged")] {
        let (place, serve) = endless(body).await;
        let access = Access::default();
        let open = within("the refusal", Tape::open(&place, &spool.0, &access));
        let why = tokio::select! {
            tape = open => tape.unwrap_err().to_string(),
            () = serve => unreachable!(),
        };
        assert!(why.contains(expected), "{why}");
    }
}

#[tokio::test]
async fn no_copy_becomes_larger_than_its_bound() {
    let (folder, access) = (Folder::new(), Access::default());
    let path = folder.path("a");
    write(&path, &some_frames());
    let whole = std::fs::read(&path).unwrap();
    let copy = || Copy::new("there".into(), NewFile::create(&folder.0, "x").unwrap(), 100);
    let (place, serve) = endless(whole.clone()).await;
    let mut unannounced = copy();
    let why = tokio::select! {
        fetched = within("the refusal", access.fetch(&place, &mut unannounced)) => fetched.unwrap_err().to_string(),
        () = serve => unreachable!(),
    };
    assert!(why.contains("there sends more than 100 bytes"), "{why}");
    let stub = HttpStub::start().await;
    stub.serve("/a", whole);
    let place = format!("{}/a", stub.url()).parse().unwrap();
    assert!(matches!(access.fetch(&place, &mut copy()).await, Err(TapeError::TooLarge { .. })));
    assert!(matches!(copy().announced(Some(101)), Err(TapeError::TooLarge { .. })));
    assert!(copy().announced(Some(100)).is_ok());
}

#[tokio::test]
async fn who_wants_a_token_that_was_not_sent_is_answered_with_what_to_do() {
    let (folder, stub) = (Folder::new(), HttpStub::start().await);
    let place: TapePlace = format!("{}/a", stub.url()).parse().unwrap();
    stub.answer("/a", 401, &[], b"");
    write(&folder.path("a"), &[]);
    let bring = async |token: &str| {
        let access = Access { token: token.into(), ..Access::default() };
        access.bring(&folder.path("a"), &place).await.unwrap_err().to_string()
    };
    let why = bring("").await;
    assert!(why.contains("cdn.base_url") && why.contains("--token"), "{why}");
    assert_eq!(stub.requests().pop().unwrap().header("authorization"), None);
    let why = bring("one-that-is-wrong").await;
    assert!(why.contains("refuses the token"), "{why}");
    assert_eq!(stub.requests().pop().unwrap().header("authorization"), Some("Bearer one-that-is-wrong"));
}
