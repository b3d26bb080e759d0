//! All swarms of one simulator: started, changed and stopped by name, within limits.

mod beside;
mod limits;
mod totals;

pub(crate) use beside::{Beside, Share};
pub use limits::{Limits, SwarmError};
pub(crate) use totals::{ConnectionFigures, Totals};

use crate::link::{BusLink, Edge, Link, RECONNECT, Special, WsCounts, WsLink, WsOptions};
use crate::load::Sink;
use crate::node::Node;
use crate::scenario::{CommandSlot, Swarm, Transport};
use crate::swarm::{Fetcher, SwarmHandle, Watched, can_change};
use grouploop_bridge::{Bus, DeviceId, NodeId, Space, Version};
use limits::frames_per_second;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Time for the goodbye of the node at least, and as much for what is queued.
const GOODBYE: Duration = Duration::from_secs(1);

/// Swarms that are over and still listed.
const MAX_OVER: usize = 64;

/// All swarms of one simulator.
#[derive(Debug)]
pub struct Swarms {
    node: Arc<Node>,
    fetcher: Arc<Fetcher>,
    limits: Limits,
    beside: Beside,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    swarms: BTreeMap<String, Listed>,
    /// Swarms that have begun so far.
    begun: u64,
    /// What those have done that are no longer listed.
    past: Totals,
    stopping: bool,
}

/// A swarm of the list.
#[derive(Debug)]
struct Listed {
    handle: SwarmHandle,
    /// How many had begun before it.
    age: u64,
}

impl Swarms {
    /// A simulator without swarms, on the runtime that it is called on.
    #[must_use]
    pub fn new(node: NodeId, version: Version, bus: Bus, limits: Limits) -> Self {
        let (node, fetcher) = (Node::start(node, version, bus), Arc::new(Fetcher::new()));
        Self { node, fetcher, limits, beside: Beside::default(), inner: Mutex::default() }
    }

