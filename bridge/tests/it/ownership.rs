//! A node that is no edge owns devices: what every node sees of it on the bus, and what becomes of its devices when others claim them.

use bytes::Bytes;
use futures_util::StreamExt;
use grouploop_bridge::{
    Bus, CommandReport, Delivery, DeviceId, Heartbeat, Hub, Member, NodeHost, NodeId, Owner, OwnerId, Owners, Pattern,
    Presence, RequestError, RosterPage, Slot, Space, SpaceHost, Subject, Subscription, json, run_heartbeat, run_space,
};
use grouploop_testkit::within;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const ID: DeviceId = DeviceId(0x1a2b);
const OTHER: DeviceId = DeviceId(0x3c4d);

/// Longer than any test: whoever waits for it has waited in vain.
const HOUR: Duration = Duration::from_secs(3600);

/// The smallest owner.
#[derive(Debug)]
struct Swarm {
    id: OwnerId,
    takes_commands: bool,
    devices: AtomicUsize,
}

impl Swarm {
    fn new(id: OwnerId, takes_commands: bool) -> Arc<Self> {
        Arc::new(Self { id, takes_commands, devices: AtomicUsize::new(0) })
    }
}

impl Owner for Swarm {
    fn id(&self) -> OwnerId {
        self.id
    }

    fn gained(&self) {
        self.devices.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self) {
        self.devices.fetch_sub(1, Ordering::Relaxed);
    }

    fn takes_commands(&self) -> bool {
        self.takes_commands
    }
}

/// The smallest host: one space, and a queue for one command.
#[derive(Debug, Clone)]
struct Host {
    member: Arc<Member>,
    space: Space,
    owners: Arc<Owners<Swarm>>,
    tasks: TaskTracker,
    commands: mpsc::Sender<(DeviceId, Bytes)>,
}

impl NodeHost for Host {
    fn member(&self) -> &Member {
        &self.member
    }

    fn describe(&self, beat: &mut Heartbeat) {
        if !self.owners.is_empty() {
            beat.devices.insert(self.space.clone(), u32::try_from(self.owners.len()).unwrap());
        }
    }

    fn sample(&self, elapsed: Duration) {
        self.owners.sample(elapsed);
    }
}

impl SpaceHost for Host {
    type Owner = Swarm;

    fn member(&self) -> &Member {
        &self.member
    }

    fn space(&self) -> &Space {
        &self.space
    }

    fn owners(&self) -> &Owners<Swarm> {
        &self.owners
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    fn command(&self, device: DeviceId, _owner: &Arc<Swarm>, question: Delivery) {
        let queued = self.commands.try_send((device, question.payload.clone())).is_ok();
        let _ = question.respond(Bytes::from_static(if queued { b"success" } else { b"failed" }));
    }

    fn command_to_all(&self, _text: &str, question: Delivery) {
        let sent = self.owners.all().into_iter().map(|(device, _)| device).collect();
        let _ = question.respond(json(&CommandReport { node: self.member.id.clone(), sent, failed: vec![] }));
    }

    fn clashed(&self, _device: DeviceId) {}
}

/// A node that owns devices, and another one that asks. Nothing of the first is left when the test ends.
struct Pair {
    hub: Hub,
    host: Host,
    commands: mpsc::Receiver<(DeviceId, Bytes)>,
    over: CancellationToken,
    asker: Bus,
    presence: Subscription,
}

async fn pair() -> Pair {
    let hub = Hub::new();
    let asker = hub.attach();
    let presence = asker.subscribe(Subject::Presence { space: Space::main() }).await.unwrap();
    let (host, commands) = host(&hub, "simulator-1");
    let over = CancellationToken::new();
    host.tasks.spawn(run_space(host.clone(), over.clone()));
    Pair { hub, host, commands, over, asker, presence }
}

fn host(hub: &Hub, name: &str) -> (Host, mpsc::Receiver<(DeviceId, Bytes)>) {
    let (sender, commands) = mpsc::channel(1);
    let member = Member::new(name.parse().unwrap(), "simulator", "0".into(), hub.attach());
    let host = Host {
        member: Arc::new(member),
        space: Space::main(),
        owners: Arc::default(),
        tasks: TaskTracker::new(),
        commands: sender,
    };
    (host, commands)
}

impl Pair {
    fn claim(&self, device: DeviceId, swarm: &Arc<Swarm>) -> Arc<Slot> {
        self.host.owners.claim(device, swarm, &self.host.member.clock, Instant::now())
    }

