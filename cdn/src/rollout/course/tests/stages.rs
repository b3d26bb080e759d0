//! Canary and waves, and what people wish.

use super::*;

#[tokio::test]
async fn the_next_stage_begins_when_each_device_of_the_one_before_is_done_or_failed() {
    let mut stage = Stage::new(record(5, 1, 2, 1));
    assert_eq!(stage.turn(), [0]);
    stage.update(0);
    assert!(stage.turn().is_empty(), "its frames are awaited");
    assert_eq!(stage.pass(1), [1, 2]);
    stage.update(1);
    stage.download(2, |download| download.aborted = true);
    assert!(stage.pass(1).is_empty());
    assert_eq!(stage.pass(1), [3, 4]);
    stage.update(3);
    stage.update(4);
    stage.pass(1);
    stage.pass(1);
    assert_eq!(stage.state(), State::Done);
    let counted: Vec<_> = stage.course.record.stages.iter().map(|stage| (stage.done, stage.failed)).collect();
    assert_eq!(counted, [(1, 0), (1, 1), (2, 0)]);
}

#[tokio::test]
async fn with_one_failure_too_many_nobody_else_is_told_and_who_was_told_ends_naturally() {
    let mut stage = Stage::new(record(6, 1, 4, 1));
    stage.turn();
    stage.update(0);
    stage.pass(1);
    assert_eq!(stage.pass(1), [1, 2, 3, 4]);
    stage.download(1, |download| download.aborted = true);
    stage.turn();
    assert_eq!(stage.state(), State::Running, "one may");
    stage.download(2, |download| download.aborted = true);
    stage.told(3, Told::NotConnected);
    stage.turn();
    assert_eq!(stage.state(), State::Stopping);
    assert_eq!(stage.course.record.note.as_deref(), Some("stopped by its rule: 2 of wave 1 failed, and at most 1 may"));
    assert_eq!((stage.step(3), stage.step(4), stage.step(5)), (Step::Skipped, Step::Asked, Step::Skipped));
    stage.update(4);
    stage.pass(1);
    assert!(stage.pass(1).is_empty());
    assert_eq!((stage.step(4), stage.state()), (Step::Done, State::Stopped));
    assert!(stage.course.record.ended_ms.is_some());
    let runs: Vec<Runs> = stage.course.record.devices.iter().map(|device| device.runs).collect();
    assert_eq!(runs, [Runs::New, Runs::Old, Runs::Old, Runs::Old, Runs::New, Runs::Old]);
}

#[tokio::test]
async fn a_wish_from_before_anybody_took_it_up_holds_at_once() {
    let mut wished = record(3, 1, 1, 0);
    wished.wanted = Wanted::Pause;
    let mut stage = Stage::new(wished);
    assert_eq!(stage.state(), State::Paused);
    assert!(stage.turn().is_empty(), "nobody is told, not even for a moment");
    stage.course.wish(Wanted::Run);
    assert_eq!(stage.turn(), [0]);
}

#[tokio::test]
async fn it_pauses_goes_on_and_is_aborted_as_somebody_wishes() {
    let mut stage = Stage::new(record(4, 1, 1, 0));
    stage.turn();
    stage.course.wish(Wanted::Pause);
    stage.update(0);
    stage.pass(1);
    assert!(stage.pass(1).is_empty());
    assert_eq!((stage.step(0), stage.state()), (Step::Done, State::Paused));
    stage.course.wish(Wanted::Run);
    assert_eq!(stage.turn(), [1]);
    stage.told(1, Told::Yes);
    stage.download(1, |download| download.bytes = 1);
    stage.course.wish(Wanted::Abort);
    stage.turn();
    assert_eq!((stage.step(1), stage.step(2), stage.state()), (Step::Downloading, Step::Skipped, State::Aborting));
    stage.course.wish(Wanted::Run);
    assert_eq!(stage.state(), State::Aborting, "there is no way back");
    stage.update(1);
    stage.pass(1);
    stage.pass(1);
    assert_eq!((stage.step(1), stage.state()), (Step::Done, State::Aborted));
    assert_eq!(stage.reason(3), "the rollout was aborted before its turn");
}

#[tokio::test]
async fn who_was_about_to_be_told_while_somebody_paused_waits_again() {
    let mut stage = Stage::new(record(2, 2, 1, 0));
    assert_eq!(stage.turn(), [0, 1]);
    stage.course.wish(Wanted::Pause);
    stage.told(0, Told::Unsent);
    stage.course.wish(Wanted::Abort);
    stage.told(1, Told::Unsent);
    stage.turn();
    assert_eq!((stage.step(0), stage.step(1), stage.state()), (Step::Skipped, Step::Skipped, State::Aborted));
    assert_eq!((stage.device(0).asked, stage.device(1).asked), (0, 1));
}

#[tokio::test]
async fn what_a_failed_device_has_in_the_end_is_told_all_the_same() {
    let mut stage = Stage::new(record(4, 4, 1, 4));
    stage.turn();
    for number in 0..3 {
        stage.told(number, Told::Yes);
    }
    stage.pass(10);
    assert_eq!([0, 1, 2].map(|number| (stage.step(number), stage.device(number).runs)), [(Step::Failed, Runs::Old); 3]);
    stage.course.take_changed();
    stage.download(0, |download| (download.bytes, download.done) = (SIZE, true));
    stage.download(1, |download| download.status = 304);
    stage.download(2, |download| download.bytes = 400);
    assert!(stage.course.take_changed());
    let runs = [0, 1, 2].map(|number| stage.device(number).runs);
    assert_eq!((runs, stage.step(0)), ([Runs::Unknown, Runs::New, Runs::Old], Step::Failed));
}

#[tokio::test]
async fn who_is_not_connected_has_its_time_when_the_rollout_goes_on() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::NotConnected);
    stage.pass(5);
    stage.told(0, Told::NotConnected);
    stage.course.wish(Wanted::Pause);
    stage.pass(1000);
    stage.course.wish(Wanted::Run);
    assert_eq!(stage.turn(), [0]);
    stage.told(0, Told::NotConnected);
    assert_eq!(stage.step(0), Step::Asked, "nobody tried to reach it while it was paused");
    stage.pass(10);
    stage.told(0, Told::NotConnected);
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Failed, Runs::Old));
}

#[tokio::test]
async fn nothing_is_concluded_from_time_in_which_nothing_could_be_heard() {
    let mut stage = Stage::new(record(2, 2, 1, 0));
    stage.turn();
    stage.told(0, Told::Yes);
    stage.told(1, Told::Yes);
    stage.download(0, |download| download.bytes = 400);
    stage.course.hold(Some("the bus is away"), stage.now);
    assert_eq!(stage.course.record.note.as_deref(), Some("the bus is away"));
    stage.now += Duration::from_secs(1000);
    stage.course.hold(None, stage.now);
    assert!(stage.turn().is_empty());
    assert_eq!(
        (stage.step(0), stage.step(1), stage.course.record.note.as_deref()),
        (Step::Downloading, Step::Asked, None)
    );
    // Of the one nothing more is heard: it is told once more, and has it by now.
    stage.download(1, |download| (download.bytes, download.done) = (SIZE, true));
    stage.come_back(1);
    stage.pass(1);
    stage.pass(19);
    assert_eq!((stage.step(0), stage.step(1)), (Step::Asked, Step::Done));
    assert_eq!(stage.device(0).asked, 2);
    stage.download(0, |download| download.status = 304);
    stage.turn();
    assert_eq!(stage.state(), State::Done);
}
