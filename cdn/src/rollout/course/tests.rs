use super::*;
use crate::rollout::definition::Definition;
use crate::rollout::record::{Amount, Firmware, Rules, Timeouts};
use grouploop_bridge::Space;

const TIMEOUTS: Timeouts = Timeouts { start_s: 10, stall_s: 20, settle_s: 5, restart_s: 30 };
const SIZE: u64 = 1000;
/// The MD5 of the image.
const NEW: &str = "0123456789abcdef0123456789abcdef";

/// A course, devices that do what the test says, and time that passes.
struct Stage {
    course: Course,
    now: Instant,
    roster: Roster,
    /// What those say that they run who are asked, when it is not the image; nobody hears those with an empty one.
    says: BTreeMap<u16, Option<&'static str>>,
}

fn id(number: u16) -> DeviceId {
    DeviceId(number)
}

fn record(devices: u16, canary: usize, wave: usize, max_failed: usize) -> Record {
    let rules = Rules { canary, wave, max_failed: Amount::Count(max_failed), timeouts: TIMEOUTS };
    let devices = (0..devices).map(DeviceId).collect();
    let firmware = Firmware { md5: NEW.into(), version: "1.4.0".into(), ..Firmware::default() };
    let definition = Definition { firmware, devices, rules, any_board: false };
    definition.record("r-1".into(), Space::main(), "http://cdn/x.bin".into(), None)
}

impl Stage {
    fn new(record: Record) -> Self {
        let now = Instant::now();
        let present = Present { claimed: 1, last_seen_ms: Some(20) };
        let devices = record.devices.iter().map(|device| (device.id, present)).collect();
        let roster = Roster { devices, complete: true };
        let mut course = Course::take_up(record, now);
        course.present(&roster, now);
        Self { course, now, roster, says: BTreeMap::new() }
    }

    fn turn(&mut self) -> Vec<u16> {
        self.course.present(&self.roster, self.now);
        for DeviceId(number) in self.course.next_to_ask(1000, self.now) {
            self.told(number, Told::Yes);
            let says = self.says.get(&number).copied().unwrap_or(Some(NEW));
            if says != Some("") {
                self.answer(number, says);
            }
        }
        self.course.tick(self.now);
        self.course.advance();
        let told = self.course.next_to_tell(1000, self.now);
        // What the next roster says of those who were just told.
        self.course.present(&self.roster, self.now);
        told.into_iter().map(|id| id.0).collect()
    }

    fn pass(&mut self, seconds: u64) -> Vec<u16> {
        self.now += Duration::from_secs(seconds);
        self.turn()
    }

    fn told(&mut self, number: u16, told: Told) {
        self.course.told(id(number), told, self.now);
    }

    fn download(&mut self, number: u16, change: impl FnOnce(&mut Download)) {
        let mut download = Download {
            id: u64::from(number),
            path: String::new(),
            bytes: 0,
            size: SIZE,
            done: false,
            aborted: false,
            status: 200,
            remote: String::new(),
            device: Some(id(number)),
            rollout: Some("r-1".into()),
            runs: Some("old".into()),
            check: false,
        };
        change(&mut download);
        self.course.downloaded(&"cdn-1".parse().unwrap(), &download, self.now);
    }

    /// It says what it runs.
    fn answer(&mut self, number: u16, says: Option<&str>) {
        self.download(number, |download| {
            (download.status, download.done, download.check) = (304, true, true);
            download.runs = says.map(str::to_owned);
        });
    }

    /// It takes the whole image.
    fn fetch(&mut self, number: u16) {
        self.told(number, Told::Yes);
        self.download(number, |download| (download.bytes, download.done) = (SIZE, true));
    }

    /// It comes back over a new connection and sends frames.
    fn come_back(&mut self, number: u16) {
        self.roster.devices.get_mut(&id(number)).unwrap().claimed += 1;
    }

    /// All of it, well done.
    fn update(&mut self, number: u16) {
        self.fetch(number);
        self.come_back(number);
    }

    fn device(&self, number: u16) -> &Device {
        self.course.record.devices.iter().find(|device| device.id == id(number)).unwrap()
    }

    fn step(&self, number: u16) -> Step {
        self.device(number).state
    }

    fn reason(&self, number: u16) -> &str {
        self.device(number).reason.as_deref().unwrap_or_default()
    }

    fn state(&self) -> State {
        self.course.record.state
    }
}

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
async fn who_runs_the_image_already_is_done() {
    let mut stage = Stage::new(record(1, 1, 1, 0));
    stage.turn();
    stage.download(0, |download| download.status = 304);
    stage.told(0, Told::Yes);
    stage.turn();
    assert_eq!((stage.step(0), stage.reason(0), stage.state()), (Step::Done, "it ran this image already", State::Done));
}

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