    /// What the node announces next; what others announce is passed over.
    async fn announced(&mut self) -> Presence {
        loop {
            let delivery = within("presence", self.presence.next()).await.unwrap();
            let presence: Presence = serde_json::from_slice(&delivery.payload).unwrap();
            if presence.node == self.host.member.id {
                return presence;
            }
        }
    }

    /// Another node says that it owns the device since then.
    fn claim_elsewhere(&self, claimed: u64) {
        let node: NodeId = "edge-9".parse().unwrap();
        let presence = Presence { node, joined: [(ID, claimed)].into(), left: vec![], clashes: vec![] };
        self.asker.publish(&Subject::Presence { space: Space::main() }, json(&presence)).unwrap();
    }

    async fn ask(&self, device: DeviceId, text: &'static [u8]) -> Result<Bytes, RequestError> {
        let subject = Subject::Command { space: Space::main(), device };
        within("the answer", self.asker.request(&subject, Bytes::from_static(text), HOUR)).await
    }

    async fn roster(&self) -> Vec<DeviceId> {
        let page: RosterPage = answer(&self.asker, Subject::Roster { space: Space::main() }, "").await;
        assert_eq!((page.page, page.pages), (0, 1));
        page.devices.into_iter().map(|entry| entry.id).collect()
    }

