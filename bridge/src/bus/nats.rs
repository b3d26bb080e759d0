//! The NATS engine: two connections of one node, so that a burst of frames never delays a command.
//!
//! ```text
//!   telemetry ── no_echo ──┐
//!                          ├── nats-server
//!   control ── inbox ──────┘
//! ```
//!
//! The client library queues what it is given while no server is there and sends it stale afterwards. So nothing is given to it while
//! the bus is away, and it is never waited for: [`publish`](Nats::publish) polls the library's send once.
//!
//! The bus is away as soon as one of the two connections is. They mostly fall together but are heard of one after the other, and the one
//! that is not heard of yet would still take messages.

use super::delivery::{Answers, BusError, Delivery, PublishError, Reply, Subscription};
use super::few::Few;
use super::inbox::Inbox;
use super::refusals::Refusals;
use super::settings::NatsSettings;
use super::{ANSWERS_CAPACITY, BusState, SUBSCRIPTION_CAPACITY};
use crate::name::NodeId;
use crate::subject::{Pattern, Subject};
use crate::trace::{TRACE_HEADER, TRACE_HEADER_LEN, TraceContext};
use async_nats::{Client, ConnectOptions, Event, HeaderMap};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::coop::unconstrained;
use tokio_util::task::TaskTracker;

/// What the context of a trace takes in a message: `NATS/1.0`, the header and an empty line.
const TRACE_BYTES: usize = "NATS/1.0\r\n: \r\n\r\n".len() + TRACE_HEADER.len() + TRACE_HEADER_LEN;
/// Messages that may wait for a connection's write buffer: what could be sent stale after a fault is bounded by it.
const TELEMETRY_QUEUE: usize = 256;
/// Control messages that may wait; interest of every device goes through here after an edge was cut off.
const CONTROL_QUEUE: usize = 8192;
/// Time between two pings to the server; it counts as gone when two are not answered.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait before the next try to connect; the tries are spread between half of it and all of it.
const MAX_BACKOFF_MS: u64 = 1000;
/// A subject that nobody may ever subscribe to; see [`Link::barrier`].
pub(super) const NOWHERE: &str = "gl.nowhere";

/// One node on a NATS server or cluster.
#[derive(Debug)]
pub(crate) struct Nats {
    telemetry: Arc<Link>,
    control: Arc<Link>,
    inbox: Arc<Inbox>,
    tasks: TaskTracker,
}

impl Nats {
    pub(crate) async fn start(settings: &NatsSettings, node: &NodeId) -> Result<Self, BusError> {
        let state =
            Arc::new(watch::Sender::new(BusState::Away(format!("no answer yet from {}", masked(&settings.url)))));
        let lanes = Arc::new(Lanes::default());
        let lane = |lane| Watcher { lane, lanes: lanes.clone(), state: state.clone(), url: masked(&settings.url) };
        let telemetry = Link::open(settings, node, lane(Lane::Telemetry)).await?;
        let control = Link::open(settings, node, lane(Lane::Control)).await?;
        let inbox = Arc::new(Inbox::new(control.client.new_inbox()));
        let _ = lanes.inbox.set(inbox.prefix().to_owned());
        let mut incoming = control.client.subscribe(inbox.pattern()).await.map_err(|_| BusError::Closed)?;
        let tasks = TaskTracker::new();
        let desk = inbox.clone();
        tasks.spawn(async move {
            while let Some(message) = incoming.next().await {
                desk.take_in(message);
            }
            desk.close();
        });
        tasks.close();
        Ok(Self { telemetry, control, inbox, tasks })
    }

