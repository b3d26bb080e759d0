//! The course of a rollout, on a clock that the test moves.

mod proof;
mod runners;
mod stages;

use super::*;
use crate::rollout::definition::Definition;
use crate::rollout::record::{Amount, Firmware, Rules, Timeouts};
use grouploop_bridge::{Download, Space};

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
            late: false,
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
