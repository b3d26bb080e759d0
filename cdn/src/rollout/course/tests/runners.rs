//! Who takes over, and what was missed.

use super::*;

#[tokio::test]
async fn who_is_told_no_more_and_may_have_been_missed_is_asked_what_it_runs() {
    let mut stage = Stage::new(record(6, 6, 1, 6));
    stage.turn();
    (0..6).for_each(|number| stage.told(number, Told::Yes));
    stage.download(0, |download| download.bytes = 400);
    // All of them take the image, or not, while nobody hears it; and somebody aborts.
    stage.course.hold(Some("the bus is away"), stage.now);
    stage.course.wish(Wanted::Abort);
    stage.now += Duration::from_secs(60);
    stage.course.hold(None, stage.now);
    stage.says = BTreeMap::from([(2, Some("old")), (3, None), (4, Some(""))]);
    stage.roster.devices.remove(&id(5));
    for _ in 0..30 {
        assert!(stage.pass(5).is_empty(), "nobody is told once more");
    }
    let told: Vec<(Step, Runs)> = (0..6).map(|number| (stage.step(number), stage.device(number).runs)).collect();
    let unknown = (Step::Failed, Runs::Unknown);
    let new = (Step::Done, Runs::New);
    assert_eq!(told, [new, new, (Step::Failed, Runs::Old), unknown, unknown, unknown]);
    assert_eq!(stage.reason(2), "it was told to update, and runs another image than this one");
    assert_eq!(stage.reason(5), "it was told to update, and nothing was heard of it since");
    assert_eq!(stage.state(), State::Aborted);
}

#[tokio::test]
async fn who_is_asked_what_it_runs_and_downloads_after_all_goes_on() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::Yes);
    stage.course.hold(Some("the bus is away"), stage.now);
    stage.course.wish(Wanted::Abort);
    stage.course.hold(None, stage.now);
    stage.says = BTreeMap::from([(0, Some(""))]);
    stage.pass(10);
    assert_eq!(stage.step(0), Step::Back);
    stage.download(0, |download| download.bytes = 400);
    assert_eq!(stage.step(0), Step::Downloading);
    stage.says.clear();
    stage.update(0);
    stage.pass(1);
    stage.pass(1);
    assert_eq!((stage.step(0), stage.device(0).runs, stage.state()), (Step::Done, Runs::New, State::Aborted));
}

#[tokio::test]
async fn of_who_was_told_twice_with_a_gap_between_nobody_knows_what_it_runs() {
    let mut stage = Stage::new(record(2, 2, 1, 2));
    stage.turn();
    (0..2).for_each(|number| stage.told(number, Told::Yes));
    stage.course.hold(Some("the bus is away"), stage.now);
    stage.course.hold(None, stage.now);
    stage.says = BTreeMap::from([(0, Some("")), (1, Some(""))]);
    assert_eq!(stage.pass(10), [0, 1]);
    stage.told(0, Told::Yes);
    for _ in 0..60 {
        stage.told(1, Told::NotConnected);
        stage.pass(1);
    }
    for number in 0..2 {
        assert_eq!((stage.step(number), stage.device(number).runs), (Step::Failed, Runs::Unknown), "{number}");
    }
}

#[tokio::test]
async fn another_runner_goes_on_where_one_died_and_tells_nobody_twice_without_need() {
    let mut stage = Stage::new(record(4, 4, 1, 4));
    stage.turn();
    stage.update(0);
    stage.pass(1);
    stage.pass(1);
    stage.fetch(1);
    stage.told(2, Told::Yes);
    stage.download(2, |download| download.bytes = 400);
    stage.told(3, Told::Yes);
    let json = stage.course.record.to_json();
    let stored: Record = serde_json::from_slice(&json).unwrap();
    assert_eq!(stored, stage.course.record);
    // The second one came back while nobody looked: its claim from before is in the record.
    stage.roster.devices.get_mut(&id(1)).unwrap().claimed = 9;
    let mut next = Stage { roster: stage.roster, ..Stage::new(stored) };
    assert!(next.turn().is_empty());
    next.pass(1);
    assert_eq!((next.step(0), next.step(1)), (Step::Done, Step::Done));
    next.download(2, |download| (download.bytes, download.done) = (SIZE, true));
    assert_eq!(next.step(2), Step::Rebooting, "its download went on meanwhile");
    assert_eq!(next.pass(9), [3], "of this one nothing is heard");
    next.told(3, Told::Yes);
    assert!(next.pass(10).is_empty(), "and not a third time");
    assert_eq!(next.step(3), Step::Back, "it is asked what it runs");
    next.says = BTreeMap::from([(3, Some("another"))]);
    next.pass(1);
    next.pass(1);
    assert_eq!((next.step(3), next.device(3).runs), (Step::Failed, Runs::Old));
}

#[tokio::test]
async fn who_takes_over_does_not_repeat_what_the_last_one_waited_for() {
    let mut left = record(1, 1, 1, 0);
    left.note = Some("the bus is away".into());
    let mut stage = Stage::new(left);
    stage.course.note(None);
    assert_eq!(stage.course.record.note, None);
    stage.course.wish(Wanted::Pause);
    assert!(!stage.course.is_awaited(), "nobody is under way");
}

#[tokio::test]
async fn who_was_told_once_and_not_the_second_time_was_told() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.told(0, Told::Yes);
    stage.course.hold(Some("the bus is away"), stage.now);
    stage.course.hold(None, stage.now);
    stage.pass(10);
    assert_eq!(stage.device(0).asked, 2);
    stage.course.wish(Wanted::Abort);
    stage.told(0, Told::Unsent);
    stage.says = BTreeMap::from([(0, Some(""))]);
    stage.turn();
    assert_eq!((stage.step(0), stage.state()), (Step::Asked, State::Aborting), "it is asked what it runs");
    for _ in 0..10 {
        stage.pass(10);
    }
    assert_eq!((stage.step(0), stage.device(0).runs, stage.state()), (Step::Failed, Runs::Unknown, State::Aborted));
}

#[tokio::test]
async fn who_is_about_to_be_told_once_more_when_it_ends_is_asked_instead() {
    let mut stage = Stage::new(record(2, 2, 1, 0));
    stage.turn();
    (0..2).for_each(|number| stage.told(number, Told::Yes));
    stage.course.hold(Some("the bus is away"), stage.now);
    stage.course.hold(None, stage.now);
    assert_eq!(stage.pass(10), [0, 1]);
    // The one cannot be reached the second time, the other has its turn while it is paused.
    stage.told(0, Told::NotConnected);
    stage.course.wish(Wanted::Pause);
    stage.course.wish(Wanted::Abort);
    for _ in 0..4 {
        stage.pass(10);
    }
    for number in 0..2 {
        assert_eq!((stage.step(number), stage.device(number).runs), (Step::Done, Runs::New), "{number}");
    }
    assert_eq!(stage.state(), State::Aborted);
}
