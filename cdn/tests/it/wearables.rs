//! Devices on the bus that do with `ota:` what the test says, and fetch over HTTP.

use crate::stage::Stage;
use bytes::Bytes;
use futures_util::StreamExt;
use grouploop_bridge::{
    Bus, Delivery, DeviceId, FirmwareReport, NodeId, RosterEntry, RosterPage, Space, Subject, json,
};
use grouploop_testkit::{eventually, http};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// What a device does when it is told to update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// All of it.
    Good,
    /// The same, once the test [lets it go](Wearables::let_go).
    Held,
    /// It fetches the image and goes on with the old one.
    TakesNothing,
    /// The same, and its connection is lost just then.
    LosesConnection,
    /// Nothing.
    Deaf,
}

/// All devices of a node in a space.
pub(crate) struct Wearables {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    devices: Mutex<BTreeMap<u16, Device>>,
    log: Mutex<Vec<(u16, String)>>,
    changed: Notify,
    heard: watch::Sender<Heard>,
}

/// What the bus said: how often somebody asked who is there, and whose download is over.
#[derive(Debug, Default)]
struct Heard {
    questions: u64,
    over: BTreeSet<u16>,
}

struct Device {
    habit: Habit,
    claimed: u64,
    present: bool,
    md5: String,
}

impl Shared {
    fn devices(&self) -> MutexGuard<'_, BTreeMap<u16, Device>> {
        self.devices.lock().unwrap()
    }

    fn change(&self, id: u16, change: impl FnOnce(&mut Device)) {
        change(self.devices().get_mut(&id).unwrap());
    }

    fn log(&self) -> MutexGuard<'_, Vec<(u16, String)>> {
        self.log.lock().unwrap()
    }
}

impl Wearables {
    pub(crate) async fn start(
        stage: &Stage,
        space: &str,
        ids: std::ops::Range<u16>,
        habit: impl Fn(u16) -> Habit,
    ) -> Self {
        let (bus, space): (Bus, Space) = (stage.bus(), space.parse().unwrap());
        let device = |id| (id, Device { habit: habit(id), claimed: 1, present: true, md5: "0".repeat(32) });
        let shared = Arc::new(Shared {
            devices: Mutex::new(ids.clone().map(device).collect()),
            log: Mutex::default(),
            changed: Notify::new(),
            heard: watch::Sender::default(),
        });
        let mut tasks = JoinSet::new();
        let mut roster = bus.subscribe(Subject::Roster { space: space.clone() }).await.unwrap();
        let answering = shared.clone();
        tasks.spawn(async move {
            while let Some(question) = roster.next().await {
                let _ = question.respond(answering.roster());
                answering.heard.send_modify(|heard| heard.questions += 1);
            }
        });
        let mut firmware = bus.subscribe(Subject::Firmware).await.unwrap();
        let hearing = shared.clone();
        tasks.spawn(async move {
            while let Some(report) = firmware.next().await {
                let report: FirmwareReport = serde_json::from_slice(&report.payload).unwrap();
                let over = report.downloads.iter().filter(|download| download.done).filter_map(|one| one.device);
                hearing.heard.send_modify(|heard| heard.over.extend(over.map(|device| device.0)));
            }
        });
        for id in ids {
            let subject = Subject::Command { space: space.clone(), device: DeviceId(id) };
            let mut commands = bus.subscribe(subject).await.unwrap();
            let shared = shared.clone();
            tasks.spawn(async move {
                while let Some(command) = commands.next().await {
                    shared.obey(id, &command).await;
                }
            });
        }
        Self { shared, _tasks: tasks }
    }

    /// How often each device fetched an image; a 304 is none.
    pub(crate) fn fetches(&self) -> BTreeMap<u16, usize> {
        let mut fetches = BTreeMap::new();
        self.shared.log().iter().filter(|(_, what)| what == "fetched").for_each(|(id, _)| {
            *fetches.entry(*id).or_default() += 1;
        });
        fetches
    }

    /// In which order they were told to update.
    pub(crate) fn order(&self) -> Vec<u16> {
        let updates = |(_, what): &&(u16, String)| what.starts_with("http") && !what.contains("&check=");
        self.shared.log().iter().filter(updates).map(|(id, _)| *id).collect()
    }

    pub(crate) fn urls(&self) -> BTreeSet<String> {
        self.shared.log().iter().filter(|(_, what)| what.starts_with("http")).map(|(_, url)| url.clone()).collect()
    }

    /// Waits until this one was told.
    pub(crate) async fn asked(&self, id: u16) {
        eventually!(self.order().contains(&id));
    }

    /// It updates now, and so do others that are told from now on.
    pub(crate) fn let_go(&self, id: u16) {
        self.shared.change(id, |device| device.habit = Habit::Good);
        self.shared.changed.notify_waiters();
    }

    /// Everybody is good from now on.
    pub(crate) fn mend(&self) {
        self.shared.devices().values_mut().for_each(|device| device.habit = Habit::Good);
    }
}

impl Shared {
    fn roster(&self) -> Bytes {
        let devices = self.devices();
        let present = devices.iter().filter(|(_, device)| device.present);
        let entry = |(id, device): (&u16, &Device)| RosterEntry {
            id: DeviceId(*id),
            frames_per_second: 20.0,
            last_seen_ms: Some(20),
            claimed: device.claimed,
            mute_ms: None,
        };
        let node: NodeId = "edge-1".parse().unwrap();
        json(&RosterPage { node, page: 0, pages: 1, devices: present.map(entry).collect() })
    }

    async fn obey(&self, id: u16, command: &Delivery) {
        let text = String::from_utf8(command.payload.to_vec()).unwrap();
        let url = text.strip_prefix("ota:").unwrap().to_owned();
        self.log().push((id, url.clone()));
        self.heard.send_modify(|heard| _ = heard.over.remove(&id));
        let _ = command.respond("success".into());
        if self.devices()[&id].habit == Habit::Deaf {
            return;
        }
        let mut changed = std::pin::pin!(self.changed.notified());
        loop {
            changed.as_mut().enable();
            if self.devices()[&id].habit != Habit::Held {
                break;
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
        let (habit, md5) = {
            let devices = self.devices();
            (devices[&id].habit, devices[&id].md5.clone())
        };
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let path = format!("/{path}");
        let answer = http("GET", host, &path, &[("x-ESP32-sketch-md5", md5.as_str())], b"").await;
        if answer.status == 304 {
            return;
        }
        assert_eq!(answer.status, 200, "{url}");
        self.log().push((id, "fetched".into()));
        if matches!(habit, Habit::Good | Habit::LosesConnection) {
            let md5 = if habit == Habit::Good { answer.header("x-md5").unwrap().to_owned() } else { md5 };
            self.change(id, |device| (device.md5, device.present) = (md5, false));
            // It restarts, which takes longer than it takes a CDN to say that the download is over, and than two looks at who is there.
            let mut heard = self.heard.subscribe();
            heard.wait_for(|heard| heard.over.contains(&id)).await.unwrap();
            let back = heard.borrow().questions + 2;
            heard.wait_for(|heard| heard.questions >= back).await.unwrap();
            self.change(id, |device| (device.claimed, device.present) = (device.claimed + 1, true));
        }
    }
}