    /// The name of its node.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        self.node.id()
    }

    /// The node itself, for others who have devices on it.
    pub(crate) fn shared_node(&self) -> Arc<Node> {
        self.node.clone()
    }

    /// What others send from the node, which the limits count, too.
    pub(crate) fn beside(&self) -> Beside {
        self.beside.clone()
    }

    /// Frames a second that the limits leave beside all that is sent now.
    pub(crate) fn frames_left(&self) -> f64 {
        let running: f64 = self
            .all()
            .iter()
            .filter(|swarm| !swarm.status().is_over())
            .map(|swarm| frames_per_second(&swarm.plan()))
            .sum();
        self.limits.frames_per_second - running - self.beside.frames_per_second() as f64
    }

    /// Its access to the bus.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        self.node.bus()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The swarms by name, those that are over included.
    #[must_use]
    pub fn all(&self) -> Vec<SwarmHandle> {
        self.lock().handles().cloned().collect()
    }

    /// The swarm of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<SwarmHandle> {
        self.lock().get(name).cloned()
    }

    /// The ids that swarms of a space have, so that others get what is left.
    #[must_use]
    pub fn taken(&self, space: &Space) -> BTreeSet<DeviceId> {
        let running = self.all().into_iter().filter(|swarm| !swarm.status().is_over()).map(|swarm| swarm.plan());
        running.filter(|plan| plan.space == *space).flat_map(|plan| plan.ids.clone()).collect()
    }

    /// What all swarms have done since the simulator began.
    pub(crate) fn totals(&self) -> Totals {
        let inner = self.lock();
        inner.handles().fold(inner.past.clone(), Totals::plus)
    }

    /// Clashes so far: device ids under which somebody else sends too.
    #[must_use]
    pub fn clashes(&self) -> u64 {
        self.node.clashes()
    }

    /// Starts all of these swarms, or none.
    ///
    /// # Errors
    /// [`SwarmError`]; nothing has begun then.
    pub fn start_all(&self, plans: Vec<Swarm>) -> Result<Vec<SwarmHandle>, SwarmError> {
        let mut inner = self.lock();
        for (place, plan) in plans.iter().enumerate() {
            let before = plans.get(..place).unwrap_or_default();
            let is_before = before.iter().any(|other| other.name == plan.name);
            if is_before || inner.live(&plan.name).is_some() {
                return Err(SwarmError::NameTaken(plan.name.clone()));
            }
            self.check(&inner, before, plan)?;
        }
        let mut started: Vec<SwarmHandle> = Vec::new();
        for plan in plans {
            match self.begin(&mut inner, plan, None) {
                Ok(handle) => started.push(handle),
                Err(error) => {
                    // Those before it have done nothing yet.
                    for swarm in &started {
                        swarm.stop();
                        inner.forget(&swarm.plan().name);
                    }
                    return Err(error);
                }
            }
        }
        Ok(started)
    }

    /// Starts a swarm.
    ///
    /// # Errors
    /// [`SwarmError`]; nothing has begun then.
    pub fn start(&self, plan: Swarm) -> Result<SwarmHandle, SwarmError> {
        self.start_watched(plan, None)
    }

    /// Starts a swarm and notes what it sends.
    ///
    /// # Errors
    /// [`SwarmError`]; nothing has begun then.
    pub(crate) fn start_watched(&self, plan: Swarm, watched: Option<Watched>) -> Result<SwarmHandle, SwarmError> {
        let mut inner = self.lock();
        if inner.live(&plan.name).is_some() {
            return Err(SwarmError::NameTaken(plan.name));
        }
        self.check(&inner, &[], &plan)?;
        self.begin(&mut inner, plan, watched)
    }

    /// Starts a swarm that was checked.
    fn begin(&self, inner: &mut Inner, plan: Swarm, watched: Option<Watched>) -> Result<SwarmHandle, SwarmError> {
        let (name, node) = (plan.name.clone(), self.node.clone());
        let open = |plan: &Swarm, special: &Special, commands, connections: &Arc<WsCounts>| {
            Ok(match &plan.transport {
                Transport::Bus => {
                    // With no queue nobody can hand a command over.
                    let commands = (plan.slot != CommandSlot::None).then_some(commands);
                    Link::Bus(BusLink::new(&node, &plan.space, special, commands))
                }
                Transport::Ws { edges, devices_per_connection } => {
                    let options = WsOptions {
                        space: plan.space.clone(),
                        edges: edges.clone(),
                        devices_per_connection: *devices_per_connection,
                        slow: special.slow.iter().copied().collect(),
                        reconnect: RECONNECT,
                    };
                    let link = WsLink::try_new(options, commands, connections.clone(), node.tasks().clone());
                    Link::Ws(link.map_err(|error| SwarmError::Edge(error.to_string()))?)
                }
            })
        };
        let sink = |plan: &Swarm| command_sink(&node, plan);
        let handle = SwarmHandle::start(plan, self.fetcher.clone(), watched, node.tasks(), sink, open)?;
        inner.forget_some();
        inner.forget(&name);
        let age = inner.begun;
        inner.begun += 1;
        inner.swarms.insert(name, Listed { handle: handle.clone(), age });
        Ok(handle)
    }

    /// Whether a plan can begin beside these and all swarms but the one of its name: one that was checked does not fail to.
    fn check(&self, inner: &Inner, before: &[Swarm], plan: &Swarm) -> Result<(), SwarmError> {
        if inner.stopping {
            return Err(SwarmError::Stopping);
        }
        if let Transport::Ws { edges, .. } = &plan.transport {
            let wrong = edges.iter().find_map(|edge| Edge::parse(edge, &plan.space).err());
            wrong.map_or(Ok(()), |error| Err(SwarmError::Edge(error.to_string())))?;
        }
        let running: Vec<Arc<Swarm>> = inner
            .handles()
            .filter(|swarm| !swarm.status().is_over())
            .map(SwarmHandle::plan)
            .filter(|other| other.name != plan.name)
            .collect();
        let others = || running.iter().map(|other| &**other).chain(before);
        let all = || others().chain([plan]);
        self.limits.check(all(), self.beside.frames_per_second())?;
        let mine: BTreeSet<DeviceId> = plan.ids.iter().copied().collect();
        for other in others().filter(|other| other.space == plan.space) {
            if let Some(device) = other.ids.iter().find(|id| mine.contains(id)) {
                let (space, swarm) = (plan.space.clone(), other.name.clone());
                return Err(SwarmError::DeviceTaken { device: *device, space, swarm });
            }
        }
        Ok(())
    }

    /// Changes a swarm: while it runs when that is possible, otherwise it begins anew, with counts from zero. The caller has nothing else
    /// started, changed or stopped meanwhile: what it begins anew with was checked before it ends.
    ///
    /// # Errors
    /// [`SwarmError`]; it is as before then, unless the simulator ends.
    pub async fn change(&self, plan: Swarm) -> Result<SwarmHandle, SwarmError> {
        let handle = {
            let inner = self.lock();
            let handle = inner.live(&plan.name).cloned().ok_or_else(|| SwarmError::Unknown(plan.name.clone()))?;
            self.check(&inner, &[], &plan)?;
            handle
        };
        if can_change(&handle.plan(), &plan) {
            let (name, plan) = (plan.name.clone(), Arc::new(plan));
            return if handle.change(plan).await { Ok(handle) } else { Err(SwarmError::Unknown(name)) };
        }
        handle.stop();
        handle.ended().await;
        self.start(plan)
    }

    /// Stops a swarm and forgets it; returns when all its devices have left.
    ///
    /// # Errors
    /// There is no such swarm.
    pub async fn stop(&self, name: &str) -> Result<(), SwarmError> {
        let handle = self.get(name).ok_or_else(|| SwarmError::Unknown(name.to_owned()))?;
        handle.stop();
        handle.ended().await;
        let mut inner = self.lock();
        // Another one may have begun under the name meanwhile.
        if inner.live(name).is_none() {
            inner.forget(name);
        }
        Ok(())
    }

    /// Stops everything, then the node. `false` when something had to be cut off.
    pub async fn drain(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        self.lock().stopping = true;
        let all = self.all();
        all.iter().for_each(SwarmHandle::stop);
        let ended = async {
            for swarm in &all {
                swarm.ended().await;
            }
        };
        let in_time = timeout_at(end, ended).await.is_ok();
        // Those who hear of it shall hear it also when a swarm took all of the time.
        let left = end.saturating_duration_since(Instant::now()).max(GOODBYE);
        self.node.drain(left).await && in_time
    }
}

