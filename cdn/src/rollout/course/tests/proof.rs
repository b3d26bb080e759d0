//! When a device is done, and when it is not.

use super::*;

#[tokio::test]
async fn a_device_is_done_when_it_went_away_with_the_whole_image_and_sends_frames_again() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    assert_eq!(stage.turn(), [0]);
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Asked, Runs::Old));
    stage.told(0, Told::Yes);
    stage.download(0, |_| {});
    stage.download(0, |download| download.bytes = 400);
    assert_eq!(
        (stage.step(0), stage.device(0).bytes, stage.device(0).size),
        (Step::Downloading, Some(400), Some(SIZE))
    );
    stage.download(0, |download| (download.bytes, download.done) = (SIZE, true));
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Rebooting, Runs::Unknown));
    // It is gone, then its connection is there and no frame of it yet, then one.
    let present = stage.roster.devices.remove(&id(0)).unwrap();
    stage.pass(3);
    assert_eq!(stage.step(0), Step::Rebooting);
    stage.roster.devices.insert(id(0), Present { claimed: 2, last_seen_ms: None });
    stage.pass(1);
    assert_eq!(stage.step(0), Step::Back);
    stage.pass(1);
    assert_eq!(stage.step(0), Step::Back);
    stage.roster.devices.insert(id(0), Present { claimed: 2, ..present });
    stage.pass(1);
    assert_eq!((stage.step(0), stage.device(0).runs, stage.state()), (Step::Done, Runs::New, State::Done));
}

#[tokio::test]
async fn who_lost_its_connection_with_the_whole_image_and_runs_what_it_ran_before_did_not_take_it() {
    let mut stage = Stage::new(record(2, 2, 1, 2));
    stage.says = BTreeMap::from([(0, Some("old")), (1, Some("old"))]);
    stage.turn();
    stage.update(0);
    stage.fetch(1);
    stage.pass(1);
    stage.pass(1);
    assert_eq!(stage.step(0), Step::Rebooting, "it may restart a moment later");
    // The one goes on as it is, the other one loses its connection when there is no time left for that.
    stage.pass(3);
    stage.pass(1);
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Failed, Runs::Old));
    assert!(stage.reason(0).contains("goes on without a restart"), "{}", stage.reason(0));
    let mut stage = Stage { course: Course::take_up(record(1, 1, 1, 1), stage.now), ..stage };
    stage.turn();
    stage.fetch(0);
    let present = stage.roster.devices.remove(&id(0)).unwrap();
    stage.pass(9);
    stage.roster.devices.insert(id(0), Present { claimed: 9, ..present });
    stage.pass(1);
    stage.pass(1);
    assert_eq!((stage.step(0), stage.device(0).runs, stage.state()), (Step::Failed, Runs::Old, State::Done));
    assert_eq!(stage.reason(0), "it is back and runs what it ran before: it did not take the image");
}

#[tokio::test]
async fn who_restarts_after_it_was_asked_is_asked_again() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.says.insert(0, Some("old"));
    stage.turn();
    stage.update(0);
    stage.pass(1);
    stage.pass(1);
    assert_eq!(stage.step(0), Step::Rebooting);
    stage.come_back(0);
    stage.says.clear();
    stage.pass(1);
    stage.pass(1);
    assert_eq!((stage.step(0), stage.device(0).runs, stage.reason(0)), (Step::Done, Runs::New, ""));
}

#[tokio::test]
async fn what_was_said_over_an_earlier_connection_says_nothing_of_the_next_one() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.says.insert(0, Some(""));
    stage.turn();
    stage.update(0);
    stage.pass(1);
    stage.pass(1);
    stage.roster.devices.insert(id(0), Present { claimed: 9, last_seen_ms: None });
    stage.pass(1);
    stage.answer(0, Some("old"));
    assert_eq!(stage.step(0), Step::Back);
    stage.says.clear();
    stage.roster.devices.insert(id(0), Present { claimed: 9, last_seen_ms: Some(20) });
    stage.pass(1);
    assert_eq!((stage.step(0), stage.reason(0)), (Step::Done, ""));
}

