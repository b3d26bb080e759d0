//! The bus side of one space: keeps this node's interest in step with the devices and viewers that it has.
//!
//! Nothing is sent to this task that could overflow: it is woken, looks at what changed, and brings the bus in line with it.
//!
//! ```text
//!   owners ──(changed)──▶ reconcile ──▶ subscribe command.<device>, presence: joined, left
//!   bus ──▶ command.<device> ──▶ the owner's connection      bus ──▶ telemetry.* ──▶ ring
//! ```

use crate::dispatch::send_to_own;
use crate::heartbeat;
use crate::interest::{Ending, Interest};
use crate::node::Node;
use crate::owners::{Changes, Yielded};
use crate::peer::{Completion, PendingCommand};
use crate::space::SpaceState;
use crate::state::EdgeState;
use futures_util::future::OptionFuture;
use futures_util::stream::SelectAll;
use futures_util::{FutureExt, Stream, StreamExt};
use grouploop_bridge::{
    BusError, BusState, Delivery, DeviceId, MAX_COMMAND_BYTES, Pattern, Presence, PublishError, ROSTER_PAGE,
    RosterPage, Subject, Subscription, json,
};
use rustc_hash::FxHashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::coop::unconstrained;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How often every claim is told again. Nothing should be missed; but two owners that never learn of each other would be worse than a message.
const CLAIM_AGAIN: Duration = Duration::from_secs(30);
/// When it is told again after a message that could not be sent.
const CLAIM_SOON: Duration = Duration::from_secs(1);
/// How long a node that has just lost a device lets another one answer first.
const SECOND_OPINION: Duration = Duration::from_millis(200);
/// Questions that are put into order together.
const MAX_TOGETHER: usize = 4096;
/// Devices in one presence message at most.
const PRESENCE_DEVICES: usize = 2000;

struct SpaceBus {
    state: Arc<EdgeState>,
    node: Arc<Node>,
    space: Arc<SpaceState>,
    devices: FxHashMap<DeviceId, Arc<Ending>>,
    commands: SelectAll<Interest>,
    /// Commands to all, roster and presence, while there is a device.
    whole: Option<SelectAll<Subscription>>,
    /// While there is a viewer.
    telemetry: Option<Subscription>,
    /// When what was held back of a clash is to be told.
    again_at: Option<Instant>,
    /// When everything is told again, in case that somebody missed it.
    claim_at: Instant,
}

/// Runs until nobody is in the space any more.
pub(crate) async fn run(edge: Arc<EdgeState>, space: Arc<SpaceState>) {
    let node = edge.node.clone();
    let over = space.over.clone();
    let mut state = node.bus.state();
    state.mark_unchanged();
    let mut bus = SpaceBus {
        state: edge,
        node,
        space,
        devices: FxHashMap::default(),
        commands: SelectAll::new(),
        whole: None,
        telemetry: None,
        again_at: None,
        claim_at: Instant::now() + CLAIM_AGAIN,
    };
    loop {
        tokio::select! {
            biased;
            () = over.cancelled() => break,
            done = bus.turn(&mut state) => if done.is_err() { break },
        }
    }
    bus.say_goodbye();
}

/// The next message, or never when there is no stream.
async fn next_of<S: Stream + Unpin>(stream: Option<&mut S>) -> Option<S::Item> {
    match OptionFuture::from(stream.map(StreamExt::next)).await {
        Some(item) => item,
        None => std::future::pending().await,
    }
}

impl SpaceBus {
    /// Waits for one event and handles it. Only waits again (for the bus) while it subscribes; dropped there, the space is over.
    async fn turn(&mut self, state: &mut tokio::sync::watch::Receiver<BusState>) -> Result<(), BusError> {
        tokio::select! {
            biased;
            () = self.space.changed.notified() => self.reconcile().await?,
            changed = state.changed() => {
                changed.map_err(|_| BusError::Closed)?;
                if *state.borrow_and_update() == BusState::Up {
                    self.claim_again();
                }
            }
            () = tokio::time::sleep_until(self.again_at.unwrap_or(self.claim_at).into()), if self.again_at.is_some() => {
                self.reconcile().await?;
            }
            () = tokio::time::sleep_until(self.claim_at.into()) => self.claim_again(),
            Some(delivery) = next_of(Some(&mut self.commands).filter(|commands| !commands.is_empty())) => self.on_questions(delivery),
            Some(delivery) = next_of(self.whole.as_mut()) => self.on_questions(delivery),
            batch = next_of(self.telemetry.as_mut()) => match batch {
                Some(batch) => self.space.telemetry.show(batch.payload),
                None => self.telemetry = None,
            },
        }
        Ok(())
    }