impl Inner {
    fn handles(&self) -> impl Iterator<Item = &SwarmHandle> {
        self.swarms.values().map(|listed| &listed.handle)
    }

    fn get(&self, name: &str) -> Option<&SwarmHandle> {
        self.swarms.get(name).map(|listed| &listed.handle)
    }

    /// The one of this name, when it is not over.
    fn live(&self, name: &str) -> Option<&SwarmHandle> {
        self.get(name).filter(|swarm| !swarm.status().is_over())
    }

    /// Keeps the list of those that are over short: the first to begin are the first to go.
    fn forget_some(&mut self) {
        let over = self.swarms.iter().filter(|(_, listed)| listed.handle.status().is_over());
        let mut over: Vec<(u64, String)> = over.map(|(name, listed)| (listed.age, name.clone())).collect();
        over.sort_unstable();
        for (_, name) in over.iter().take((over.len() + 1).saturating_sub(MAX_OVER)) {
            self.forget(name);
        }
    }

    /// Takes one off the list; what it has done stays counted.
    fn forget(&mut self, name: &str) {
        if let Some(listed) = self.swarms.remove(name) {
            self.past = std::mem::take(&mut self.past).plus(&listed.handle);
        }
    }
}

/// Commands go the way that frames go.
fn command_sink(node: &Arc<Node>, plan: &Swarm) -> Sink {
    match &plan.transport {
        Transport::Bus => Sink::Bus { node: node.clone() },
        Transport::Ws { edges, .. } => Sink::Ws { edges: edges.clone() },
    }
}

#[cfg(test)]
mod tests;
