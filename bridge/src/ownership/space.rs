//! The bus side of one space: keeps a node's interest in step with the devices that it owns, and answers for them.
//!
//! Nothing is sent to this task that could overflow: it is woken, looks at what changed, and brings the bus in line with it.
//!
//! ```text
//!   owners ──(changed)──▶ reconcile ──▶ subscribe command.<device>, presence: joined, left
//!   bus ──▶ command.<device> ──▶ SpaceHost::command      bus ──▶ telemetry.* ──▶ SpaceHost::telemetry
//! ```

use super::heartbeat::send_space;
use super::host::{OwnQuestions, SpaceHost};
use super::interest::{Ending, Interest};
use super::owners::{Changes, Yielded};
use crate::bus::{BusError, BusState, Delivery, PublishError, Subscription};
use crate::frame::DeviceId;
use crate::node::{Presence, ROSTER_PAGE, RosterPage, json};
use crate::registry::MAX_COMMAND_BYTES;
use crate::subject::{Pattern, Subject};
use bytes::Bytes;
use futures_util::future::OptionFuture;
use futures_util::stream::SelectAll;
use futures_util::{FutureExt, Stream, StreamExt};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::coop::unconstrained;
use tokio_util::sync::CancellationToken;

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

/// The answer to a command that reached no device.
const FAILED: Bytes = Bytes::from_static(b"failed");

struct SpaceBus<H> {
    host: H,
    /// The devices that others know to be here, each with the interest in its commands when its owner takes any.
    devices: FxHashMap<DeviceId, Option<Arc<Ending>>>,
    commands: SelectAll<Interest>,
    /// Commands to all, roster and presence, while there is a device.
    whole: Option<SelectAll<Subscription>>,
    /// While the host wants it.
    telemetry: Option<Subscription>,
    /// When what was held back of a clash is to be told.
    again_at: Option<Instant>,
    /// When everything is told again, in case that somebody missed it.
    claim_at: Instant,
}

