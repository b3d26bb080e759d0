//! Asks a NATS server once a second how it is, over the HTTP that it has for that.

use crate::model::NatsLook;
use crate::state::State;
use reqwest::{Certificate, Client};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// A server that takes longer is away.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of an answer at most.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Connections that are asked for, those first for which most is pending.
const CONNECTIONS: usize = 1024;

/// What `/varz` says, of which this is a part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Varz {
    server_name: String,
    version: String,
    start: String,
    connections: u64,
    slow_consumers: u64,
    in_msgs: u64,
    in_bytes: u64,
    out_msgs: u64,
    out_bytes: u64,
    mem: u64,
    /// Percent of a core.
    cpu: f64,
}

/// What `/routez` says: a server has several connections to each other one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Routez {
    routes: Vec<Route>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Route {
    remote_id: String,
    pending_size: u64,
}

/// What `/connz` says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Connz {
    connections: Vec<Connection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Connection {
    pending_bytes: u64,
}

/// Why a server did not answer, in words.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("no connection to it")]
    Connect,
    #[error("it takes longer than {} s", PATIENCE.as_secs())]
    Slow,
    #[error("it answers {0}")]
    Status(u16),
    #[error("its answer is not that of a NATS server")]
    Strange,
}

/// What asks: one for all servers.
///
/// # Errors
/// When there can be none.
pub(crate) fn client(urls: &[String], trusted: Vec<Certificate>) -> Result<Client, reqwest::Error> {
    // rustls takes its cryptography from whoever is first to say so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        // A proxy that the environment names cannot reach what is on this machine alone.
        if urls.iter().any(|url| is_loopback(url)) { builder.no_proxy() } else { builder }
    };
    // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
    builder().tls_certs_merge(trusted).build().or_else(|_| builder().tls_certs_only([]).build())
}

fn is_loopback(url: &str) -> bool {
    let url = reqwest::Url::parse(url);
    let host = url.as_ref().ok().and_then(|url| url.host_str()).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Asks one server until the monitor stops.
pub(crate) async fn run(state: Arc<State>, client: Client, number: usize, url: String) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            _ = every.tick() => {}
        }
        let looked = tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            looked = timeout(PATIENCE, look(&client, &url)) => looked.unwrap_or(Err(LookError::Slow)),
        };
        if looked.is_err() {
            state.metrics.nats_failed.inc();
        }
        let is_news = state.model().hear_nats(number, looked.map_err(|error| error.to_string()), Instant::now());
        if is_news {
            state.news.notify_one();
        }
    }
}

async fn look(client: &Client, url: &str) -> Result<NatsLook, LookError> {
    let (varz, routez, connz) = tokio::try_join!(
        get::<Varz>(client, format!("{url}/varz")),
        get::<Routez>(client, format!("{url}/routez")),
        get::<Connz>(client, format!("{url}/connz?sort=pending&limit={CONNECTIONS}")),
    )?;
    if varz.version.is_empty() {
        return Err(LookError::Strange);
    }
    let mut others: Vec<&str> = routez.routes.iter().map(|route| route.remote_id.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    let pending = connz.connections.iter().map(|connection| connection.pending_bytes);
    let pending = pending.chain(routez.routes.iter().map(|route| route.pending_size)).sum();
    Ok(NatsLook {
        name: varz.server_name,
        version: varz.version,
        start: varz.start,
        connections: varz.connections,
        routes: others.len() as u64,
        slow_consumers: varz.slow_consumers,
        pending_bytes: pending,
        in_messages: varz.in_msgs,
        in_bytes: varz.in_bytes,
        out_messages: varz.out_msgs,
        out_bytes: varz.out_bytes,
        memory_bytes: varz.mem,
        cores: varz.cpu / 100.0,
    })
}

async fn get<T: DeserializeOwned>(client: &Client, url: String) -> Result<T, LookError> {
    let failed = |error: reqwest::Error| if error.is_timeout() { LookError::Slow } else { LookError::Connect };
    let mut response = client.get(url).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(LookError::Status(response.status().as_u16()));
    }
    let mut answer = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(failed)? {
        if answer.len() + piece.len() > MAX_ANSWER_BYTES {
            return Err(LookError::Strange);
        }
        answer.extend_from_slice(&piece);
    }
    serde_json::from_slice(&answer).map_err(|_| LookError::Strange)
}