    async fn end(self) {
        self.over.cancel();
        self.host.tasks.close();
        within("the tasks to end", self.host.tasks.wait()).await;
    }
}

async fn answer<T: DeserializeOwned>(bus: &Bus, subject: Subject, text: &'static str) -> T {
    let answer = within("the answer", bus.request(&subject, Bytes::from_static(text.as_bytes()), HOUR)).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

fn ids(presence: &Presence) -> Vec<DeviceId> {
    presence.joined.keys().copied().collect()
}

#[tokio::test]
async fn a_device_of_any_node_is_announced_and_answers_and_is_in_the_roster() {
    let mut pair = pair().await;
    assert_eq!(pair.ask(ID, b"led:ff0000").await, Err(RequestError::NoResponders));
    let swarm = Swarm::new(1, true);
    let slot = pair.claim(ID, &swarm);
    assert!(slot.note_frame(1, 0) && swarm.devices.load(Ordering::Relaxed) == 1);
    assert_eq!(ids(&pair.announced().await), [ID]);
    assert_eq!(pair.ask(ID, b"led:ff0000").await.unwrap(), "success");
    assert_eq!(pair.ask(ID, b"led:00ff00").await.unwrap(), "failed", "the queue holds one");
    assert_eq!(pair.commands.recv().await.unwrap(), (ID, Bytes::from_static(b"led:ff0000")));
    assert_eq!(pair.ask(ID, b"led:\xff").await.unwrap(), "failed", "no text");
    assert!(pair.commands.try_recv().is_err());
    assert_eq!(pair.roster().await, [ID]);
    let all = || Subject::CommandAll { space: Space::main() };
    let report: CommandReport = answer(&pair.asker, all(), "reset:").await;
    assert_eq!(report.sent, [ID]);
    let own: CommandReport = answer(&pair.host.member.bus, all(), "reset:").await;
    assert_eq!(own, report, "a node may ask all and itself on the bus");
    assert_eq!(pair.host.owners.release([ID, OTHER], 1), 1);
    assert_eq!(pair.announced().await.left, [ID]);
    assert!(swarm.devices.load(Ordering::Relaxed) == 0 && !slot.note_frame(1, 1));
    pair.end().await;
}

#[tokio::test]
async fn the_later_claim_of_another_node_takes_a_device_away_and_a_new_claim_takes_it_back() {
    let mut pair = pair().await;
    let swarm = Swarm::new(1, true);
    let slot = pair.claim(ID, &swarm);
    let claimed = pair.announced().await.joined[&ID];
    pair.claim_elsewhere(claimed - 1);
    assert_eq!(pair.announced().await.joined[&ID], claimed, "an earlier one hears of ours");
    assert!(slot.is_owned_by(1));
    pair.claim_elsewhere(claimed + 5);
    assert_eq!(pair.announced().await.left, [ID]);
    assert!(!slot.note_frame(1, 0) && swarm.devices.load(Ordering::Relaxed) == 0);
    pair.claim(ID, &swarm);
    assert!(pair.announced().await.joined[&ID] > claimed + 5);
    assert_eq!(pair.ask(ID, b"reset:").await.unwrap(), "success");
    pair.end().await;
}

#[tokio::test]
async fn devices_that_take_no_commands_have_no_responders_and_are_like_others_in_all_else() {
    let mut pair = pair().await;
    let (silent, obedient) = (Swarm::new(1, false), Swarm::new(2, true));
    pair.claim(ID, &silent);
    assert_eq!(ids(&pair.announced().await), [ID]);
    assert_eq!(pair.roster().await, [ID]);
    assert_eq!(pair.ask(ID, b"reset:").await, Err(RequestError::NoResponders));
    pair.claim(ID, &obedient);
    assert_eq!(ids(&pair.announced().await), [ID]);
    assert_eq!(pair.ask(ID, b"reset:").await.unwrap(), "success");
    pair.claim(ID, &silent);
    assert_eq!(ids(&pair.announced().await), [ID]);
    // The end of the interest is handled before this question.
    assert_eq!(pair.roster().await, [ID]);
    assert_eq!(pair.ask(ID, b"reset:").await, Err(RequestError::NoResponders));
    let mut beats = pair.asker.subscribe(Pattern::Nodes).await.unwrap();
    pair.over.cancel();
    assert_eq!(pair.announced().await.left, [ID], "when the space is over");
    let beat: Heartbeat = serde_json::from_slice(&within("a heartbeat", beats.next()).await.unwrap().payload).unwrap();
    assert!(beat.partial && beat.devices[&Space::main()] == 0);
    pair.end().await;
}

#[tokio::test]
async fn other_nodes_know_from_heartbeats_who_has_devices_in_a_space() {
    let mut pair = pair().await;
    let stop = CancellationToken::new();
    let (other, _commands) = host(&pair.hub, "edge-2");
    let beats = pair.asker.subscribe(Pattern::Nodes).await.unwrap();
    let mut beats = beats.map(|delivery| serde_json::from_slice::<Heartbeat>(&delivery.payload).unwrap());
    let other_stop = CancellationToken::new();
    pair.host.tasks.spawn(run_heartbeat(Arc::new(other.clone()), other_stop.clone()));
    assert_eq!(within("its first heartbeat", beats.next()).await.unwrap().node, other.member.id);
    pair.host.tasks.spawn(run_heartbeat(Arc::new(pair.host.clone()), stop.clone()));
    pair.claim(ID, &Swarm::new(1, true));
    assert_eq!(ids(&pair.announced().await), [ID]);
    within("what was told before", other.member.catch_up()).await;
    assert_eq!(other.member.others.with_devices(&pair.host.space), [pair.host.member.id.clone()]);
    pair.host.owners.release([ID], 1);
    assert_eq!(pair.announced().await.left, [ID]);
    within("what was told before", other.member.catch_up()).await;
    assert!(other.member.others.with_devices(&pair.host.space).is_empty());
    stop.cancel();
    let mut theirs = beats.filter(|beat| std::future::ready(beat.node == pair.host.member.id));
    while !within("the last heartbeat", theirs.next()).await.unwrap().leaving {}
    within("what was told before", other.member.catch_up()).await;
    assert_eq!(other.member.others.count(), 0);
    other_stop.cancel();
    drop(theirs);
    pair.end().await;
}
