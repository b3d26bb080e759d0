//! Keeps the command registry fresh: from the CDN when the edge starts, then with conditional requests every half minute and at once when
//! `gl.registry` says that it changed. While the CDN is away the last known registry stays, or the built-in one.

use crate::metrics::RegistryLook;
use crate::node::Node;
use futures_util::StreamExt;
use grouploop_bridge::{BusState, MAX_REGISTRY_BYTES, Registry, Subject};
use reqwest::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Certificate, Client, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// Where the registry is, below the CDN's base URL.
const PATH: &str = "/static/commands.json";
/// Time for one look at the CDN.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time between looks while the CDN is away or has no good registry.
const RETRY: Duration = Duration::from_secs(2);

/// What one look brought.
enum Look {
    Fresh(Registry),
    Same,
}

/// Why a look brought nothing.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the CDN answers {0}")]
    Status(StatusCode),
    #[error("larger than {MAX_REGISTRY_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Registry(#[from] grouploop_bridge::RegistryError),
}

/// Runs until the node stops.
pub(crate) async fn run(node: Arc<Node>, cdn_base_url: String, trusted: Vec<Certificate>) {
    let Some(client) = client(&cdn_base_url, trusted) else { return };
    let url = format!("{}{PATH}", cdn_base_url.trim_end_matches('/'));
    let Ok(mut changed) = node.member.bus.subscribe(Subject::Registry).await else { return };
    let mut state = node.member.bus.state();
    let refresh = Duration::from_millis(node.settings.registry_refresh_ms);
    let mut etag: Option<HeaderValue> = None;
    let mut away = false;
    loop {
        let look = tokio::select! {
            biased;
            () = node.stop.cancelled() => return,
            look = look(&client, &url, &mut etag) => look,
        };
        let wait = match look {
            Ok(outcome) => {
                if away {
                    tracing::info!(cdn.url = url, "command registry reachable again");
                }
                away = false;
                match outcome {
                    Look::Fresh(registry) => {
                        node.metrics.registry_load(RegistryLook::Changed);
                        tracing::info!(cdn.url = url, registry.commands = registry.len(), "command registry loaded");
                        node.set_registry(registry);
                    }
                    Look::Same => node.metrics.registry_load(RegistryLook::Same),
                }
                refresh
            }
            Err(error) => {
                node.metrics.registry_load(RegistryLook::Failed);
                if !away {
                    let source = node.registry_source();
                    tracing::warn!(cdn.url = url, %error, registry.source = source, "no command registry from the CDN, using the one at hand");
                }
                away = true;
                RETRY.min(refresh)
            }
        };
        let bus_up = node.member.bus.is_up();
        tokio::select! {
            biased;
            () = node.stop.cancelled() => return,
            announced = changed.next() => if announced.is_none() { return },
            // What was announced while the bus was away was not heard.
            back = state.wait_for(|state| *state == BusState::Up), if !bus_up => if back.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn client(cdn_base_url: &str, trusted: Vec<Certificate>) -> Option<Client> {
    // rustls takes its cryptography from whoever is first to say so; a second edge in the process is content with it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::limited(3));
        // A proxy that the environment names cannot reach what is on this machine alone.
        if is_loopback(cdn_base_url) { builder.no_proxy() } else { builder }
    };
    // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
    match builder().tls_certs_merge(trusted).build().or_else(|_| builder().tls_certs_only([]).build()) {
        Ok(client) => Some(client),
        Err(error) => {
            tracing::error!(%error, "no HTTP client for the command registry, using the built-in one");
            None
        }
    }
}

fn is_loopback(url: &str) -> bool {
    let url = reqwest::Url::parse(url);
    let host = url.as_ref().ok().and_then(|url| url.host_str()).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Asks once.
async fn look(client: &Client, url: &str, etag: &mut Option<HeaderValue>) -> Result<Look, LookError> {
    // Announced a moment ago by one CDN, it must not come from what another one, or a proxy, remembers.
    let mut request = client.get(url).header(CACHE_CONTROL, "no-cache");
    if let Some(etag) = etag.as_ref() {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let mut response = request.send().await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(Look::Same);
    }
    if response.status() != StatusCode::OK {
        return Err(LookError::Status(response.status()));
    }
    let tag = response.headers().get(ETAG).cloned();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_REGISTRY_BYTES {
            return Err(LookError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let registry = Registry::parse(&body)?;
    *etag = tag;
    Ok(Look::Fresh(registry))
}