#[tokio::test]
async fn who_gives_no_proof_is_taken_by_its_restart() {
    let mut stage = Stage::new(record(4, 4, 1, 0));
    stage.says = BTreeMap::from([(0, None), (1, Some("other")), (2, Some("")), (3, Some("1.4.0"))]);
    stage.turn();
    (0..4).for_each(|number| stage.update(number));
    stage.pass(1);
    stage.pass(1);
    for (number, reason) in [
        (0, "it does not say what it runs: that it restarted is all that is known"),
        (1, "it runs something else than before, and does not name it as this image"),
        (3, ""),
    ] {
        assert_eq!((stage.step(number), stage.device(number).runs), (Step::Done, Runs::New), "{number}");
        assert_eq!(stage.reason(number), reason);
    }
    // The one that says nothing is asked twice.
    stage.pass(10);
    assert_eq!(stage.step(2), Step::Back);
    stage.pass(1);
    stage.pass(10);
    assert_eq!((stage.step(2), stage.device(2).runs, stage.device(2).asked), (Step::Done, Runs::New, 1));
    assert_eq!(stage.reason(2), "it was asked what it runs and did not answer: only its restart is known");
}

#[tokio::test]
async fn who_is_gone_before_it_says_what_it_runs_is_not_done() {
    let mut stage = Stage::new(record(2, 2, 1, 2));
    stage.says.insert(0, Some(""));
    stage.turn();
    stage.update(0);
    stage.fetch(1);
    stage.pass(1);
    stage.pass(1);
    stage.roster.devices.remove(&id(0));
    stage.come_back(1);
    stage.pass(1);
    // It is told by a CDN that does not know the question.
    stage.download(1, |_| {});
    assert_eq!(stage.reason(1), "it is back and downloads the image again: it did not take it");
    stage.pass(30);
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Failed, Runs::Unknown));
    assert_eq!(stage.reason(0), "it came back with the whole image and was gone again");
}

#[tokio::test]
async fn an_answer_changes_nothing_for_who_was_not_asked() {
    let mut stage = Stage::new(record(2, 2, 1, 2));
    stage.turn();
    stage.download(0, |download| download.aborted = true);
    for number in 0..2 {
        stage.answer(number, Some(NEW));
    }
    assert_eq!((stage.step(0), stage.device(0).runs, stage.step(1)), (Step::Failed, Runs::Old, Step::Asked));
}

#[tokio::test]
async fn a_connection_that_was_new_before_the_image_was_whole_proves_nothing() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::Yes);
    stage.download(0, |download| download.bytes = 400);
    stage.come_back(0);
    stage.pass(1);
    stage.download(0, |download| (download.bytes, download.done) = (SIZE, true));
    stage.pass(4);
    assert_eq!(stage.step(0), Step::Rebooting);
    stage.pass(2);
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Failed, Runs::Old));
    assert!(stage.reason(0).contains("goes on without a restart"), "{}", stage.reason(0));
}

#[tokio::test]
async fn each_step_has_its_time_and_the_reason_says_which_it_was() {
    let mut stage = Stage::new(record(6, 6, 1, 6));
    assert_eq!(stage.turn().len(), 6);
    for number in 0..5 {
        stage.told(number, Told::Yes);
    }
    stage.told(5, Told::NotConnected);
    stage.download(1, |download| download.bytes = 400);
    stage.download(2, |download| (download.bytes, download.aborted) = (400, true));
    stage.fetch(3);
    stage.roster.devices.remove(&id(3));
    stage.fetch(4);
    stage.roster.devices.insert(id(4), Present { claimed: 2, last_seen_ms: None });
    assert_eq!(stage.reason(2), "the download broke off after 400 of 1000 bytes");
    for _ in 0..40 {
        for number in stage.pass(1) {
            assert_eq!(number, 5, "nobody else is told again");
            stage.told(5, Told::NotConnected);
        }
    }
    for (number, runs, reason) in [
        (0, Runs::Old, "it was told to update, and did not begin to download within 10 s"),
        (1, Runs::Old, "the download stopped at 400 of 1000 bytes for 20 s"),
        (3, Runs::Unknown, "it has the whole image and did not come back within 30 s"),
        (4, Runs::Unknown, "it came back with the whole image and sends no frames"),
        (5, Runs::Old, "it was not connected, or took no command, for 10 s"),
    ] {
        assert_eq!((stage.step(number), stage.reason(number)), (Step::Failed, reason));
        assert_eq!(stage.device(number).runs, runs, "{reason}");
    }
    assert_eq!((stage.device(5).asked, stage.state()), (1, State::Done));
}