    pub(crate) fn state(&self) -> watch::Receiver<BusState> {
        self.control.watcher.state.subscribe()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.telemetry.watcher.lanes.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> Option<String> {
        let lanes = &self.control.watcher.lanes;
        let mut refused = lanes.telemetry_refused.all();
        refused.append(&mut lanes.control_refused.all());
        let all = refused.into_iter().collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then(|| format!("bus refuses {all}: its NATS user lacks the right"))
    }

    pub(crate) fn answered_itself(&self) {
        let lanes = &self.control.watcher.lanes;
        [&lanes.telemetry_refused, &lanes.control_refused].iter().for_each(|refused| refused.answered());
    }

    fn link(&self, telemetry: bool) -> &Arc<Link> {
        if telemetry { &self.telemetry } else { &self.control }
    }

    pub(crate) fn publish(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<(), PublishError> {
        self.link(subject.is_telemetry()).publish(subject.to_string().into(), None, payload, trace)
    }

    pub(crate) async fn subscribe_all(&self, patterns: &[Pattern]) -> Result<Vec<Subscription>, BusError> {
        let mut subscriptions = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let link = self.link(pattern.is_telemetry());
            let incoming = link.client.subscribe(pattern.to_string()).await.map_err(|_| BusError::Closed)?;
            let stream = NatsStream { incoming, link: link.clone(), inbox: self.inbox.clone() };
            subscriptions.push(Subscription(Box::pin(stream)));
        }
        for telemetry in [true, false] {
            if patterns.iter().any(|pattern| pattern.is_telemetry() == telemetry) {
                self.link(telemetry).barrier().await;
            }
        }
        Ok(subscriptions)
    }

    pub(crate) fn gather(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<Answers, PublishError> {
        let (asker, incoming) = mpsc::channel(ANSWERS_CAPACITY);
        let pending = self.inbox.open(asker);
        let reply = self.inbox.subject(&pending);
        self.control.publish(subject.to_string().into(), Some(reply.into()), payload, trace)?;
        Ok(Answers { incoming, _pending: Some(Box::new(pending)) })
    }

    pub(crate) async fn round_trip(&self, patience: Duration) -> Option<Duration> {
        let (begun, mut state) = (Instant::now(), self.state());
        let away = async { drop(state.wait_for(|state| *state != BusState::Up).await) };
        tokio::select! {
            biased;
            () = away => None,
            () = tokio::time::sleep(patience) => None,
            _ = self.control.client.request(NOWHERE, Bytes::new()) => Some(begun.elapsed()),
        }
    }

    pub(crate) async fn drain(&self, patience: Duration) -> bool {
        let drained = async {
            for link in [&self.telemetry, &self.control] {
                // A connection that never was or is away has nothing to send.
                if link.is_up() && link.client.drain().await.is_ok() {
                    link.watcher.closed().await;
                }
            }
            if self.control.watcher.has_closed() {
                self.tasks.wait().await;
            }
        };
        let in_time = tokio::time::timeout(patience, drained).await.is_ok();
        self.control.watcher.state.send_replace(BusState::Closed);
        in_time
    }
}

/// Which of the two connections.
#[derive(Debug, Clone, Copy)]
enum Lane {
    Telemetry,
    Control,
}

/// What is known of both connections.
#[derive(Debug, Default)]
struct Lanes {
    telemetry_up: AtomicBool,
    control_up: AtomicBool,
    telemetry_closed: watch::Sender<bool>,
    control_closed: watch::Sender<bool>,
    telemetry_refused: Refusals,
    control_refused: Refusals,
    /// Where answers to us arrive.
    inbox: OnceLock<String>,
    /// Why there was no connection, since both stood.
    failures: Few,
    lost: AtomicU64,
}

/// Hears the events of one connection and tells the state of both.
#[derive(Debug, Clone)]
struct Watcher {
    lane: Lane,
    lanes: Arc<Lanes>,
    state: Arc<watch::Sender<BusState>>,
    url: String,
}

impl Watcher {
    fn up(&self) -> &AtomicBool {
        match self.lane {
            Lane::Telemetry => &self.lanes.telemetry_up,
            Lane::Control => &self.lanes.control_up,
        }
    }

    fn closed_flag(&self) -> &watch::Sender<bool> {
        match self.lane {
            Lane::Telemetry => &self.lanes.telemetry_closed,
            Lane::Control => &self.lanes.control_closed,
        }
    }

    fn refusals(&self) -> &Refusals {
        match self.lane {
            Lane::Telemetry => &self.lanes.telemetry_refused,
            Lane::Control => &self.lanes.control_refused,
        }
    }

    async fn closed(&self) {
        // The sender lives as long as we do.
        let _ = self.closed_flag().subscribe().wait_for(|closed| *closed).await;
    }

    fn has_closed(&self) -> bool {
        *self.closed_flag().borrow()
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Connected => self.turn(true),
            Event::Disconnected => self.turn(false),
            Event::Closed => {
                self.up().store(false, Ordering::Release);
                self.closed_flag().send_replace(true);
            }
            Event::SlowConsumer(_) => {
                self.lanes.lost.fetch_add(1, Ordering::Relaxed);
            }
            // Each message that is refused raises one, so only what is news is said.
            Event::ServerError(error) => {
                match self.refusals().hear(&error.to_string(), self.lanes.inbox.get().map(String::as_str)) {
                    Some(refused) => {
                        tracing::error!(
                            bus.url = self.url,
                            refused,
                            "the bus refuses what this role needs: its NATS user lacks the right"
                        );
                    }
                    None => tracing::debug!(bus.url = self.url, %error, "bus server complains"),
                }
            }
            // One for each try while no server is there.
            Event::ClientError(error) => self.fail(&error.to_string()),
            Event::LameDuckMode | Event::Draining => {}
        }
    }

    /// A try to connect failed; why is part of the state, and said once, for there is a try each second.
    fn fail(&self, error: &str) {
        let mut error = error.to_owned();
        if error.contains("authorization violation") {
            error.push_str(", the server knows no such user or another password (bus.nats.user, bus.nats.password)");
        }
        let mut away = false;
        self.state.send_if_modified(|state| {
            let BusState::Away(before) = state else { return false };
            away = true;
            let now = format!("no connection to {}: {error}", self.url);
            let news = *before != now;
            *before = now;
            news
        });
        if away && self.lanes.failures.hear(&error) {
            tracing::warn!(bus.url = self.url, error, "no connection to the bus, trying again until there is one");
        } else {
            tracing::debug!(bus.url = self.url, error, "bus client failed");
        }
    }

    /// Our connection came or went: the bus is up while both are there.
    fn turn(&self, up: bool) {
        if !up {
            self.refusals().forget();
        }
        let turned = self.state.send_if_modified(|state| {
            // Under the state's lock: of two connections that turn at the same time, the second sees what the first did.
            self.up().store(up, Ordering::Release);
            let both = [&self.lanes.telemetry_up, &self.lanes.control_up].iter().all(|up| up.load(Ordering::Acquire));
            *state = match (&*state, both) {
                (BusState::Up, false) => BusState::Away(format!("no connection to {}", self.url)),
                (BusState::Away(_), true) => BusState::Up,
                _ => return false,
            };
            true
        });
        match (turned, up) {
            (false, _) => {}
            (true, true) => {
                self.lanes.failures.forget();
                tracing::info!(bus.url = self.url, "bus connected");
            }
            (true, false) => tracing::warn!(bus.url = self.url, "bus away, trying again until it is back"),
        }
    }
}

/// One connection.
#[derive(Debug)]
struct Link {
    client: Client,
    watcher: Watcher,
}

impl Link {
    async fn open(settings: &NatsSettings, node: &NodeId, watcher: Watcher) -> Result<Arc<Self>, BusError> {
        let (lane_name, queue) = match watcher.lane {
            Lane::Telemetry => ("telemetry", TELEMETRY_QUEUE),
            Lane::Control => ("control", CONTROL_QUEUE),
        };
        let (ears, tries) = (watcher.clone(), watcher.clone());
        let mut options = ConnectOptions::new()
            .name(format!("{node} {lane_name}"))
            .custom_inbox_prefix(&settings.inbox_prefix)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(move |attempts| {
                // The library tells of a loss by an event, which comes later and not at all when many events wait. This it asks before
                // every try to connect, and takes no message from its queue meanwhile.
                tries.turn(false);
                backoff(attempts)
            })
            .connection_timeout(Duration::from_secs(2))
            .ping_interval(PING_INTERVAL)
            .client_capacity(queue)
            .subscription_capacity(SUBSCRIPTION_CAPACITY)
            .event_callback(move |event| {
                ears.hear(&event);
                std::future::ready(())
            });
        if matches!(watcher.lane, Lane::Telemetry) {
            options = options.no_echo();
        }
        if !settings.user.is_empty() {
            options = options.user_and_password(settings.user.clone(), settings.password.clone());
        }
        if !settings.credentials_file.is_empty() {
            options = options.credentials_file(Path::new(&settings.credentials_file)).await.map_err(|error| {
                BusError::Settings(format!("bus.nats.credentials_file `{}`: {error}", settings.credentials_file))
            })?;
        }
        let servers: Vec<&str> = settings.url.split(',').map(str::trim).collect();
        let client = options
            .connect(servers)
            .await
            .map_err(|error| BusError::Settings(format!("bus.nats.url `{}`: {error}", masked(&settings.url))))?;
        Ok(Arc::new(Self { client, watcher }))
    }