    /// Brings interest and presence in line with the owners and viewers of now.
    async fn reconcile(&mut self) -> Result<(), BusError> {
        let now = Instant::now();
        let Changes { devices: changes, clashes, again_at } = self.space.owners.take_changes(now);
        self.again_at = again_at;
        let mut joined: Vec<(DeviceId, u64)> = Vec::new();
        let mut left: Vec<DeviceId> = Vec::new();
        let mut patterns: Vec<Pattern> = Vec::new();
        for (device, claimed) in changes {
            match claimed {
                Some(claimed) => {
                    joined.push((device, claimed));
                    if !self.devices.contains_key(&device) {
                        patterns.push(Subject::Command { space: self.space.name.clone(), device }.into());
                    }
                }
                None => {
                    left.push(device);
                    if let Some(interest) = self.devices.remove(&device) {
                        interest.end();
                    }
                }
            }
        }
        let new_devices = patterns.len();
        let has_devices = self.space.owners.len() > 0;
        let first_device = has_devices && self.whole.is_none();
        if first_device {
            let space = || self.space.name.clone();
            let whole = [
                Subject::CommandAll { space: space() },
                Subject::Roster { space: space() },
                Subject::Presence { space: space() },
            ];
            patterns.extend(whole.map(Pattern::from));
        } else if !has_devices && let Some(mut whole) = self.whole.take() {
            // What has arrived already gets its answer: nothing was sent.
            while let Some(Some(delivery)) = unconstrained(whole.next()).now_or_never() {
                self.on_whole(&delivery);
            }
        }
        let watched = self.space.viewers() > 0;
        let first_viewer = watched && self.telemetry.is_none();
        if first_viewer {
            patterns.push(Pattern::Telemetry { space: self.space.name.clone() });
        } else if !watched {
            self.telemetry = None;
        }
        if first_device {
            // Before the interest, so that whoever's question reaches us knows that we will answer.
            heartbeat::send_space(&self.state, &self.space);
        }
        if !patterns.is_empty() {
            let mut subscriptions = self.node.bus.subscribe_all(&patterns).await?;
            if first_viewer {
                self.telemetry = subscriptions.pop();
            }
            if first_device {
                self.whole = Some(subscriptions.split_off(new_devices).into_iter().collect());
            }
            for (pattern, subscription) in patterns.iter().zip(subscriptions) {
                if let Pattern::Exact(Subject::Command { device, .. }) = pattern {
                    let (interest, ending) = Interest::new(subscription);
                    self.commands.push(interest);
                    self.devices.insert(*device, ending);
                }
            }
        }
        if !left.is_empty() && !has_devices {
            heartbeat::send_space(&self.state, &self.space);
        }
        for device in &clashes {
            self.node.metrics.clashes.inc();
            if let Some(unsaid) = self.node.clash_log.lock().unwrap_or_else(PoisonError::into_inner).say(now) {
                tracing::warn!(
                    device.id = %device,
                    space.id = %self.space.name,
                    unsaid,
                    "two live connections send under one device id; give one of them another id"
                );
            }
        }
        self.announce(&joined, &left, &clashes);
        Ok(())
    }

    /// After a time without the bus: everybody may have claimed anything meanwhile.
    fn claim_again(&mut self) {
        self.claim_at = Instant::now() + CLAIM_AGAIN;
        self.announce(&self.space.owners.claims(), &[], &[]);
        self.node.beat_now.notify_one();
    }

    fn announce(&mut self, joined: &[(DeviceId, u64)], left: &[DeviceId], clashes: &[DeviceId]) {
        let pages = joined.len().max(left.len()).max(clashes.len()).div_ceil(PRESENCE_DEVICES);
        let page = |all: &[DeviceId], n: usize| -> Vec<DeviceId> {
            all.iter().skip(n * PRESENCE_DEVICES).take(PRESENCE_DEVICES).copied().collect()
        };
        for n in 0..pages {
            self.publish_presence(&Presence {
                node: self.node.id.clone(),
                joined: joined.iter().skip(n * PRESENCE_DEVICES).take(PRESENCE_DEVICES).copied().collect(),
                left: page(left, n),
                clashes: page(clashes, n),
            });
        }
    }

    fn publish_presence(&mut self, presence: &Presence) {
        let subject = Subject::Presence { space: self.space.name.clone() };
        // With the bus away nobody hears it; when it is back, `claim_again` says it all once more.
        if self.node.bus.publish(&subject, json(presence)) == Err(PublishError::Full) {
            self.claim_at = self.claim_at.min(Instant::now() + CLAIM_SOON);
        }
    }

