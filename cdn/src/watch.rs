//! Once a second: is the store there, has it what the program brings along, and is the registry another one? Then the bus hears of it,
//! whoever changed it: a PUT here, another CDN, or a person with an editor in the folder.

use crate::built_in::BuiltIn;
use crate::fill::fill;
use crate::path::AssetPath;
use crate::shelf::Freshness;
use crate::state::State;
use crate::store::StoreError;
use grouploop_bridge::{MAX_REGISTRY_BYTES, Registry, Subject, json};
use grouploop_serve::content::Forms;
use serde_json::json as object;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Shortest time between two looks.
const SHORTEST: Duration = Duration::from_millis(100);

/// Time for the built-in files to be put into the store. What was done by then is done, and the next try goes on from there.
const FILL_PATIENCE: Duration = Duration::from_secs(10);
/// Time between two tries.
const FILL_PAUSE: Duration = Duration::from_secs(10);

/// What is known from the looks before.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    filled: bool,
    tried: Option<Instant>,
    /// SHA-256 of the registry that was announced last, or refused.
    seen: Option<String>,
}

impl Watch {
    /// Looks once.
    pub(crate) async fn look(&mut self, state: &State, files: &[BuiltIn]) {
        let away = match state.shelf.store.probe().await {
            Ok(()) => None,
            Err(error) => Some(error.to_string()),
        };
        if state.shelf.health.set(away.clone()) {
            match &away {
                Some(why) => tracing::warn!(
                    store.error = why,
                    "object store away: serving what is in memory, and trying again every second"
                ),
                None => tracing::info!("object store back"),
            }
        }
        if away.is_some() {
            // What comes back may be another one, and empty.
            self.filled = false;
            if self.tried.is_some() {
                self.tried = Instant::now().checked_sub(FILL_PAUSE).or(self.tried);
            }
            return;
        }
        if !self.filled && self.tried.is_none_or(|tried| tried.elapsed() >= FILL_PAUSE) {
            // The first time somebody waits for the port to open.
            let patience = if self.tried.is_none() { state.settings.store_timeout() } else { FILL_PATIENCE };
            self.fill(state, files, patience).await;
            self.tried = Some(Instant::now());
        }
        self.look_at_registry(state).await;
    }

    async fn fill(&mut self, state: &State, files: &[BuiltIn], patience: Duration) {
        let work = timeout(patience, fill(&state.shelf.store, files, &state.version.number)).await;
        let outcome = work.unwrap_or_else(|_| Err(StoreError::Away("it takes too long".into())));
        let unfilled = outcome.as_ref().err().map(ToString::to_string);
        let news = state.shelf.health.set_unfilled(unfilled.clone());
        match outcome {
            Ok(filled) => {
                self.filled = true;
                if filled.installed + filled.replaced > 0 {
                    tracing::info!(
                        files.installed = filled.installed,
                        files.replaced = filled.replaced,
                        files.left = filled.left,
                        "built-in files put into the store; what people changed or removed was left alone"
                    );
                }
            }
            Err(_) if !news => {}
            Err(error) => {
                tracing::warn!(%error, "the built-in files cannot be put into the store; trying again every ten seconds");
            }
        }
    }

    async fn look_at_registry(&mut self, state: &State) {
        let asset = match state.shelf.lookup(&AssetPath::registry(), Freshness::Now).await {
            Ok(asset) => asset,
            Err(StoreError::NotFound) => {
                if self.seen.take().is_some() {
                    tracing::warn!("the command registry was removed; edges keep the one that they have");
                }
                return;
            }
            // The next look will tell.
            Err(_) => return,
        };
        let sha256 = &asset.hashes.sha256;
        if self.seen.as_ref() == Some(sha256) {
            return;
        }
        let parsed = match asset.forms.as_ref().map(Forms::body) {
            Some(body) => Registry::parse(body).map(|_| ()).map_err(|error| error.to_string()),
            None => Err(format!("it has {} bytes, and at most {MAX_REGISTRY_BYTES} can be read", asset.size)),
        };
        if let Err(error) = parsed {
            tracing::warn!(
                error,
                "the command registry in the store cannot be used; edges keep the one that they have"
            );
            self.seen = Some(sha256.clone());
            return;
        }
        let change = object!({"node": state.node, "sha256": sha256});
        // With the bus away it is said once it is back.
        if state.bus.publish(&Subject::Registry, json(&change)).is_ok() {
            state.metrics.registry_announced.inc();
            tracing::info!(registry.sha256 = sha256, "command registry announced");
            self.seen = Some(sha256.clone());
        }
    }

    /// Looks until `stop`.
    pub(crate) async fn run(mut self, state: Arc<State>, files: Vec<BuiltIn>, stop: CancellationToken) {
        let pause = state.settings.revalidate().max(SHORTEST).min(Duration::from_secs(1));
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = state.registry_written.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            self.look(&state, &files).await;
        }
    }
}
