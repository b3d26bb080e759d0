//! One connection to a server, which is given nothing that could not go at once.

use super::watcher::{Lane, Watcher};
use crate::bus::{BusError, BusState, NatsSettings, PublishError, SUBSCRIPTION_CAPACITY};
use crate::name::NodeId;
use crate::subject::NOWHERE;
use crate::trace::{TRACE_HEADER, TRACE_HEADER_LEN, TraceContext};
use async_nats::{Client, ConnectOptions, HeaderMap};
use bytes::Bytes;
use futures_util::FutureExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::coop::unconstrained;

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
/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) watcher: Watcher,
}

impl Link {
    pub(super) async fn open(settings: &NatsSettings, node: &NodeId, watcher: Watcher) -> Result<Arc<Self>, BusError> {
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

    pub(super) fn is_up(&self) -> bool {
        self.watcher.up().load(Ordering::Acquire)
    }

    pub(super) fn publish(
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
    pub(super) async fn barrier(&self) {
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

/// The pause before a try to connect: doubling from 50 ms to [`MAX_BACKOFF_MS`], with jitter, so that edges do not come back in step.
fn backoff(attempts: usize) -> Duration {
    use rand::RngExt;
    let step = 50u64.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(MAX_BACKOFF_MS);
    Duration::from_millis(rand::rng().random_range(step / 2..=step))
}

/// Server URLs without what stands before an `@`.
pub(super) fn masked(urls: &str) -> String {
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