    /// Handles a question together with all that wait, in the order in which they were asked: a command to all and one to a device arrive by
    /// different subscriptions, and the later one must not overtake the earlier.
    fn on_questions(&mut self, first: Delivery) {
        let mut together = vec![first];
        loop {
            let before = together.len();
            // In this order: a command to all that was asked before one that is seen here has arrived by now.
            while let Some(Some(delivery)) = unconstrained(self.commands.next()).now_or_never() {
                together.push(delivery);
                if together.len() >= MAX_TOGETHER {
                    break;
                }
            }
            if let Some(whole) = &mut self.whole {
                while let Some(Some(delivery)) = unconstrained(whole.next()).now_or_never() {
                    together.push(delivery);
                }
            }
            if together.len() == before || together.len() >= MAX_TOGETHER {
                break;
            }
        }
        together.sort_by(|a, b| a.order().cmp(&b.order()));
        for delivery in together {
            match &delivery.subject {
                Subject::Command { .. } => self.on_command(delivery),
                _ => self.on_whole(&delivery),
            }
        }
    }

    fn on_command(&self, delivery: Delivery) {
        let Subject::Command { device, .. } = delivery.subject else { return };
        let owner = self.space.owners.owner(device);
        let text = Utf8Bytes::try_from(delivery.payload.clone());
        let completion = Completion::bus(delivery);
        match (owner, text) {
            (Some(owner), Ok(text)) if text.len() <= MAX_COMMAND_BYTES => {
                let now = Instant::now();
                let deadline = now + self.node.settings.command_timeout();
                owner.send(PendingCommand { device, text, deadline, completion }, now);
            }
            // A text that no device could read, dropped: it answers `failed`.
            (Some(_), _) => drop(completion),
            // The device has just left. If it went to another node, that one may have got the command too, and its answer is the true one:
            // so ours comes later.
            (None, _) => {
                let later = async move {
                    tokio::time::sleep(SECOND_OPINION).await;
                    drop(completion);
                };
                self.node.tasks.spawn_on(later, &self.node.runtime);
            }
        }
    }

    fn on_whole(&mut self, delivery: &Delivery) {
        match &delivery.subject {
            // What this very node asks it has done already, without the bus.
            Subject::CommandAll { .. } | Subject::Roster { .. } if delivery.own => {}
            Subject::CommandAll { .. } => self.on_command_to_all(delivery.clone()),
            Subject::Roster { .. } => self.on_roster(delivery),
            Subject::Presence { .. } => self.on_presence(&delivery.payload),
            _ => {}
        }
    }

    fn on_command_to_all(&self, delivery: Delivery) {
        let text = std::str::from_utf8(&delivery.payload).map(str::to_owned);
        let Some(text) = text.ok().filter(|text| text.len() <= MAX_COMMAND_BYTES) else { return };
        let report = send_to_own(&self.node, &self.space, &text);
        // Ends by itself within the command timeout.
        self.node.tasks.spawn_on(
            async move {
                // When the bus went away the asker counts what it heard.
                let _ = delivery.respond(json(&report.await));
            },
            &self.node.runtime,
        );
    }

    fn on_roster(&self, delivery: &Delivery) {
        let roster = self.space.owners.roster(Instant::now());
        let pages = u32::try_from(roster.len().div_ceil(ROSTER_PAGE).max(1)).unwrap_or(u32::MAX);
        let mut chunks = roster.chunks(ROSTER_PAGE);
        for page in 0..pages {
            let devices = chunks.next().unwrap_or_default().to_vec();
            let _ = delivery.respond(json(&RosterPage { node: self.node.id.clone(), page, pages, devices }));
        }
    }

    fn on_presence(&mut self, payload: &[u8]) {
        let Ok(presence) = serde_json::from_slice::<Presence>(payload) else { return };
        if presence.node == self.node.id {
            return;
        }
        let now = Instant::now();
        let mut kept: Vec<(DeviceId, u64)> = Vec::new();
        for (device, claimed) in presence.joined {
            self.node.clock.observe(claimed);
            match self.space.owners.yield_to(device, claimed, presence.node > self.node.id, now) {
                // What is held is told by itself.
                Yielded::NotMine | Yielded::Held => {}
                Yielded::LetGo => self.space.changed.notify_one(),
                Yielded::Kept(ours) => kept.push((device, ours)),
            }
        }
        self.announce(&kept, &[], &[]);
    }

    /// The devices are gone; those still subscribed go with the streams.
    fn say_goodbye(&mut self) {
        // Those that are back already, in the space that was made anew meanwhile, have not left.
        let anew = self.state.spaces.get(&self.space.name);
        let is_back = |device: &DeviceId| anew.as_ref().is_some_and(|space| space.owners.owner(*device).is_some());
        let gone = self.devices.keys().copied();
        let left: Vec<DeviceId> = gone.filter(|device| !is_back(device)).collect();
        self.announce(&[], &left, &[]);
        if anew.is_none() {
            heartbeat::send_space(&self.state, &self.space);
        }
    }
}