    fn is_up(&self) -> bool {
        self.watcher.up().load(Ordering::Acquire)
    }

    fn publish(
        &self,
        subject: async_nats::Subject,
        reply: Option<async_nats::Subject>,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<(), PublishError> {
        if *self.watcher.state.borrow() != BusState::Up {
            return Err(PublishError::Away);
        }
        let room = self.client.max_payload().checked_sub(payload.len()).ok_or(PublishError::TooLarge)?;
        // The server counts headers as well, and a message is worth more than its trace.
        let trace = trace.filter(|_| room >= TRACE_BYTES);
        // Polled once: ready when there is room in the library's queue, and dropped without a trace when there is none. Unconstrained,
        // because a task that has used up its turn would look like a full queue.
        let sent = match (reply, trace) {
            (None, None) => unconstrained(self.client.publish(subject, payload)).now_or_never(),
            (Some(reply), None) => {
                unconstrained(self.client.publish_with_reply(subject, reply, payload)).now_or_never()
            }
            (None, Some(trace)) => {
                unconstrained(self.client.publish_with_headers(subject, header(trace), payload)).now_or_never()
            }
            (Some(reply), Some(trace)) => {
                let headers = header(trace);
                unconstrained(self.client.publish_with_reply_and_headers(subject, reply, headers, payload))
                    .now_or_never()
            }
        };
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(PublishError::Away),
            None => Err(PublishError::Full),
        }
    }