/// Serves a space until it is over, or its bus is closed. Its last words are that all devices have left, but for those in a space that was
/// [made anew](SpaceHost::anew).
pub async fn run_space<H: SpaceHost>(host: H, over: CancellationToken) {
    let mut state = host.member().bus.state();
    state.mark_unchanged();
    let mut bus = SpaceBus {
        host,
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

impl<H: SpaceHost> SpaceBus<H> {
    /// Waits for one event and handles it. Only waits again (for the bus) while it subscribes; dropped there, the space is over.
    async fn turn(&mut self, state: &mut watch::Receiver<BusState>) -> Result<(), BusError> {
        tokio::select! {
            biased;
            () = self.host.owners().woken() => self.reconcile().await?,
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
                Some(batch) => self.host.telemetry(batch.payload, batch.trace),
                None => self.telemetry = None,
            },
        }
        Ok(())
    }

    /// Brings interest and presence in line with the owners of now and what the host wants.
    async fn reconcile(&mut self) -> Result<(), BusError> {
        let now = Instant::now();
        let Changes { devices: changes, clashes, again_at } = self.host.owners().take_changes(now);
        self.again_at = again_at;
        let mut joined: Vec<(DeviceId, u64)> = Vec::new();
        let mut left: Vec<DeviceId> = Vec::new();
        let mut patterns: Vec<Pattern> = Vec::new();
        for (device, claim) in changes {
            let Some(claim) = claim else {
                left.push(device);
                if let Some(Some(interest)) = self.devices.remove(&device) {
                    interest.end();
                }
                continue;
            };
            joined.push((device, claim.at));
            if !claim.takes_commands {
                if let Some(Some(interest)) = self.devices.insert(device, None) {
                    interest.end();
                }
            } else if !matches!(self.devices.get(&device), Some(Some(_))) {
                patterns.push(Subject::Command { space: self.host.space().clone(), device }.into());
            }
        }
        let new_devices = patterns.len();
        let has_devices = !self.host.owners().is_empty();
        let first_device = has_devices && self.whole.is_none();
        if first_device {
            let space = || self.host.space().clone();
            let whole = [
                Subject::CommandAll { space: space() },
                Subject::Roster { space: space() },
                Subject::Presence { space: space() },
            ];
            patterns.extend(whole.map(Pattern::from));
        } else if !has_devices && let Some(mut whole) = self.whole.take() {
            // What has arrived already gets its answer: nothing was sent.
            while let Some(Some(delivery)) = unconstrained(whole.next()).now_or_never() {
                self.on_whole(delivery);
            }
        }
        let wanted = self.host.wants_telemetry();
        let first_wanted = wanted && self.telemetry.is_none();
        if first_wanted {
            patterns.push(Pattern::Telemetry { space: self.host.space().clone() });
        } else if !wanted {
            self.telemetry = None;
        }
        if first_device {
            // Before the interest, so that whoever's question reaches us knows that we will answer.
            self.send_beat();
        }
        if !patterns.is_empty() {
            let mut subscriptions = self.host.member().bus.subscribe_all(&patterns).await?;
            if first_wanted {
                self.telemetry = subscriptions.pop();
            }
            if first_device {
                self.whole = Some(subscriptions.split_off(new_devices).into_iter().collect());
            }
            for (pattern, subscription) in patterns.iter().zip(subscriptions) {
                if let Pattern::Exact(Subject::Command { device, .. }) = pattern {
                    let (interest, ending) = Interest::new(subscription);
                    self.commands.push(interest);
                    self.devices.insert(*device, Some(ending));
                }
            }
        }
        if !left.is_empty() && !has_devices {
            self.send_beat();
        }
        for device in &clashes {
            self.host.clashed(*device);
        }
        self.announce(&joined, &left, &clashes);
        Ok(())
    }

    /// After a time without the bus: everybody may have claimed anything meanwhile.
    fn claim_again(&mut self) {
        self.claim_at = Instant::now() + CLAIM_AGAIN;
        self.announce(&self.host.owners().claims(), &[], &[]);
        self.host.member().beat_now();
    }

    /// Tells that the space has its first device here, or no more.
    fn send_beat(&self) {
        send_space(self.host.member(), self.host.space(), self.host.owners().len());
    }

    fn announce(&mut self, joined: &[(DeviceId, u64)], left: &[DeviceId], clashes: &[DeviceId]) {
        let pages = joined.len().max(left.len()).max(clashes.len()).div_ceil(PRESENCE_DEVICES);
        let page = |all: &[DeviceId], n: usize| -> Vec<DeviceId> {
            all.iter().skip(n * PRESENCE_DEVICES).take(PRESENCE_DEVICES).copied().collect()
        };
        for n in 0..pages {
            self.publish_presence(&Presence {
                node: self.host.member().id.clone(),
                joined: joined.iter().skip(n * PRESENCE_DEVICES).take(PRESENCE_DEVICES).copied().collect(),
                left: page(left, n),
                clashes: page(clashes, n),
            });
        }
    }

    fn publish_presence(&mut self, presence: &Presence) {
        let subject = Subject::Presence { space: self.host.space().clone() };
        // With the bus away nobody hears it; when it is back, `claim_again` says it all once more.
        if self.host.member().bus.publish(&subject, json(presence)) == Err(PublishError::Full) {
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
                _ => self.on_whole(delivery),
            }
        }
    }

    fn on_command(&self, question: Delivery) {
        let Subject::Command { device, .. } = question.subject else { return };
        match self.host.owners().owner(device) {
            Some(owner) if command_text(&question.payload).is_some() => self.host.command(device, &owner, question),
            // A text that no device could read.
            Some(_) => fail(&question),
            // The device has just left. If it went to another node, that one may have got the command too, and its answer is the true one:
            // so ours comes later.
            None => self.host.spawn(async move {
                tokio::time::sleep(SECOND_OPINION).await;
                fail(&question);
            }),
        }
    }

    fn on_whole(&mut self, delivery: Delivery) {
        let ignored = delivery.own && self.host.own_questions() == OwnQuestions::Ignored;
        match &delivery.subject {
            Subject::CommandAll { .. } | Subject::Roster { .. } if ignored => {}
            Subject::CommandAll { .. } => {
                // The payload is shared, so that the text outlives the question.
                let payload = delivery.payload.clone();
                if let Some(text) = command_text(&payload) {
                    self.host.command_to_all(text, delivery);
                }
            }
            Subject::Roster { .. } => self.on_roster(&delivery),
            Subject::Presence { .. } => self.on_presence(&delivery.payload),
            _ => {}
        }
    }

    fn on_roster(&self, delivery: &Delivery) {
        let roster = self.host.owners().roster(Instant::now());
        let pages = u32::try_from(roster.len().div_ceil(ROSTER_PAGE).max(1)).unwrap_or(u32::MAX);
        let mut chunks = roster.chunks(ROSTER_PAGE);
        for page in 0..pages {
            let devices = chunks.next().unwrap_or_default().to_vec();
            let _ = delivery.respond(json(&RosterPage { node: self.host.member().id.clone(), page, pages, devices }));
        }
    }

    fn on_presence(&mut self, payload: &[u8]) {
        let Ok(presence) = serde_json::from_slice::<Presence>(payload) else { return };
        let (member, owners) = (self.host.member(), self.host.owners());
        if presence.node == member.id {
            return;
        }
        let now = Instant::now();
        let mut kept: Vec<(DeviceId, u64)> = Vec::new();
        for (device, claimed) in presence.joined {
            member.clock.observe(claimed);
            match owners.yield_to(device, claimed, presence.node > member.id, now) {
                // What is held is told by itself.
                Yielded::NotMine | Yielded::Held => {}
                Yielded::LetGo => owners.wake(),
                Yielded::Kept(ours) => kept.push((device, ours)),
            }
        }
        self.announce(&kept, &[], &[]);
    }

    /// The devices are gone, whether they were released or not; the interest in their commands goes with the streams.
    fn say_goodbye(&mut self) {
        // Those that are back already, in the space that was made anew meanwhile, have not left.
        let anew = self.host.anew();
        let is_back = |device: &DeviceId| anew.as_ref().is_some_and(|host| host.owners().owner(*device).is_some());
        let gone = self.devices.keys().copied();
        let left: Vec<DeviceId> = gone.filter(|device| !is_back(device)).collect();
        self.announce(&[], &left, &[]);
        if anew.is_none() {
            send_space(self.host.member(), self.host.space(), 0);
        }
    }
}

/// A command that a device could read.
fn command_text(payload: &[u8]) -> Option<&str> {
    std::str::from_utf8(payload).ok().filter(|text| text.len() <= MAX_COMMAND_BYTES)
}

/// Answers that a command reached no device. When the bus went away in between, the sender hears so from its own node.
fn fail(question: &Delivery) {
    let _ = question.respond(FAILED);
}