#[tokio::test]
async fn one_that_comes_anew_after_it_was_told_is_told_once_more_instead_of_failing() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::Yes);
    // From a CDN that has no bus to say so, it has the image and restarts.
    stage.come_back(0);
    assert_eq!(stage.pass(9), [0; 0]);
    assert_eq!(stage.pass(1), [0]);
    stage.download(0, |download| download.status = 304);
    stage.turn();
    assert_eq!((stage.step(0), stage.device(0).runs, stage.state()), (Step::Done, Runs::New, State::Done));
}

#[tokio::test]
async fn one_whose_download_is_told_late_is_asked_what_it_runs() {
    for (before, restarts) in [(None, true), (Some(400), true), (None, false)] {
        let mut stage = Stage::new(record(1, 1, 1, 0));
        stage.turn();
        stage.told(0, Told::Yes);
        if let Some(bytes) = before {
            stage.download(0, |download| download.bytes = bytes);
        }
        // Its CDN has no bus; the device has the image, and restarts before or after that is told.
        if restarts {
            stage.come_back(0);
            stage.pass(1);
        }
        stage.download(0, |download| (download.bytes, download.done, download.late) = (SIZE, true, true));
        if !restarts {
            stage.says.insert(0, Some("old"));
            stage.pass(1);
            stage.says.remove(&0);
            stage.come_back(0);
        }
        for _ in 0..3 {
            stage.pass(1);
        }
        assert_eq!((stage.step(0), stage.device(0).runs, stage.state()), (Step::Done, Runs::New, State::Done));
        // What is told once more says nothing.
        stage.download(0, |download| (download.bytes, download.done, download.late) = (SIZE, true, true));
        assert_eq!(stage.step(0), Step::Done);
    }
}

#[tokio::test]
async fn one_of_whom_nobody_answered_whether_it_was_told_is_told_once_more() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::Unknown);
    assert_eq!(stage.pass(9), [0; 0]);
    assert_eq!(stage.pass(1), [0]);
    stage.told(0, Told::Yes);
    stage.fetch(0);
    assert_eq!((stage.step(0), stage.device(0).asked), (Step::Rebooting, 2));
}

#[tokio::test]
async fn who_runs_the_image_already_is_done() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.download(0, |download| download.status = 304);
    stage.told(0, Told::Yes);
    stage.turn();
    assert_eq!((stage.step(0), stage.reason(0), stage.state()), (Step::Done, "it ran this image already", State::Done));
}

#[tokio::test]
async fn an_edge_whose_clock_went_back_does_not_hide_a_restart() {
    let mut stage = Stage::new(record(2, 2, 1, 2));
    for present in stage.roster.devices.values_mut() {
        present.claimed = 1000;
    }
    stage.turn();
    stage.fetch(0);
    stage.fetch(1);
    let present = stage.roster.devices.remove(&id(0)).unwrap();
    // A page with the other one is lost, which is not the same as having been away.
    let other = stage.roster.devices.remove(&id(1)).unwrap();
    stage.roster.complete = false;
    stage.pass(1);
    stage.roster.devices.insert(id(1), Present { claimed: 900, ..other });
    stage.roster.complete = true;
    stage.pass(1);
    stage.roster.devices.insert(id(0), Present { claimed: 900, ..present });
    stage.pass(1);
    stage.pass(1);
    assert_eq!((stage.step(0), stage.step(1)), (Step::Done, Step::Rebooting));
}

#[tokio::test]
async fn a_part_or_another_image_is_no_download_of_the_rollout() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::Yes);
    stage.download(0, |download| (download.bytes, download.done, download.status) = (SIZE, true, 206));
    stage.download(0, |download| {
        (download.bytes, download.done) = (SIZE, true);
        download.path = "firmware/other.bin".into();
    });
    assert_eq!((stage.step(0), stage.device(0).runs), (Step::Asked, Runs::Old));
}