    /// A round trip which proves that the server has handled what was sent before: a question on a subject that nobody hears is
    /// answered by the server itself. (`flush` only empties our own buffer, and `no_echo` forbids an echo.)
    async fn barrier(&self) {
        let mut state = self.watcher.state.subscribe();
        tokio::select! {
            biased;
            _ = state.wait_for(|state| *state != BusState::Up) => {}
            _ = self.client.request(NOWHERE, Bytes::new()) => {}
        }
    }
}

/// The context of a trace as the headers of a message.
fn header(trace: TraceContext) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(TRACE_HEADER, trace.to_string());
    headers
}

/// Where a delivery's answer goes.
#[derive(Debug)]
struct NatsReply {
    link: Arc<Link>,
    subject: async_nats::Subject,
}

impl Reply for NatsReply {
    fn send(&self, payload: Bytes) -> Result<(), PublishError> {
        self.link.publish(self.subject.clone(), None, payload, None)
    }

    /// The inbox and the token below it; a stranger's inbox may look different, and then its questions have no order.
    fn order(&self) -> (&str, u64) {
        self.subject.rsplit_once('.').map_or(("", 0), |(inbox, token)| (inbox, token.parse().unwrap_or(0)))
    }
}

/// The messages of one subscription.
#[derive(Debug)]
struct NatsStream {
    incoming: async_nats::Subscriber,
    link: Arc<Link>,
    inbox: Arc<Inbox>,
}

impl Stream for NatsStream {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        loop {
            let Some(message) = std::task::ready!(self.incoming.poll_next_unpin(cx)) else { return Poll::Ready(None) };
            // Anybody who may publish can use a subject below a wildcard that is no name of ours.
            let Some(subject) = Subject::parse(&message.subject) else { continue };
            let own = message.reply.as_ref().is_some_and(|reply| self.inbox.is_own(reply));
            let reply = message
                .reply
                .map(|subject| -> Arc<dyn Reply> { Arc::new(NatsReply { link: self.link.clone(), subject }) });
            let trace = message.headers.as_ref().and_then(|headers| headers.get(TRACE_HEADER));
            let trace = trace.and_then(|header| TraceContext::parse(header.as_str()));
            return Poll::Ready(Some(Delivery { subject, payload: message.payload, own, trace, reply }));
        }
    }
}

/// The pause before a try to connect: doubling from 50 ms to [`MAX_BACKOFF_MS`], with jitter, so that edges do not come back in step.
fn backoff(attempts: usize) -> Duration {
    use rand::RngExt;
    let step = 50u64.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(MAX_BACKOFF_MS);
    Duration::from_millis(rand::rng().random_range(step / 2..=step))
}

/// Server URLs without what stands before an `@`.
fn masked(urls: &str) -> String {
    let mask = |url: &str| match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}://***@{}", url.get(..scheme).unwrap_or_default(), url.get(at + 1..).unwrap_or_default())
        }
        (None, Some(at)) => format!("***@{}", url.get(at + 1..).unwrap_or_default()),
        _ => url.to_owned(),
    };
    urls.split(',').map(|url| mask(url.trim())).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_masked() {
        assert_eq!(masked("nats://u:p@h:4222, nats://h2"), "nats://***@h:4222,nats://h2");
        assert_eq!(masked("token@h:4222"), "***@h:4222");
    }

    #[test]
    fn tries_are_spread_and_never_far_apart() {
        for attempts in 0..200 {
            assert!(backoff(attempts) <= Duration::from_millis(MAX_BACKOFF_MS));
        }
        assert!(backoff(100) >= Duration::from_millis(MAX_BACKOFF_MS / 2));
    }
}
