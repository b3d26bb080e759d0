//! Files that might hang.

use super::*;
use futures_util::FutureExt;
use std::pin::pin;

#[test]
fn files_are_read_where_nobody_has_to_wait_for_them() {
    let folder = Folder::new();
    let path = folder.path("a");
    write(&path, &some_frames());
    let place: TapePlace = path.to_str().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        // The only thread that may block does.
        let (free, held) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || held.recv());
        let (nowhere, access, space) = (Path::new("/nonexistent"), Access::default(), space());
        let mut tape = pin!(Tape::open(&place, nowhere, &access));
        assert!(tape.as_mut().now_or_never().is_none());
        let mut target = pin!(Target::open(place.clone(), &space, nowhere, &access, start_time()));
        assert!(target.as_mut().now_or_never().is_none());
        drop(free);
        assert!(busy.await.unwrap().is_err());
        let tape = tape.await.unwrap();
        assert_eq!(target.await.unwrap().1.appended(), Some(0));
        assert_eq!(TapeInfo::read(&tape).await.unwrap().frames, 20);
    });
}

#[tokio::test]
async fn what_is_no_regular_file_is_refused_and_not_waited_for() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [&pipe, &folder.0] {
        let place: TapePlace = path.to_str().unwrap().parse().unwrap();
        let why = within("a word", Tape::open(&place, &folder.0, &Access::default())).await.unwrap_err();
        assert!(matches!(why, TapeError::NoFile(_)), "{why}");
        let why = TapeFile::open(path, &space(), start_time()).unwrap_err();
        assert!(matches!(why, TapeError::NoFile(_)), "{why}");
    }
}
