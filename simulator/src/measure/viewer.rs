//! The viewers of a run: who looks, where, and into which ledger they write. One task each.

use super::edge::{EdgeUrl, EdgeViewer};
use super::error::{MAX_VIEWERS, ViewersError};
use super::ledger::Ledger;
use super::post::{Post, SharedLedger};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use grouploop_bridge::{Bus, BusState, Pattern, Space, Subscription};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Between two looks whether all frames have arrived.
const SETTLE_POLL: Duration = Duration::from_millis(10);

/// Where to look. Each space of the run has a viewer at each of these places.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// The bus. It must be another node's than the one that publishes: nobody receives telemetry of their own.
    pub bus: Option<Bus>,
    /// Edges, as `ws://host:port`. One that is named twice has two viewers.
    pub edges: Vec<String>,
}

/// How it went for one viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// `bus`, or the URL.
    pub through: String,
    /// The space.
    pub space: Space,
    /// How often its connection was lost and made again; what was sent meanwhile counts as lost.
    pub reconnects: u64,
}

/// All viewers of a run.
#[derive(Debug)]
pub struct Viewers {
    ledger: SharedLedger,
    watched: Vec<(Watched, Arc<AtomicU64>)>,
    bus: Option<Bus>,
    /// What the bus had lost before.
    lost_before: u64,
}

/// A viewer before it runs.
enum Place {
    Bus(Bus),
    Edge(EdgeUrl),
}

/// A viewer that has subscribed.
enum Ready {
    Bus(Post, Subscription),
    Edge(Box<EdgeViewer>),
}

impl Viewers {
    /// Subscribes at every place for every space of the swarms (name and space), and returns when all of it is live. The viewers run on
    /// `tasks` until `stop`. `epoch` is the time from which the µs of the ledger count.
    ///
    /// # Errors
    /// [`ViewersError`]: one place where it does not work. Nobody watches then.
    pub async fn start(
        swarms: &[(String, Space)],
        watch: Watch,
        epoch: Instant,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Self, ViewersError> {
        let mut spaces: Vec<&Space> = swarms.iter().map(|(_, space)| space).collect();
        spaces.sort_unstable();
        spaces.dedup();
        let places = watch.edges.len() + usize::from(watch.bus.is_some());
        if places == 0 {
            return Err(ViewersError::Nowhere);
        }
        if spaces.len() * places > MAX_VIEWERS {
            return Err(ViewersError::TooMany { spaces: spaces.len(), places });
        }
        let mut all = Vec::new();
        for space in spaces {
            all.extend(watch.bus.iter().map(|bus| (space.clone(), Place::Bus(bus.clone()))));
            for edge in &watch.edges {
                all.push((space.clone(), Place::Edge(EdgeUrl::parse(edge, space)?)));
            }
        }
        let ledger = Ledger::new(swarms.iter().cloned(), all.iter().map(|(space, _)| space.clone()));
        let ledger = SharedLedger::new(ledger);
        let lost_before = watch.bus.as_ref().map_or(0, Bus::lost);
        let (mut watched, mut starting) = (Vec::new(), Vec::new());
        for (viewer, (space, place)) in all.into_iter().enumerate() {
            let through = match &place {
                Place::Bus(_) => "bus".to_owned(),
                Place::Edge(url) => url.to_string(),
            };
            let post = Post { ledger: ledger.clone(), viewer, epoch, reconnects: Arc::default() };
            watched.push((Watched { through, space: space.clone(), reconnects: 0 }, post.reconnects.clone()));
            starting.push(subscribe(space, place, post));
        }
        for ready in try_join_all(starting).await? {
            let stop = stop.clone();
            match ready {
                Ready::Bus(post, telemetry) => tasks.spawn(watch_bus(post, telemetry, stop)),
                Ready::Edge(viewer) => tasks.spawn(viewer.run(stop)),
            };
        }
        Ok(Self { ledger, watched, bus: watch.bus, lost_before })
    }

    /// The ledger, for whoever sends.
    #[must_use]
    pub fn ledger(&self) -> &SharedLedger {
        &self.ledger
    }

    /// Waits until every frame has arrived or was given up, at most `grace`. Then the ledger is finished: what is missing is lost.
    pub async fn finish(&self, grace: Duration) {
        let until = Instant::now() + grace;
        while self.ledger.lock().pending() > 0 && Instant::now() < until {
            tokio::time::sleep(SETTLE_POLL.min(grace)).await;
        }
        self.ledger.lock().finish();
    }

    /// How it went for each of them.
    #[must_use]
    pub fn watched(&self) -> Vec<Watched> {
        let now = |(watched, reconnects): &(Watched, Arc<AtomicU64>)| Watched {
            reconnects: reconnects.load(Ordering::Relaxed),
            ..watched.clone()
        };
        self.watched.iter().map(now).collect()
    }

    /// Messages (of many frames) that the viewers themselves lost, because they could not keep up with the bus. Their frames count as
    /// lost, but it is the measuring that lost them. With NATS a lower bound.
    #[must_use]
    pub fn messages_lost(&self) -> u64 {
        self.bus.as_ref().map_or(0, Bus::lost).saturating_sub(self.lost_before)
    }
}

async fn subscribe(space: Space, place: Place, post: Post) -> Result<Ready, ViewersError> {
    match place {
        Place::Bus(bus) => {
            let pattern = Pattern::Telemetry { space: space.clone() };
            let telemetry = bus.subscribe(pattern).await.map_err(|error| (space.clone(), error))?;
            // A bus that is away takes the subscription too, and would be silent.
            if let BusState::Away(why) = &*bus.state().borrow() {
                return Err(ViewersError::Bus { space, why: format!("it is away ({why})") });
            }
            Ok(Ready::Bus(post, telemetry))
        }
        Place::Edge(url) => Ok(Ready::Edge(Box::new(EdgeViewer::connect(url, post).await?))),
    }
}

async fn watch_bus(post: Post, mut telemetry: Subscription, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            message = telemetry.next() => match message {
                Some(message) => post.take(&message.payload),
                // The bus was drained.
                None => return,
            },
        }
    }
}
