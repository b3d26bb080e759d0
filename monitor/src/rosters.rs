//! Who is in a space: asked of the nodes over the bus, at most once a second for each space, whoever wants to know. And asked by itself of
//! spaces in which nodes have silent devices, to know which.

use crate::model::{Entry, one_each};
use crate::state::{State, millis, wall_ms};
use axum::body::Bytes;
use grouploop_bridge::{DeviceId, NodeId, RosterPage, Space, Subject};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(1);
/// How long nodes that have devices in the space may take, and how long others are listened to.
const PATIENCE: Duration = Duration::from_secs(1);
/// Spaces whose devices are kept for others who ask.
const MAX_SPACES: usize = 256;
/// Devices of a space: as many ids as there are.
const MAX_DEVICES: usize = 65_536;
/// Bytes a second that a node may spend on being asked by itself, about.
const BYTES_PER_SECOND: u64 = 500;
/// Bytes that a node spends on a device when it is asked.
const BYTES_PER_DEVICE: u64 = 75;
/// Between two of those questions at least, and at most.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);

/// The devices of a space.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SpaceDevices {
    space: Space,
    /// Milliseconds since 1970.
    at: u64,
    /// How long it took.
    asked_ms: u64,
    /// Who answered.
    nodes: Vec<NodeId>,
    devices: Vec<Device>,
    /// Whether devices may be missing.
    cut: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Device {
    id: DeviceId,
    node: NodeId,
    frames_per_second: f32,
    last_seen_ms: Option<u64>,
    claimed: u64,
}

/// Why nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RosterError {
    #[error("the bus is away, so nobody can be asked")]
    Away,
    #[error("the devices of {MAX_SPACES} spaces are being looked at already; try again in a moment")]
    TooMany,
}

/// The newest answer for each space; who comes while it is being asked waits for it.
#[derive(Debug, Default)]
pub(crate) struct Rosters(Mutex<HashMap<Space, Arc<Slot>>>);

type Slot = tokio::sync::Mutex<Option<(Instant, Arc<SpaceDevices>)>>;

impl Rosters {
    fn slot(&self, space: &Space) -> Result<Arc<Slot>, RosterError> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(space) && slots.len() >= MAX_SPACES {
            // Those that nobody asks for now, and that are old.
            slots.retain(|_, slot| {
                let Ok(answer) = slot.try_lock() else { return true };
                answer.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH)
            });
            if slots.len() >= MAX_SPACES {
                return Err(RosterError::TooMany);
            }
        }
        Ok(slots.entry(space.clone()).or_default().clone())
    }
}

/// The devices of a space, at most a second old.
pub(crate) async fn devices(state: &State, space: &Space) -> Result<Arc<SpaceDevices>, RosterError> {
    let slot = state.rosters.slot(space)?;
    let mut answer = slot.lock().await;
    if let Some((at, devices)) = answer.as_ref()
        && at.elapsed() < FRESH
    {
        return Ok(devices.clone());
    }
    let devices = Arc::new(ask(state, space).await?);
    *answer = Some((Instant::now(), devices.clone()));
    Ok(devices)
}

async fn ask(state: &State, space: &Space) -> Result<SpaceDevices, RosterError> {
    let begun = Instant::now();
    let expected = state.model().with_devices(space, begun);
    let subject = Subject::Roster { space: space.clone() };
    let mut answers = state.bus.gather(&subject, Bytes::new()).map_err(|_| RosterError::Away)?;
    state.model().hear(&subject, 0);
    state.metrics.rosters.inc();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let (mut entries, mut cut): (Vec<Entry>, bool) = (Vec::new(), false);
    let mut pages_left: HashMap<NodeId, u32> = HashMap::new();
    // Whoever is expected has answered in whole, and so has everybody else who began to.
    let is_whole = |pages_left: &HashMap<NodeId, u32>| {
        let mut expected = expected.iter().flatten();
        pages_left.values().all(|left| *left == 0) && expected.all(|node| pages_left.contains_key(node))
    };
    loop {
        let page = match timeout_at(deadline, answers.next()).await {
            Ok(Some(page)) => page,
            // Nobody hears the question.
            Ok(None) => break,
            Err(_) => {
                cut |= !is_whole(&pages_left);
                break;
            }
        };
        let Ok(page) = serde_json::from_slice::<RosterPage>(&page) else { continue };
        let left = pages_left.entry(page.node.clone()).or_insert(page.pages);
        *left = left.saturating_sub(1);
        for entry in page.devices {
            if entries.len() < 2 * MAX_DEVICES { entries.push((page.node.clone(), entry)) } else { cut = true }
        }
        // Who may answer beside those that are expected is not known when nodes have more spaces than they tell of.
        if expected.is_some() && is_whole(&pages_left) {
            break;
        }
    }
    one_each(&mut entries);
    state.model().hear_roster(space, &entries, Instant::now());
    let mut nodes: Vec<NodeId> = pages_left.into_keys().collect();
    nodes.sort();
    let device = |(node, entry): Entry| Device {
        id: entry.id,
        node,
        frames_per_second: entry.frames_per_second,
        last_seen_ms: entry.last_seen_ms,
        claimed: entry.claimed,
    };
    Ok(SpaceDevices {
        space: space.clone(),
        at: wall_ms(),
        asked_ms: millis(begun.elapsed()),
        nodes,
        devices: entries.into_iter().map(device).collect(),
        cut,
    })
}

/// Asks for silent devices until the monitor stops.
pub(crate) async fn run(state: Arc<State>) {
    let mut pause = SHORTEST;
    loop {
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = SHORTEST;
        let next = state.model().next_roster(Instant::now());
        let Some((space, devices_there)) = next else { continue };
        let asked = tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            asked = devices(&state, &space) => asked,
        };
        if let Ok(asked) = asked {
            let each = devices_there / (asked.nodes.len() as u64).max(1);
            pause = Duration::from_secs(each * BYTES_PER_DEVICE / BYTES_PER_SECOND).clamp(SHORTEST, LONGEST);
        }
    }
}
